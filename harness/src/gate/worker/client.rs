//! The gate's side of a worker.

use std::io::{BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dedup_files::{AtFault, Fault};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Deserialize;

use super::protocol::{Answer, Measured, PROTOCOL, Ready, Request, SUB_COMMAND, Task};
use crate::record::Tool;
use crate::wait::{until, until_ended};

/// How often the wish to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Bytes of a line, far more than the figures of a slice take: what goes on is no worker, and would fill the memory.
const LONGEST_LINE: usize = 16 << 20;

/// How long a worker may take to end when its input does, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The program as it was.
    Base,
    /// The program as it is to be.
    Candidate,
}

impl Side {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Side::Base => "base",
            Side::Candidate => "candidate",
        }
    }
}

/// A program to measure.
#[derive(Clone, Debug)]
pub struct Program {
    /// Which of the two it is.
    pub side: Side,
    /// The binary.
    pub path: PathBuf,
    /// What it is started under, where it is: valgrind and its arguments.
    pub under: Vec<String>,
    /// Which strategy to slow down, and by which share, for tests of the gate.
    pub slow_down: Option<(String, f64)>,
}

/// A worker that cannot be used any further.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The program cannot be started.
    #[error("{program}: cannot be started: {source}{}", allowed(source))]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It does not greet.
    #[error(
        "{program}: is no worker of a gate: {found}; allowed is a dedup-harness of a version that has the gate \
         (one that knows `{SUB_COMMAND}`)"
    )]
    NoGreeting {
        /// The program.
        program: String,
        /// What it did instead.
        found: String,
    },
    /// It speaks another version.
    #[error(
        "{program}: speaks version {found} of the worker protocol, and this gate speaks {PROTOCOL}: measure it with a \
         gate of its own time, or choose a nearer base"
    )]
    Protocol {
        /// The program.
        program: String,
        /// The version.
        found: u64,
    },
    /// It ended.
    #[error("{program}: ended while it was to {doing}: {words}")]
    Died {
        /// The program.
        program: String,
        /// What it was asked to do.
        doing: &'static str,
        /// How, and its last words.
        words: String,
    },
    /// It does not answer.
    #[error("{program}: said nothing for {seconds} s while it was to {doing}, and was ended")]
    Hung {
        /// The program.
        program: String,
        /// What it was asked to do.
        doing: &'static str,
        /// How long was waited.
        seconds: f64,
    },
    /// It says what it should not.
    #[error("{program}: answered {found:?} when it was to {doing}")]
    Garbled {
        /// The program.
        program: String,
        /// What it was asked to do.
        doing: &'static str,
        /// What it said.
        found: String,
    },
    /// Its strategy failed.
    #[error("{program}: {reason}")]
    Failed {
        /// The program.
        program: String,
        /// What failed.
        reason: String,
    },
    /// Somebody asked us to stop.
    #[error("interrupted")]
    Stopped,
}

impl WorkerError {
    /// Whether this machine is at fault, and no program.
    pub fn is_the_machines(&self) -> bool {
        matches!(self, WorkerError::Start { source, .. } if source.fault() == Fault::Place)
    }
}

fn allowed(source: &std::io::Error) -> &'static str {
    match source.fault() {
        Fault::Path => "; allowed is a dedup-harness binary for this machine",
        _ => "",
    }
}

/// How a worker is prepared, or why it is not.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// It waits for slices.
    Ready(Ready),
    /// It does not know the scenario, the strategy or a setting.
    Refused(String),
    /// It cannot run on this machine.
    Skipped(String),
}

/// A running worker. Dropping it ends it.
pub struct Worker<'a> {
    program: String,
    child: Child,
    stdout: ChildStdout,
    heard: Vec<u8>,
    last_words: LastWords,
    patience: Duration,
    stop: &'a AtomicBool,
}

impl Program {
    /// By which share `strategy` is to be slowed down.
    pub fn slows_down(&self, strategy: &str) -> Option<f64> {
        self.slow_down.as_ref().filter(|(slowed, _)| slowed == strategy).map(|(_, share)| *share)
    }

