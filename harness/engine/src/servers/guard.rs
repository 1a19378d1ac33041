//! The guard: a process between us and what is not to outlive us, a private directory and servers.
//!
//! It is our own binary under a hidden sub-command. It makes the directory, waits until its standard input ends, stops
//! the servers that were started, removes the directory once nobody works in it, and ends. The other end of that input
//! is a pipe that we hold: however we end, the kernel closes it. So there is no moment at which the directory is there
//! and nobody sees to its end. Should the guard itself be killed, the kernel kills its servers, because each asked for
//! that before it became a server.
//!
//! ```text
//! dedup-harness __guard DIR [-- COUNT [NAME=VALUE]... PROGRAM [ARGUMENT]...]...   make DIR, start these, clean up
//! dedup-harness __guard --exec PARENT [NAME=VALUE]... PROGRAM [ARGUMENT]...       become this one server
//! ```
//!
//! It says in a line on its standard output that the directory is `MADE`, or the number of the error. On its standard
//! input it takes two requests, a line each: `start N` starts server N (counted from 0), `kill N` ends it with SIGKILL,
//! after which it can be started again.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process_group, waitid};

use super::group::{GROUP, SECOND, TALK, oversee, oversee_second};
use super::{left_behind, log, password, stay};
use crate::wait::until;

/// The hidden sub-command.
pub const COMMAND: &str = "__guard";

/// The file in the private directory to which the guard adds a line whenever a server ends by itself.
pub(super) const ENDED: &str = "ended";
/// The file in the private directory to which the guard adds a line whenever a server has ended that was to be killed.
pub(super) const KILLED: &str = "killed";

/// What the guard says once the directory is there.
pub(super) const MADE: &str = "made";
pub(super) use super::log::LOG;

/// Before the command of each server, with the number of its words.
pub(super) const NEXT: &str = "--";
/// Instead of a directory: become the server.
const EXEC: &str = "--exec";

/// How long its last words may take to the log.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a server may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long the directory may resist its removal. Nobody waits for that but us.
const REMOVAL: Duration = Duration::from_secs(60);

/// Runs the guard if this process was started as one. To be called first thing in `main`, with nothing parsed yet.
pub fn dispatch() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    (args.next()? == COMMAND).then(|| run(args))
}

/// Runs the guard with the arguments that follow [`COMMAND`].
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    let done = |()| ExitCode::SUCCESS;
    let outcome = match args.split_first() {
        Some((first, rest)) if first == EXEC => become_server(rest).map(done),
        Some((mode, words)) if mode == GROUP || mode == TALK => oversee(mode, words),
        Some((first, rest)) if first == SECOND => oversee_second(rest),
        Some((dir, rest)) => hold(Path::new(dir), rest).map(done),
        None => Err(io::Error::other("no directory given")),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // A server's is the log in the private directory.
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
    /// This server is to run.
    Start(usize),
    /// This child has ended and is still to be reaped.
    Ended(usize),
}

fn hold(dir: &Path, commands: &[OsString]) -> io::Result<()> {
    // Whose servers these are may be killed: who waits for its directory waits for us.
    let _stay = stay::Stay::of_owner()?;
    let made = DirBuilder::new().mode(0o700).create(dir);
    let said = match &made {
        Ok(()) => MADE.to_string(),
        Err(error) => error.raw_os_error().unwrap_or_default().to_string(),
    };
    // Whoever does not listen is gone, which our input's end says too.
    let _ = writeln!(io::stdout(), "{said}");
    made?;
    let (tell, events) = channel();
    let mut servers: Vec<Server> = counted(commands)?.into_iter().map(Server::of).collect();
    left_behind::adopt();
    let reporter = tell.clone();
    thread::spawn(move || {
        // An error means as much as the end: nothing more can come.
        let requests = io::stdin().lines().map_while(Result::ok);
        requests.filter_map(|line| request(&line)).try_for_each(|event| reporter.send(event)).ok();
        let _ = reporter.send(Event::Released);
    });
    // Not where we were called, which others may want to remove.
    let held = std::env::set_current_dir(dir).and_then(|()| watch(dir, &mut servers, &tell, &events));
    stop(&mut servers, &events);
    left_behind::end_all();
    held.and(remove(dir))
}

