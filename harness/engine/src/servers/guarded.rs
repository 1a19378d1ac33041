//! Our side of the guard: the pipe that we hold, and the private directory.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stay::PREFIX;
use super::temporary::{self, NoTemporary};
use super::{guard, password};
use crate::wait::{until, until_ended};

/// Lines of the log that an error shows.
const LOG_LINES: usize = 20;
/// What it shows of a line.
const LINE_LENGTH: usize = 300;
/// How long the guard may take: longer than its own grace for a server that does not stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// `[NAME=VALUE]... PROGRAM [ARGUMENT]...`: a server.
pub type ServerCommand = Vec<OsString>;

/// A private directory that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It cannot be made.
    #[error("{}: cannot be made: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program that would be its guard cannot be started, or heard.
    #[error("starting {}: {source}", program.display())]
    Started {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program ended without a word, as no guard does.
    #[error("{0}")]
    Ended(String),
}

impl From<GuardError> for io::Error {
    fn from(error: GuardError) -> io::Error {
        let kind = match &error {
            GuardError::Directory { source, .. } | GuardError::Started { source, .. } => source.kind(),
            GuardError::Ended(_) => io::ErrorKind::UnexpectedEof,
        };
        io::Error::new(kind, error)
    }
}

/// A private directory under a guard, with the servers that share it. Dropping it stops them and removes it.
#[derive(Debug)]
pub struct Guarded {
    notes: Notes,
    hold: Option<ChildStdin>,
}

/// What a guard has noted of its servers, for whoever does not hold it.
#[derive(Clone, Debug)]
pub struct Notes {
    guard: Arc<Mutex<Child>>,
    dir: PathBuf,
}

impl Notes {
    /// How servers ended that have ended by themselves, one a line; none while all run.
    pub fn ended(&self) -> Option<String> {
        let notes = fs::read_to_string(self.dir.join(guard::ENDED)).unwrap_or_default();
        // A note that is still being written has no end of line yet.
        if let Some((complete, _)) = notes.rsplit_once('\n') {
            return Some(complete.to_string());
        }
        match self.guard().try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(ended(status)),
            Err(error) => Some(format!("the guard of the server is lost: {error}")),
        }
    }

    fn guard(&self) -> MutexGuard<'_, Child> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guarded {
    /// Has a guard make a directory in `parent` that only we can enter, for what `servers` would be there. None of them
    /// is started yet. `executable` is a program whose `main` begins with [`guard::dispatch`].
    ///
    pub fn make(
        executable: &Path,
        parent: &Path,
        servers: impl Fn(&Path) -> Vec<ServerCommand>,
    ) -> Result<Guarded, GuardError> {
        let of_parent = |source| GuardError::Directory { path: parent.to_path_buf(), source };
        let place = absolute(parent).map_err(of_parent)?;
        let mut names = tempfile::Builder::new();
        // The guard sees to its end, and nobody else.
        let names = names.prefix(PREFIX).disable_cleanup(true);
        // By its kind another name is tried where there is such a directory already.
        let made =
            names.make_in(place, |dir| Guarded::at(executable, dir, &servers(dir)).map_err(io::Error::from));
        Ok(made.map_err(|error| error.downcast().unwrap_or_else(of_parent))?.into_file())
    }

    fn at(executable: &Path, dir: &Path, servers: &[ServerCommand]) -> Result<Guarded, GuardError> {
        let lost = |source| GuardError::Started { program: executable.to_path_buf(), source };
        let mut command = Command::new(executable);
        command.arg(guard::COMMAND).arg(dir).env_remove(password::VARIABLE);
        for words in servers {
            command.arg(guard::NEXT).arg(words.len().to_string()).args(words);
        }
        // A group of its own: Ctrl-C in a terminal reaches us alone, and we decide. None of our own outputs is
        // handed down, so whoever reads them sees their end when we end.
        let mut guard = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(lost)?;
        let (hold, said) = (guard.stdin.take(), guard.stdout.take());
        let mut line = String::new();
        BufReader::new(said.expect("standard output is piped")).read_line(&mut line).map_err(lost)?;
        if line.trim() == guard::MADE {
            let notes = Notes { guard: Arc::new(Mutex::new(guard)), dir: dir.to_path_buf() };
            return Ok(Guarded { notes, hold });
        }
        drop(hold);
        let status = end(&mut guard).map_err(lost)?;
        Err(match line.trim().parse().map(io::Error::from_raw_os_error) {
            Ok(source) => GuardError::Directory { path: dir.to_path_buf(), source },
            Err(_) => GuardError::Ended(ended(status)),
        })
    }

    /// A temporary directory without servers, which is gone when this process is, whatever ends it.
    pub fn directory() -> Result<Guarded, NoTemporary> {
        let place = temporary::place();
        let own =
            guard::own_executable().map_err(|source| GuardError::Started { program: "".into(), source });
        let made = own.and_then(|own| Guarded::make(&own, &place, |_| Vec::new()));
        made.map_err(|error| NoTemporary::at(place, error))
    }

    /// The private directory.
    pub fn dir(&self) -> &Path {
        &self.notes.dir
    }

    /// The guard's process, whose children the servers are.
    pub fn id(&self) -> u32 {
        self.notes.guard().id()
    }

    /// See [`Notes::ended`].
    pub fn ended(&self) -> Option<String> {
        self.notes.ended()
    }

    /// What its guard has noted, as long as that runs and after.
    pub fn notes(&self) -> Notes {
        self.notes.clone()
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
        let lines: Vec<String> = text.lines().map(|line| line.chars().take(LINE_LENGTH).collect()).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn release(&mut self) -> io::Result<()> {
        drop(self.hold.take());
        end(&mut self.notes.guard()).map(drop)
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
        let _ = fs::remove_dir_all(self.dir());
    }
}
