//! Pings that are read as they come, from an input that is there once.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dedup_files::Live;

use super::bytes::{self, Compression, Text};
use super::dialect::LOOKED_AT;
use super::error::{MAX_LINE_BYTES, TraceError};
use super::layout::Layout;
use super::options::{Format, TraceOptions};
use super::rows::{Step, TracePings};
use super::unfold;

/// For how long more is waited for before what has come is looked at.
const PAUSE: Duration = Duration::from_millis(200);

impl TracePings {
    /// Opens an input as soon as its first lines have come, which say how it is to be read. `options` are for a trace on
    /// standard input; what has come is put into `directory`, to be looked at as a file is. Comparing copies with their firsts
    /// takes `memory` bytes at most.
    pub fn open_live(
        options: &TraceOptions,
        mut input: Live,
        directory: &Path,
        memory: u64,
        stop: &AtomicBool,
    ) -> Result<TracePings, TraceError> {
        let options = &options.clone().spooled(directory.join("stdin.start"));
        options.check()?;
        let mut start = Vec::new();
        let layout = loop {
            let more =
                read_on(&mut input, &mut start).map_err(|error| match stop.load(Ordering::Relaxed) {
                    true => TraceError::Stopped,
                    false => bytes::read_error(options, 0, &error),
                })?;
            refuse_packed(options, &start)?;
            let looked_at = &start[..start.len().min(LOOKED_AT)];
            bytes::refuse_foreign(&options.shown(), looked_at)?;
            bytes::refuse_binary(&options.shown(), looked_at)?;
            let is_whole = has_whole_line(&start);
            if more == More::MayCome && !is_whole && !needs_no_lines(options, &start) {
                match start.len() > MAX_LINE_BYTES {
                    true => return Err(TraceError::NoLineEnd { path: options.shown() }),
                    false => continue,
                }
            }
            let looked_at = if more == More::MayCome && is_whole { whole_lines(&start) } else { &start };
            std::fs::write(&options.path, looked_at).map_err(|source| TraceError::Spool {
                path: options.path.display().to_string(),
                source: source.into(),
            })?;
            let found = Layout::find(options);
            if more == More::Ended || !is_unclear(&start, &found) {
                break found?;
            }
        };
        let text = text(options, start, input)?;
        let mut pings = TracePings::of_text(options, layout, text, None, true)?;
        pings.examiner.iter_mut().for_each(|examiner| examiner.bound(memory));
        Ok(pings)
    }

    /// The next line, whether it can be read or not; whether the whole makes sense is up to whoever asks
    /// ([`check`](TracePings::check)).
    pub fn next_line(&mut self, stop: &AtomicBool) -> Result<Option<Step>, TraceError> {
        let stopped = || stop.load(Ordering::Relaxed);
        if stopped() {
            return Err(TraceError::Stopped);
        }
        // An input that is told to stop cannot be read.
        self.step().map_err(|error| if stopped() { TraceError::Stopped } else { error })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    MayCome,
    Ended,
}

/// Reads what has come.
fn read_on(input: &mut Live, start: &mut Vec<u8>) -> io::Result<More> {
    let mut buffer = vec![0; LOOKED_AT];
    loop {
        let read = input.read(&mut buffer)?;
        start.extend_from_slice(&buffer[..read]);
        if read == 0 {
            return Ok(More::Ended);
        }
        if start.len() >= LOOKED_AT || !input.is_ready(PAUSE)? {
            return Ok(More::MayCome);
        }
    }
}

fn whole_lines(start: &[u8]) -> &[u8] {
    let end = start.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    &start[..end]
}

fn has_whole_line(start: &[u8]) -> bool {
    !whole_lines(start).trim_ascii().is_empty()
}

/// Whether it is JSON whose objects need not be on lines of their own: whoever writes it may never end a line.
fn needs_no_lines(options: &TraceOptions, start: &[u8]) -> bool {
    let is_json = matches!(start.trim_ascii_start().first(), Some(b'{' | b'['));
    let is_open = matches!(options.format, Format::Auto | Format::Ndjson);
    is_json && is_open && unfold::path_of(start, options.records.as_deref()).is_some()
}

/// Whether JSON has begun of which no object can be read yet; a long one that cannot be read at all is clear.
fn is_unclear(start: &[u8], found: &Result<Layout, TraceError>) -> bool {
    let is_json = matches!(start.trim_ascii_start().first(), Some(b'{' | b'['));
    let nothing = match found {
        Ok(layout) => layout.fields.is_empty(),
        Err(error) => matches!(error, TraceError::Read { .. }),
    };
    is_json && nothing && start.len() < LOOKED_AT
}

/// Refuses what has to be read from its end, or in pieces of which nobody knows when they come.
fn refuse_packed(options: &TraceOptions, start: &[u8]) -> Result<(), TraceError> {
    let packed = match bytes::compression_of(start) {
        Compression::Gzip => Some(("compressed with gzip", "zcat")),
        Compression::Zstd => Some(("compressed with zstd", "zstdcat")),
        Compression::Plain => None,
    };
    let whole = start.starts_with(b"PAR1").then_some("a Parquet file");
    let whole = whole.or_else(|| start.starts_with(super::avro::MAGIC).then_some("an Avro file"));
    let path = options.shown();
    match (packed, whole) {
        (Some((what, tool)), _) => Err(TraceError::NotLive {
            path,
            what,
            remedy: format!("put {tool} before it, with a | between them"),
        }),
        (None, Some(what)) => Err(TraceError::NotLive { path, what, remedy: "leave out --live".to_string() }),
        (None, None) => Ok(()),
    }
}

/// What has come and what will, as text to read line by line.
fn text(options: &TraceOptions, start: Vec<u8>, input: Live) -> Result<Text, TraceError> {
    let mut text = BufReader::with_capacity(bytes::BUFFER_BYTES, Cursor::new(start).chain(input));
    let begins = text.fill_buf().map_err(|error| bytes::read_error(options, 0, &error))?;
    if begins.starts_with(b"\xef\xbb\xbf") {
        text.consume(3);
    }
    bytes::as_lines(options, Box::new(text))
}
