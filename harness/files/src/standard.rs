//! Standard output and standard error of a program that hears who asks it to stop.
//!
//! Whoever reads them may have stopped reading and not gone away, as a pager has, or a program that is itself stopped. A
//! program that signals end at once needs nothing for that. One that hears them, to tidy up first, says so by [`heed`]:
//! from then on a request to stop ends its waits for a reader as well.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;

use crate::NEVER;
use crate::fault::stopped;
use crate::output::AT_ONCE;
use crate::waiting::wait_until;

/// For how long a program that was asked to stop waits for somebody to take the next piece of what it has to say of that:
/// longer than a reader that is there needs, short for somebody who waits for the end.
const GRACE: Duration = Duration::from_secs(2);

/// The streams are the process's, as its signals are, and so is this. Not set while signals end it.
static HEEDED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on whoever sets `stop` ends waits for a reader of standard output or standard error. The first to be named
/// counts.
pub fn heed(stop: &Arc<AtomicBool>) {
    HEEDED.get_or_init(|| Arc::clone(stop));
}

/// Standard output, which keeps nothing back.
pub fn stdout() -> impl Write + Send + 'static {
    Standard(io::stdout())
}

/// Standard error, which keeps nothing back.
pub fn stderr() -> impl Write + Send + 'static {
    Standard(io::stderr())
}

/// Says a line on standard error. That it cannot be said is nobody's loss but of who does not listen.
pub fn say(line: impl Display) {
    // In one piece, so that lines of several threads stay lines.
    let _ = stderr().write_all(format!("{line}\n").as_bytes());
}

struct Standard<S>(S);

impl<S: AsFd> Write for Standard<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(self.0.as_fd(), bytes, HEEDED.get().map(Arc::as_ref))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes some of `bytes`; as soon as there is a reader, where somebody may ask to `stop`.
fn write(to: BorrowedFd<'_>, bytes: &[u8], stop: Option<&AtomicBool>) -> io::Result<usize> {
    let bytes = match stop {
        None => bytes,
        Some(stop) => {
            wait_for_a_reader(to, stop)?;
            // A pipe that takes anything takes so much at once.
            &bytes[..bytes.len().min(AT_ONCE)]
        }
    };
    loop {
        match rustix::io::retry_on_intr(|| rustix::io::write(to, bytes)) {
            // Who shares it with us may have set it not to wait.
            Err(Errno::AGAIN) => wait_for_a_reader(to, stop.unwrap_or(&NEVER))?,
            written => return Ok(written?),
        }
    }
}

/// Who asks to stop while it is waited ends the wait. Who had asked before has what there is to say about that, if he
/// takes it.
fn wait_for_a_reader(to: BorrowedFd<'_>, stop: &AtomicBool) -> io::Result<()> {
    let waited = match stop.load(Ordering::Relaxed) {
        false => wait_until(to, PollFlags::OUT, None, stop),
        true => wait_until(to, PollFlags::OUT, Some(Instant::now() + GRACE), &NEVER),
    };
    waited.map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => stopped(),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read};
    use std::thread;

    use super::*;
    use crate::{AtFault, Fault};

    /// A pipe that takes nothing more, and what is in it.
    fn full() -> (PipeReader, PipeWriter, usize) {
        let (reader, writer) = io::pipe().unwrap();
        let mut held = 0;
        let soon = || Some(Instant::now() + Duration::from_millis(1));
        while wait_until(&writer, PollFlags::OUT, soon(), &NEVER).is_ok() {
            held += rustix::io::write(&writer, &[b'x'; AT_ONCE]).unwrap();
        }
        (reader, writer, held)
    }

    #[test]
    fn who_asks_to_stop_while_nobody_reads_ends_the_wait() {
        let (_reader, writer, _) = full();
        let stop = AtomicBool::new(false);
        let error = thread::scope(|scope| {
            let writing = scope.spawn(|| write(writer.as_fd(), b"table", Some(&stop)));
            stop.store(true, Ordering::Relaxed);
            writing.join().unwrap().unwrap_err()
        });
        // Of a kind after which nobody tries again.
        assert_eq!((error.fault(), error.to_string().as_str()), (Fault::Stopped, "interrupted"));
        assert_ne!(error.kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn a_stream_that_somebody_has_set_not_to_wait_is_waited_for() {
        let (mut reader, writer, held) = full();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let arrived = thread::scope(|scope| {
            let writing = scope.spawn(|| write(writer.as_fd(), b"table", None));
            let mut arrived = vec![0; held + 5];
            reader.read_exact(&mut arrived).unwrap();
            assert_eq!(writing.join().unwrap().unwrap(), 5);
            arrived
        });
        assert!(arrived.ends_with(b"table"));
    }

    #[test]
    fn who_had_asked_before_is_told_what_there_is_as_long_as_he_takes_it() {
        let (mut reader, writer, held) = full();
        let text = vec![b'y'; 5 * held];
        let stop = AtomicBool::new(true);
        let arrived = thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut arrived = Vec::new();
                reader.read_to_end(&mut arrived).unwrap();
                arrived
            });
            let mut left = text.as_slice();
            while !left.is_empty() {
                left = &left[write(writer.as_fd(), left, Some(&stop)).unwrap()..];
            }
            drop(writer);
            reading.join().unwrap()
        });
        assert!(arrived[held..] == text);
        let (_reader, writer, _) = full();
        assert_eq!(write(writer.as_fd(), b"table", Some(&stop)).unwrap_err().fault(), Fault::Stopped);
    }

    #[test]
    fn a_reader_who_is_gone_is_told_from_one_who_does_not_read() {
        let (reader, writer, _) = full();
        drop(reader);
        for stop in [None, Some(&AtomicBool::new(false)), Some(&AtomicBool::new(true))] {
            let error = write(writer.as_fd(), b"table", stop).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        }
    }
}