    /// How it is called in messages.
    pub fn label(&self) -> String {
        format!("{} {}", self.side.name(), self.path.display())
    }

    /// Starts it. It has to say something within `patience` whenever it was asked for something.
    pub fn start<'a>(
        &self,
        patience: Duration,
        stop: &'a AtomicBool,
    ) -> Result<(Worker<'a>, Tool), WorkerError> {
        let mut words = self.under.iter().map(String::as_str).chain([self.path.to_str().unwrap_or_default()]);
        let mut child = Command::new(words.next().unwrap_or_default())
            .args(words)
            .arg(SUB_COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal reaches the gate alone, which ends its workers and tidies up.
            .process_group(0)
            // Which memcpy glibc takes must not depend on the processor, where instructions are counted.
            .envs((!self.under.is_empty()).then_some(("GLIBC_TUNABLES", PLAIN_MEMCPY)))
            .spawn()
            .map_err(|source| WorkerError::Start { program: self.label(), source })?;
        let stdout = child.stdout.take().expect("standard output is piped");
        let last_words = last_words(&mut child);
        let heard = Vec::new();
        let mut worker = Worker { program: self.label(), child, stdout, heard, last_words, patience, stop };
        let tool = worker.greeting()?;
        Ok((worker, tool))
    }
}

const PLAIN_MEMCPY: &str = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load";

/// What a worker said last on its standard error, and the thread that listens.
struct LastWords {
    said: Arc<Mutex<String>>,
    listener: std::thread::JoinHandle<()>,
}

impl LastWords {
    /// Once its worker has ended: all of them, unless somebody else keeps standard error open.
    fn heard(&self) -> String {
        let _ = until(LOOK_EVERY * 10, || match self.listener.is_finished() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads standard error all the time (a pipe that nobody reads would stop a program that talks a lot) and keeps its
/// last line but for those that only tell how to see more.
fn last_words(child: &mut Child) -> LastWords {
    let words = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&words);
    let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let listener = std::thread::spawn(move || {
        for line in stderr.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim().to_string();
            if !line.is_empty() && !line.starts_with("note:") && !line.starts_with("For more information") {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                // A panic's place comes before its message.
                let before = std::mem::take(&mut *kept);
                let joined = if before.contains("panicked at") { format!("{before} {line}") } else { line };
                *kept = joined.chars().take(300).collect();
            }
        }
    });
    LastWords { said: words, listener }
}

impl Worker<'_> {
    fn greeting(&mut self) -> Result<Tool, WorkerError> {
        #[derive(Deserialize)]
        struct Any {
            hello: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            protocol: u64,
        }
        let line = match self.line("say hello", self.patience) {
            Ok(line) => line,
            // What was ended from outside may well be a worker.
            Err(WorkerError::Died { program, words, .. }) if !self.was_killed() => {
                return Err(WorkerError::NoGreeting { program, found: words });
            }
            Err(other) => return Err(other),
        };
        let any: Any = serde_json::from_str(&line)
            .map_err(|_| WorkerError::NoGreeting { program: self.program.clone(), found: said(&line) })?;
        if any.hello.protocol != u64::from(PROTOCOL) {
            return Err(WorkerError::Protocol { program: self.program.clone(), found: any.hello.protocol });
        }
        match serde_json::from_str(&line) {
            Ok(Answer::Hello { tool, .. }) => Ok(tool),
            _ => Err(WorkerError::NoGreeting { program: self.program.clone(), found: said(&line) }),
        }
    }

    /// Has it build its strategy and make its pings.
    pub fn prepare(&mut self, task: &Task) -> Result<Prepared, WorkerError> {
        const DOING: &str = "prepare";
        match self.ask(&Request::Prepare(Box::new(task.clone())), DOING)? {
            Answer::Ready(ready) => Ok(Prepared::Ready(ready)),
            Answer::Refused { reason } => Ok(Prepared::Refused(reason)),
            Answer::Skipped { reason } => Ok(Prepared::Skipped(reason)),
            other => Err(self.unexpected(other, DOING)),
        }
    }

