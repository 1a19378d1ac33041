//! A redis-server of our own, on the run's clock.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use dedup_strategies::redis::{Link, Servers, keyspace};
use dedup_strategies::{RedisEndpoint, Timestamp, Unavailable};
use redis::cmd;
use rustix::process::{Resource, getrlimit};

use super::clock::{self, VirtualClock};
use super::control_private::PrivateControl;
use super::error::ServerError;
use super::guard;
use super::guarded::{GuardError, Guarded, ServerCommand};
use super::product::Product;
use super::program::ServerProgram;
use super::proxy::{Proxy, Speaks};
use super::stay::PREFIX;
use super::temporary;
use crate::wait::until;

/// How long a server may take to answer its first PING; 10 to 50 ms are usual, and far more on a machine that is busy with
/// others. Less than a cell may stand still.
const START_PATIENCE: Duration = Duration::from_secs(25);
/// What the path of a Unix socket may take on Linux, its final zero byte left out.
pub(super) const LONGEST_SOCKET_PATH: usize = 107;

/// How to start a private server.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The server's program.
    pub server: PathBuf,
    /// A program whose `main` begins with [`guard::dispatch`]: our own, except in tests.
    pub guard: PathBuf,
    /// What the server's clock says at first.
    pub start_at: Timestamp,
    /// Further arguments of the server, such as `--maxmemory 50mb`.
    pub arguments: Vec<String>,
}

impl Launch {
    /// How to start `program`.
    pub fn of(program: &ServerProgram) -> Result<Launch, ServerError> {
        let guard = guard::own_executable().map_err(ServerError::io("finding our own program"))?;
        Ok(Launch { server: program.path()?, guard, start_at: Timestamp::ZERO, arguments: Vec::new() })
    }

    /// How to start the usual one.
    pub fn find() -> Result<Launch, ServerError> {
        Launch::of(&ServerProgram::default())
    }
}

/// Where clients find the server: a symbolic link to its socket, or to a proxy's.
const DOOR: &str = "redis.sock";
/// The server's own socket.
pub(super) const SOCKET: &str = "server.sock";

/// A redis-server in a private directory, on a Unix socket in it, without persistence. Dropping it stops the server
/// and removes the directory; so does the end of this process, whatever ends it.
#[derive(Debug)]
pub struct PrivateRedis {
    guarded: Guarded,
    clock: Option<VirtualClock>,
    url: String,
    product: Product,
    empty_bytes: u64,
}

