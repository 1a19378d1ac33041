//! Serves the figures to whoever scrapes them.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::thread::Scope;

use anyhow::anyhow;
use parking_lot::Mutex;
use tiny_http::{Header, Request, Response, Server};

use super::metrics::{self, CONTENT_TYPE};
use super::watch::Watch;

const PATH: &str = "/metrics";

/// An address at which nobody is answered yet.
pub(super) struct Listener(Server);

impl Listener {
    /// Takes `address`, a host and a port.
    pub(super) fn open(address: &str) -> anyhow::Result<Listener> {
        let refused =
            |found: &str, allowed: &str| anyhow!("--metrics {address}: {found}; allowed is {allowed}");
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                refused("another program listens there", "a free port: name another, or end that program")
            }
            ErrorKind::PermissionDenied => refused("the system does not allow it", "a port from 1024 on"),
            ErrorKind::InvalidInput => refused("is no address", "a host and a port, such as 127.0.0.1:9184"),
            _ => refused(&error.to_string(), "an address of this machine and a port, such as 127.0.0.1:9184"),
        })?;
        let server = Server::from_listener(listener, None);
        server.map(Listener).map_err(|error| anyhow!("--metrics {address}: {error}"))
    }

    /// Where it is, with the port that the system chose where 0 was asked for.
    pub(super) fn url(&self) -> String {
        format!("http://{}{PATH}", self.0.server_addr())
    }

    /// Answers until what it gives is dropped.
    pub(super) fn serve<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        watch: &'env Mutex<Watch>,
    ) -> Serving<'env> {
        scope.spawn(move || self.0.incoming_requests().for_each(|request| answer(request, watch)));
        Serving(&self.0)
    }
}

/// Answers while it is there.
pub(super) struct Serving<'a>(&'a Server);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.unblock();
    }
}

fn answer(request: Request, watch: &Mutex<Watch>) {
    let (status, body) = match request.url() {
        PATH => (200, metrics::text(&watch.lock())),
        _ => (404, format!("the figures are at {PATH}\n")),
    };
    let kind = Header::from_bytes("Content-Type", CONTENT_TYPE).expect("it is ASCII");
    // Who does not wait for the answer does not get it.
    let _ = request.respond(Response::from_string(body).with_status_code(status).with_header(kind));
}
