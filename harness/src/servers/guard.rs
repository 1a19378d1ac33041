//! The guard: a process between us and the servers that we start, so that no server outlives us.
//!
//! It is our own binary under a hidden sub-command. It starts the servers, waits until its standard input ends, stops
//! the servers, removes their directory, and ends. The other end of that input is a pipe that we hold: however we end,
//! the kernel closes it. Should the guard itself be killed, the kernel kills its servers, because each asked for that
//! before it became a server.
//!
//! ```text
//! dedup-harness __guard DIR [-- [NAME=VALUE]... PROGRAM [ARGUMENT]...]...         start these, hold, clean up
//! dedup-harness __guard --exec PARENT [NAME=VALUE]... PROGRAM [ARGUMENT]...       become this one server
//! ```
//!
//! On that pipe it takes two requests, a line each, for faults: `kill N` ends server N (counted from 0) with SIGKILL,
//! `start N` starts it again.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process, waitid};

use super::password;
use crate::wait::until;

/// The hidden sub-command.
pub const COMMAND: &str = "__guard";

/// The file in the private directory to which the guard adds a line whenever a server ends by itself.
pub(super) const ENDED: &str = "ended";
/// The file in the private directory to which the guard adds a line whenever a server has ended that was to be killed.
pub(super) const KILLED: &str = "killed";

/// Between the commands of several servers.
const SEPARATOR: &str = "--";
/// Instead of a directory: become the server.
const EXEC: &str = "--exec";

/// How long a server may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long the directory may resist its removal: processes that use it may be ending at the same moment.
const REMOVAL: Duration = Duration::from_secs(5);

/// Runs the guard if this process was started as one. To be called first thing in `main`, with nothing parsed yet.
pub fn dispatch() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    (args.next()? == COMMAND).then(|| run(args))
}

/// Runs the guard with the arguments that follow [`COMMAND`].
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    let outcome = match args.split_first() {
        Some((first, rest)) if first == EXEC => become_server(rest),
        Some((dir, rest)) => hold(Path::new(dir), rest),
        None => Err(io::Error::other("no directory given")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the log in the private directory.
            eprintln!("guard: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Event {
    /// Our standard input has ended: nobody needs the servers any more.
    Released,
    /// This server is to be killed.
    Kill(usize),
    /// This server, which was killed, is to run again.
    Start(usize),
    /// This child has ended and is still to be reaped.
    Ended(usize),
}

fn hold(dir: &Path, commands: &[OsString]) -> io::Result<()> {
    let (tell, events) = channel();
    let mut servers = Vec::new();
    let started = commands
        .split(|word| word == SEPARATOR)
        .filter(|command| !command.is_empty())
        .try_for_each(|command| {
            servers.push(Server::start(command, servers.len(), &tell)?);
            Ok(())
        });
    let held = started.and_then(|()| {
        let reporter = tell.clone();
        thread::spawn(move || {
            // An error means as much as the end: nothing more can come.
            let requests = io::stdin().lines().map_while(Result::ok);
            requests.filter_map(|line| request(&line)).try_for_each(|event| reporter.send(event)).ok();
            let _ = reporter.send(Event::Released);
        });
        watch(dir, &mut servers, &tell, &events)
    });
    stop(&mut servers, &events);
    held.and(remove(dir))
}

/// A line of our standard input, read.
fn request(line: &str) -> Option<Event> {
    let (verb, index) = line.split_once(' ')?;
    let index = index.parse().ok()?;
    match verb {
        "kill" => Some(Event::Kill(index)),
        "start" => Some(Event::Start(index)),
        _ => None,
    }
}

/// Does what is asked and notes the end of each server, until the input ends.
fn watch(
    dir: &Path,
    servers: &mut [Server],
    tell: &Sender<Event>,
    events: &Receiver<Event>,
) -> io::Result<()> {
    loop {
        match events.recv() {
            Ok(Event::Kill(index)) => {
                if let Some(server) = servers.get_mut(index) {
                    server.to_be_killed = true;
                    server.signal(Signal::KILL);
                }
            }
            Ok(Event::Start(index)) => {
                if let Some(server) = servers.get_mut(index).filter(|server| !server.running) {
                    *server = Server::start(&server.command, index, tell)?;
                }
            }
            Ok(Event::Ended(index)) => note_end(dir, &mut servers[index], index)?,
            Ok(Event::Released) | Err(_) => return Ok(()),
        }
    }
}

fn note_end(dir: &Path, server: &mut Server, index: usize) -> io::Result<()> {
    let status = server.reap()?;
    let (file, line) = match server.to_be_killed {
        true => (KILLED, format!("{index} {status}")),
        false => (ENDED, format!("{} ended by itself: {status}", server.program().display())),
    };
    writeln!(File::options().create(true).append(true).open(dir.join(file))?, "{line}")
}

/// Removes the directory and what is in it; again where something was put there meanwhile.
fn remove(dir: &Path) -> io::Result<()> {
    until(REMOVAL, || match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => ControlFlow::Continue(error),
        Ok(()) | Err(_) => ControlFlow::Break(()),
    })
}

/// Asks every server to end, and kills those that have not after [`GRACE`].
fn stop(servers: &mut [Server], events: &Receiver<Event>) {
    servers.iter().for_each(|server| server.signal(Signal::TERM));
    let deadline = Instant::now() + GRACE;
    while servers.iter().any(|server| server.running) {
        let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
            break;
        };
        if let Event::Ended(index) = event {
            let _ = servers[index].reap();
        }
    }
    for server in servers {
        server.signal(Signal::KILL);
        let _ = server.reap();
    }
}

