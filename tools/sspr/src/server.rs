//! The product behind a socket: started, and stopped without losing what it acknowledged.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::ListenerExt;
use bytes::Bytes;
use edge::request::SourceAddress;
use rules::ids::Username;
use rules::password::Password;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::first_admin::{self, FirstAdmin, FirstAdminFault};
use crate::local::{Local, LocalFault};

/// How long requests in flight may take to end once the server is asked to stop.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// How a server is to run.
pub struct Options {
    /// Where its data is kept; in memory if nowhere.
    pub data: Option<PathBuf>,
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// Whether the developers' routes are there.
    pub dev: bool,
    /// The administrator to create if there is none.
    pub first_admin: Option<FirstAdmin>,
}

impl Options {
    /// In memory, on any free loopback port, with the developers' routes: what a test wants.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            data: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            dev: true,
            first_admin: None,
        }
    }

    /// The same with a first administrator.
    #[must_use]
    pub fn with_admin(mut self, username: Username, password: Password) -> Self {
        self.first_admin = Some(FirstAdmin { username, password });
        self
    }
}

/// It did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The product.
    #[error(transparent)]
    Local(#[from] LocalFault),
    /// The first administrator.
    #[error("the first administrator could not be created: {0}")]
    FirstAdmin(#[from] FirstAdminFault),
    /// The address.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Threads.
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
}

/// A server that accepts requests. Dropping it without [`Running::stop`] cuts requests off.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The product behind it.
    pub local: Arc<Local>,
    router: Router,
    stop: Arc<Notify>,
    serving: JoinHandle<()>,
    runtime: Runtime,
}

/// Starts a server on threads of its own. It accepts requests when this returns.
pub fn start(options: Options) -> Result<Running, StartFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StartFault::Runtime)?;
    let refused = |source| StartFault::Listen { listen: options.listen, source };
    let listener = runtime.block_on(listen(options.listen)).map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    let url = format!("http://{addr}");
    let local = Arc::new(Local::open_at(options.data.as_deref(), Some(&url))?);
    if let Some(admin) = options.first_admin {
        runtime.block_on(first_admin::create(&local.app, admin))?;
    }
    let router = local.router(options.dev);
    let stop = Arc::new(Notify::new());
    runtime.block_on(local.start_background()).map_err(LocalFault::from)?;
    let serving = runtime.spawn(serve(listener, router.clone(), Arc::clone(&stop)));
    Ok(Running { addr, local, router, stop, serving, runtime })
}

async fn serve(listener: TcpListener, router: Router, stop: Arc<Notify>) {
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for the client's acknowledgement; without it they do.
        let _ = stream.set_nodelay(true);
    });
    let service =
        router.layer(from_fn(with_source)).into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(async move { stop.notified().await });
    if let Err(fault) = serving.await {
        tracing::error!(%fault, "the server ended");
    }
}

/// Connections that may wait to be accepted: a burst of clients is served late rather than turned away.
const BACKLOG: u32 = 4_096;

async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The source address is the connection's own; no header is believed.
async fn with_source(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(SourceAddress(peer.ip().to_canonical()));
    // The whole body first, as the gateway does it: a refusal that leaves part of it unread would cost the connection.
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, GATEWAY_BODY_MAX).await;
    let body = body.unwrap_or_else(|_| Bytes::from(vec![b' '; GATEWAY_BODY_MAX]));
    next.run(Request::from_parts(parts, axum::body::Body::from(body))).await
}

/// Largest body that reaches a function, bytes; above it stands in for all that were larger. More than any route takes.
const GATEWAY_BODY_MAX: usize = 6 * 1024 * 1024;

impl Running {
    /// Every route, to be called without a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Runs something beside the server and waits for it.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits for SIGTERM or SIGINT.
    pub fn wait_for_signal(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        self.runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            Ok(())
        })
    }

    /// Stops: accepts nothing more, answers what is in flight, delivers what was committed.
    pub fn stop(self) {
        self.stop.notify_one();
        let (local, serving) = (self.local, self.serving);
        self.runtime.block_on(async {
            if tokio::time::timeout(LONGEST_FAREWELL, serving).await.is_err() {
                tracing::warn!("requests in flight were cut off");
            }
            local.pump.finish().await;
        });
        self.runtime.shutdown_timeout(LONGEST_FAREWELL);
    }
}
