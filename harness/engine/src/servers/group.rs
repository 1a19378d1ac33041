//! A program that starts others, such as cargo with its compilers: all of them end when we do, whatever ends us.
//!
//! ```text
//! dedup-harness __guard --group PROGRAM [ARGUMENT]...       run this in a group of its own, and end with its code
//! ```
//!
//! Between us and the program stands our own binary, as the guard does between us and servers: when its standard input
//! ends, it kills the whole group.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{guard, password};
use crate::wait::until_ended;

/// Instead of a directory: run this.
pub(super) const GROUP: &str = "--group";

/// How long the group may take to end when it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program, with all that it starts. Dropping it ends them.
#[derive(Debug)]
pub struct Group(pub Child);

impl Group {
    /// Starts `program`, to which `set` gives its arguments and outputs. `executable` is a program whose `main` begins with
    /// [`guard::dispatch`].
    pub fn start(executable: &Path, program: OsString, set: impl FnOnce(&mut Command)) -> io::Result<Group> {
        let mut command = Command::new(executable);
        command.args([guard::COMMAND, GROUP]).arg(program).env_remove(password::VARIABLE);
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

/// Runs a program until it has ended, or our standard input has; ends its group, and gives its exit code.
pub(super) fn oversee(words: &[OsString]) -> io::Result<ExitCode> {
    let (program, args) = words.split_first().ok_or_else(|| io::Error::other("no program given"))?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.display())))?;
    let id = Pid::from_child(&child);
    let (tell, told) = channel();
    let tell_too = tell.clone();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    thread::spawn(move || {
        // Without reaping, so that the number still names the group.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(id), options));
        let _ = tell_too.send(());
    });
    let _ = told.recv();
    // It can only fail because nobody is left, which is what is wanted.
    let _ = kill_process_group(id, Signal::KILL);
    let status = child.wait()?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
