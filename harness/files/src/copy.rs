//! Copies what comes from a pipe or a device into a file, while there is room for it and nobody asks to stop.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::AtomicBool;

use rustix::event::PollFlags;

use crate::fault::{AtFault, Fault};
use crate::space::Space;
use crate::waiting::wait;

const BUFFER_BYTES: usize = 1 << 18;

/// Why a copy is not whole.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Somebody asked to stop.
    #[error("interrupted")]
    Stopped,
    /// The rest of the file system is left to others.
    #[error(
        "after {} MiB only {} of {} MiB are free there, which is left to others, and the input goes on; set TMPDIR to a \
         directory with more room, or send less",
        copied >> 20, space.free >> 20, space.total >> 20
    )]
    NoRoom {
        /// What was copied by then.
        copied: u64,
        /// What the file system has.
        space: Space,
    },
    /// The input cannot be read.
    #[error("it cannot be read: {0}")]
    Input(#[source] io::Error),
    /// The system does not let us.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl AtFault for CopyError {
    fn fault(&self) -> Fault {
        match self {
            CopyError::Stopped => Fault::Stopped,
            CopyError::NoRoom { .. } => Fault::Place,
            CopyError::Input(error) | CopyError::System(error) => error.fault(),
        }
    }
}

/// How many bytes were copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied(pub u64);

/// Copies `input` to its end into `output`, of whose file system `space` tells.
pub fn copy(
    input: &mut (impl Read + AsFd),
    output: &mut dyn Write,
    space: &dyn Fn() -> io::Result<Space>,
    stop: &AtomicBool,
) -> Result<Copied, CopyError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut copied = 0;
    loop {
        match wait(&*input, PollFlags::IN, stop) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(CopyError::Stopped),
            waited => waited?,
        }
        let read = match input.read(&mut buffer) {
            Ok(0) => return Ok(Copied(copied)),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                continue;
            }
            Err(error) => return Err(CopyError::Input(error)),
        };
        let space = space()?;
        if !space.has_room_for(read as u64) {
            return Err(CopyError::NoRoom { copied, space });
        }
        output.write_all(&buffer[..read])?;
        copied += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::File;
    use std::sync::atomic::Ordering;

    use super::*;

    const AMPLE: Space = Space { free: 1 << 40, total: 1 << 40 };

    #[test]
    fn all_of_an_input_with_an_end_is_copied() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let text = vec![b'x'; 1_000_000];
        let sent = text.clone();
        let sender = std::thread::spawn(move || writer.write_all(&sent).unwrap());
        let mut arrived = Vec::new();
        let copied = copy(&mut reader, &mut arrived, &|| Ok(AMPLE), &AtomicBool::new(false)).unwrap();
        sender.join().unwrap();
        assert!(arrived == text && copied == Copied(1_000_000));
    }

    #[test]
    fn an_endless_input_is_copied_until_somebody_asks_to_stop_or_the_rest_is_left_to_others() {
        let mut zeros = File::open("/dev/zero").unwrap();
        let (stop, looks) = (AtomicBool::new(false), Cell::new(0u64));
        let stopping = || {
            looks.set(looks.get() + 1);
            stop.store(looks.get() == 9, Ordering::Relaxed);
            Ok(AMPLE)
        };
        let ended = copy(&mut zeros, &mut io::sink(), &stopping, &stop).unwrap_err();
        assert!(matches!(ended, CopyError::Stopped) && looks.get() == 9, "{ended}");
        stop.store(false, Ordering::Relaxed);
        let filling = || {
            looks.set(looks.get() + 1);
            Ok(Space { free: (100 << 20) - (looks.get() << 20), total: 100 << 20 })
        };
        let ended = copy(&mut zeros, &mut io::sink(), &filling, &stop).unwrap_err();
        let CopyError::NoRoom { copied, space } = ended else { panic!("{ended}") };
        assert!(copied > 0 && space.free < 6 << 20, "{copied} {space:?}");
    }

    #[test]
    fn an_input_that_cannot_be_read_is_told_from_a_place_that_cannot_be_written() {
        let mut folder = File::open("/").unwrap();
        let ended = copy(&mut folder, &mut io::sink(), &|| Ok(AMPLE), &AtomicBool::new(false)).unwrap_err();
        assert!(matches!(ended, CopyError::Input(_)), "{ended}");
    }

    #[test]
    fn an_idle_input_does_not_keep_anybody_who_asks_to_stop() {
        let (mut reader, _writer) = io::pipe().unwrap();
        let stopped = AtomicBool::new(true);
        let ended = copy(&mut reader, &mut io::sink(), &|| Ok(AMPLE), &stopped).unwrap_err();
        assert!(matches!(ended, CopyError::Stopped), "{ended}");
    }
}
