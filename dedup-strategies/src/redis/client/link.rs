//! One connection to a server, opened when it is needed and opened again after an error.

use ::redis::{
    Cmd, ConnectionInfo, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerError, Value, cmd,
};

use super::address::{Address, AddressError, Topology};
use super::patience::Patience;
use super::refusal;
use super::reply::Failure;
use super::unexpected::{asked, unexpected};
use super::wire::Wire;
use crate::contract::Unavailable;

/// A connection to one server. Every wait is bounded; after any error the connection is dropped, because replies
/// still under way would be taken for answers to later commands, and the next call opens a new one.
pub struct Link {
    server: ConnectionInfo,
    shown: String,
    patience: Patience,
    wire: Option<Wire>,
}

impl Link {
    /// A link to the one server at `url`, not connected yet.
    pub fn to(url: &str) -> Result<Link, AddressError> {
        let address = Address::parse(url)?;
        match (address.topology(), address.nodes()) {
            (Topology::Single, [server]) => Ok(Link::open(server, address.to_string())),
            _ => Err(AddressError {
                found: address.to_string(),
                problem: "it names a cluster, not a server".into(),
            }),
        }
    }

    /// A link to a server, which errors call `shown`.
    pub(super) fn open(server: &ConnectionInfo, shown: String) -> Link {
        Link { server: server.clone(), shown, patience: Patience::default(), wire: None }
    }

    /// The same, with another bound on each wait.
    pub fn with_patience(self, patience: Patience) -> Link {
        Link { patience, ..self }
    }

    /// Its URL without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Connects, if it is not connected yet.
    pub fn connect(&mut self) -> Result<(), Unavailable> {
        Ok(self.attempt(|_| Ok(()))?)
    }

    /// Sends commands that are already encoded, in one write, and reads their `count` replies.
    pub fn send(&mut self, encoded: &[u8], count: usize) -> Result<Vec<Value>, Unavailable> {
        Ok(self.exchange(encoded, count)?)
    }

    /// The same, and tells a refusal from silence.
    pub(super) fn exchange(&mut self, encoded: &[u8], count: usize) -> Result<Vec<Value>, Failure> {
        self.attempt(|wire| {
            wire.send(encoded)?;
            wire.receive(count)
        })
    }

    /// Sends commands without waiting for their replies. The next call must be [`receive`](Self::receive).
    pub(super) fn post(&mut self, encoded: &[u8]) -> Result<(), Failure> {
        self.attempt(|wire| wire.send(encoded))
    }

    /// Reads the replies to what was posted.
    pub(super) fn receive(&mut self, count: usize) -> Result<Vec<Value>, Failure> {
        self.attempt(|wire| wire.receive(count))
    }

    /// Runs one command.
    pub fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Unavailable> {
        let value = self.attempt(|wire| wire.ask(command))?;
        self.read(command, &value)
    }

    /// One field of the server's `INFO`, such as `used_memory` of `memory`.
    pub fn info(&mut self, section: &str, field: &str) -> Result<String, Unavailable> {
        let text: String = self.query(cmd("INFO").arg(section))?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value
            .map(|value| value.trim().to_string())
            .ok_or_else(|| Unavailable(format!("{}: INFO {section} has no field {field}", self.shown)))
    }

