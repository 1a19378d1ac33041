//! Reads a line, such as a password, from a file or a pipe that was named.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};

use crate::input::{self, Unreadable};
use crate::waiting::wait_until;

/// The first line of a regular file or a pipe without its end, or as much of it as is longer than `most` bytes by one.
///
/// A pipe is waited for as long as `patience`, and until `stop` is set. What comes after the line is left to whoever
/// writes it.
pub fn first_line(
    path: &Path,
    most: usize,
    patience: Duration,
    stop: &AtomicBool,
) -> Result<Vec<u8>, Unreadable> {
    let end = Instant::now() + patience;
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while bytes.len() <= most && !bytes.contains(&b'\n') {
        wait_until(&file, PollFlags::IN, Some(end), stop)?;
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()).min(most + 1));
    Ok(bytes)
}

fn open(path: &Path) -> Result<File, Unreadable> {
    let is_pipe = |found: FileType| found.is_fifo();
    if !is_pipe(fs::metadata(path)?.file_type()) {
        return input::open(path);
    }
    // Not waited for: that nobody writes yet is for the deadline.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    match is_pipe(file.metadata()?.file_type()) {
        true => Ok(file),
        // Something else has come into its place.
        false => input::open(path),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::thread;

    use super::*;
    use crate::NEVER;
    use crate::place::tests::fifo;

    const LONG: Duration = Duration::from_secs(100_000);

    fn line(path: &Path) -> Result<Vec<u8>, Unreadable> {
        first_line(path, 10, LONG, &NEVER)
    }

    #[test]
    fn the_first_line_comes_from_a_file_a_named_pipe_and_an_open_one() {
        let directory = tempfile::tempdir().unwrap();
        let (file, pipe) = (directory.path().join("file"), directory.path().join("pipe"));
        fifo(&pipe);
        for (written, expected) in
            [(&b"one\ntwo"[..], &b"one"[..]), (b"one", b"one"), (b"", b""), (&[b'x'; 100_000], &[b'x'; 11])]
        {
            fs::write(&file, written).unwrap();
            assert_eq!(line(&file).unwrap(), expected);
            let (sends, sent) = (pipe.clone(), written.to_vec());
            // Who has read enough goes away.
            let writer = thread::spawn(move || drop(fs::write(sends, sent)));
            assert_eq!(line(&pipe).unwrap(), expected);
            writer.join().unwrap();
        }
        let (reader, mut writer) = io::pipe().unwrap();
        // It stays open: a line is enough.
        writer.write_all(b"open\n").unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        assert_eq!(line(path.as_ref()).unwrap(), b"open");
    }

    #[test]
    fn a_pipe_that_nobody_writes_into_is_given_up_and_so_it_is_when_somebody_asks_to_stop() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        fifo(&pipe);
        let kind = |patience, stop: bool| match first_line(&pipe, 10, patience, &AtomicBool::new(stop)) {
            Err(Unreadable::System(error)) => error.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(Duration::from_millis(1), false), io::ErrorKind::TimedOut);
        assert_eq!(kind(LONG, true), io::ErrorKind::Interrupted);
    }

    #[test]
    fn devices_and_folders_have_no_first_line() {
        for path in ["/dev/zero", "/dev/full", "/"] {
            assert!(matches!(line(path.as_ref()), Err(Unreadable::NotAFile { .. })), "{path}");
        }
        assert!(line("/nowhere/at all".as_ref()).unwrap_err().is_absence());
    }
}
