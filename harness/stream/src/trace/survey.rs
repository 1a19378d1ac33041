//! A look at a trace before anything runs on it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dedup_files::NEVER;
use dedup_strategies::{Sizing, Timestamp};

use super::bytes::Compression;
use super::error::{BadLine, TraceError};
use super::layout::Shape;
use super::options::{Format, TraceOptions};
use super::rows::Rows;
use super::sizing::WindowCount;
use super::time::{TimeUnit, UnitFrom};
use crate::stream::Id;

/// What a trace holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSurvey {
    /// What the trace is called.
    pub name: String,
    /// How its lines are written; never [`Format::Auto`].
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
    /// The field that the ids were taken from.
    pub id_field: String,
    /// The field that the times were taken from; without one, order is time.
    pub time: Option<TimeUsed>,
    /// Lines that were read: pings.
    pub pings_count: u64,
    /// Lines that could not be read (a bad CSV record counts with every line that it spans).
    pub bad_count: u64,
    /// The first few of them.
    pub first_bad: Vec<BadLine>,
    /// Distinct pings: distinct ids, and every ping without one.
    pub unique_count: u64,
    /// Pings whose id came before.
    pub duplicate_count: u64,
    /// Pings without an id.
    pub missing_count: u64,
    /// Pings whose own time is before that of an earlier line.
    pub out_of_order_count: u64,
    /// How far the time went back at most.
    pub furthest_back: Duration,
    /// Arrival of the first ping.
    pub first_at: Timestamp,
    /// Arrival of the last ping.
    pub last_at: Timestamp,
    /// The load that the trace brings: ids are distinct keys, pings without an id not among them.
    pub sizing: Sizing,
    /// Digest of all ids and times in order, as 32 hexadecimal digits; equal for the same data however it is written.
    pub digest: String,
}

/// Where the times were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeUsed {
    /// The field.
    pub field: String,
    /// Its unit.
    pub unit: TimeUnit,
    /// How the unit was found.
    pub unit_from: UnitFrom,
}

impl TraceSurvey {
    /// Reads the whole trace once.
    pub fn scan(options: &TraceOptions) -> Result<TraceSurvey, TraceError> {
        TraceSurvey::scan_unless(&NEVER, options)
    }

    /// The same, which ends early with [`TraceError::Stopped`] once `stop` is set.
    pub fn scan_unless(stop: &AtomicBool, options: &TraceOptions) -> Result<TraceSurvey, TraceError> {
        let mut rows = Rows::open(options)?;
        let mut window = WindowCount::new(options.window);
        while let Some(row) = rows.next()? {
            if stop.load(Ordering::Relaxed) {
                return Err(TraceError::Stopped);
            }
            if let Id::Key(key) = row.id {
                window.count(key, row.at);
            }
        }
        let (layout, tally) = (rows.layout(), rows.tally());
        let unique_count = window.ids() + tally.missing;
        Ok(TraceSurvey {
            name: options.name.clone(),
            format: match layout.shape {
                Shape::Ndjson => Format::Ndjson,
                Shape::Csv { .. } => Format::Csv,
                Shape::Parquet { .. } => Format::Parquet,
            },
            compression: layout.compression,
            id_field: layout.id_field.clone(),
            time: options
                .time_field
                .clone()
                .zip(rows.time_unit())
                .map(|(field, (unit, unit_from))| TimeUsed { field, unit, unit_from }),
            pings_count: tally.pings,
            bad_count: tally.bad,
            first_bad: tally.first_bad.clone(),
            unique_count,
            duplicate_count: tally.pings - unique_count,
            missing_count: tally.missing,
            out_of_order_count: tally.out_of_order,
            furthest_back: tally.furthest_back,
            first_at: tally.first_at,
            last_at: tally.last_at,
            sizing: Sizing { window: options.window, ids_in_window: window.peak(), ids_total: window.ids() },
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
