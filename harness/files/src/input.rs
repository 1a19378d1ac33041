//! Reads a file that was named: a regular one, which has an end and can be read again.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::fault::{AtFault, Fault};

/// Most bytes of a file that is read as a whole. Records of thousands of cells are some tens of MB.
const MOST_BYTES: u64 = 1 << 30;

/// Why a file cannot be read. It is for the caller to name the file.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no regular file: it may never end, or can be read only once.
    #[error("it is {what}; allowed is a regular file")]
    NotAFile {
        /// What it is.
        what: &'static str,
    },
    /// It is larger than anything that is meant to be read as a whole.
    #[error("it holds more than 1 GiB; allowed is less")]
    TooLarge,
    /// The system does not let us.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Unreadable {
    /// Whether there is no such file.
    pub fn is_absence(&self) -> bool {
        matches!(self, Unreadable::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl AtFault for Unreadable {
    fn fault(&self) -> Fault {
        match self {
            Unreadable::NotAFile { .. } | Unreadable::TooLarge => Fault::Path,
            Unreadable::System(error) => error.fault(),
        }
    }
}

/// Opens a regular file.
pub fn open(path: &Path) -> Result<File, Unreadable> {
    // Looked at before it is opened: that alone may wait, or rewind a tape.
    refuse_others(fs::metadata(path)?.file_type())?;
    // What has come into its place meanwhile is not waited for either, nor what only calls itself a file, in /proc.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    refuse_others(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a regular file as a whole.
pub fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > MOST_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let mut bytes = Vec::with_capacity(length as usize);
    match file.take(MOST_BYTES + 1).read_to_end(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(ENDLESS),
        Err(error) => Err(error.into()),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => Err(Unreadable::TooLarge),
        Ok(_) => Ok(bytes),
    }
}

/// Reads a regular file of text in UTF-8.
pub fn read_to_string(path: &Path) -> Result<String, Unreadable> {
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8");
    Ok(String::from_utf8(read(path)?).map_err(not_text)?)
}

const ENDLESS: Unreadable = Unreadable::NotAFile { what: "a file without an end" };

fn refuse_others(kind: FileType) -> Result<(), Unreadable> {
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_socket() => "a socket",
        () => "a pipe or a device",
    };
    Err(Unreadable::NotAFile { what })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::place::tests::fifo;

    #[test]
    fn what_is_no_regular_file_is_refused_at_once_and_by_its_kind() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        fifo(&named("fifo"));
        let _socket = UnixListener::bind(named("socket")).unwrap();
        std::os::unix::fs::symlink(named("fifo"), named("link")).unwrap();
        for (path, what) in [
            (named("fifo"), "a pipe or a device"),
            (named("link"), "a pipe or a device"),
            ("/dev/zero".into(), "a pipe or a device"),
            ("/dev/tty".into(), "a pipe or a device"),
            (named("socket"), "a socket"),
            (named("."), "a directory"),
        ] {
            let error = read(&path).unwrap_err().to_string();
            assert_eq!(error, format!("it is {what}; allowed is a regular file"), "{}", path.display());
        }
        assert!(read(&named("absent")).unwrap_err().is_absence());
    }

    #[test]
    fn a_regular_file_is_read_to_its_end_also_where_it_does_not_say_how_long_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "text").unwrap();
        assert_eq!(read_to_string(&path).unwrap(), "text");
        assert!(!read(Path::new("/proc/self/status")).unwrap().is_empty());
        fs::write(&path, b"\xff").unwrap();
        assert!(read_to_string(&path).unwrap_err().to_string().contains("not text in UTF-8"));
    }

    #[test]
    fn a_file_that_no_memory_holds_is_refused_before_it_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(read(&path), Err(Unreadable::TooLarge)));
    }
}