/// The commands, each behind `--` and the number of its words.
fn counted(mut words: &[OsString]) -> io::Result<Vec<&[OsString]>> {
    let mut commands = Vec::new();
    while let [next, count, rest @ ..] = words {
        let count = count.to_str().and_then(|count| count.parse().ok()).filter(|_| next == NEXT);
        let split = count.and_then(|count: usize| rest.split_at_checked(count));
        let (command, rest) = split.ok_or_else(|| io::Error::other("no command and its number of words"))?;
        commands.push(command);
        words = rest;
    }
    Ok(commands)
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
                if let Some(server) = servers.get_mut(index).filter(|server| server.child.is_none()) {
                    server.start(dir, index, tell)?;
                }
            }
            Ok(Event::Ended(index)) => note_end(dir, &mut servers[index], index)?,
            Ok(Event::Released) | Err(_) => return Ok(()),
        }
    }
}

fn note_end(dir: &Path, server: &mut Server, index: usize) -> io::Result<()> {
    let Some(status) = server.reap()? else { return Ok(()) };
    // Who reads how it ended reads its last words, too. What it has started may go on talking.
    let _ = server.said.take().map(|said| said.recv_timeout(LAST_WORDS));
    let (file, line) = match server.to_be_killed {
        true => (KILLED, format!("{index} {status}")),
        false => (ENDED, format!("{} ended by itself: {status}", server.program().display())),
    };
    writeln!(File::options().create(true).append(true).open(dir.join(file))?, "{line}")
}

/// Removes the directory and what is in it once nobody works there; again where something was put there meanwhile.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    let _alone = stay::alone(dir, REMOVAL);
    until(REMOVAL, || match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => ControlFlow::Continue(error),
        Ok(()) | Err(_) => ControlFlow::Break(()),
    })
}

/// Asks every server to end, and kills those that have not after [`GRACE`].
fn stop(servers: &mut [Server], events: &Receiver<Event>) {
    servers.iter().for_each(|server| server.signal(Signal::TERM));
    let deadline = Instant::now() + GRACE;
    while servers.iter().any(|server| server.child.is_some()) {
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
    /// While it runs, and until its end was noted.
    child: Option<Child>,
    to_be_killed: bool,
    /// Hears when all that it has said is in the log.
    said: Option<Receiver<()>>,
}

impl Server {
    fn of(command: &[OsString]) -> Server {
        Server { command: command.to_vec(), child: None, to_be_killed: false, said: None }
    }

    fn start(&mut self, dir: &Path, index: usize, tell: &Sender<Event>) -> io::Result<()> {
        let (said, say) = io::pipe()?;
        let mut command = ending_with_us(&own_executable()?);
        // A group of its own, so that what it has started is killed with it.
        command.args(&self.command).current_dir(dir).stdin(Stdio::null()).process_group(0);
        let child = command.stdout(say.try_clone()?).stderr(say).spawn()?;
        // With our ends of the pipe, which the last of the others' closes.
        drop(command);
        self.said = Some(log::keep(said, dir)?);
        let pid = Pid::from_child(&child);
        let tell = tell.clone();
        thread::spawn(move || {
            // Waits without reaping: until the main thread reaps it, the number names this child and no other, so
            // that a signal never reaches a stranger.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options));
            let _ = tell.send(Event::Ended(index));
        });
        (self.child, self.to_be_killed) = (Some(child), false);
        Ok(())
    }

    fn program(&self) -> &Path {
        let program = self.command.iter().find(|word| assignment(word).is_none());
        Path::new(program.unwrap_or(&self.command[0]))
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            // It can only fail because nobody is left, which is what is wanted.
            let _ = kill_process_group(Pid::from_child(child), signal);
        }
    }

    fn reap(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.take().map(|mut child| child.wait()).transpose()
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
    end_with_parent(parent, Signal::KILL)?;
    let assignments = command.iter().map_while(|word| assignment(word));
    let mut words = command.iter().skip(assignments.clone().count());
    let program = words.next().ok_or_else(usage)?;
    let error = Command::new(program).args(words).envs(assignments).exec();
    Err(io::Error::new(error.kind(), format!("{}: {error}", program.display())))
}

/// Has the kernel send `signal` to this process when its parent ends.
#[cfg(target_os = "linux")]
pub(super) fn end_with_parent(parent: &OsStr, signal: Signal) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(signal))?;
    // If the guard died before that call, no signal comes: then this process has another parent by now.
    match getppid().map(|pid| pid.as_raw_nonzero().to_string()) {
        Some(pid) if OsStr::new(&pid) == parent => Ok(()),
        _ => Err(io::Error::other("the guard is gone")),
    }
}

/// Elsewhere a server whose guard is killed stays; one whose owner is killed does not.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_parent(_parent: &OsStr, _signal: Signal) -> io::Result<()> {
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
pub fn own_executable() -> io::Result<PathBuf> {
    let by_proc = Path::new("/proc/self/exe");
    match cfg!(target_os = "linux") && by_proc.exists() {
        true => Ok(by_proc.to_path_buf()),
        false => std::env::current_exe(),
    }
}
