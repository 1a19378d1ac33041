//! One program, and one exchange with it after the other.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dedup_engine::process::descendants_bytes;
use dedup_engine::servers::{Group, NoProgram, guard, program_of_command, word_of_command};
use dedup_engine::wait::until_ended;
use dedup_files::{AtFault, Fault};
use dedup_strategies::Unavailable;
use dedup_strategies::protocol::{Frames, Hello, ProtocolError, Reply, Request, VERSION, Welcome, read_line};
use parking_lot::Mutex;

use crate::last_words::{LINE_LENGTH, LastWords};
use crate::pipes::{Inbox, Timed};

/// How long a program may take to end once nobody needs it, before an error says how it ended.
const EPITAPH: Duration = Duration::from_secs(3);

/// How a program is started.
#[derive(Debug)]
pub(crate) struct Start {
    /// The name of the system, for errors.
    pub(crate) name: &'static str,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Where its file stands: relative names are from there.
    pub(crate) directory: PathBuf,
    /// How long a reply may take.
    pub(crate) patience: Duration,
    /// What to do where the program is missing.
    pub(crate) install: String,
}

impl Start {
    /// The program, if it is there.
    pub(crate) fn program(&self) -> Result<PathBuf, NoProgram> {
        program_of_command(&self.command[0], &self.directory)
    }
}

/// Why there is no process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStarted {
    /// Something that the program needs is not installed.
    #[error("{0} is missing")]
    Missing(String),
    /// It cannot be started, or does not say welcome.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// For a process that is started in the middle of a run.
impl From<NotStarted> for Unavailable {
    fn from(error: NotStarted) -> Unavailable {
        match error {
            NotStarted::Missing(_) => Unavailable::because(error),
            NotStarted::Unavailable(error) => error,
        }
    }
}

/// A running program that has said welcome. Dropping it ends it, and all that it has started.
pub(crate) struct Process {
    start: Arc<Start>,
    to: Timed<ChildStdin>,
    from: Inbox,
    group: Group,
    words: Arc<Mutex<LastWords>>,
    /// What it said first.
    pub(crate) welcome: Welcome,
    bytes: Vec<u8>,
    /// Why nothing it says can be trusted any more: an answer may still come that belongs to another question.
    lost: Option<Unavailable>,
    /// What went wrong first, where something did before: what goes wrong now may be no more than its consequence.
    first: Option<Unavailable>,
}

