//! What comes through a pipe, copied into a file, as long as it can be a trace at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use dedup_files::{CopyError, Space};
use memchr::memchr2;

use super::avro;
use super::bytes::{Compression, compression_of, refuse_binary, refuse_foreign};
use super::error::{MAX_LINE_BYTES, TraceError};
use super::options::STANDARD_INPUT;

/// Bytes by which it is told what an input is: more than the marks of all forms.
const ENOUGH: usize = 512;

/// Copies standard input, still compressed if it is, to a file in `dir`, because every cell reads the trace again.
/// Ends early where `stop` is set, where it is seen to be no trace, or where the copy would fill the file system of `dir`.
pub fn spool_stdin(dir: &Path, stop: &AtomicBool) -> Result<PathBuf, TraceError> {
    let copy =
        |error| TraceError::Spool { path: dir.display().to_string(), source: CopyError::System(error) };
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(copy)?;
    spool(&mut File::from(input), dir, stop)
}

pub(crate) fn spool(
    input: &mut (impl Read + AsFd),
    dir: &Path,
    stop: &AtomicBool,
) -> Result<PathBuf, TraceError> {
    let path = dir.join("stdin.trace");
    let spool = |source| TraceError::Spool { path: path.display().to_string(), source };
    let file = File::create(&path).map_err(|error| spool(CopyError::System(error)))?;
    let mut watched = Watched { file, start: Start::default(), refused: None };
    let copied = dedup_files::copy(input, &mut watched, &|| Space::at(dir), stop);
    match (copied, watched.refused) {
        (_, Some(refused)) => Err(refused),
        (Ok(_), None) => Ok(path),
        (Err(CopyError::Stopped), None) => Err(TraceError::Stopped),
        (Err(source), None) => Err(spool(source)),
    }
}

/// A copy that is broken off where it can be no trace: an input without an end would fill the disk first.
struct Watched {
    file: File,
    start: Start,
    refused: Option<TraceError>,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(refused) = self.start.admit(bytes) {
            self.refused = Some(refused);
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The beginning of an input, for as long as it is in doubt.
#[derive(Default)]
struct Start {
    bytes: Vec<u8>,
    read: usize,
    has_line_end: bool,
    /// Whether it need not be lines of text.
    is_other: bool,
}

impl Start {
    /// Looks at the next bytes, too.
    fn admit(&mut self, next: &[u8]) -> Result<(), TraceError> {
        let is_enough = self.bytes.len() >= ENOUGH;
        if is_enough && (self.has_line_end || self.is_other) {
            return Ok(());
        }
        self.read += next.len();
        self.has_line_end |= memchr2(b'\n', b'\r', next).is_some();
        if !is_enough {
            self.bytes.extend(&next[..next.len().min(ENOUGH)]);
            self.tell()?;
        }
        match self.has_line_end || self.is_other || self.read <= MAX_LINE_BYTES {
            true => Ok(()),
            false => Err(TraceError::NoLineEnd { path: STANDARD_INPUT.to_string() }),
        }
    }

    /// Tells what it is, as soon as that is possible.
    fn tell(&mut self) -> Result<(), TraceError> {
        self.is_other = is_packed_or_json(&self.bytes);
        if self.bytes.len() < ENOUGH || self.is_other {
            return Ok(());
        }
        refuse_foreign(STANDARD_INPUT, &self.bytes)?;
        refuse_binary(STANDARD_INPUT, &self.bytes)
    }
}

/// Whether it is told by its end, by what is in it, or by how its brackets close, what it is.
fn is_packed_or_json(start: &[u8]) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    compression_of(start) != Compression::Plain
        || start.starts_with(b"PAR1")
        || start.starts_with(avro::MAGIC)
        || matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(pieces: &[&[u8]]) -> Result<(), String> {
        let mut start = Start::default();
        pieces.iter().try_for_each(|piece| start.admit(piece)).map_err(|refused| refused.to_string())
    }

    #[test]
    fn an_input_that_can_be_no_trace_is_refused_by_its_beginning_in_whatever_pieces_it_comes() {
        let zeros: &[u8] = &[0; 1 << 10];
        for pieces in [vec![zeros; 3], vec![&zeros[..100]; 7]] {
            let pieces = &pieces[..];
            assert!(admitted(pieces).unwrap_err().contains("is no UTF-8 text"));
        }
        let xz = [b"\xfd7zXZ\0", zeros].concat();
        assert!(admitted(&[&xz[..1], &xz[1..]]).unwrap_err().contains("xz"));
    }

    #[test]
    fn a_first_line_without_an_end_is_refused_but_in_json_which_may_be_one_line() {
        let text = vec![b'x'; MAX_LINE_BYTES];
        let error = admitted(&[&text, b"x"]).unwrap_err();
        assert!(error.contains("does not end within 16 MiB"), "{error}");
        for (first, last) in [(&text[..], &b""[..]), (&text, b"\n"), (b"a\n", &text), (b"a\r", &text)] {
            assert_eq!(admitted(&[first, last]), Ok(()));
        }
        for start in [&b"[{"[..], b"\xef\xbb\xbf{"] {
            assert_eq!(admitted(&[start, &text, b"x"]), Ok(()));
        }
    }

    #[test]
    fn what_is_packed_is_left_to_whoever_unpacks_it() {
        for magic in [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd], b"PAR1", avro::MAGIC] {
            let packed = [magic, &[0; 600], &[0xff; 600]].concat();
            // Piece by piece, so that no piece says what it is.
            let pieces: Vec<&[u8]> = packed.chunks(1).collect();
            assert_eq!(admitted(&pieces), Ok(()));
        }
    }
}
