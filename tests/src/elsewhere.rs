//! Calls from other networks: each from a loopback address of its own, since the product knows a network by the address
//! that a connection comes from and by nothing that a client can say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::client::{Answer, Client};

/// A client in the `n`th other network, 127.1.0.0/24 and on.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    server: SocketAddr,
    from: Ipv4Addr,
}

impl Elsewhere {
    /// The `n`th network's client of the same server.
    pub fn of(client: &Client, n: u16) -> Self {
        let [high, low] = n.to_be_bytes();
        let server = client.base().trim_start_matches("http://").parse().unwrap();
        Self { server, from: Ipv4Addr::new(127, 1_u8.saturating_add(high), low, 7) }
    }

    /// `POST` of a JSON body with a token, empty for none.
    #[track_caller]
    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let bearer = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{bearer}content-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            self.server,
            body.len()
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let raw = runtime.block_on(exchange(self.from, self.server, &request)).unwrap();
        answer(&raw)
    }
}

async fn exchange(from: Ipv4Addr, to: SocketAddr, request: &str) -> std::io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from.into(), 0))?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut raw = String::new();
    stream.read_to_string(&mut raw).await?;
    Ok(raw)
}

fn answer(raw: &str) -> Answer {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    Answer { status, headers: lines.map(header).collect(), body: body.to_owned() }
}
