//! A look at a trace before anything runs on it.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_files::NEVER;
use dedup_strategies::{Sizing, Timestamp};

use super::bytes::Compression;
use super::dialect::Delimiter;
use super::doubt::Doubt;
use super::error::{BadLine, TraceError};
use super::examine::Compared;
use super::key::IdFields;
use super::layout::Shape;
use super::options::{Format, TraceOptions};
use super::rows::TracePings;
use super::sizing::WindowCount;
use super::time_unit::TimeUsed;
use crate::stream::Id;

/// What a trace holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSurvey {
    /// What the trace is called.
    pub name: String,
    /// How its lines are written; never [`Format::Auto`].
    pub format: Format,
    /// What stands between the columns of CSV.
    pub delimiter: Option<Delimiter>,
    /// How it is compressed.
    pub compression: Compression,
    /// The fields that the ids were made of; never [`IdFields::Usual`].
    pub id: IdFields,
    /// The field that the times were taken from; without one, order is time.
    pub time: Option<TimeUsed>,
    /// Lines that were read: pings.
    pub pings_count: u64,
    /// Lines that could not be read (a bad CSV record counts with every line that it spans).
    pub bad_count: u64,
    /// The first few of them.
    pub first_bad: Vec<BadLine>,
    /// Records of CSV that go on over several lines, as a sentence; none where there are none.
    pub folded: Option<String>,
    /// Distinct pings: distinct ids, and every ping without one.
    pub unique_count: u64,
    /// Pings whose id came before.
    pub duplicate_count: u64,
    /// Pings without an id.
    pub missing_count: u64,
    /// Pings whose own time is before that of an earlier line.
    pub out_of_order_count: u64,
    /// Where lines were sorted: those whose time was before that of an earlier line in the file.
    pub sorted_count: Option<u64>,
    /// How far the time went back at most.
    pub furthest_back: Duration,
    /// Arrival of the first ping.
    pub first_at: Timestamp,
    /// Arrival of the last ping.
    pub last_at: Timestamp,
    /// The load that the trace brings: ids are distinct keys, pings without an id not among them.
    pub sizing: Sizing,
    /// How copies compare with their first.
    pub compared: Compared,
    /// What makes all this doubtful, the gravest first.
    pub doubts: Vec<Doubt>,
    /// Digest of all ids and times in order, as 32 hexadecimal digits; equal for the same data however it is written.
    pub digest: String,
}

impl TraceSurvey {
    /// Reads the whole trace once.
    pub fn scan(options: &TraceOptions) -> Result<TraceSurvey, TraceError> {
        TraceSurvey::scan_unless(&NEVER, options)
    }

    /// The same, which ends early with [`TraceError::Stopped`] once `stop` is set.
    pub fn scan_unless(stop: &AtomicBool, options: &TraceOptions) -> Result<TraceSurvey, TraceError> {
        let mut rows = TracePings::open_to_examine(options)?;
        let mut window = WindowCount::new(options.window);
        while let Some(row) = rows.next_unless(stop)? {
            if let Id::Key(key) = row.id {
                window.count(key, row.at);
            }
        }
        let (layout, tally) = (rows.layout(), rows.tally());
        let (ids_total, ids_in_window) = window.end();
        let unique_count = ids_total + tally.missing;
        Ok(TraceSurvey {
            name: options.name.clone(),
            format: layout.format,
            delimiter: match layout.shape {
                Shape::Csv { dialect, .. } => Some(dialect.delimiter),
                Shape::Ndjson | Shape::Parquet { .. } => None,
            },
            compression: layout.compression,
            id: layout.id.clone(),
            time: rows.time(),
            pings_count: tally.pings,
            bad_count: tally.bad,
            first_bad: tally.first_bad.clone(),
            folded: tally.folded.said(tally.pings),
            unique_count,
            duplicate_count: tally.pings - unique_count,
            missing_count: tally.missing,
            out_of_order_count: tally.out_of_order,
            sorted_count: tally.sorted,
            furthest_back: tally.furthest_back,
            first_at: tally.first_at,
            last_at: tally.last_at,
            sizing: Sizing { window: options.window, ids_in_window, ids_total },
            compared: rows.compared(),
            doubts: rows.doubts(tally.pings - unique_count),
            digest: tally.digest(),
        })
    }

    /// Whether lines are so far out of order that windows lose their meaning.
    pub fn clock_is_doubtful(&self) -> bool {
        self.furthest_back >= self.sizing.window
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Auto => "auto",
            Format::Ndjson => "NDJSON",
            Format::Csv => "CSV",
            Format::Parquet => "Parquet",
            Format::Json => "JSON",
            Format::Avro => "Avro",
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Plain => "",
            Compression::Gzip => ", gzip",
            Compression::Zstd => ", zstd",
        })
    }
}
