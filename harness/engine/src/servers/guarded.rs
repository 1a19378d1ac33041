//! Our side of the guard: the pipe that we hold, and the private directory.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::stay::PREFIX;
use super::{guard, password};
use crate::wait::{until, until_ended};

/// Lines of the log that an error shows.
const LOG_LINES: usize = 20;
/// How long the guard may take: longer than its own grace for a server that does not stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// `[NAME=VALUE]... PROGRAM [ARGUMENT]...`: a server.
pub type ServerCommand = Vec<OsString>;

/// A private directory under a guard, with the servers that share it. Dropping it stops them and removes it.
#[derive(Debug)]
pub struct Guarded {
    guard: Mutex<Child>,
    hold: Option<ChildStdin>,
    dir: PathBuf,
}

impl Guarded {
    /// Has a guard make a directory in `parent` that only we can enter, for what `servers` would be there. None of them
    /// is started yet. `executable` is a program whose `main` begins with [`guard::dispatch`].
    ///
    /// # Errors
    ///
    /// Of the kind [`io::ErrorKind::UnexpectedEof`] where the program ends without a word, as no guard does.
    pub fn make(
        executable: &Path,
        parent: &Path,
        servers: impl Fn(&Path) -> Vec<ServerCommand>,
    ) -> io::Result<Guarded> {
        let parent = absolute(parent)?;
        let mut names = tempfile::Builder::new();
        // The guard sees to its end, and nobody else.
        let names = names.prefix(PREFIX).disable_cleanup(true);
        let made = names.make_in(parent, |dir| Guarded::at(executable, dir, &servers(dir)))?;
        Ok(made.into_file())
    }

    fn at(executable: &Path, dir: &Path, servers: &[ServerCommand]) -> io::Result<Guarded> {
        let mut command = Command::new(executable);
        command.arg(guard::COMMAND).arg(dir).env_remove(password::VARIABLE);
        for words in servers {
            command.arg("--").args(words);
        }
        // A group of its own: Ctrl-C in a terminal reaches us alone, and we decide. None of our own outputs is
        // handed down, so whoever reads them sees their end when we end.
        let mut guard = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", executable.display())))?;
        let (hold, said) = (guard.stdin.take(), guard.stdout.take());
        let mut line = String::new();
        BufReader::new(said.expect("standard output is piped")).read_line(&mut line)?;
        if line.trim() == guard::MADE {
            return Ok(Guarded { guard: Mutex::new(guard), hold, dir: dir.to_path_buf() });
        }
        drop(hold);
        let status = end(&mut guard)?;
        Err(match line.trim().parse().map(io::Error::from_raw_os_error) {
            Ok(why) => io::Error::new(why.kind(), format!("{}: cannot be made: {why}", dir.display())),
            Err(_) => io::Error::new(io::ErrorKind::UnexpectedEof, ended(status)),
        })
    }

    /// A temporary directory without servers, which is gone when this process is, whatever ends it.
    pub fn directory() -> io::Result<Guarded> {
        Guarded::make(&guard::own_executable()?, &std::env::temp_dir(), |_| Vec::new())
    }

    /// The private directory.
    pub fn dir(&self) -> &Path {
        &self.dir
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
            Ok(Some(status)) => Some(ended(status)),
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

    /// Starts server `index`, which was not started yet, or was killed. Returns at once: whether it answers, its address
    /// tells.
    pub fn start(&self, index: usize) -> io::Result<()> {
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
        let log = fs::read(self.dir().join(guard::LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn release(&mut self) -> io::Result<()> {
        drop(self.hold.take());
        end(self.guard.get_mut().unwrap_or_else(PoisonError::into_inner)).map(drop)
    }
}

/// Waits for the end of a guard that nobody holds any more.
fn end(guard: &mut Child) -> io::Result<ExitStatus> {
    if let Some(status) = until_ended(guard, PATIENCE)? {
        return Ok(status);
    }
    guard.kill()?;
    guard.wait()
}

fn ended(status: ExitStatus) -> String {
    format!("the guard of the server ended: {status}")
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            dedup_files::say(format_args!("a private server may still run: {error}"));
        }
        // The directory is gone by now, unless the guard was killed.
        let _ = fs::remove_dir_all(&self.dir);
    }
}
