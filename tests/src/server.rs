//! The whole product in this process: in memory, on a port of its own, with the developers' routes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use std::ops::Deref;

use rules::ids::Username;
use rules::password::Password;
use sspr::server::{Options, Running, start};

use crate::client::Client;
use crate::people::{ADMIN, ADMIN_PASSWORD};

/// A running server; stops when dropped.
pub struct Server {
    client: Client,
    running: Running,
}

impl Server {
    /// An empty organisation with one administrator.
    pub fn start() -> Self {
        let admin = Username::parse(ADMIN).unwrap();
        let options = Options::in_memory();
        Self::with(options.with_admin(admin, Password::new(ADMIN_PASSWORD.to_owned())))
    }

    /// Any server.
    pub fn with(options: Options) -> Self {
        let running = start(options).map_err(|fault| fault.to_string()).unwrap();
        Self { client: Client::new(format!("http://{}", running.addr)), running }
    }

    /// What is behind the socket.
    pub fn running(&self) -> &Running {
        &self.running
    }
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