impl PrivateRedis {
    /// Starts a server and waits until it answers.
    pub fn start(launch: &Launch) -> Result<PrivateRedis, ServerError> {
        let guarded = guarded(&launch.guard, SOCKET, |dir| vec![server_command(launch, dir)])?;
        let dir = guarded.dir();
        let url = format!("redis+unix://{}", percent_encoded(&dir.join(DOOR)));
        symlink(SOCKET, dir.join(DOOR))
            .map_err(ServerError::io(format!("making a socket in {}", dir.display())))?;
        let clock = prepare_clock(dir, launch.start_at)?;
        guarded.start(0).map_err(ServerError::io("starting redis-server"))?;
        let mut link = Link::to(&url)?;
        wait_until_ready(&guarded, &mut link)?;
        let product = Product::of(|field| link.info("server", field))?;
        let empty_bytes = link.used_memory()?;
        let redis = PrivateRedis { guarded, clock, url, product, empty_bytes };
        redis.check_clock(launch, &mut link)?;
        Ok(redis)
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server as a strategy is given it: all of its key space.
    pub fn endpoint(&self) -> RedisEndpoint {
        RedisEndpoint { url: self.url.clone(), prefix: String::new() }
    }

    /// The clock it runs on; none where this system has no virtual clock and it runs on wall time.
    pub fn clock(&self) -> Option<&VirtualClock> {
        self.clock.as_ref()
    }

    /// From now on a change of the clock waits until a server that reads it seldom has read it: where windows are judged, and
    /// not where it is measured how fast it is.
    pub fn wait_for_clock(&self) {
        if let (Some(clock), "valkey") = (&self.clock, self.product.name) {
            clock.is_read_seldom();
        }
    }

    /// The path of the clock, for [`VirtualClock::open`] in another process.
    pub fn clock_path(&self) -> Option<PathBuf> {
        self.clock.as_ref().map(|_| clock_path(self.dir()))
    }

    /// What it is.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// Bytes that it had allocated when it was empty.
    pub(super) fn empty_bytes(&self) -> u64 {
        self.empty_bytes
    }

    /// Kills it with SIGKILL and waits for its end: how it ended.
    pub(super) fn kill(&self) -> Result<String, ServerError> {
        self.guarded.kill(0).map_err(ServerError::io("killing redis-server"))
    }

    /// Starts it again after it was killed, with nothing in it, at the same address and on the same clock.
    pub(super) fn start_again(&self) -> Result<(), ServerError> {
        self.guarded.start(0).map_err(ServerError::io("starting redis-server again"))?;
        wait_until_ready(&self.guarded, &mut self.link()?)
    }

    /// Leads clients that come from now on through a proxy. Once there is one it stays.
    pub(super) fn lead_through_proxy(&self) -> io::Result<Proxy> {
        let (way, next) = (self.dir().join("proxy.sock"), self.dir().join("door"));
        let proxy = Proxy::unix(&way, &self.dir().join(SOCKET), Speaks::Redis)?;
        symlink("proxy.sock", &next)?;
        // In one step: a client finds one way or the other.
        fs::rename(next, self.dir().join(DOOR))?;
        Ok(proxy)
    }

    /// Leads clients to the server itself again.
    pub(super) fn lead_directly(&self) -> io::Result<()> {
        let next = self.dir().join("door");
        symlink(SOCKET, &next)?;
        fs::rename(next, self.dir().join(DOOR))?;
        fs::remove_file(self.dir().join("proxy.sock"))
    }

    /// Its private directory.
    pub fn dir(&self) -> &Path {
        self.guarded.dir()
    }

    /// Bytes that it has allocated (`used_memory`).
    pub fn used_memory(&self) -> Result<u64, Unavailable> {
        self.link()?.used_memory()
    }

    /// What can be done to it in the middle of a run. Clients that connect from now on come through a proxy; those that
    /// are connected already are not reached by faults of the network. One at a time.
    pub fn control(&self) -> PrivateControl<'_> {
        PrivateControl::of(self)
    }

    /// Its process id.
    pub fn process_id(&self) -> Result<u32, Unavailable> {
        let text = self.link()?.info("server", "process_id")?;
        text.parse().map_err(|_| Unavailable(format!("process_id is {text:?}")))
    }

    /// Makes it remove every key that has expired. A reader never sees such keys, but their memory is only given back
    /// as the server's own cycle gets to them, and that runs on real time.
    pub fn remove_expired(&self) -> Result<(), Unavailable> {
        keyspace::visit(&mut Servers::Single(Box::new(self.link()?)), "", |_, _| Ok(true))
    }

    /// The server's end, if it has ended by itself, with the last lines of its log.
    pub fn ended(&self) -> Option<ServerError> {
        let how = self.guarded.ended()?;
        Some(ServerError::Ended { how, log: self.guarded.log_tail() })
    }

    /// Stops it and removes its directory, as dropping it does.
    pub fn stop(self) {}

    /// A connection of our own, not through any proxy.
    pub(super) fn link(&self) -> Result<Link, Unavailable> {
        let socket = percent_encoded(&self.dir().join(SOCKET));
        Link::to(&format!("redis+unix://{socket}")).map_err(Unavailable::because)
    }

    /// A preload library that did not load would leave the server on wall time, and every window wrong.
    fn check_clock(&self, launch: &Launch, link: &mut Link) -> Result<(), ServerError> {
        if self.clock.is_none() {
            return Ok(());
        }
        let (found, _micros): (u64, u64) = link.query(&cmd("TIME"))?;
        let expected = launch.start_at.as_nanos() / 1_000_000_000;
        match found == expected {
            true => Ok(()),
            false => Err(ServerError::OffClock {
                program: launch.server.display().to_string(),
                found,
                expected,
                dir: self.dir().display().to_string(),
            }),
        }
    }
}

