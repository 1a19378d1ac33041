//! The two pipes to a program, neither of which is waited for longer than allowed.

use std::io::{self, BufRead, Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dedup_strategies::protocol::LONGEST;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Whether no program is waited for any more.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// From now on no program is waited for, in all of this process: whatever is asked of one ends at once with an error. For whoever
/// wants to end, and to see that they are gone before.
pub fn give_up() {
    GIVEN_UP.store(true, Ordering::Relaxed);
}

/// A pipe that gives up at a deadline, which is set before each request.
#[derive(Debug)]
pub(crate) struct Timed<P> {
    pipe: P,
    deadline: Instant,
}

impl<P: AsFd> Timed<P> {
    pub(crate) fn new(pipe: P) -> io::Result<Timed<P>> {
        // Of our end alone: the program's end is another description.
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        Ok(Timed { pipe, deadline: Instant::now() })
    }

    /// From now on it may take so long.
    pub(crate) fn within(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    /// Whether there is something to read, without waiting. Where the other end is closed there is not.
    pub(crate) fn has_something(&self) -> bool {
        let mut pipe = [PollFd::new(&self.pipe, PollFlags::IN)];
        poll(&mut pipe, Some(&Timespec::default())).is_ok() && pipe[0].revents().contains(PollFlags::IN)
    }

    /// Whether its deadline has passed.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn wait(&self, what: PollFlags) -> io::Result<()> {
        ready(&mut [PollFd::new(&self.pipe, what)], self.deadline)
    }
}

impl Timed<ChildStdin> {
    /// Writes all of `bytes`, and takes in what comes meanwhile: a program that answers before it has heard everything
    /// must not wait for us while we wait for it.
    pub(crate) fn tell(&mut self, mut bytes: &[u8], inbox: &mut Inbox) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.pipe.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_or_take_in(inbox)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn wait_or_take_in(&self, inbox: &mut Inbox) -> io::Result<()> {
        if inbox.has_ended || inbox.has_no_room() {
            return self.wait(PollFlags::OUT);
        }
        let mut both = [
            PollFd::from_borrowed_fd(self.pipe.as_fd(), PollFlags::OUT),
            PollFd::from_borrowed_fd(inbox.pipe.pipe.as_fd(), PollFlags::IN),
        ];
        ready(&mut both, self.deadline)?;
        match both[1].revents().is_empty() {
            true => Ok(()),
            false => inbox.take_in(),
        }
    }
}

/// What a program says, as far as it was not read yet.
#[derive(Debug)]
pub(crate) struct Inbox {
    pipe: Timed<ChildStdout>,
    bytes: Vec<u8>,
    /// So many of them were read.
    read: usize,
    has_ended: bool,
}

impl Inbox {
    const PIECE: usize = 1 << 16;

    pub(crate) fn new(pipe: ChildStdout) -> io::Result<Inbox> {
        Ok(Inbox { pipe: Timed::new(pipe)?, bytes: Vec::new(), read: 0, has_ended: false })
    }

    /// From now on it may take so long.
    pub(crate) fn within(&mut self, patience: Duration) {
        self.pipe.within(patience);
    }

    /// Whether its deadline has passed.
    pub(crate) fn is_late(&self) -> bool {
        self.pipe.is_late()
    }

    /// Whether there is something to read, without waiting. Where the other end is closed there is not.
    pub(crate) fn has_something(&self) -> bool {
        self.read < self.bytes.len() || self.pipe.has_something()
    }

    /// As much as the longest frame, of which the other side has not heard the question yet.
    fn has_no_room(&self) -> bool {
        self.bytes.len() - self.read > LONGEST
    }

    /// Reads what is there now.
    fn take_in(&mut self) -> io::Result<()> {
        self.bytes.drain(..std::mem::take(&mut self.read));
        let (end, room) = (self.bytes.len(), Self::PIECE);
        self.bytes.resize(end + room, 0);
        let count = self.pipe.pipe.read(&mut self.bytes[end..]);
        self.bytes.truncate(end + *count.as_ref().unwrap_or(&0));
        match count {
            Ok(count) => self.has_ended = count == 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Read for Inbox {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read == self.bytes.len() && buf.len() >= Self::PIECE {
            return self.pipe.read(buf);
        }
        let there = self.fill_buf()?;
        let count = there.len().min(buf.len());
        buf[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Inbox {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read == self.bytes.len() {
            self.read = 0;
            self.bytes.resize(Self::PIECE, 0);
            let count = self.pipe.read(&mut self.bytes);
            self.bytes.truncate(*count.as_ref().unwrap_or(&0));
            count?;
        }
        Ok(&self.bytes[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}

impl Read for Timed<ChildStdout> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.pipe.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(PollFlags::IN)?,
                other => return other,
            }
        }
    }
}

/// Waits until something can be done with one of `pipes`, or its other end is closed.
fn ready(pipes: &mut [PollFd<'_>], deadline: Instant) -> io::Result<()> {
    loop {
        if GIVEN_UP.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "is not waited for any more"));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let look = Timespec::try_from(left.min(LOOK_EVERY));
        let look = look.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        match poll(pipes, Some(&look)) {
            Ok(0) if left > LOOK_EVERY => {}
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