struct Server {
    command: Vec<OsString>,
    child: Child,
    running: bool,
    to_be_killed: bool,
}

impl Server {
    fn start(command: &[OsString], index: usize, tell: &Sender<Event>) -> io::Result<Server> {
        let child = ending_with_us(&own_executable()?).args(command).stdin(Stdio::null()).spawn()?;
        let pid = Pid::from_child(&child);
        let tell = tell.clone();
        thread::spawn(move || {
            // Waits without reaping: until the main thread reaps it, the number names this child and no other, so
            // that a signal never reaches a stranger.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options));
            let _ = tell.send(Event::Ended(index));
        });
        Ok(Server { command: command.to_vec(), child, running: true, to_be_killed: false })
    }

    fn program(&self) -> &Path {
        let program = self.command.iter().find(|word| assignment(word).is_none());
        Path::new(program.unwrap_or(&self.command[0]))
    }

    fn signal(&self, signal: Signal) {
        if self.running {
            // It can only fail because the child has ended, which is what is wanted.
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.running = false;
        self.child.wait()
    }
}

/// A command, still without `[NAME=VALUE]... PROGRAM [ARGUMENT]...`, whose process the kernel kills when the thread that
/// spawns it ends, whatever ends it. `executable` is a program whose `main` begins with [`dispatch`].
pub(crate) fn ending_with_us(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.args([COMMAND, EXEC, &getpid().as_raw_nonzero().to_string()]).env_remove(password::VARIABLE);
    command
}

/// Turns this process into the server, after asking the kernel to kill it when the guard dies.
fn become_server(args: &[OsString]) -> io::Result<()> {
    let usage = || io::Error::other("--exec takes the guard's process id and a command");
    let (parent, command) = args.split_first().ok_or_else(usage)?;
    end_with_parent(parent)?;
    let assignments = command.iter().map_while(|word| assignment(word));
    let mut words = command.iter().skip(assignments.clone().count());
    let program = words.next().ok_or_else(usage)?;
    let error = Command::new(program).args(words).envs(assignments).exec();
    Err(io::Error::new(error.kind(), format!("{}: {error}", program.display())))
}

#[cfg(target_os = "linux")]
fn end_with_parent(parent: &OsStr) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the guard died before that call, no signal comes: then this process has another parent by now.
    match getppid().map(|pid| pid.as_raw_nonzero().to_string()) {
        Some(pid) if OsStr::new(&pid) == parent => Ok(()),
        _ => Err(io::Error::other("the guard is gone")),
    }
}

/// Elsewhere a server whose guard is killed stays; one whose owner is killed does not.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_parent: &OsStr) -> io::Result<()> {
    Ok(())
}

/// `NAME=VALUE` taken apart, as `env` does.
fn assignment(word: &OsString) -> Option<(&OsStr, &OsStr)> {
    let bytes = word.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let name = &bytes[..at];
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name.then(|| (OsStr::from_bytes(name), OsStr::from_bytes(&bytes[at + 1..])))
}

/// The program that this process runs. On Linux by way of `/proc`, which also finds it when its file was replaced by
/// a newer build meanwhile.
pub(crate) fn own_executable() -> io::Result<PathBuf> {
    let by_proc = Path::new("/proc/self/exe");
    match cfg!(target_os = "linux") && by_proc.exists() {
        true => Ok(by_proc.to_path_buf()),
        false => std::env::current_exe(),
    }
}
