//! The server beside a system, in a private directory: whatever it is, it is started, found, killed and started again.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::time::Duration;

use dedup_strategies::{Address, Listens, Server};

use super::command::{program_of_command, word_of_command};
use super::control::{Observation, Outage, StoreControl};
use super::error::ServerError;
use super::guard;
use super::guarded::{Guarded, Notes, ServerCommand};
use super::placeholders::filled;
use super::private::{LONGEST_SOCKET_PATH, guarded};
use super::proxy::{Proxy, Speaks};
use super::stay::PREFIX;
use super::store_fault::StoreFault;
use super::traffic::TrafficFaults;
use crate::process::descendants_bytes;
use crate::wait::until;

/// How a program ends that has become a daemon.
const ENDED_WELL: &str = "exit status: 0";
/// How a shell ends that does not find a program, and a server's script that misses something.
const NOT_FOUND: &str = "exit status: 127";
/// Where the doors of proxies are, in the private directory.
const PROXY: &str = "proxy";
/// As long as a server's socket may be from its private directory on: that is in `/tmp` where it is too long elsewhere.
pub const LONGEST_SOCKET: usize =
    LONGEST_SOCKET_PATH - "/tmp/".len() - PREFIX.len() - "XXXXXX/".len() - PROXY.len() - "/".len();
/// How long after the end of a server its guard may take to note it, with its last words.
const NOTED: Duration = Duration::from_secs(2);
/// How long what was killed may still answer.
const SILENCE: Duration = Duration::from_secs(5);

/// Whether something stands between a server and its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing: how fast it is can be measured.
    Nothing,
    /// A proxy, by which its traffic can be troubled.
    Proxy,
}

/// A server beside a system. Dropping it stops it and removes its directory.
#[derive(Debug)]
pub struct Beside {
    server: Server,
    /// The name of the system's file.
    file: String,
    guarded: Guarded,
    address: Address,
    proxy: Option<(Proxy, Address)>,
}

impl Beside {
    /// Starts it and waits until it listens. Files that its command names are looked for beside the system's `file` first.
    ///
    /// # Errors
    ///
    /// [`ServerError::Beside`] and [`ServerError::MissingBeside`], which name that file.
    pub fn start(server: &Server, file: &Path, between: Between) -> Result<Beside, ServerError> {
        let beside = file.parent().unwrap_or(Path::new("/"));
        let file = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        Beside::start_in(server, file.clone(), beside, between).map_err(|error| match error {
            ServerError::MissingBeside { what, install } => {
                ServerError::MissingBeside { what: format!("{file}: server.command: {what}"), install }
            }
            error => ServerError::Beside { file, error: Box::new(in_the_foreground(error)) },
        })
    }

    fn start_in(
        server: &Server,
        file: String,
        beside: &Path,
        between: Between,
    ) -> Result<Beside, ServerError> {
        let program = server.command.first().copied().unwrap_or_default();
        let missing = |what| ServerError::MissingBeside { what, install: server.install.to_string() };
        program_of_command(program, beside).map_err(|no| ServerError::MissingBeside {
            install: no.remedy(server.install),
            what: no.to_string(),
        })?;
        let port = free_port().map_err(ServerError::io("a free port of the loopback"))?;
        let own = guard::own_executable().map_err(ServerError::io("finding our own program"))?;
        let socket = match server.listens {
            Listens::Socket(name) => Path::new(PROXY).join(name),
            Listens::Port => PathBuf::new(),
        };
        let guarded =
            guarded(&own, &socket.to_string_lossy(), |dir| vec![command(server, beside, dir, port)])?;
        let address = match server.listens {
            Listens::Socket(name) => Address::Socket(guarded.dir().join(name)),
            Listens::Port => Address::Port(port),
        };
        let mut started = Beside { server: *server, file, guarded, address, proxy: None };
        started.start_again().map_err(|error| match error {
            ServerError::Ended { how, log } if how.ends_with(NOT_FOUND) => missing(
                log.lines().last().unwrap_or("something that its server needs is missing").to_string(),
            ),
            error => error,
        })?;
        if between == Between::Proxy {
            started.proxy =
                Some(started.lead_through_proxy().map_err(ServerError::io("a proxy before the server"))?);
        }
        Ok(started)
    }

    fn proxy(&self, fault: &StoreFault) -> Result<&Proxy, ServerError> {
        let proxy = self.proxy.as_ref().map(|(proxy, _)| proxy);
        proxy.ok_or_else(|| none_such(fault, "nothing stands between it and its clients"))
    }

    /// Where its clients find it.
    pub fn address(&self) -> Address {
        self.proxy.as_ref().map_or(&self.address, |(_, address)| address).clone()
    }

    /// A proxy before it, and where that is found. Its socket has the server's name, which clients may know it by.
    fn lead_through_proxy(&self) -> io::Result<(Proxy, Address)> {
        match &self.address {
            Address::Socket(path) => {
                let below = path.strip_prefix(self.guarded.dir()).unwrap_or(path);
                let door = self.guarded.dir().join(PROXY).join(below);
                fs::create_dir_all(door.parent().unwrap_or(&door))?;
                Ok((Proxy::unix(&door, path, Speaks::Anything)?, Address::Socket(door)))
            }
            Address::Port(port) => {
                let proxy = Proxy::tcp((Ipv4Addr::LOCALHOST, *port).into(), Speaks::Anything)?;
                let port = proxy.port().unwrap_or_default();
                Ok((proxy, Address::Port(port)))
            }
        }
    }

