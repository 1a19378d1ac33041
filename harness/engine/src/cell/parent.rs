//! Starts a cell's process and watches over it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dedup_files::named;

use super::job::{Job, Message};
use super::slow::{self, Reached, WaitsFor};
use crate::process::{self, Scheduled};
use crate::record::{CellResult, Failure};
use crate::servers::{OF_OWNER, password};

/// The name of the hidden sub-command that runs a cell.
pub const SUB_COMMAND: &str = "__cell";

/// The environment variable in which a cell is told the file of a system.
pub const SYSTEM: &str = "DEDUP_HARNESS_SYSTEM";

/// How often the parent looks at what sends no message: memory, and the wish to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The least memory that a cell can be given: an empty strategy's process takes about 12 MiB, and a short stream's truth a
/// few more.
pub const LEAST_MEMORY_BYTES: u64 = 32 << 20;

/// When a cell is ended from outside.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When its thread has stood still for this long, it hangs.
    pub stall: Duration,
    /// Resident memory, in bytes, that it may take.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// Half a minute, and four fifths of the memory that is free.
    fn default() -> Self {
        Limits { stall: Duration::from_secs(30), memory_bytes: process::available_bytes() / 5 * 4 }
    }
}

/// How a cell ended.
#[derive(Debug)]
pub enum Ending {
    /// It was built, and that was all that was asked; the servers that took part.
    Built(Vec<(String, String)>),
    /// With a result.
    Result(Box<CellResult>),
    /// A setting or size is not allowed.
    Refused(String),
    /// Somebody asked us to stop.
    Stopped,
}

/// Runs `job` in a process of its own. `progress` is told how far it has come.
pub fn run(
    job: &Job,
    limits: &Limits,
    stop: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(Reached),
) -> std::io::Result<Ending> {
    let mut cell = Cell::start(job)?;
    let mut servers = Vec::new();
    let (began, mut waits_for) = (Instant::now(), WaitsFor::Stream);
    let (mut panic, mut peak) = (None, 0);
    loop {
        match cell.messages.recv_timeout(LOOK_EVERY) {
            Ok(message) => {
                cell.heard();
                match message {
                    Message::Progress(share) => {
                        progress(Reached::new(share, began.elapsed(), || cell.scheduled(), waits_for));
                    }
                    Message::WaitsFor(what) => waits_for = what,
                    Message::Server { name, version } => servers.push((name, version)),
                    Message::Panicked(what) => panic = Some(what),
                    Message::Peak(bytes) => peak = bytes,
                    Message::Refused(reason) => return Ok(Ending::Refused(reason)),
                    // However soon it was done.
                    Message::Built | Message::Result(_) if peak > limits.memory_bytes => {
                        return Ok(failed(too_large(peak, limits)));
                    }
                    Message::Built => return Ok(Ending::Built(servers)),
                    Message::Result(result) => return Ok(Ending::Result(result)),
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Whoever asks us to stop may have asked the cell as well.
            Err(RecvTimeoutError::Disconnected) if stop() => {
                return Ok(Ending::Stopped);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(failed(cell.epitaph(panic)));
            }
        }
        if stop() {
            return Ok(Ending::Stopped);
        }
        if let Some(failure) = cell.failure(limits) {
            return Ok(failed(failure));
        }
    }
}

fn too_large(bytes: u64, limits: &Limits) -> (Failure, String) {
    let (mib, limit) = (bytes >> 20, limits.memory_bytes >> 20);
    (Failure::OutOfMemory, format!("took {mib} MiB, more than the {limit} MiB that it may; ended"))
}

fn failed((how, reason): (Failure, String)) -> Ending {
    Ending::Result(Box::new(CellResult::Failed { how, reason }))
}

/// The running process. Dropping it ends it.
struct Cell {
    child: Child,
    messages: Receiver<Message>,
    last_words: Arc<Mutex<String>>,
    last_heard: Instant,
    /// How long its thread had waited for a processor by then.
    waited: Duration,
}

impl Cell {
    fn start(job: &Job) -> std::io::Result<Cell> {
        let program = std::env::current_exe().map_err(|error| named("this program's own path", error))?;
        let mut child = Command::new(&program)
            .arg(SUB_COMMAND)
            .env_remove(password::VARIABLE)
            .env_remove(SYSTEM)
            .envs(job.system.map(|file| (SYSTEM, file)))
            .env(OF_OWNER, &job.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C in a terminal reaches the parent alone, which ends the cell and tidies up; or the
            // cell's death would look like a failure.
            .process_group(0)
            .spawn()
            .map_err(|error| named(format_args!("starting a cell, {}", program.display()), error))?;
        let mut line = serde_json::to_string(job).map_err(std::io::Error::other)?;
        line.push('\n');
        if let Some(stdin) = &mut child.stdin {
            // One that has ended already says why, or its status does.
            let _ = stdin.write_all(line.as_bytes());
        }
        let (sender, messages) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("standard output is piped"));
        thread::Builder::new().spawn(move || {
            // What is not a message was printed by a strategy, and is not ours to read.
            let lines = stdout.lines().map_while(Result::ok);
            for message in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        })?;
        let last_words = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let words = Arc::clone(&last_words);
        // Read all the time: a pipe that nobody reads would stop a strategy that talks a lot.
        thread::Builder::new().spawn(move || {
            for line in stderr.lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
                *words.lock().unwrap_or_else(PoisonError::into_inner) = line.chars().take(300).collect();
            }
        })?;
        Ok(Cell { child, messages, last_words, last_heard: Instant::now(), waited: Duration::ZERO })
    }

    /// A sign of life.
    fn heard(&mut self) {
        self.last_heard = Instant::now();
        self.waited = self.scheduled().unwrap_or_default().waited;
    }

    /// What became of its thread's time.
    fn scheduled(&self) -> Option<Scheduled> {
        process::scheduled(self.child.id())
    }

    /// For how long its thread has stood still: on a busy machine not while it waits for a processor.
    fn still(&self) -> Duration {
        let waited = self.scheduled().unwrap_or_default().waited.saturating_sub(self.waited);
        self.last_heard.elapsed().saturating_sub(waited)
    }

    /// What is wrong with a process that still runs.
    fn failure(&self, limits: &Limits) -> Option<(Failure, String)> {
        if self.last_heard.elapsed() > limits.stall && self.still() > limits.stall {
            let (seconds, load) = (limits.stall.as_secs_f64(), slow::load());
            let reason = format!("no progress for {seconds} s, ended (--stall-timeout; {load})");
            return Some((Failure::Hung, reason));
        }
        let resident = process::resident_bytes(self.child.id())?;
        (resident > limits.memory_bytes).then(|| too_large(resident, limits))
    }

    /// Why a process that no longer talks has ended.
    fn epitaph(&mut self, panic: Option<String>) -> (Failure, String) {
        let status = self.child.wait();
        if let Some(what) = panic {
            return (Failure::Panicked, what);
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let last_words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let last_words = if last_words.is_empty() { String::new() } else { format!(": {last_words}") };
        (Failure::Died, format!("its process ended with {status}{last_words}"))
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        // A cell that has said its last word ends by itself when its standard input closes; one that hangs does not.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
