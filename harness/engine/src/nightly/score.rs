//! Scores stable tables by the truth that their rows carry.

use std::path::Path;

use dedup_stream::columns::Values;
use parquet::data_type::{FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use xxhash_rust::xxh3::Xxh3;

use super::columns::Columns;
use super::day::Day;
use super::error::NightlyError;
use super::live::LiveFile;
use super::partitions::Table;
use crate::bits::Bits;

/// What is in a stable table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Rows.
    pub(crate) rows: u64,
    /// Rows beyond the first of their unique ping.
    pub(crate) missed: u64,
    /// The same by cause.
    pub(crate) missed_by_cause: Vec<u64>,
    /// Unique pings of which there is a row.
    pub(crate) uniques: u64,
    /// For each day, a digest of its rows in whatever order: the sum of their digests.
    pub(crate) digests: Vec<(Day, u64, u128)>,
}

/// Reads every row of a table that a [`DaySink`](super::DaySink) has written the live rows of, one bit a unique in memory.
pub(crate) fn score(stable: &Table) -> Result<Score, NightlyError> {
    let mut score = Score::default();
    let mut seen = Bits::default();
    for (day, files) in &stable.days {
        let (mut rows, mut digest) = (0, 0u128);
        for path in files {
            each_row(path, |row| {
                rows += 1;
                digest = digest.wrapping_add(row.digest());
                let cause = row.cause as usize;
                if score.missed_by_cause.len() <= cause {
                    score.missed_by_cause.resize(cause + 1, 0);
                }
                match seen.insert(row.unique as u64) {
                    true => score.uniques += 1,
                    false => {
                        score.missed += 1;
                        score.missed_by_cause[cause] += 1;
                    }
                }
            })?;
        }
        score.rows += rows;
        score.digests.push((*day, rows, digest));
    }
    Ok(score)
}

/// A row of a live or stable table, with the truth that it carries.
struct Row<'a> {
    /// When the edge received it, in microseconds since 1970.
    time: i64,
    id: &'a [u8],
    /// The number of its unique ping.
    unique: i64,
    cause: i32,
}

impl Row<'_> {
    fn digest(&self) -> u128 {
        let mut digest = Xxh3::new();
        digest.update(&self.time.to_le_bytes());
        digest.update(&self.unique.to_le_bytes());
        digest.update(&self.cause.to_le_bytes());
        digest.update(self.id);
        digest.digest128()
    }
}

/// Reads every row of a file that a [`DaySink`](super::DaySink) has written, or a job has copied.
fn each_row(path: &Path, mut take: impl FnMut(Row<'_>)) -> Result<(), NightlyError> {
    each_group(path, |group| rows_of(group, &mut take))
}

/// The same of the two columns that say which ping a row is of: takes when the edge received it, in microseconds since 1970, and
/// the number of its unique ping.
pub(crate) fn each_unique(path: &Path, mut take: impl FnMut(i64, u64)) -> Result<(), NightlyError> {
    each_group(path, |group| {
        let mut times = Values::<Int64Type>::of(group, 0)?;
        let mut uniques = Values::<Int64Type>::of(group, 2)?;
        loop {
            let read = times.load(BATCH)?;
            if uniques.load(read)? != read {
                return Err(lengths_differ());
            }
            if read == 0 {
                return Ok(());
            }
            for _ in 0..read {
                let (Some(time), Some(unique)) = (times.next(), uniques.next()) else { return Err(lacks()) };
                take(*time, *unique as u64);
            }
        }
    })
}

/// Rows that are read at once.
const BATCH: usize = 1 << 13;

fn each_group(
    path: &Path,
    mut take: impl FnMut(&dyn RowGroupReader) -> Result<(), ParquetError>,
) -> Result<(), NightlyError> {
    let live = LiveFile::open(path, &Columns::default())?;
    let groups = live.metadata().num_row_groups();
    let mut read = || (0..groups).try_for_each(|group| take(live.reader.get_row_group(group)?.as_ref()));
    read().map_err(|error: ParquetError| NightlyError::unsound(path, error))
}

fn lengths_differ() -> ParquetError {
    ParquetError::EOF("its columns differ in length".to_string())
}

fn lacks() -> ParquetError {
    ParquetError::EOF("a row lacks what every row has".to_string())
}

/// The columns are those of the sink, in its order.
fn rows_of(group: &dyn RowGroupReader, take: &mut impl FnMut(Row<'_>)) -> Result<(), ParquetError> {
    let mut times = Values::<Int64Type>::of(group, 0)?;
    let mut ids = Values::<FixedLenByteArrayType>::of(group, 1)?;
    let mut uniques = Values::<Int64Type>::of(group, 2)?;
    let mut causes = Values::<Int32Type>::of(group, 3)?;
    loop {
        let read = times.load(BATCH)?;
        if read == 0 {
            return Ok(());
        }
        for other in [ids.load(read)?, uniques.load(read)?, causes.load(read)?] {
            if other != read {
                return Err(lengths_differ());
            }
        }
        for _ in 0..read {
            let id = ids.next().map_or(&[][..], |id| id.data());
            let (Some(time), Some(unique), Some(cause)) = (times.next(), uniques.next(), causes.next())
            else {
                return Err(lacks());
            };
            take(Row { time: *time, id, unique: *unique, cause: *cause });
        }
    }
}
