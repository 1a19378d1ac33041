//! An input that is read as it comes, for as long as nobody asks to stop.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::waiting::{wait, wait_until};

const USUAL_GRACE: Duration = Duration::from_millis(200);
/// Between two looks at whether it was.
const LOOK: Duration = Duration::from_millis(5);

/// A pipe, a terminal or a socket that is read as it comes.
#[derive(Debug)]
pub struct Live {
    input: File,
    stop: Arc<AtomicBool>,
    /// For how long an end may turn out to be that of a pipe that was interrupted as a whole.
    grace: Duration,
}

impl Live {
    /// Standard input, until `stop` is set: then reading is an error.
    pub fn stdin(stop: Arc<AtomicBool>) -> io::Result<Live> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Live { input, stop, grace: USUAL_GRACE })
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

    /// Whether somebody asks to stop by the time that the input has ended, or right after: Ctrl-C ends the whole pipe, and
    /// its end may be there before the signal.
    fn stops_soon(&self) -> bool {
        let end = Instant::now() + self.grace;
        while !self.stop.load(Ordering::Relaxed) && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
        self.stop.load(Ordering::Relaxed)
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
                // What has no end is half of something, which whoever asks to stop does not mean.
                Ok(0) if !buffer.is_empty() && self.stops_soon() => {
                    return Err(io::Error::other("interrupted"));
                }
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::fd::OwnedFd;
    use std::thread;

    use super::*;

    #[test]
    fn what_has_come_is_read_before_the_end_and_an_idle_input_keeps_nobody_who_asks_to_stop() {
        let (reader, mut writer) = io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let input = File::from(OwnedFd::from(reader));
        let live = Live { input, stop: Arc::clone(&stop), grace: USUAL_GRACE };
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

    #[test]
    fn an_input_that_ends_as_somebody_asks_to_stop_is_interrupted_and_any_other_has_ended() {
        for (is_asked, grace) in [(true, Duration::from_secs(60)), (false, Duration::ZERO)] {
            let (reader, mut writer) = io::pipe().unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let input = File::from(OwnedFd::from(reader));
            let mut live = Live { input, stop: Arc::clone(&stop), grace };
            writer.write_all(b"tw").unwrap();
            assert_eq!(live.read(&mut [0; 8]).unwrap(), 2);
            drop(writer);
            // The end is there before anybody asks.
            assert!(live.is_ready(Duration::from_secs(60)).unwrap());
            let asking = thread::spawn(move || stop.store(is_asked, Ordering::Relaxed));
            assert_eq!(live.read(&mut [0; 8]).is_err(), is_asked);
            asking.join().unwrap();
        }
    }
}
