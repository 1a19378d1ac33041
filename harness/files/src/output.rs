//! Writes a file that was named: in one step where it is a regular file, and into whatever else it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::fault::{AtFault, Fault};
use crate::place::Place;
use crate::unnamed::Unnamed;
use crate::waiting::wait;

/// Bytes that a pipe takes at once if it takes any.
pub(crate) const AT_ONCE: usize = 4096;

/// A file that cannot be written, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", path.display())]
pub struct Unwritable {
    path: PathBuf,
    source: io::Error,
}

impl Unwritable {
    /// What cannot be written at `path` for this reason.
    pub fn new(path: &Path, source: io::Error) -> Self {
        Unwritable { path: path.to_path_buf(), source }
    }
}

impl AtFault for Unwritable {
    fn fault(&self) -> Fault {
        self.source.fault()
    }
}

/// Writes `bytes` to what `path` leads to.
///
/// A regular file, or one that is not there yet, is written without a name, and put into its place when it is whole: whoever reads it, or a crash,
/// meets what was there or what is new. A link goes on leading to it. A device, a pipe and an open descriptor
/// (`/dev/fd/3`, `/dev/stdout`) are written into. While nobody takes what is written, `stop` ends the wait.
pub fn write(path: &Path, bytes: &[u8], stop: &AtomicBool) -> Result<(), Unwritable> {
    let written = Place::of(path).and_then(|place| match place {
        Place::File(path) => in_one_step(&path, bytes).map(drop),
        Place::Descriptor(descriptor) => pour(File::from(descriptor), bytes, stop),
        Place::Other(path) => pour(open(&path, stop)?, bytes, stop),
    });
    written.map_err(|source| Unwritable::new(path, source))
}

/// Appends `bytes` to the file to which `path` leads, which may not be there, or to an open descriptor of ours. Nothing
/// is waited for: a pipe or a device with another name is refused.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Unwritable> {
    let appended = Place::of(path).and_then(|place| match place {
        Place::File(path) => File::options().create(true).append(true).open(path)?.write_all(bytes),
        Place::Descriptor(descriptor) => File::from(descriptor).write_all(bytes),
        Place::Other(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_A_FILE)),
    });
    appended.map_err(|source| Unwritable::new(path, source))
}

/// Puts a file of these bytes, synced, in the place of the regular file to which `path` leads, which may not be there,
/// in one step: the file, open for writing at its end.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<File> {
    match Place::of(path)? {
        Place::File(path) => in_one_step(&path, bytes),
        Place::Descriptor(_) | Place::Other(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_A_FILE))
        }
    }
}

const NOT_A_FILE: &str = "it is no regular file; allowed is one, or none yet";

/// Sees that [`write()`] could write to `path` now, without writing anything: for whoever has long to do before.
pub fn admit(path: &Path) -> Result<(), Unwritable> {
    let admitted = Place::of(path).and_then(|place| match place {
        Place::File(path) => Unnamed::beside(folder_of(&path)).map(drop),
        Place::Other(path) if path.is_dir() => Err(Errno::ISDIR.into()),
        Place::Descriptor(_) | Place::Other(_) => Ok(()),
    });
    admitted.map_err(|source| Unwritable::new(path, source))
}

/// Writes each of these files into a folder, as [`write()`] does; none of them is put into its place before all are whole,
/// and what is no regular file has taken what is for it.
pub fn write_all<'a>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    stop: &AtomicBool,
) -> Result<(), Unwritable> {
    let (mut new, mut others) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let path = folder.join(name);
        match Place::of(&path) {
            Ok(Place::File(place)) => match whole(&place, bytes) {
                Ok(file) => new.push((path, place, file)),
                Err(source) => return Err(Unwritable::new(&path, source)),
            },
            _ => others.push((path, bytes)),
        }
    }
    others.iter().try_for_each(|(path, bytes)| write(path, bytes, stop))?;
    for (path, place, file) in new {
        file.place(&place).map_err(|source| Unwritable::new(&path, source))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn in_one_step(path: &Path, bytes: &[u8]) -> io::Result<File> {
    whole(path, bytes)?.place(path)
}

/// A file of these bytes, synced, that can take the place of the one at `path`.
fn whole(path: &Path, bytes: &[u8]) -> io::Result<Unnamed> {
    let new = Unnamed::beside(folder_of(path))?;
    let mut file = new.file();
    file.write_all(bytes)?;
    file.sync_all()?;
    if let Ok(old) = fs::metadata(path) {
        // Who may not give files away keeps it as his own.
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        file.set_permissions(old.permissions())?;
    }
    Ok(new)
}

/// Opens what is no regular file; of a named pipe it waits for the reader.
fn open(path: &Path, stop: &AtomicBool) -> io::Result<File> {
    // A terminal that is written to does not become ours; nothing is made or emptied.
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::NXIO) if is_fifo(path) => wait_for_a_reader(stop)?,
            opened => return Ok(File::from(opened?)),
        }
    }
}

fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// A named pipe that nobody reads cannot be polled, because it cannot be opened.
fn wait_for_a_reader(stop: &AtomicBool) -> io::Result<()> {
    std::thread::sleep(std::time::Duration::from_millis(20));
    match stop.load(std::sync::atomic::Ordering::Relaxed) {
        true => Err(io::ErrorKind::Interrupted.into()),
        false => Ok(()),
    }
}

fn pour(mut to: File, mut bytes: &[u8], stop: &AtomicBool) -> io::Result<()> {
    while !bytes.is_empty() {
        wait(to.as_fd(), PollFlags::OUT, stop)?;
        match to.write(&bytes[..bytes.len().min(AT_ONCE)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::NEVER;
    use crate::place::tests::fifo;

    fn entries(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn of_several_files_none_is_put_into_its_place_where_one_cannot_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        let text = |name| fs::read_to_string(named(name)).unwrap();
        let files = |new: &'static [u8]| [("a", new), ("b", new)];
        write_all(directory.path(), files(b"first"), &NEVER).unwrap();
        assert_eq!((text("a"), text("b")), ("first".to_string(), "first".to_string()));
        fs::remove_file(named("b")).unwrap();
        std::os::unix::fs::symlink("/dev/full", named("b")).unwrap();
        let error = write_all(directory.path(), files(b"second"), &NEVER).unwrap_err();
        assert!(error.to_string().starts_with(&named("b").display().to_string()), "{error}");
        assert_eq!(error.fault(), Fault::Place);
        assert_eq!((text("a"), entries(directory.path())), ("first".to_string(), 2));
    }

    #[test]
    fn a_file_is_replaced_in_one_step_with_its_permissions_and_links_to_it_stay() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&link, b"first", &NEVER).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&file).unwrap().ino();
        write(&link, b"second", &NEVER).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("file"));
        assert_eq!(fs::read(&file).unwrap(), b"second");
        let after = fs::metadata(&file).unwrap();
        assert_eq!(after.permissions().mode() & 0o777, 0o640);
        assert_ne!(after.ino(), before, "it was written into, and a reader could have met half of it");
        assert_eq!(entries(directory.path()), 2);
    }

    #[test]
    fn what_is_poured_into_a_named_pipe_arrives_and_the_pipe_stays() {
        use std::os::unix::fs::FileTypeExt;
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        fifo(&pipe);
        let text = vec![b'x'; 300_000];
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write(&pipe, &text, &NEVER).unwrap();
        assert!(reader.join().unwrap() == text);
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn a_device_says_itself_what_is_wrong_and_stays_one() {
        let error = write(Path::new("/dev/full"), b"text", &NEVER).unwrap_err().to_string();
        assert!(error.starts_with("/dev/full: cannot be written: No space left on device"), "{error}");
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

    #[test]
    fn an_open_descriptor_goes_on_where_it_stands_also_where_it_is_a_socket() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before ").unwrap();
        write(format!("/dev/fd/{}", file.as_raw_fd()).as_ref(), b"after", &NEVER).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before after");
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        write(format!("/proc/self/fd/{}", theirs.as_raw_fd()).as_ref(), b"text", &NEVER).unwrap();
        drop(theirs);
        let mut arrived = String::new();
        ours.read_to_string(&mut arrived).unwrap();
        assert_eq!(arrived, "text");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_not_waited_for_once_somebody_asks_to_stop() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        fifo(&pipe);
        let stopped = AtomicBool::new(true);
        write(&pipe, b"text", &stopped).unwrap_err();
        // Opened, and full.
        let _reader = rustix::fs::open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        write(&pipe, b"text", &stopped).unwrap_err();
    }

    #[test]
    fn what_is_appended_stands_behind_what_was_there_and_is_never_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        std::os::unix::fs::symlink("file", named("link")).unwrap();
        append(&named("link"), b"one ").unwrap();
        append(&named("file"), b"two").unwrap();
        assert_eq!(fs::read(named("file")).unwrap(), b"one two");
        fifo(&named("pipe"));
        for path in [named("pipe"), "/dev/full".into()] {
            let error = append(&path, b"text").unwrap_err().to_string();
            assert!(error.starts_with(&format!("{}: ", path.display())), "{error}");
            assert!(error.contains("no regular file"), "{error}");
        }
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        append(format!("/dev/fd/{}", theirs.as_raw_fd()).as_ref(), b"text").unwrap();
        drop(theirs);
        let mut arrived = String::new();
        ours.read_to_string(&mut arrived).unwrap();
        assert_eq!(arrived, "text");
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("folder")).unwrap();
        for path in ["absent/file", "folder"] {
            let error = write(&directory.path().join(path), b"text", &NEVER).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains("cannot be written"), "{error}");
            assert!(!error.contains("unfinished"), "{error}");
        }
        assert_eq!(entries(directory.path()), 1);
    }
}
