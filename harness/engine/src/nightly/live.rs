//! Reads ids and times from the files of a live table.

use std::fs::File;
use std::path::{Path, PathBuf};

use dedup_stream::columns::{Values, sound};
use parquet::basic::{LogicalType, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArrayType, FixedLenByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use xxhash_rust::xxh3::xxh3_128;

use super::columns::{ColumnName, Columns};
use super::error::NightlyError;
use super::versions::{VERSIONS, VersionKind, Versions};

/// Rows that are decoded at once.
const BATCH: usize = 1 << 13;

/// An id as 128 bits: a UUID's own, a number, or the XXH3 of any other.
pub(crate) type LiveId = [u64; 2];

/// One file of a live table.
pub(crate) struct LiveFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Reads it. Not shared between threads: they would move each other's place in the file.
    pub(crate) reader: SerializedFileReader<File>,
    id: (usize, IdKind),
    time: (usize, i64),
    version: Option<(usize, VersionKind)>,
}

/// What of a row says whether it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveRowKey {
    /// Its number within the group.
    pub(crate) row: u64,
    /// Its time in microseconds.
    pub(crate) time_us: i64,
    /// Its version, where there is a column of versions and the row has one.
    pub(crate) version: Option<i128>,
    /// Its id.
    pub(crate) id: Option<LiveId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdKind {
    Uuid,
    Bytes,
    Number,
}

impl LiveFile {
    /// Opens a file and finds its columns.
    pub(crate) fn open(path: &Path, names: &Columns) -> Result<LiveFile, NightlyError> {
        let reader = reader_of(path)?;
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let wrong = |column: &Column<'_>, found: String| column.wrong(path, found);
        let find = |column: &Column<'_>| column.find(path, columns);
        let id = Column { name: &names.id, option: "--id-column", allowed: IDS };
        let time = Column { name: &names.time, option: "--time-column", allowed: TIMES };
        let (at_id, at_time) = (find(&id)?, find(&time)?);
        let kind = id_kind(&columns[at_id]).map_err(|found| wrong(&id, found))?;
        let unit = unit_us(&columns[at_time]).map_err(|found| wrong(&time, found))?;
        let version = version_of(path, columns, names)?;
        let lengths_agree = |group: &RowGroupMetaData| {
            group.num_rows() >= 0
                && group.columns().get(at_time).is_some_and(|time| time.num_values() == group.num_rows())
        };
        // Before memory is taken for as many rows as it says.
        if !reader.metadata().row_groups().iter().all(lengths_agree) {
            let reason = "is no sound Parquet file: its columns are not as long as its row groups";
            return Err(NightlyError::file(path, reason));
        }
        Ok(LiveFile { path: path.to_path_buf(), id: (at_id, kind), time: (at_time, unit), version, reader })
    }

    /// Whether ids are texts, or bytes that may be.
    pub(crate) fn ids_are_spelled(&self) -> bool {
        self.id.1 == IdKind::Bytes
    }

    /// What the file says of itself.
    pub(crate) fn metadata(&self) -> &ParquetMetaData {
        self.reader.metadata()
    }

    /// Rows of each row group.
    pub(crate) fn group_rows(&self) -> impl Iterator<Item = u64> {
        self.metadata().row_groups().iter().map(|group| group.num_rows() as u64)
    }

    /// The earliest time in a row group, where the file says it.
    pub(crate) fn earliest_us(&self, group: usize) -> Option<i64> {
        match self.metadata().row_group(group).column(self.time.0).statistics() {
            Some(Statistics::Int64(times)) => times.min_opt().and_then(|min| min.checked_mul(self.time.1)),
            _ => None,
        }
    }

    /// Calls `take` with each row that has a time.
    pub(crate) fn each_row(&self, group: usize, take: impl FnMut(LiveRowKey)) -> Result<(), NightlyError> {
        sound(|| self.read(group, take)).map_err(|error| NightlyError::unsound(&self.path, error))
    }

    fn read(&self, group: usize, mut take: impl FnMut(LiveRowKey)) -> Result<(), ParquetError> {
        let group = self.reader.get_row_group(group)?;
        let rows = group.metadata().num_rows() as usize;
        let (time, unit) = self.time;
        let mut times = Values::<Int64Type>::of(group.as_ref(), time)?;
        let mut ids = Ids::of(group.as_ref(), self.id)?;
        let versions = self.version.map(|version| Versions::of(group.as_ref(), version));
        let mut versions = versions.transpose()?;
        let mut row = 0;
        while row < rows {
            let read = times.load(BATCH)?;
            let same = |other: Result<usize, ParquetError>| other.map(|other| other == read);
            let versions_too = versions.as_mut().map_or(Ok(true), |versions| same(versions.load(read)))?;
            if read == 0 || !same(ids.load(read))? || !versions_too {
                return Err(ParquetError::EOF(format!("row {row} of {rows} is the last that can be read")));
            }
            for row in row..row + read {
                let id = ids.next();
                let version = versions.as_mut().map_or(Ok(None), |versions| versions.next())?;
                if let Some(time) = times.next() {
                    take(LiveRowKey { row: row as u64, time_us: time.saturating_mul(unit), version, id });
                }
            }
            row += read;
        }
        Ok(())
    }
}

