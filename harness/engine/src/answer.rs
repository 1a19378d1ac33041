//! A program's answer, for which we do not wait for ever.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::wait::{ended, until};

/// More than any of the programs that we ask has to say: what goes on is no answer, and would fill the memory.
const MOST_BYTES: u64 = 16 << 20;

/// How often the wish to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How a process ended, and what it printed.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed on standard output.
    pub stdout: String,
    /// On standard error.
    pub stderr: String,
}

/// Runs `command`, with `input` for it to read, and waits no longer than `patience` for its end: then it is killed, and
/// where `stop` asks for that ([`io::ErrorKind::Interrupted`]).
pub fn answer(
    mut command: Command,
    input: &str,
    patience: Duration,
    stop: &AtomicBool,
) -> io::Result<Answer> {
    let deadline = Instant::now() + patience;
    let too_long = || {
        let patience = humantime::format_duration(patience);
        io::Error::new(io::ErrorKind::TimedOut, format!("it did not end within {patience}, and was killed"))
    };
    // A group of its own: Ctrl-C in a terminal reaches us alone, or its end would look like a failure.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn()?);
    let mut stdin = running.0.stdin.take().expect("it is piped");
    let stdout = read(running.0.stdout.take().expect("it is piped"))?;
    let stderr = read(running.0.stderr.take().expect("it is piped"))?;
    let input = input.to_string();
    // A program that has ended already says why on its standard error.
    thread::Builder::new().spawn(move || drop(stdin.write_all(input.as_bytes())))?;
    let left = || deadline.saturating_duration_since(Instant::now());
    let within = |said: mpsc::Receiver<io::Result<String>>| loop {
        match said.recv_timeout(left().min(LOOK_EVERY)) {
            Ok(said) => return said,
            Err(_) if stop.load(Ordering::Relaxed) => return Err(io::ErrorKind::Interrupted.into()),
            Err(RecvTimeoutError::Timeout) if !left().is_zero() => {}
            Err(_) => return Err(too_long()),
        }
    };
    let (stdout, stderr) = (within(stdout)?, within(stderr)?);
    // It has said everything: its end is near, unless it only closed its outputs.
    let ended = until(left(), || match stop.load(Ordering::Relaxed) {
        true => ControlFlow::Break(Err(io::ErrorKind::Interrupted.into())),
        false => ended(&mut running.0),
    });
    let status = ended.unwrap_or(Ok(None))?.ok_or_else(too_long)?;
    Ok(Answer { status, stdout, stderr })
}

/// All of a pipe, once it is at its end.
fn read(pipe: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let mut said = Vec::new();
        let read = pipe.take(MOST_BYTES + 1).read_to_end(&mut said);
        let text = || String::from_utf8_lossy(&said).into_owned();
        let said = match read {
            Ok(bytes) if bytes as u64 > MOST_BYTES => Err(io::Error::other(TOO_MUCH)),
            read => read.map(|_| text()),
        };
        // Nobody listens any more to a process that was killed.
        let _ = sender.send(said);
    })?;
    Ok(receiver)
}

const TOO_MUCH: &str = "it said more than 16 MiB, and went on";

/// A process of ours. It does not outlive this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use dedup_files::NEVER;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_answer_is_what_was_printed_and_how_it_ended() {
        let answer =
            answer(shell("cat; echo no >&2; exit 3"), "yes", Duration::from_secs(60), &NEVER).unwrap();
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("yes", "no\n"));
        assert_eq!(answer.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_never_ends_is_killed() {
        for script in ["exec sleep 1000", "exec sleep 1000 >&- 2>&-"] {
            let error = answer(shell(script), "", Duration::from_millis(20), &NEVER).err().unwrap();
            assert!(error.to_string().contains("did not end within 20ms"), "{error}");
        }
    }

    #[test]
    fn a_program_that_somebody_does_not_want_to_wait_for_is_killed() {
        let stop = AtomicBool::new(true);
        for script in ["exec sleep 1000", "exec sleep 1000 >&- 2>&-"] {
            let error = answer(shell(script), "", Duration::from_secs(900), &stop).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        }
    }

    #[test]
    fn a_program_that_goes_on_talking_is_killed_on_whichever_output_it_talks() {
        for script in ["exec yes", "exec yes >&2"] {
            let error = answer(shell(script), "", Duration::from_secs(900), &NEVER).err().unwrap();
            assert_eq!(error.to_string(), TOO_MUCH, "{script}");
        }
    }

    #[test]
    fn what_is_no_text_is_shown_as_far_as_it_is() {
        let said = answer(shell("printf 'a\\377b'"), "", Duration::from_secs(60), &NEVER).unwrap();
        assert_eq!(said.stdout, "a\u{fffd}b");
    }

    /// Ctrl-C reaches the whole group of a terminal.
    #[test]
    fn a_program_has_a_group_of_its_own() {
        let said = answer(shell("ps -o pgid= -p $$; echo $$"), "", Duration::from_secs(60), &NEVER).unwrap();
        let numbers: Vec<&str> = said.stdout.split_whitespace().collect();
        assert!(numbers.len() == 2 && numbers[0] == numbers[1], "{numbers:?}");
    }
}