    /// Bytes that the server has allocated: `used_memory`.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        let text = self.info("memory", "used_memory")?;
        text.parse().map_err(|_| Unavailable(format!("{}: used_memory is {text:?}", self.shown)))
    }

    /// What came for `command`, as what it should be.
    pub(super) fn read<T: FromRedisValue>(&self, command: &Cmd, value: &Value) -> Result<T, Unavailable> {
        T::from_redis_value_ref(value).map_err(|_| self.complaint(unexpected(&asked(command), value)))
    }

    /// An error of this server's.
    pub(super) fn complaint(&self, problem: impl std::fmt::Display) -> Unavailable {
        Unavailable(format!("{}: {problem}", self.shown))
    }

    /// An error reply of this server's, with what to do about it where that is known.
    pub(super) fn refusal(&self, error: &ServerError) -> Unavailable {
        self.complaint(refusal::words(error))
    }

    fn attempt<T>(&mut self, action: impl FnOnce(&mut Wire) -> RedisResult<T>) -> Result<T, Failure> {
        // Taken out and only put back after success: an error leaves no connection behind.
        let open = || Wire::open(&self.server, &self.patience);
        let result = self.wire.take().map_or_else(open, Ok).and_then(|mut wire| {
            let value = action(&mut wire)?;
            self.wire = Some(wire);
            Ok(value)
        });
        result.map_err(|error: RedisError| self.failure(&error))
    }

    fn failure(&self, error: &RedisError) -> Failure {
        let said = |what: &str| self.complaint(what).0;
        match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) => {
                Failure::Refused(said(&refusal::with_remedy("WRONGPASS", &error.to_string())))
            }
            (_, Some(code)) => {
                let words = format!("{code} {}", error.detail().unwrap_or_default());
                Failure::Refused(said(&refusal::with_remedy(code, words.trim_end())))
            }
            // The crate would say of what kind that is.
            (ErrorKind::Parse, None) if error.detail().is_some() => {
                Failure::Unanswered(said(error.detail().unwrap_or_default()))
            }
            // The operating system's words, "resource temporarily unavailable", say nothing to a reader.
            _ if error.is_timeout() => Failure::Unanswered(said("no answer in time")),
            _ => Failure::Unanswered(said(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// A server that does `serve` with whoever calls.
    fn server(serve: impl Fn(TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
        format!("127.0.0.1:{}", place.port())
    }

    /// Sends `first`, then `byte` again and again, as long as anybody listens.
    fn drip(mut caller: TcpStream, first: &[u8], byte: u8) {
        let mut sent = caller.write_all(first);
        while sent.is_ok() {
            thread::sleep(Duration::from_millis(2));
            sent = caller.write_all(&[byte]);
        }
    }

    fn link(url: &str, patience: Patience) -> Link {
        Link::to(url).unwrap().with_patience(patience)
    }

    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn a_server_that_sends_a_byte_now_and_then_gets_no_more_time_for_it() {
        // A line, a text, an array without an end; and a reply that never came before, after one that did.
        let replies = [&b"+"[..], b"$100000000\r\n", b"*1000000\r\n$100000000\r\n", b"+PONG\r\n+"];
        for first in replies {
            let place = server(move |caller| drip(caller, first, b'x'));
            let mut link = link(&format!("redis://{place}"), Patience::of(SHORT));
            let error = link.query::<Value>(&cmd("GET")).unwrap_err();
            assert!(error.0.ends_with("no answer in time"), "{error}");
        }
        // Many replies to one batch, each of them in time.
        let place = server(|caller| {
            let mut caller = caller;
            while caller.write_all(b"+OK\r\n").is_ok() {
                thread::sleep(Duration::from_millis(2));
            }
        });
        let mut link = link(&format!("redis://{place}"), Patience::of(SHORT));
        let error = link.send(b"PING\r\n", 1_000_000).unwrap_err();
        assert!(error.0.ends_with("no answer in time"), "{error}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn nor_one_that_encrypts() {
        // The beginning of a handshake of 16,000 bytes.
        let place = server(|caller| drip(caller, &[0x16, 3, 3, 0x3e, 0x80, 2, 0, 0x3e, 0x7c], 0));
        let error = link(&format!("rediss://{place}"), Patience::of(SHORT)).connect().unwrap_err();
        assert!(error.0.ends_with("no answer in time"), "{error}");
    }

    #[test]
    fn nor_one_that_takes_a_byte_now_and_then() {
        let place = server(|caller| {
            let mut caller = caller;
            let _ = caller.read(&mut [0; 1000]).and_then(|_| caller.write_all(b"+PONG\r\n"));
            while caller.read(&mut [0]).is_ok_and(|read| read > 0) {
                thread::sleep(Duration::from_millis(2));
            }
        });
        let mut link = link(&format!("redis://{place}"), Patience::of(SHORT));
        let error = link.send(&vec![b'x'; 64 << 20], 1).unwrap_err();
        assert!(error.0.ends_with("no answer in time"), "{error}");
    }

    #[test]
    fn who_is_told_to_stop_waits_no_longer() {
        let stop = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&stop);
        let place = server(move |caller| {
            tell.store(true, Ordering::Relaxed);
            drip(caller, b"+", b'x');
        });
        let patience = Patience::of(Duration::from_secs(100_000)).until_stopped(&stop);
        let mut link = link(&format!("redis://{place}"), patience);
        assert!(link.connect().unwrap_err().0.ends_with("stopped"));
    }

    #[test]
    fn what_no_such_server_says_is_shown_with_what_was_asked() {
        type Ask = fn(&mut Link) -> Result<(), Unavailable>;
        let scan: Ask = |link| link.query::<(u64, Vec<Vec<u8>>)>(cmd("SCAN").arg(0)).map(drop);
        let count: Ask = |link| link.query::<u64>(&cmd("DBSIZE")).map(drop);
        let many: Ask = |link| super::super::keyspace::unlink(link, &[b"t:1".to_vec()]).map(drop);
        let cases: [(&str, Ask, &str); 5] = [
            ("$3\r\nabc\r\n", scan, "SCAN 0 was answered with the text \"abc\""),
            ("*1\r\n:1\r\n", scan, "SCAN 0 was answered with a list of 1 that begins with the number 1"),
            ("+PONG\r\n", count, "DBSIZE was answered with the status \"PONG\""),
            ("$-1\r\n", many, "UNLINK was answered with nothing"),
            (
                "HTTP/1.1 400 Bad Request\r\n",
                count,
                "it sent \"HTTP/1.1 400 Bad Request\", which is no reply of a Redis",
            ),
        ];
        for (sent, ask, said) in cases {
            let place = server(move |mut caller| {
                // The greeting, then what it has to say to everything.
                let _ = caller.read(&mut [0; 1000]).and_then(|_| caller.write_all(b"+PONG\r\n"));
                while caller.read(&mut [0; 1000]).is_ok_and(|read| read > 0) {
                    let _ = caller.write_all(sent.as_bytes());
                }
            });
            let error = ask(&mut link(&format!("redis://{place}"), Patience::default())).unwrap_err().0;
            assert!(error.starts_with(&format!("redis://{place}: {said}")), "{error}");
            assert!(!error.contains("incompatible") && !error.contains("Parse"), "{error}");
        }
    }

    #[test]
    fn a_server_that_has_no_place_for_another_client_says_so_itself() {
        let said = "-ERR max number of clients reached\r\n";
        let place = server(move |mut caller| drop(caller.write_all(said.as_bytes())));
        for url in [format!("redis://{place}"), format!("redis://{place}/1")] {
            let mut link = link(&url, Patience::default());
            for result in [link.connect(), link.query::<Value>(&cmd("GET")).map(drop)] {
                let error = result.unwrap_err().0;
                assert!(error.contains(": ERR max number of clients reached (it has as many"), "{error}");
                assert!(error.contains("maxclients"), "{error}");
            }
        }
    }

    /// It closes what was open while nobody asked for anything: the next request finds that only when it is written.
    #[test]
    fn what_a_server_said_before_it_closed_a_connection_is_heard_when_the_next_request_cannot_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let (closed, wait_closed) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let _ = caller.read(&mut [0; 1000]).and_then(|_| caller.write_all(b"+PONG\r\n"));
            caller.write_all(b"-ERR max number of clients reached\r\n").unwrap();
            drop(caller);
            closed.send(()).unwrap();
        });
        let mut link = link(&format!("redis+unix://{}", path.display()), Patience::default());
        link.connect().unwrap();
        wait_closed.recv().unwrap();
        let error = link.query::<Value>(&cmd("GET")).unwrap_err().0;
        assert!(error.contains(": ERR max number of clients reached"), "{error}");
    }

    #[test]
    fn a_refusal_is_said_in_the_servers_own_words_with_what_to_do() {
        for (said, remedy) in [
            ("OOM command not allowed when used memory > 'maxmemory'.", "maxmemory"),
            ("READONLY You can't write against a read only replica.", "primary"),
            ("NOPERM this user has no permissions to run the 'set' command", "ACL"),
            ("MISCONF Redis is configured to save RDB snapshots", "disk"),
            ("LOADING Redis is loading the dataset in memory", "wait"),
            ("NOREPLICAS Not enough good replicas to write.", "replicas"),
            ("BUSY Redis is busy running a script.", "SCRIPT KILL"),
        ] {
            let place = server(move |mut caller| {
                while caller.read(&mut [0; 1000]).is_ok_and(|read| read > 0) {
                    let _ = caller.write_all(format!("-{said}\r\n").as_bytes());
                }
            });
            let mut link = link(&format!("redis://{place}"), Patience::default());
            let queried = link.query::<Value>(cmd("SET").arg("k").arg("")).unwrap_err().0;
            let value = link.exchange(b"PING\r\n", 1).unwrap().remove(0);
            let Err(Failure::Refused(replied)) = super::super::reply::reply(&link, value) else {
                panic!("{said}")
            };
            for words in [queried, replied] {
                assert!(words.starts_with(&format!("redis://{place}: {said} (")), "{words}");
                assert!(words.contains(remedy), "{words}");
            }
        }
    }
}
