//! The bytes of a trace, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use dedup_files::Unreadable;
use flate2::bufread::MultiGzDecoder;

use super::access_log;
use super::avro::{self, AvroLines};
use super::dialect::LOOKED_AT;
use super::error::{TraceError, excerpt};
use super::options::{Format, TraceOptions};
use super::unfold::{self, Unfold};
use super::zstd::ZstdReader;

pub(crate) const BUFFER_BYTES: usize = 1 << 16;

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

/// Opens the trace at its beginning, decompressed and without a byte order mark; JSON that is not one object a line as if
/// it were.
pub(crate) fn open(options: &TraceOptions) -> Result<(Compression, Text), TraceError> {
    if let Some(records) = avro(options)? {
        return Ok((Compression::Plain, Box::new(records)));
    }
    let (compression, text) = open_text(options)?;
    Ok((compression, as_lines(options, text)?))
}

/// `text`, which is that of the trace, one object a line where it is JSON, and with quotes around times in logs of web servers.
pub(crate) fn as_lines(options: &TraceOptions, text: Text) -> Result<Text, TraceError> {
    match unfolded(options)? {
        None => access_log::quoted(options, text),
        Some(path) if options.records.is_some() => Ok(Box::new(Unfold::new(text, path))),
        Some(path) => Ok(Box::new(Unfold::of_envelopes(text, path))),
    }
}

/// The names that lead to the records of JSON that is not one object a line; none for anything else.
pub(crate) fn unfolded(options: &TraceOptions) -> Result<Option<Vec<String>>, TraceError> {
    match options.format {
        Format::Auto | Format::Ndjson => {
            let start = start_of(options)?;
            let is_json = matches!(start.trim_ascii_start().first(), None | Some(b'{' | b'['));
            refuse_records(options, is_json)?;
            Ok(unfold::path_of(&start, options.records.as_deref()))
        }
        Format::Csv | Format::Parquet | Format::Json | Format::Avro => Ok(None),
    }
}

/// Refuses `--records` for what is no JSON.
pub(crate) fn refuse_records(options: &TraceOptions, is_json: bool) -> Result<(), TraceError> {
    match &options.records {
        Some(path) if !is_json => {
            Err(TraceError::option("--records", excerpt(path), "none: the trace is no JSON"))
        }
        _ => Ok(()),
    }
}

/// The records of an Avro file; none of anything else.
pub(crate) fn avro(options: &TraceOptions) -> Result<Option<AvroLines>, TraceError> {
    if options.format != Format::Auto || !begins_with(options, avro::MAGIC)? {
        return Ok(None);
    }
    refuse_records(options, false)?;
    let broken = |error: io::Error| {
        match avro::codec_of(&error) {
        Some(codec) => TraceError::Unsupported {
            path: options.shown(),
            what: format!(
                "an Avro file whose blocks are compressed with {codec}, where null, deflate, snappy and zstandard are read"
            )
            .into(),
            remedy: "write it again with one of these, as fastavro.writer(..., codec=\"deflate\") does",
        },
        None => read_error(options, 0, &error),
    }
    };
    AvroLines::new(open_file(options)?).map(Some).map_err(broken)
}

fn open_text(options: &TraceOptions) -> Result<(Compression, Text), TraceError> {
    let path = options.shown();
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, open_file(options)?);
    let start = raw.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    refuse_foreign(&path, start)?;
    let compression = compression_of(start);
    let mut text: Text = match compression {
        Compression::Plain => Box::new(raw),
        Compression::Gzip => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw))),
        Compression::Zstd => Box::new(BufReader::with_capacity(BUFFER_BYTES, ZstdReader::new(raw))),
    };
    let start = text.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    refuse_foreign(&path, start)?;
    refuse_binary(&path, start)?;
    if start.starts_with(b"\xef\xbb\xbf") {
        text.consume(3);
    }
    Ok((compression, text))
}

/// The first bytes of the trace, decompressed: as many as are looked at to tell what it is. Where they cannot be read to
/// the end, whoever reads the trace will say so, and name the line.
pub(crate) fn start_of(options: &TraceOptions) -> Result<Vec<u8>, TraceError> {
    let (_, text) = open_text(options)?;
    let mut start = Vec::new();
    let _ = text.take(LOOKED_AT as u64).read_to_end(&mut start);
    Ok(start)
}

/// Whether the file begins as Parquet does.
pub(crate) fn is_parquet(options: &TraceOptions) -> Result<bool, TraceError> {
    begins_with(options, b"PAR1")
}

