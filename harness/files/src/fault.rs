//! Whose fault it is that something cannot be written.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

/// Why a write did not succeed, or what has to be another for it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The path that was named: nothing can ever be written there in this way.
    Path,
    /// What the path leads to, or this machine: the path is fine, and room, a reader or a disk is missing.
    Place,
    /// Neither: somebody asked to stop while it waited.
    Stopped,
}

impl Fault {
    /// Whose fault `error` tells of.
    pub fn of(error: &io::Error) -> Fault {
        let of_the_machine = [Errno::IO, Errno::MFILE, Errno::NFILE];
        match error.kind() {
            ErrorKind::Interrupted => Fault::Stopped,
            ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::BrokenPipe
            | ErrorKind::WriteZero
            | ErrorKind::OutOfMemory => Fault::Place,
            _ if of_the_machine.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) => {
                Fault::Place
            }
            _ => Fault::Path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_gives_out_is_told_from_a_path_that_is_wrong() {
        for errno in
            [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::PIPE, Errno::IO, Errno::NOMEM, Errno::MFILE]
        {
            assert_eq!(Fault::of(&errno.into()), Fault::Place, "{errno}");
        }
        for errno in
            [Errno::NOENT, Errno::ACCESS, Errno::NOTDIR, Errno::ISDIR, Errno::ROFS, Errno::NAMETOOLONG]
        {
            assert_eq!(Fault::of(&errno.into()), Fault::Path, "{errno}");
        }
        assert_eq!(Fault::of(&ErrorKind::WriteZero.into()), Fault::Place);
        assert_eq!(Fault::of(&ErrorKind::InvalidInput.into()), Fault::Path);
        assert_eq!(Fault::of(&ErrorKind::Interrupted.into()), Fault::Stopped);
    }
}