/// A private directory for servers, with a path short enough for this `socket` in it.
pub(super) fn guarded(
    own: &Path,
    socket: &str,
    servers: impl Fn(&Path) -> Vec<ServerCommand>,
) -> Result<Guarded, ServerError> {
    enough_files()?;
    let parent =
        absolute(temporary::place()).map_err(ServerError::io("finding the directory for temporary files"))?;
    let longest = parent.as_os_str().len() + "/".len() + PREFIX.len() + "XXXXXX/".len() + socket.len();
    let parent = if longest <= LONGEST_SOCKET_PATH { parent } else { PathBuf::from("/tmp") };
    Guarded::make(own, &parent, servers).map_err(|error| match error {
        GuardError::Ended(how) => ServerError::Ended { how, log: String::new() },
        other => ServerError::io("making a private directory")(other.into()),
    })
}

/// Files that a redis-server keeps to itself (32), and connections of a run with a few workers, of a node to its others,
/// and of whoever sees that it runs. With fewer it sends clients away, or does not start.
pub(super) const LEAST_FILES: u64 = 128;

fn enough_files() -> Result<(), ServerError> {
    match getrlimit(Resource::Nofile).current {
        Some(found) if found < LEAST_FILES => Err(ServerError::FewFiles { found }),
        _ => Ok(()),
    }
}

fn clock_path(dir: &Path) -> PathBuf {
    dir.join("clock")
}

/// Where the preload library is.
const LIBRARY: &str = "virtual_clock.so";

/// The clock; none where this system has none.
fn prepare_clock(dir: &Path, start_at: Timestamp) -> Result<Option<VirtualClock>, ServerError> {
    if !VirtualClock::is_supported() {
        return Ok(None);
    }
    let failed = || ServerError::io(format!("making a clock in {}", dir.display()));
    clock::install(&dir.join(LIBRARY)).map_err(failed())?;
    VirtualClock::create(&clock_path(dir), start_at).map(Some).map_err(failed())
}

/// The assignments that put a server on the clock in `dir`.
fn on_the_clock(dir: &Path) -> Vec<OsString> {
    if !VirtualClock::is_supported() {
        return Vec::new();
    }
    let assignments = clock::environment(&dir.join(LIBRARY), &clock_path(dir)).map(|(name, value)| {
        let mut assignment = OsString::from(format!("{name}="));
        assignment.push(value);
        assignment
    });
    assignments.to_vec()
}

fn server_command(launch: &Launch, dir: &Path) -> ServerCommand {
    let socket = dir.join(SOCKET);
    let mut command = on_the_clock(dir);
    command.push(launch.server.clone().into());
    let mut option = |words: &[&OsString]| command.extend(words.iter().map(|word| (*word).clone()));
    let word = |text: &str| OsString::from(text);
    option(&[&word("--port"), &word("0"), &word("--unixsocket"), &socket.into()]);
    option(&[&word("--dir"), &dir.into(), &word("--save"), &word(""), &word("--appendonly"), &word("no")]);
    // The allocator's own thread sleeps until a time of day, as the server's clock tells it: once memory has been freed
    // it would find that time past again and again, and keep a core busy.
    option(&[&word("--jemalloc-bg-thread"), &word("no")]);
    command.extend(launch.arguments.iter().map(OsString::from));
    command
}

pub(super) fn wait_until_ready(guarded: &Guarded, link: &mut Link) -> Result<(), ServerError> {
    let answered = until(START_PATIENCE, || {
        if let Some(how) = guarded.ended() {
            return ControlFlow::Break(Err(ServerError::Ended { how, log: guarded.log_tail() }));
        }
        match link.query::<()>(&cmd("PING")) {
            Ok(()) => ControlFlow::Break(Ok(())),
            Err(error) => ControlFlow::Continue(error.to_string()),
        }
    });
    answered.unwrap_or_else(|last| {
        Err(ServerError::NotReady { waited: START_PATIENCE, last, log: guarded.log_tail() })
    })
}

fn percent_encoded(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_encoded_so_that_a_url_gives_it_back() {
        assert_eq!(percent_encoded(Path::new("/tmp/a b?c#d%é/s.sock")), "/tmp/a%20b%3Fc%23d%25%C3%A9/s.sock");
    }
}
