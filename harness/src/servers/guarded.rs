//! Our side of the guard: the pipe that we hold, and the private directory.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::guard;

/// What servers and guard print, in the private directory.
const LOG: &str = "log";
/// Lines of the log that an error shows.
const LOG_LINES: usize = 20;
/// How long the guard may take: longer than its own grace for a server that does not stop.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at a condition that another process brings about.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Servers under a guard, with the private directory that they share. Dropping it stops them and removes it.
#[derive(Debug)]
pub struct Guarded {
    guard: Child,
    hold: Option<ChildStdin>,
    dir: TempDir,
}

impl Guarded {
    /// Starts `commands` (each `[NAME=VALUE]... PROGRAM [ARGUMENT]...`) under a guard that runs `executable`, a
    /// program whose `main` begins with [`guard::dispatch`].
    pub fn start(executable: &Path, dir: TempDir, commands: &[Vec<OsString>]) -> io::Result<Guarded> {
        let log = File::create(dir.path().join(LOG))?;
        let mut command = Command::new(executable);
        command.arg(guard::COMMAND).arg(dir.path());
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
        Ok(Guarded { guard, hold, dir })
    }

    /// The private directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How servers ended that have ended by themselves, one a line; none while all run.
    pub fn ended(&mut self) -> Option<String> {
        let notes = fs::read_to_string(self.dir().join(guard::ENDED)).unwrap_or_default();
        // A note that is still being written has no end of line yet.
        if let Some((complete, _)) = notes.rsplit_once('\n') {
            return Some(complete.to_string());
        }
        match self.guard.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("the guard of the server ended: {status}")),
            Err(error) => Some(format!("the guard of the server is lost: {error}")),
        }
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
        let deadline = Instant::now() + PATIENCE;
        while self.guard.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.guard.kill()?;
                self.guard.wait()?;
            }
            thread::sleep(LOOK_AGAIN);
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
