//! Waits for the other end of a pipe, a terminal or a socket, as long as nobody asks to stop.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// For those whom a signal ends at once, because they did not ask to hear of it.
pub static NEVER: AtomicBool = AtomicBool::new(false);

/// Between two looks at whether somebody asked to stop.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Waits until `wanted` can be done to `descriptor` without waiting; `Interrupted` where somebody asked to stop.
pub(crate) fn wait(descriptor: impl AsFd, wanted: PollFlags, stop: &AtomicBool) -> io::Result<()> {
    wait_until(descriptor, wanted, None, stop)
}

/// The same; `TimedOut` where it is `end` by then.
pub(crate) fn wait_until(
    descriptor: impl AsFd,
    wanted: PollFlags,
    end: Option<Instant>,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut polled = [PollFd::new(&descriptor, wanted)];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if end.is_some_and(|end| end <= Instant::now()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match poll(&mut polled, Some(&LOOK)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