impl Process {
    /// Starts the program and greets it.
    pub(crate) fn start(start: &Arc<Start>, hello: &Hello) -> Result<Process, NotStarted> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Unavailable(format!("{}: {what}: {error}; {}", start.name, start.install))
        };
        let program = start.program().map_err(|why| failed("command", &why))?;
        let executable = guard::own_executable().map_err(|error| failed("own program", &error))?;
        let group = Group::talking(&executable, program.into(), |command| {
            let (state, arguments) = (&hello.state_dir, &start.command[1..]);
            command.args(arguments.iter().map(|word| word_of_command(word, &start.directory)));
            // What it leaves where temporary files go is gone with the run.
            command.current_dir(state).env("TMPDIR", state).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let group = group.map_err(|error| match error.fault() {
            Fault::Path => failed("cannot be started", &error),
            // Nothing that is installed would help.
            _ => Unavailable(format!("{}: cannot be started: {error}", start.name)),
        });
        let mut group = group?;
        let pipes = (group.0.stdin.take(), group.0.stdout.take(), group.0.stderr.take());
        let (Some(to), Some(from), Some(errors)) = pipes else { unreachable!("all three are piped") };
        let timed = || io::Result::Ok((Timed::new(to)?, Inbox::new(from)?));
        let (to, from) = timed().map_err(|error| failed("its pipes", &error))?;
        let words = LastWords::listen(errors).map_err(|error| failed("its standard error", &error))?;
        let welcome =
            Welcome { version: VERSION, frames: Frames::Json, calls: Default::default(), system: None };
        let mut process = Process {
            start: Arc::clone(start),
            to,
            from,
            group,
            words,
            welcome,
            bytes: Vec::new(),
            lost: None,
            first: None,
        };
        process.welcome = process.greet(hello)?;
        Ok(process)
    }

    fn greet(&mut self, hello: &Hello) -> Result<Welcome, NotStarted> {
        let mut line = serde_json::to_vec(hello).map_err(Unavailable::because)?;
        line.push(b'\n');
        self.tell_bytes(&line)?;
        let said = self.heard("gave no answer", read_line)?;
        let Some(said) = said else {
            return Err(self.ended(Closed::Output, " before it said welcome").into());
        };
        match serde_json::from_str(&said) {
            Ok(Refusal::Failed(why)) => {
                return Err(self.says(&format!("refused: {}", clipped(&why))).into());
            }
            Ok(Refusal::Missing(what)) => return Err(NotStarted::Missing(clipped(&what))),
            Err(_) => {}
        }
        let welcome = serde_json::from_str::<Welcome>(&said);
        let welcome =
            welcome.map_err(|error| self.says(&format!("sent no welcome ({error}): {}", clipped(&said))))?;
        let system = welcome.system.as_deref().map(clipped);
        match welcome.version {
            VERSION => Ok(Welcome { system, ..welcome }),
            other => {
                let what = format!("speaks version {other} of the protocol; allowed is {VERSION}");
                Err(self.says(&what).into())
            }
        }
    }

    /// Whether it has ended, or can no longer be trusted.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Why it can no longer be trusted: it will not be asked anything more, so there is nothing to wait for.
    pub(crate) fn why_lost(&self) -> Option<String> {
        self.lost.as_ref().map(ToString::to_string)
    }

    /// From now on errors name this as what went wrong first, unless something had gone wrong before.
    pub(crate) fn blame(&mut self, first: Unavailable) {
        self.first.get_or_insert(first);
    }

    /// Bytes that it takes, with all that it has started: what they share with others is shared out.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        descendants_bytes(self.group.0.id())
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Reply, Unavailable> {
        if let Some(why) = &self.lost {
            return Err(why.clone());
        }
        self.says_nothing_unasked()?;
        self.tell(std::slice::from_ref(request))?;
        self.hear("gave no answer")
    }

    /// Asks, and leaves it to [`Process::hear`] to listen. From now on all of the answer may take as long as an answer may.
    pub(crate) fn tell(&mut self, requests: &[Request]) -> Result<(), Unavailable> {
        if let Some(why) = &self.lost {
            return Err(why.clone());
        }
        let frames = self.welcome.frames;
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        requests.iter().for_each(|request| frames.write_request(request, &mut bytes));
        let told = self.tell_bytes(&bytes);
        self.bytes = bytes;
        told
    }

    /// The next thing that it says; `otherwise` is what it did where nothing comes in time.
    pub(crate) fn hear(&mut self, otherwise: &str) -> Result<Reply, Unavailable> {
        let frames = self.welcome.frames;
        let is_late = self.from.is_late();
        match self.heard(otherwise, |from| match is_late {
            // However much it says.
            true => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            false => frames.read_reply(from),
        })? {
            Some(Reply::Failed(why)) => Err(self.says(&clipped(&why))),
            Some(reply) => Ok(reply),
            None => Err(self.ended(Closed::Output, " without an answer")),
        }
    }

    /// An error: this reply, where others are allowed.
    pub(crate) fn unasked(&mut self, got: &Reply, allowed: &[&str]) -> Unavailable {
        let allowed = allowed.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" or ");
        self.lost(&format!("answered {:?} where {allowed} is allowed", got.name()))
    }

    /// The same as [`Process::says`], of something after which nothing it says can be trusted.
    pub(crate) fn lost(&mut self, what: &str) -> Unavailable {
        let why = self.says(what);
        self.lost.get_or_insert(why).clone()
    }

    /// An error that begins with its name, and ends with what it said last on its standard error, and with what went wrong
    /// first.
    pub(crate) fn says(&self, what: &str) -> Unavailable {
        let said = self.words.lock().said();
        let last = said.map(|said| format!("; it said: {said}")).unwrap_or_default();
        let now = format!("{} {what}{last}", self.start.name);
        match &self.first {
            Some(Unavailable(first)) if *first != now => Unavailable(format!("{now}; first: {first}")),
            _ => Unavailable(now),
        }
    }

    fn says_nothing_unasked(&mut self) -> Result<(), Unavailable> {
        match self.from.has_something() {
            true => {
                Err(self
                    .lost("said something that it was not asked for; allowed is one answer to each question"))
            }
            false => Ok(()),
        }
    }

    fn tell_bytes(&mut self, bytes: &[u8]) -> Result<(), Unavailable> {
        self.to.within(self.start.patience);
        self.from.within(self.start.patience);
        let told = self.to.tell(bytes, &mut self.from).map_err(ProtocolError::from);
        told.map_err(|error| self.failed(error, "gave no answer"))
    }

    fn heard<T>(
        &mut self,
        otherwise: &str,
        read: impl FnOnce(&mut Inbox) -> Result<T, ProtocolError>,
    ) -> Result<T, Unavailable> {
        read(&mut self.from).map_err(|error| self.failed(error, otherwise))
    }

    fn failed(&mut self, error: ProtocolError, otherwise: &str) -> Unavailable {
        match error {
            ProtocolError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                let patience = self.start.patience;
                self.lost(&format!("{otherwise} within {patience:?} (reply-within in its file)"))
            }
            ProtocolError::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.ended(Closed::Input, "")
            }
            ProtocolError::Io(error) => self.lost(&error.to_string()),
            ProtocolError::Form(what) => self.lost(&format!("answered with {what}; see docs/PROTOCOL.md")),
        }
    }

    /// An error that says how it ended; or that it did not, where it has done no more than to close a pipe.
    fn ended(&mut self, closed: Closed, when: &str) -> Unavailable {
        match until_ended(&mut self.group.0, EPITAPH) {
            Ok(Some(status)) => self.lost(&format!("ended{when} ({})", told(status))),
            _ => self.lost(&format!("closed its {closed}{when}, and lives on")),
        }
    }
}

/// What a program has closed that we talk through.
enum Closed {
    Input,
    Output,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Closed::Input => "standard input",
            Closed::Output => "standard output",
        })
    }
}

/// How a program ended: its overseer tells a signal as shells do.
fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code @ 129..) => format!("{status}, signal {}", code - 128),
        _ => status.to_string(),
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Refusal {
    Failed(String),
    /// Something that it needs is not installed.
    Missing(String),
}

/// One line of a text, and not too much of it.
fn clipped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LINE_LENGTH) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}