    /// Bytes that it takes with all that it has started.
    pub fn used_bytes(&self) -> Option<u64> {
        descendants_bytes(self.guarded.id())
    }

    /// What can be done to it in the middle of a run.
    pub fn control(&self) -> BesideControl<'_> {
        BesideControl { server: self, killed: Observation::default(), traffic: TrafficFaults::default() }
    }

    /// What its guard has noted of it.
    pub(crate) fn notes(&self) -> Notes {
        self.guarded.notes()
    }

    /// How it ended, where nobody has ended it: its file, its status and its last words.
    pub fn ended_by_itself(&self) -> Option<ServerError> {
        let noted = || match self.guarded.ended() {
            None => ControlFlow::Continue(()),
            Some(how) => ControlFlow::Break(how),
        };
        // Who ended a moment ago answers nobody, and is still to be noted.
        let patience = if connected(&self.address).is_ok() { Duration::ZERO } else { NOTED };
        let how = until(patience, noted).ok()?;
        let error = Box::new(ServerError::Ended { how, log: self.guarded.log_tail() });
        Some(ServerError::Beside { file: self.file.clone(), error })
    }

    fn start_again(&self) -> Result<(), ServerError> {
        self.guarded.start(0).map_err(ServerError::io(self.command()))?;
        let listens = until(self.server.within, || {
            if let Some(how) = self.guarded.ended() {
                return ControlFlow::Break(Err(ServerError::Ended { how, log: self.guarded.log_tail() }));
            }
            match connected(&self.address) {
                Ok(()) => ControlFlow::Break(Ok(())),
                Err(error) => ControlFlow::Continue(error.to_string()),
            }
        });
        listens.unwrap_or_else(|last| {
            let log = self.guarded.log_tail();
            Err(ServerError::Deaf {
                command: self.command(),
                address: self.address.to_string(),
                within: self.server.within,
                last,
                log: if log.is_empty() { log } else { format!("; the end of its log:\n{log}") },
            })
        })
    }

    /// Kills it, and sees that nobody listens there any more.
    fn kill(&self) -> Result<String, ServerError> {
        if let Some(how) = self.guarded.ended() {
            return Err(ServerError::Ended { how, log: self.guarded.log_tail() });
        }
        let status = self.guarded.kill(0).map_err(ServerError::io("killing the server"))?;
        let silent = until(SILENCE, || match connected(&self.address) {
            Err(_) => ControlFlow::Break(()),
            Ok(()) => ControlFlow::Continue(()),
        });
        let outlived =
            |()| ServerError::Outlived { command: self.command(), address: self.address.to_string() };
        silent.map(|()| status).map_err(outlived)
    }

    fn command(&self) -> String {
        self.server.command.join(" ")
    }
}

/// Kills a server and starts it again, and troubles what is said to it and by it. What it keeps on its disk it still has then;
/// what it had in memory is gone.
#[derive(Debug)]
pub struct BesideControl<'a> {
    server: &'a Beside,
    killed: Observation,
    traffic: TrafficFaults,
}

impl StoreControl for BesideControl<'_> {
    fn begin(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        let BesideControl { server, traffic, killed } = self;
        match fault {
            StoreFault::Killed => {
                let what = format!("its server ended: {}", server.kill()?);
                *killed = Observation { fired: 1, what, outage: Some(Outage::AsPlaced) };
            }
            _ if TrafficFaults::is_one(fault) => traffic.begin(fault, from_ref(server.proxy(fault)?)),
            _ => return Err(none_such(fault, "what it is, and how it is set, is not known")),
        }
        Ok(())
    }

    fn end(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        match fault {
            StoreFault::Killed => {
                self.server.start_again()?;
                self.killed.what += "; started again with what it had kept";
            }
            _ => TrafficFaults::end(fault, from_ref(self.server.proxy(fault)?)),
        }
        Ok(())
    }

    fn observed(&self, fault: &StoreFault) -> Observation {
        match (fault, &self.server.proxy) {
            (StoreFault::Killed, _) => self.killed.clone(),
            (_, Some((proxy, _))) => self.traffic.observed(fault, from_ref(proxy)),
            (_, None) => Observation::default(),
        }
    }
}

fn none_such(fault: &StoreFault, reason: &'static str) -> ServerError {
    ServerError::NoSuchFault { fault: *fault, store: "a server beside a system", reason }
}

fn command(server: &Server, beside: &Path, dir: &Path, port: u16) -> ServerCommand {
    let dir = dir.to_string_lossy();
    let port = port.to_string();
    let values = [("dir", &*dir), ("port", &*port)];
    server.command.iter().map(|word| word_of_command(&filled(word, &values), beside).into()).collect()
}

/// A server that ended well has left another behind, which nobody could end: it says what to do instead.
fn in_the_foreground(error: ServerError) -> ServerError {
    match error {
        ServerError::Ended { how, log } if how.ends_with(ENDED_WELL) => {
            let how = format!("{how}, and a server is to stay in the foreground (no daemon, no `&`)");
            ServerError::Ended { how, log }
        }
        other => other,
    }
}

fn connected(address: &Address) -> io::Result<()> {
    match address {
        Address::Socket(path) => UnixStream::connect(path).map(drop),
        Address::Port(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).map(drop),
    }
}

/// A port that is free now. Somebody may take it before the server does: then that one says so, and ends.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
