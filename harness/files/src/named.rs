//! An error of the system that says what was being done to what, and still is that error.

use std::error::Error;
use std::fmt::Display;
use std::io;

/// The same error, with `what` before its words. Its kind stays, and so does whose fault it is.
pub fn named(what: impl Display, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), Named { what: what.to_string(), source })
}

#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
struct Named {
    what: String,
    source: io::Error,
}

/// The number of what the system said, under whatever names that was given: ours, or those of libraries.
pub(crate) fn errno(error: &io::Error) -> Option<i32> {
    let inner: &(dyn Error + 'static) = match error.get_ref() {
        Some(inner) => inner,
        None => return error.raw_os_error(),
    };
    errno(inner.downcast_ref().or_else(|| inner.source()?.downcast_ref())?)
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn an_error_under_several_names_is_the_systems_still() {
        let error = named("first", named("second", Errno::MFILE.into()));
        assert_eq!(error.to_string(), "first: second: Too many open files (os error 24)");
        assert_eq!(errno(&error), Some(Errno::MFILE.raw_os_error()));
        assert_eq!(named("here", Errno::NOENT.into()).kind(), io::ErrorKind::NotFound);
        let of_a_library = tempfile::tempfile_in("/nowhere at all").unwrap_err();
        assert_eq!(errno(&of_a_library), Some(Errno::NOENT.raw_os_error()), "{of_a_library:?}");
        assert_eq!(errno(&io::Error::other("ours")), None);
        let wrapped = io::Error::other(io::Error::from(Errno::MFILE));
        assert_eq!(errno(&wrapped), Some(Errno::MFILE.raw_os_error()));
    }
}
