//! Replies of a server that may say anything, through the client as it is used, over a local socket.
#![no_main]

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use dedup_strategies::redis::{Link, Patience};
use libfuzzer_sys::fuzz_target;

/// What the server is to say next.
static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The socket of a server that hears one message, says its piece and hangs up.
fn server() -> &'static PathBuf {
    static SOCKET: OnceLock<PathBuf> = OnceLock::new();
    SOCKET.get_or_init(|| {
        let path = tempfile::tempdir().unwrap().keep().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let _ = client.read(&mut [0; 64]);
                let said = SAID.lock().unwrap().clone();
                let _ = client.write_all(&said);
            }
        });
        path
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((count, said)) = bytes.split_first() else { return };
    *SAID.lock().unwrap() = said.to_vec();
    let url = format!("redis+unix://{}", server().display());
    let link = Link::to(&url).unwrap();
    let mut link = link.with_patience(Patience::of(Duration::from_secs(5)));
    match link.send(b"*1\r\n$4\r\nPING\r\n", usize::from(count % 8)) {
        Ok(replies) => assert_eq!(replies.len(), usize::from(count % 8)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