    /// Has it judge the next `batches`.
    pub fn slice(&mut self, batches: usize) -> Result<Measured, WorkerError> {
        const DOING: &str = "judge a slice";
        match self.ask(&Request::Slice { batches }, DOING)? {
            Answer::Measured(measured) => Ok(measured),
            other => Err(self.unexpected(other, DOING)),
        }
    }

    /// Lets it end by itself, as a program that writes something at its end needs.
    pub fn finish(mut self) -> Result<(), WorkerError> {
        drop(self.child.stdin.take());
        match until_ended(&mut self.child, self.patience) {
            Ok(Some(_)) => Ok(()),
            Ok(None) | Err(_) => Err(self.hung("end", self.patience)),
        }
    }

    fn unexpected(&self, answer: Answer, doing: &'static str) -> WorkerError {
        let program = self.program.clone();
        match answer {
            Answer::Failed { reason } | Answer::Refused { reason } => WorkerError::Failed { program, reason },
            other => WorkerError::Garbled {
                program,
                doing,
                found: format!("{other:?}").chars().take(80).collect(),
            },
        }
    }

    fn ask(&mut self, request: &Request, doing: &'static str) -> Result<Answer, WorkerError> {
        let mut line = serde_json::to_string(request).expect("requests are plain data");
        line.push('\n');
        // A worker that is gone is found out by its silence, which knows its last words.
        if let Some(stdin) = &mut self.child.stdin {
            let _ = stdin.write_all(line.as_bytes());
        }
        let line = self.line(doing, self.patience)?;
        serde_json::from_str(&line).map_err(|_| WorkerError::Garbled {
            program: self.program.clone(),
            doing,
            found: line.chars().take(80).collect(),
        })
    }

    /// The next line that it says.
    fn line(&mut self, doing: &'static str, patience: Duration) -> Result<String, WorkerError> {
        let (began, mut looked_at) = (Instant::now(), 0);
        loop {
            if let Some(end) = self.heard[looked_at..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=looked_at + end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_string());
            }
            looked_at = self.heard.len();
            if self.stop.load(Ordering::Relaxed) {
                return Err(WorkerError::Stopped);
            }
            if began.elapsed() >= patience {
                return Err(self.hung(doing, patience));
            }
            if self.heard.len() > LONGEST_LINE {
                let found = String::from_utf8_lossy(&self.heard[..80]).into_owned();
                return Err(WorkerError::Garbled { program: self.program.clone(), doing, found });
            }
            if self.waits_for_us() && self.read() == 0 {
                return Err(self.died(doing));
            }
        }
    }

    fn waits_for_us(&self) -> bool {
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY.subsec_nanos().into() };
        let mut fds = [PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN)];
        // Interrupted by a signal: looked at again.
        poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0)
    }

    fn read(&mut self) -> usize {
        let mut buffer = [0; 1 << 16];
        let count = self.stdout.read(&mut buffer).unwrap_or(0);
        self.heard.extend_from_slice(&buffer[..count]);
        count
    }

    /// Ends it with everything that it started in its group; a server's guard has a group of its own, and tidies up.
    fn kill(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }

    fn hung(&self, doing: &'static str, patience: Duration) -> WorkerError {
        WorkerError::Hung { program: self.program.clone(), doing, seconds: patience.as_secs_f64() }
    }

    /// Whether a signal has ended it.
    fn was_killed(&mut self) -> bool {
        self.child.wait().is_ok_and(|status| status.signal().is_some())
    }

    fn died(&mut self, doing: &'static str) -> WorkerError {
        if self.stop.load(Ordering::Relaxed) {
            return WorkerError::Stopped;
        }
        // What closed its standard output ends by itself, usually.
        if until_ended(&mut self.child, GRACE).is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
        }
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let last = self.last_words.heard();
        let words = if last.is_empty() { status } else { format!("{status}: {last}") };
        WorkerError::Died { program: self.program.clone(), doing, words }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends by itself and takes its server with it, before the next round; unless it hangs.
        if until_ended(&mut self.child, GRACE).is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
    }
}

fn said(line: &str) -> String {
    format!("it said {:?}", line.chars().take(80).collect::<String>())
}

/// Whether `path` is there and can be run, told before anything else is done.
pub fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