fn begins_with(options: &TraceOptions, magic: &[u8]) -> Result<bool, TraceError> {
    let mut file = BufReader::with_capacity(16, open_file(options)?);
    let start = file.fill_buf().map_err(|error| read_error(options, 0, &error))?;
    Ok(start.starts_with(magic))
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
        Unreadable::NotAFile { what } => not_a_file(what, ": send it to standard input, whose name is -"),
        Unreadable::System(source) => TraceError::Open { path: path.clone(), source },
        Unreadable::TooLarge => unreachable!("it is not read as a whole"),
    })
}

pub(crate) fn compression_of(start: &[u8]) -> Compression {
    match start {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::Plain,
    }
}

const FROM_FEATHER: &str = "use python3 -c 'import pyarrow.feather as f, pyarrow.parquet as p; \
     p.write_table(f.read_table(\"FILE\"), \"FILE.parquet\")'";

/// Forms that people are likely to have, which would otherwise show up as nothing but bad lines.
const FOREIGN: [(&[u8], &str, &str); 15] = [
    (b"\xfd7zXZ\0", "compressed with xz", "use xzcat FILE | …, with - for the trace"),
    (b"BZh91AY&SY", "compressed with bzip2", "use bzcat FILE | …, with - for the trace"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "use lz4cat FILE | …, with - for the trace"),
    (
        b"PK\x03\x04",
        "a zip archive or a workbook",
        "use unzip -p FILE | …, with - for the trace, or save it as CSV",
    ),
    (
        b"ORC",
        "an ORC file",
        "use python3 -c 'import pyarrow.orc as o, pyarrow.parquet as p; p.write_table(o.read_table(\"FILE\"), \"FILE.parquet\")'",
    ),
    (b"ARROW1", "a Feather or Arrow file", FROM_FEATHER),
    (b"FEA1", "a Feather file", FROM_FEATHER),
    (
        b"SQLite format 3\0",
        "a SQLite database",
        "use sqlite3 -csv -header FILE 'select * from TABLE' | …, with - for the trace",
    ),
    (b"SEQ", "a Hadoop SequenceFile", "write it as Parquet with the engine that wrote it"),
    (b"RCF", "a Hive RCFile", "write it as Parquet with the engine that wrote it"),
    (
        b"\x89HDF",
        "an HDF5 file",
        "use python3 -c 'import pandas; pandas.read_hdf(\"FILE\").to_parquet(\"FILE.parquet\")'",
    ),
    (
        b"PAR1",
        "a Parquet file within another compression",
        "decompress it; its columns are compressed anyway",
    ),
    (
        avro::MAGIC,
        "an Avro file within another compression",
        "decompress it; its blocks are compressed anyway",
    ),
    (b"\xff\xfe", "UTF-16 text", "use iconv -f UTF-16 -t UTF-8 FILE | …, with - for the trace"),
    (b"\xfe\xff", "UTF-16 text", "use iconv -f UTF-16 -t UTF-8 FILE | …, with - for the trace"),
];

/// Refuses what is known to be another form, by its first bytes.
pub(crate) fn refuse_foreign(path: &str, start: &[u8]) -> Result<(), TraceError> {
    // A line of names may begin with the same letters.
    let is_text = !start.iter().take(1 << 9).any(|byte| matches!(byte, 0..=8 | 14..=31));
    let is_foreign = |magic: &[u8]| start.starts_with(magic) && !(is_text && magic.is_ascii());
    match FOREIGN.iter().find(|(magic, ..)| is_foreign(magic)) {
        None => Ok(()),
        Some((_, what, remedy)) => {
            Err(TraceError::Unsupported { path: path.to_string(), what: (*what).into(), remedy })
        }
    }
}

/// Refuses what is no text, by its first line. In NDJSON such a line is a bad one, and counted.
pub(crate) fn refuse_binary(path: &str, start: &[u8]) -> Result<(), TraceError> {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_text = !line.contains(&0)
        // The buffer may end within a character.
        && std::str::from_utf8(line).err().is_none_or(|error| error.error_len().is_none());
    if is_text || start.trim_ascii_start().starts_with(b"{") || start.trim_ascii_start().starts_with(b"[") {
        return Ok(());
    }
    let (what, remedy) = ("no UTF-8 text", "convert it, with iconv if it is text");
    Err(TraceError::Unsupported { path: path.to_string(), what: what.into(), remedy })
}
