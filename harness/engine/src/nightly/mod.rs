//! The nightly job behind the stream: what `copy_deduplicate` does at Mozilla, twice, over day partitions in Parquet.
//!
//! Over a day of a live table it keeps, of each `document_id`, the row with the earliest `submission_timestamp`, if no
//! earlier one was seen in the days before that count. Rows without an id are dropped. The day's partition in the
//! stable table is replaced as a whole. See `docs/NIGHTLY.md`.
//!
//! ```text
//! sink -> live partitions -> earliest (live, spill) -> copy -> stable partitions -> score
//!                         -> duckdb (sql) ----------->
//! ```

mod behind;
mod columns;
mod copy;
mod day;
mod duckdb;
mod earliest;
mod error;
mod layout;
mod live;
mod partitions;
mod rank;
mod rows;
mod score;
mod senders;
mod sink;
mod spill;
mod sql;
mod table_name;
#[cfg(test)]
mod tests;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use behind::{Arrived, Behind, Choice, Copied, DISK_BYTES_PER_PING, Jobs, MEMORY_BYTES, NotEnough};
pub use columns::{ColumnName, Columns, Keep};
pub use day::Day;
pub(crate) use day::{day_of, micros};
pub use duckdb::{DUCKDB_VARIABLE, Duckdb};
pub use error::{INSTALL, NightlyError};
pub use layout::Layout;
pub use partitions::{Table, table, tables};
pub(crate) use score::each_unique;
pub use senders::SentAt;
pub use sink::{DaySink, LiveRow, LiveWriter, Written};
pub use sql::{Dialect, Live, Query, Stable, Tables};
pub use table_name::TableName;

use earliest::{Marks, Means, Slice, mark};
use live::LiveFile;
use partitions::Staged;

/// How a night is done.
#[derive(Clone, Debug)]
pub struct Night {
    /// Days before its own at which each day looks.
    pub preceding_days: u32,
    /// Parts in which a day is worked off, each from the beginning of what it looks at, as upstream does it.
    pub slices: u32,
    /// The columns that count.
    pub columns: Columns,
    /// Which row of an id stays. Where it is the last, no other days are looked at, and there is one slice.
    pub keep: Keep,
    /// Bytes that rows may take in memory; what goes beyond is spilled.
    pub memory_bytes: u64,
    /// Threads to use.
    pub threads: usize,
    /// Where to spill.
    pub scratch: PathBuf,
    /// Set by whoever wants it to end: then it is [`NightlyError::Stopped`], and the day stays as it was.
    pub stop: Arc<AtomicBool>,
}

/// What became of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayDone {
    /// The day.
    pub day: Day,
    /// Rows of the live partition.
    pub live_rows: u64,
    /// Rows of the stable one.
    pub stable_rows: u64,
    /// Rows of the partition's files that have no time in the day: none of them stays.
    pub outside: u64,
    /// Rows dropped for want of an id.
    pub without_id: u64,
    /// Bytes that went through the disk; none where the engine does not say.
    pub spilled_bytes: Option<u64>,
    /// How long it took.
    pub seconds: f64,
}

impl DayDone {
    /// Rows dropped as duplicates of others.
    pub fn duplicates(&self) -> u64 {
        self.live_rows - self.without_id - self.stable_rows
    }
}

/// Does one day of a live table, by our own means, into the stable table in the directory `stable`.
pub fn copy_deduplicated(
    table: &Table,
    day: Day,
    stable: &Path,
    night: &Night,
) -> Result<DayDone, NightlyError> {
    let began = Instant::now();
    let staged = Staged::alone(&table.layout.partition(stable, day))?;
    let from = day.before(night.preceding_days);
    let files = table.files_of(day)?;
    let rows = rows_of(&files, &night.columns)?;
    let marks = Marks::new(rows);
    // The bits for the day's rows are part of the bargain.
    let memory_bytes = night.memory_bytes.saturating_sub(marks.bytes()).max(night.memory_bytes / 4);
    let means = Means {
        memory_bytes,
        threads: night.threads,
        scratch: night.scratch.clone(),
        stop: night.stop.clone(),
    };
    let mut done = DayDone {
        day,
        live_rows: 0,
        stable_rows: 0,
        outside: 0,
        without_id: 0,
        spilled_bytes: Some(0),
        seconds: 0.0,
    };
    for (start_us, end_us) in day.cuts(night.slices) {
        let before = table.files_before(day, from);
        let (columns, keep, from_us) = (&night.columns, night.keep, from.start_us());
        let slice = Slice { columns, keep, before, day: files.clone(), from_us, start_us, end_us };
        let seen = mark(&slice, &means, &marks)?;
        done.live_rows += seen.rows;
        done.without_id += seen.without_id;
        done.spilled_bytes = done.spilled_bytes.map(|bytes| bytes + seen.spilled_bytes);
    }
    done.outside = rows - done.live_rows;
    let file = staged.unnamed()?;
    done.stable_rows =
        copy::copy_marked(&files, &night.columns, &marks, &means, file.file(), staged.place())?;
    staged.finish_unnamed(file)?;
    done.seconds = began.elapsed().as_secs_f64();
    Ok(done)
}

/// Sees that the files of a day have the columns that count, of kinds that can be worked on.
pub fn columns_there(table: &Table, day: Day, columns: &Columns) -> Result<(), NightlyError> {
    rows_of(&table.files_of(day)?, columns).map(drop)
}

/// Sees that the versions of a day are of a kind that has the order of versions: an engine that takes any type would keep
/// `v9` over `v10` without a word.
pub fn versions_there(table: &Table, day: Day, columns: &Columns) -> Result<(), NightlyError> {
    table.files_of(day)?.iter().try_for_each(|path| live::versions_fit(path, columns))
}

/// Whether any id of the day is text, or bytes that may be: such count as they are spelled.
pub fn ids_are_spelled(table: &Table, day: Day, columns: &Columns) -> Result<bool, NightlyError> {
    let files = table.files_of(day)?;
    files.iter().try_fold(false, |any, path| Ok(any || LiveFile::open(path, columns)?.ids_are_spelled()))
}

fn rows_of(files: &[&Path], columns: &Columns) -> Result<u64, NightlyError> {
    files.iter().map(|path| Ok(LiveFile::open(path, columns)?.group_rows().sum::<u64>())).sum()
}
