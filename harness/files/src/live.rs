//! An input that is read as it comes, for as long as nobody asks to stop.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::waiting::{wait, wait_until};

/// A pipe, a terminal or a socket that is read as it comes.
#[derive(Debug)]
pub struct Live {
    input: File,
    stop: Arc<AtomicBool>,
}

impl Live {
    /// Standard input, until `stop` is set: then reading is an error.
    pub fn stdin(stop: Arc<AtomicBool>) -> io::Result<Live> {
        Ok(Live { input: File::from(io::stdin().as_fd().try_clone_to_owned()?), stop })
    }

    /// Whether something can be read, or the input has ended, within `time`.
    pub fn is_ready(&self, time: Duration) -> io::Result<bool> {
        match wait_until(&self.input, PollFlags::IN, Some(Instant::now() + time), &self.stop) {
            Ok(()) => Ok(true),
            // Who reads next hears that somebody asked to stop.
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Read for Live {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match wait(&self.input, PollFlags::IN, &self.stop) {
                // Readers try again after an interruption.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    return Err(io::Error::other("interrupted"));
                }
                waited => waited?,
            }
            match self.input.read(buffer) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::fd::OwnedFd;
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn what_has_come_is_read_before_the_end_and_an_idle_input_keeps_nobody_who_asks_to_stop() {
        let (reader, mut writer) = io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let live = Live { input: File::from(OwnedFd::from(reader)), stop: Arc::clone(&stop) };
        assert!(!live.is_ready(Duration::ZERO).unwrap());
        writer.write_all(b"one\ntwo").unwrap();
        assert!(live.is_ready(Duration::from_secs(60)).unwrap());
        let mut lines = BufReader::new(live);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "one\n");
        stop.store(true, Ordering::Relaxed);
        assert_eq!(lines.read_line(&mut line).unwrap_err().to_string(), "interrupted");
    }
}
