//! Whose fault it is that something cannot be read or written.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

use crate::named::errno;

/// Why it did not succeed, or what has to be another for it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for: the path that was named, or what is there. It can never succeed in this way.
    Path,
    /// What the path leads to, or this machine: the path is fine, and room, a reader or a disk is missing.
    Place,
    /// Neither: somebody asked to stop while it waited.
    Stopped,
}

/// An error that says itself whose fault it is.
pub trait AtFault {
    /// Whose.
    fn fault(&self) -> Fault;
}

impl AtFault for io::Error {
    fn fault(&self) -> Fault {
        let of_the_machine = [Errno::AGAIN, Errno::IO, Errno::MFILE, Errno::NFILE];
        let found = errno(self);
        match self.kind() {
            ErrorKind::Interrupted => Fault::Stopped,
            _ if self.get_ref().is_some_and(|cause| cause.is::<Stopped>()) => Fault::Stopped,
            ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::BrokenPipe
            | ErrorKind::WriteZero
            | ErrorKind::OutOfMemory => Fault::Place,
            _ if of_the_machine.iter().any(|errno| found == Some(errno.raw_os_error())) => Fault::Place,
            _ => Fault::Path,
        }
    }
}

/// What [`stopped`] tells of.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Stopped;

/// That somebody asked to stop, for those whose callers try again after an error of the kind [`ErrorKind::Interrupted`].
pub(crate) fn stopped() -> io::Error {
    io::Error::other(Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named;

    #[test]
    fn a_place_that_gives_out_is_told_from_a_path_that_is_wrong() {
        let of = |errno: Errno| io::Error::from(errno).fault();
        for errno in [
            Errno::NOSPC,
            Errno::DQUOT,
            Errno::FBIG,
            Errno::PIPE,
            Errno::IO,
            Errno::NOMEM,
            Errno::MFILE,
            Errno::AGAIN,
        ] {
            assert_eq!(of(errno), Fault::Place, "{errno}");
        }
        for errno in
            [Errno::NOENT, Errno::ACCESS, Errno::NOTDIR, Errno::ISDIR, Errno::ROFS, Errno::NAMETOOLONG]
        {
            assert_eq!(of(errno), Fault::Path, "{errno}");
        }
        let of = |kind: ErrorKind| io::Error::from(kind).fault();
        assert_eq!(of(ErrorKind::WriteZero), Fault::Place);
        assert_eq!(of(ErrorKind::InvalidInput), Fault::Path);
        assert_eq!(of(ErrorKind::Interrupted), Fault::Stopped);
        assert_eq!(stopped().fault(), Fault::Stopped);
        assert_eq!(named("a", Errno::MFILE.into()).fault(), Fault::Place);
    }
}
