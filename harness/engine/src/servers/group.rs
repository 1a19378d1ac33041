//! A program that starts others, such as cargo with its compilers: all of them end when we do, whatever ends us.
//!
//! ```text
//! dedup-harness __guard --group PROGRAM [ARGUMENT]...       run this in a group of its own, and end with its code
//! ```
//!
//! With `--talk` in the place of `--group` the program has the standard input of its overseer, and hears its end before it is
//! killed: for a program that we talk to.
//!
//! Between us and the program stands our own binary, as the guard does between us and servers: when its standard input
//! ends, it kills the whole group, and what has left it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::stay::Stay;
use super::{guard, left_behind, password};
use crate::wait::until_ended;

/// Instead of a directory: run this.
pub(super) const GROUP: &str = "--group";

/// The same, for a program that has our standard input.
pub(super) const TALK: &str = "--talk";

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
    /// The program has ended, and is still to be reaped.
    Ended,
}

/// Runs a program until it has ended, or our standard input has; ends its group, and gives its exit code.
pub(super) fn oversee(words: &[OsString]) -> io::Result<ExitCode> {
    let (tell, told) = channel();
    let child = run(words, Stdio::null(), tell.clone())?;
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(Event::HungUp);
    });
    let _ = told.recv();
    end(child)
}

/// The same for a program that reads our standard input itself, and may end by itself when that has ended. It works where we
/// were started: the private directory around that stays until the program has ended, however we are left.
pub(super) fn oversee_talk(words: &[OsString]) -> io::Result<ExitCode> {
    let _stay = Stay::within(&std::env::current_dir()?)?;
    let (tell, told) = channel();
    let child = run(words, Stdio::inherit(), tell.clone())?;
    // Whoever reads what the program says sees when it has closed its output, and not when we have.
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    thread::spawn(move || {
        let stdin = io::stdin();
        // Nothing is asked for, so that nothing but the end wakes us, and what comes is the program's to read.
        let mut pipe = [PollFd::new(&stdin, PollFlags::empty())];
        let _ = rustix::io::retry_on_intr(|| poll(&mut pipe, None));
        let _ = tell.send(Event::HungUp);
    });
    if told.recv() == Ok(Event::HungUp) {
        let _ = told.recv_timeout(GRACE);
    }
    end(child)
}

/// Starts a program in a group of its own; `tell` hears of its end.
fn run(words: &[OsString], input: Stdio, tell: Sender<Event>) -> io::Result<Child> {
    let (program, args) = words.split_first().ok_or_else(|| io::Error::other("no program given"))?;
    left_behind::adopt();
    let child = Command::new(program)
        .args(args)
        .stdin(input)
        .process_group(0)
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.display())))?;
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
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
