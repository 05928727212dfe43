//! A small HTTP/1.1 server on a loopback port: what the functions' processes talk to instead of the cloud.
//!
//! Every read is bounded, every connection has its own thread, and dropping it frees the port. It must not know what it
//! serves; see [`crate::runtime_api`] and [`crate::cloud`].

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Longest request line or header, and most of them.
const LINE_MAX: u64 = 16 * 1024;
const HEADERS_MAX: usize = 100;
/// Longest body: Lambda's own limit for an answer is 6 MB.
const BODY_MAX: usize = 8 * 1024 * 1024;

/// What was asked.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// Path with query, as sent.
    pub path: String,
    /// Header names in lower case.
    pub headers: HashMap<String, String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug)]
pub struct Response {
    /// Three digits.
    pub status: u16,
    /// Without `content-length`, which is added.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![(String::from("content-type"), String::from("application/json"))];
        Self { status, headers, body: body.into() }
    }
}

/// Answers one request. `None` closes the connection without an answer.
pub type Handler = dyn Fn(Request) -> Option<Response> + Send + Sync;

/// A running server; stops when dropped.
pub struct Loopback {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(handler: Arc<Handler>) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let listener = std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                let handler = Arc::clone(&handler);
                // A connection that breaks concerns its client alone, who sees it.
                std::thread::spawn(move || serve(stream, &*handler).ok());
            }
        });
        Ok(Self { address, stopped, listener: Some(listener) })
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // The listener sees the flag at the next connection: this one.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(listener) = self.listener.take().filter(|_| woken) {
            listener.join().ok();
        }
    }
}

fn serve(stream: TcpStream, handler: &Handler) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let Some(response) = handler(request) else { break };
        write(&mut out, &response)?;
    }
    Ok(())
}

/// The next request; `None` when the client is gone between two.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut headers = HashMap::new();
    loop {
        let text = line(reader)?;
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| malformed("a header"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        if headers.len() > HEADERS_MAX {
            return Err(malformed("too many headers"));
        }
    }
    let body = match headers.get("content-length") {
        Some(length) => exactly(reader, length.parse().map_err(|_| malformed("a length"))?)?,
        None if headers.get("transfer-encoding").is_some_and(|t| t == "chunked") => chunks(reader)?,
        None => Vec::new(),
    };
    Ok(Some(Request { method: method.to_owned(), path: path.to_owned(), headers, body }))
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    reader.take(LINE_MAX).read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn exactly(reader: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    if length > BODY_MAX {
        return Err(malformed("a body that is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let head = line(reader)?;
        let size = head.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed("a chunk"))?;
        let room = BODY_MAX.saturating_sub(body.len());
        body.extend(exactly(reader, size.min(room.saturating_add(1)))?);
        line(reader)?;
        if size == 0 {
            return Ok(body);
        }
        if size > room {
            return Err(malformed("a body that is too long"));
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn write(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {} -\r\n", response.status).into_bytes();
    for (name, value) in &response.headers {
        text.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    text.extend(format!("content-length: {}\r\n\r\n", response.body.len()).into_bytes());
    text.extend_from_slice(&response.body);
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> io::Result<Option<Request>> {
        read(&mut BufReader::new(text.as_bytes()))
    }

    #[test]
    fn a_body_is_read_by_its_length_or_in_chunks() {
        let plain = read_all("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd").unwrap().unwrap();
        assert_eq!((plain.method.as_str(), plain.path.as_str()), ("POST", "/a"));
        assert_eq!(plain.body, b"abc");
        let text = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(read_all(text).unwrap().unwrap().body, b"abc");
    }

    #[test]
    fn a_client_that_left_ends_the_connection_and_a_huge_body_breaks_it() {
        assert!(read_all("").unwrap().is_none());
        assert!(read_all("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n").is_err());
        assert!(
            read_all("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n").is_err()
        );
    }

    #[test]
    fn a_port_is_free_again_when_the_server_is_dropped() {
        let server = Loopback::start(Arc::new(|r| Some(Response::json(200, r.path)))).unwrap();
        let address = server.address();
        let answer = ureq::get(format!("http://{address}/x")).call().unwrap();
        assert_eq!(answer.into_body().read_to_string().unwrap(), "/x");
        drop(server);
        assert!(TcpListener::bind(address).is_ok());
    }
}
