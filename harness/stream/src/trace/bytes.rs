//! The bytes of a trace, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use dedup_files::{CopyError, Space, Unreadable};
use flate2::bufread::MultiGzDecoder;

use super::error::TraceError;
use super::options::TraceOptions;
use super::zstd::ZstdReader;

const BUFFER_BYTES: usize = 1 << 16;

/// How a trace is compressed, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, of one or more members.
    Gzip,
    /// zstd, of one or more frames.
    Zstd,
}

/// Text to read line by line.
pub(crate) type Text = Box<dyn BufRead + Send>;

/// Copies standard input, still compressed if it is, to a file in `dir`, because every cell reads the trace again.
/// Ends early where `stop` is set, or where the copy would fill the file system of `dir`.
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
    let copied = File::create(&path)
        .map_err(CopyError::System)
        .and_then(|mut file| dedup_files::copy(input, &mut file, &|| Space::at(dir), stop));
    match copied {
        Ok(_) => Ok(path),
        Err(CopyError::Stopped) => Err(TraceError::Stopped),
        Err(source) => Err(TraceError::Spool { path: path.display().to_string(), source }),
    }
}

/// Opens the trace at its beginning, decompressed and without a byte order mark.
pub(crate) fn open(options: &TraceOptions) -> Result<(Compression, Text), TraceError> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, open_file(options)?);
    let start = raw.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    refuse_foreign(options, start)?;
    let compression = compression_of(start);
    let mut text: Text = match compression {
        Compression::Plain => Box::new(raw),
        Compression::Gzip => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw))),
        Compression::Zstd => Box::new(BufReader::with_capacity(BUFFER_BYTES, ZstdReader::new(raw))),
    };
    let start = text.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    refuse_foreign(options, start)?;
    refuse_binary(options, start)?;
    if start.starts_with(b"\xef\xbb\xbf") {
        text.consume(3);
    }
    Ok((compression, text))
}

/// Whether the file begins as Parquet does.
pub(crate) fn is_parquet(options: &TraceOptions) -> Result<bool, TraceError> {
    let mut file = BufReader::with_capacity(16, open_file(options)?);
    let start = file.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    Ok(start.starts_with(b"PAR1"))
}

/// The error for bytes that cannot be read after `line`.
pub(crate) fn read_error(options: &TraceOptions, line: u64, error: &io::Error) -> TraceError {
    let reason = match ends_early(error) {
        true => {
            "the compressed data ends early: the file is cut short, or something else follows".to_string()
        }
        false => with_causes(error),
    };
    TraceError::Read { path: options.shown(), line, reason }
}

/// Decompressors may wrap the end of the file in errors of their own.
fn ends_early(error: &io::Error) -> bool {
    let is_end = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    let mut cause = std::error::Error::source(error);
    let mut found = is_end(error);
    while let Some(inner) = cause {
        found |= inner.downcast_ref().is_some_and(is_end);
        cause = inner.source();
    }
    found
}

/// Decompressors say only in the cause of their error what was wrong with the data.
fn with_causes(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

pub(crate) fn open_file(options: &TraceOptions) -> Result<File, TraceError> {
    let path = options.shown();
    let not_a_file = |what, remedy| TraceError::NotAFile { path: path.clone(), what, remedy };
    if options.is_stdin() {
        return Err(not_a_file("standard input", ", into which it has to be copied first"));
    }
    dedup_files::open(&options.path).map_err(|error| match error {
        Unreadable::NotAFile { what: what @ "a directory" } => not_a_file(what, ""),
        Unreadable::NotAFile { what } => not_a_file(what, ": send it to standard input with --trace -"),
        Unreadable::System(source) => TraceError::Open { path: path.clone(), source },
        Unreadable::TooLarge => unreachable!("it is not read as a whole"),
    })
}

fn compression_of(start: &[u8]) -> Compression {
    match start {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::Plain,
    }
}

/// Forms that people are likely to have, which would otherwise show up as nothing but bad lines.
const FOREIGN: [(&[u8], &str, &str); 7] = [
    (b"\xfd7zXZ\0", "compressed with xz", "use xzcat FILE | … --trace -"),
    (b"BZh91AY&SY", "compressed with bzip2", "use bzcat FILE | … --trace -"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "use lz4cat FILE | … --trace -"),
    (b"PK\x03\x04", "a zip archive", "use unzip -p FILE | … --trace -"),
    (
        b"PAR1",
        "a Parquet file within another compression",
        "decompress it; its columns are compressed anyway",
    ),
    (b"\xff\xfe", "UTF-16 text", "use iconv -f UTF-16 -t UTF-8 FILE | … --trace -"),
    (b"\xfe\xff", "UTF-16 text", "use iconv -f UTF-16 -t UTF-8 FILE | … --trace -"),
];

fn refuse_foreign(options: &TraceOptions, start: &[u8]) -> Result<(), TraceError> {
    match FOREIGN.iter().find(|(magic, ..)| start.starts_with(magic)) {
        None => Ok(()),
        Some((_, what, remedy)) => Err(TraceError::Unsupported { path: options.shown(), what, remedy }),
    }
}

/// Refuses what is no text, by its first line. In NDJSON such a line is a bad one, and counted.
fn refuse_binary(options: &TraceOptions, start: &[u8]) -> Result<(), TraceError> {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_text = !line.contains(&0)
        // The buffer may end within a character.
        && std::str::from_utf8(line).err().is_none_or(|error| error.error_len().is_none());
    if is_text || start.trim_ascii_start().starts_with(b"{") {
        return Ok(());
    }
    let (what, remedy) = ("no UTF-8 text", "convert it, with iconv if it is text");
    Err(TraceError::Unsupported { path: options.shown(), what, remedy })
}
