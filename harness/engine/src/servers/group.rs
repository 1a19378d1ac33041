//! A program that starts others, such as cargo with its compilers: all of them end when we do, whatever ends us.
//!
//! ```text
//! dedup-harness __guard --group PROGRAM [ARGUMENT]...             run this in a group of its own, and end with its code
//! dedup-harness __guard --second FIRST --group PROGRAM [...]      the second of two that do so
//! ```
//!
//! With `--talk` in the place of `--group` the program has the standard input of its overseers, and hears its end before it is
//! killed: for a program that we talk to.
//!
//! Between us and the program stands our own binary, as the guard does between us and servers: when its standard input
//! ends, it kills the whole group, and what has left it. It stands there twice, one started by the other. Whichever of them is
//! killed, the kernel tells the other, which ends what is left; the program itself the kernel kills.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process_group, waitid};
use signal_hook::consts::SIGTERM;
use signal_hook::low_level::pipe;

use super::stay::Stay;
use super::{guard, left_behind, password};
use crate::wait::until_ended;

/// Instead of a directory: run this.
pub(super) const GROUP: &str = "--group";

/// The same, for a program that has our standard input.
pub(super) const TALK: &str = "--talk";

/// The second overseer; behind it the process of the first, and one of the two above.
pub(super) const SECOND: &str = "--second";

/// How long a program may go on that was talked to, once nobody does.
const GRACE: Duration = Duration::from_secs(2);
/// How long the group may take to end when it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program, with all that it starts. Dropping it ends them.
#[derive(Debug)]
pub struct Group(pub Child);

impl Group {
    /// Starts `program`, to which `set` gives its arguments and outputs. `executable` is a program whose `main` begins with
    /// [`guard::dispatch`].
    pub fn start(executable: &Path, program: OsString, set: impl FnOnce(&mut Command)) -> io::Result<Group> {
        Group::in_mode(GROUP, executable, program, set)
    }

    /// The same for a program that we talk to: our end of its standard input is that of the process. Closing it is the wish
    /// that it ends.
    pub fn talking(
        executable: &Path,
        program: OsString,
        set: impl FnOnce(&mut Command),
    ) -> io::Result<Group> {
        Group::in_mode(TALK, executable, program, set)
    }

    fn in_mode(
        mode: &str,
        executable: &Path,
        program: OsString,
        set: impl FnOnce(&mut Command),
    ) -> io::Result<Group> {
        let mut command = Command::new(executable);
        command.args([guard::COMMAND, mode]).arg(program).env_remove(password::VARIABLE);
        set(&mut command);
        // A group of its own: Ctrl-C in a terminal reaches us alone, and we decide.
        command.process_group(0).stdin(Stdio::piped()).spawn().map(Group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if until_ended(&mut self.0, PATIENCE).is_ok_and(|ended| ended.is_none()) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// Nobody holds the other end of our standard input.
    HungUp,
    /// The first overseer is gone.
    Alone,
    /// The program has ended, and is still to be reaped.
    Ended,
}

/// Has a second overseer run a program, and gives the program's exit code. Ends what is left where the second is killed.
pub(super) fn oversee(mode: &OsStr, words: &[OsString]) -> io::Result<ExitCode> {
    let _stay = stay(mode)?;
    left_behind::adopt();
    let mut command = Command::new(guard::own_executable()?);
    command.args([guard::COMMAND, SECOND, &getpid().as_raw_nonzero().to_string()]).arg(mode).args(words);
    let mut second = command.process_group(0).spawn()?;
    if mode == TALK {
        say_nothing()?;
    }
    let status = second.wait()?;
    left_behind::end_all();
    Ok(code_of(status))
}

/// Runs a program until it has ended, or our standard input has, or the first overseer; ends its group, and gives its exit
/// code. `args` are the process of the first, how, and the program.
pub(super) fn oversee_second(args: &[OsString]) -> io::Result<ExitCode> {
    let [first, mode, words @ ..] = args else { return Err(io::Error::other("--second takes an overseer")) };
    let (tell, told) = channel();
    hear_when_alone(first, tell.clone())?;
    let _stay = stay(mode)?;
    let child = match mode == TALK {
        false => run(words, Stdio::null(), tell.clone())?,
        true => run(words, Stdio::inherit(), tell.clone())?,
    };
    match mode == TALK {
        false => hear_the_end_of_input(tell),
        true => {
            say_nothing()?;
            hear_the_end_of_what_is_said(tell);
        }
    }
    if told.recv() == Ok(Event::HungUp) && mode == TALK {
        let _ = told.recv_timeout(GRACE);
    }
    end(child)
}

/// A program that is talked to works where it was started: the private directory around that stays until it has ended,
/// however we are left.
fn stay(mode: &OsStr) -> io::Result<Option<Stay>> {
    (mode == TALK).then(|| Stay::within(&std::env::current_dir()?)).transpose()
}

/// Whoever reads what the program says sees when it has closed its output, and not when we have.
fn say_nothing() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?)
}

/// Tells when the first overseer is gone, or asks.
fn hear_when_alone(first: &OsStr, tell: Sender<Event>) -> io::Result<()> {
    let (mut requests, request) = UnixStream::pair()?;
    pipe::register(SIGTERM, request)?;
    guard::end_with_parent(first, Signal::TERM)?;
    thread::spawn(move || {
        let _ = requests.read_exact(&mut [0]);
        let _ = tell.send(Event::Alone);
    });
    Ok(())
}

fn hear_the_end_of_input(tell: Sender<Event>) {
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(Event::HungUp);
    });
}

/// The same where what comes is the program's to read: nothing is asked for, so that nothing but the end wakes us.
fn hear_the_end_of_what_is_said(tell: Sender<Event>) {
    thread::spawn(move || {
        let stdin = io::stdin();
        let mut pipe = [PollFd::new(&stdin, PollFlags::empty())];
        let _ = rustix::io::retry_on_intr(|| poll(&mut pipe, None));
        let _ = tell.send(Event::HungUp);
    });
}

/// Starts a program in a group of its own; `tell` hears of its end.
fn run(words: &[OsString], input: Stdio, tell: Sender<Event>) -> io::Result<Child> {
    left_behind::adopt();
    let mut command = guard::ending_with_us(&guard::own_executable()?);
    let child = command.args(words).stdin(input).process_group(0).spawn()?;
    let id = Pid::from_child(&child);
    thread::spawn(move || {
        // Without reaping, so that the number still names the group.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(id), options));
        let _ = tell.send(Event::Ended);
    });
    Ok(child)
}

/// Ends the group of a program, and gives the program's exit code.
fn end(mut child: Child) -> io::Result<ExitCode> {
    // It can only fail because nobody is left, which is what is wanted.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let status = child.wait()?;
    left_behind::end_all();
    Ok(code_of(status))
}

/// A signal is told as shells do.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