const IDS: &str = "a UUID, text, bytes or a whole number of 64 bits";
const TIMES: &str = "a timestamp in microseconds or milliseconds";

/// A column that is looked for.
struct Column<'a> {
    name: &'a ColumnName,
    option: &'static str,
    allowed: &'static str,
}

impl Column<'_> {
    fn wrong(&self, path: &Path, found: String) -> NightlyError {
        NightlyError::Column {
            path: path.to_path_buf(),
            column: self.name.clone(),
            option: self.option,
            found,
            allowed: self.allowed,
        }
    }

    /// Where it is among those of the file at `path`.
    fn find(&self, path: &Path, columns: &[ColumnDescPtr]) -> Result<usize, NightlyError> {
        let found = columns.iter().position(|other| other.path().string() == self.name.as_str());
        found.ok_or_else(|| self.wrong(path, "none".to_string()))
    }
}

fn reader_of(path: &Path) -> Result<SerializedFileReader<File>, NightlyError> {
    let file = dedup_files::open(path).map_err(|error| NightlyError::unreadable(path, error))?;
    sound(|| SerializedFileReader::new(file)).map_err(|error| NightlyError::unsound(path, error))
}

/// Where the versions are, and what they are, if there are any.
fn version_of(
    path: &Path,
    columns: &[ColumnDescPtr],
    names: &Columns,
) -> Result<Option<(usize, VersionKind)>, NightlyError> {
    let Some(name) = &names.version else { return Ok(None) };
    let version = Column { name, option: "--version-column", allowed: VERSIONS };
    let at = version.find(path, columns)?;
    let kind = VersionKind::of(&columns[at]).map_err(|found| version.wrong(path, found))?;
    Ok(Some((at, kind)))
}

/// Sees that the versions of a file are of a kind that has the order of versions.
pub(crate) fn versions_fit(path: &Path, names: &Columns) -> Result<(), NightlyError> {
    let reader = reader_of(path)?;
    version_of(path, reader.metadata().file_metadata().schema_descr().columns(), names).map(drop)
}

/// The kind of ids, or what else a column has.
fn id_kind(column: &ColumnDescriptor) -> Result<IdKind, String> {
    match column.physical_type() {
        Physical::FIXED_LEN_BYTE_ARRAY if column.type_length() == 16 => Ok(IdKind::Uuid),
        Physical::BYTE_ARRAY => Ok(IdKind::Bytes),
        Physical::INT64 => Ok(IdKind::Number),
        other => Err(other.to_string()),
    }
}

/// Microseconds in a unit of the column.
fn unit_us(column: &ColumnDescriptor) -> Result<i64, String> {
    match (column.physical_type(), column.logical_type_ref()) {
        (Physical::INT64, Some(LogicalType::Timestamp(time))) => match time.unit {
            TimeUnit::MICROS => Ok(1),
            TimeUnit::MILLIS => Ok(1_000),
            TimeUnit::NANOS => Err("nanoseconds".to_string()),
        },
        (other, _) => Err(other.to_string()),
    }
}

/// The ids of a row group.
enum Ids {
    Uuid(Values<FixedLenByteArrayType>),
    Bytes(Values<ByteArrayType>),
    Number(Values<Int64Type>),
}

impl Ids {
    fn of(group: &dyn RowGroupReader, (column, kind): (usize, IdKind)) -> Result<Ids, ParquetError> {
        Ok(match kind {
            IdKind::Uuid => Ids::Uuid(Values::of(group, column)?),
            IdKind::Bytes => Ids::Bytes(Values::of(group, column)?),
            IdKind::Number => Ids::Number(Values::of(group, column)?),
        })
    }

    fn load(&mut self, rows: usize) -> Result<usize, ParquetError> {
        match self {
            Ids::Uuid(values) => values.load(rows),
            Ids::Bytes(values) => values.load(rows),
            Ids::Number(values) => values.load(rows),
        }
    }

    /// The id of the next row.
    fn next(&mut self) -> Option<LiveId> {
        match self {
            Ids::Uuid(values) => values.next().map(|id| uuid(id.data())),
            Ids::Bytes(values) => values.next().map(|id| {
                let digest = xxh3_128(id.data());
                [digest as u64, (digest >> 64) as u64]
            }),
            Ids::Number(values) => values.next().map(|number| [*number as u64, 0]),
        }
    }
}

fn uuid(bytes: &[u8]) -> LiveId {
    let (high, low) = bytes.split_at(bytes.len().min(8));
    let word = |part: &[u8]| part.try_into().map_or(0, u64::from_be_bytes);
    [word(high), word(low)]
}
