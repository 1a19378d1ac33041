//! Our side of the guard: the pipe that we hold, and the private directory.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::{guard, password};
use crate::wait::{until, until_ended};

/// What servers and guard print, in the private directory.
const LOG: &str = "log";
/// Lines of the log that an error shows.
const LOG_LINES: usize = 20;
/// How long the guard may take: longer than its own grace for a server that does not stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Servers under a guard, with the private directory that they share. Dropping it stops them and removes it.
#[derive(Debug)]
pub struct Guarded {
    guard: Mutex<Child>,
    hold: Option<ChildStdin>,
    dir: TempDir,
}

impl Guarded {
    /// Starts `commands` (each `[NAME=VALUE]... PROGRAM [ARGUMENT]...`) under a guard that runs `executable`, a
    /// program whose `main` begins with [`guard::dispatch`]. Without commands it only sees to the directory's removal.
    pub fn start(executable: &Path, dir: TempDir, commands: &[Vec<OsString>]) -> io::Result<Guarded> {
        let log = File::create(dir.path().join(LOG))?;
        let mut command = Command::new(executable);
        command.arg(guard::COMMAND).arg(dir.path()).env_remove(password::VARIABLE);
        for words in commands {
            command.arg("--").args(words);
        }
        // A group of its own: Ctrl-C in a terminal reaches us alone, and we decide. None of our own outputs is
        // handed down, so whoever reads them sees their end when we end.
        let mut guard = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir(dir.path())
            .spawn()?;
        let hold = guard.stdin.take();
        Ok(Guarded { guard: Mutex::new(guard), hold, dir })
    }

    /// A temporary directory without servers, which is gone when this process is, whatever ends it.
    pub fn directory() -> io::Result<Guarded> {
        let dir = tempfile::Builder::new().prefix("dedup-harness-").tempdir()?;
        Guarded::start(&guard::own_executable()?, dir, &[])
    }

    /// The private directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How servers ended that have ended by themselves, one a line; none while all run.
    pub fn ended(&self) -> Option<String> {
        let notes = fs::read_to_string(self.dir().join(guard::ENDED)).unwrap_or_default();
        // A note that is still being written has no end of line yet.
        if let Some((complete, _)) = notes.rsplit_once('\n') {
            return Some(complete.to_string());
        }
        match self.guard.lock().unwrap_or_else(PoisonError::into_inner).try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("the guard of the server ended: {status}")),
            Err(error) => Some(format!("the guard of the server is lost: {error}")),
        }
    }

    /// Kills server `index` (in the order of the commands, from 0) with SIGKILL, and waits for its end: how it ended, by
    /// the guard's account.
    pub fn kill(&self, index: usize) -> io::Result<String> {
        let notes_before = self.killed(index).len();
        self.ask(&format!("kill {index}"))?;
        let noted = until(PATIENCE, || match self.killed(index).get(notes_before) {
            Some(status) => ControlFlow::Break(status.clone()),
            None => ControlFlow::Continue(()),
        });
        noted.map_err(|()| io::Error::other(format!("server {index} did not end within {PATIENCE:?}")))
    }

    /// Starts a server again that was killed. Returns at once: whether it answers, its address tells.
    pub fn start_again(&self, index: usize) -> io::Result<()> {
        self.ask(&format!("start {index}"))
    }

    fn ask(&self, request: &str) -> io::Result<()> {
        let Some(mut hold) = self.hold.as_ref() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        writeln!(hold, "{request}")
    }

    /// How server `index` ended, each time that it was killed.
    fn killed(&self, index: usize) -> Vec<String> {
        let notes = fs::read_to_string(self.dir().join(guard::KILLED)).unwrap_or_default();
        let complete = notes.rsplit_once('\n').map_or("", |(complete, _)| complete);
        let ours = complete.lines().filter_map(|line| line.split_once(' '));
        ours.filter(|(of, _)| *of == index.to_string()).map(|(_, status)| status.to_string()).collect()
    }

    /// The last lines that servers and guard printed.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.dir().join(LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn release(&mut self) -> io::Result<()> {
        drop(self.hold.take());
        let guard = self.guard.get_mut().unwrap_or_else(PoisonError::into_inner);
        if until_ended(guard, PATIENCE)?.is_none() {
            guard.kill()?;
            guard.wait()?;
        }
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            eprintln!("a private server may still run: {error}");
        }
        // The directory is gone by now, unless the guard was killed: then dropping `dir` removes it.
    }
}
