//! Parquet: the columns that count, decoded batch by batch.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::decimal::{decimal, decimal_of_bytes, is_exact_whole};
use super::error::{BadReason, MAX_LINE_BYTES, TraceError, excerpt};
use super::options::TraceOptions;
use super::parquet_fields::{OtherColumns, Others};
use super::parquet_schema::{Column, ColumnType, Schema};
use super::record::{Parts, Record, There, Values};
use crate::columns::{self, sound};

#[path = "glued.rs"]
mod glued;

/// Rows that are decoded at once.
const BATCH: usize = 1 << 12;

/// The columns by which a trace can be read, as the file's footer has them.
pub(crate) fn schema(options: &TraceOptions) -> Result<Schema, TraceError> {
    Ok(Schema::of(open(options)?.metadata().file_metadata()))
}

fn open(options: &TraceOptions) -> Result<SerializedFileReader<File>, TraceError> {
    let file = super::bytes::open_file(options)?;
    let failed = |error: ParquetError| super::bytes::read_error(options, 0, &broken(error));
    let unreadable = |error: io::Error| super::bytes::read_error(options, 0, &error);
    let copy = file.try_clone().map_err(unreadable)?;
    if !glued::ends_whole(&copy).map_err(unreadable)? {
        let what = "a Parquet file that is cut short: its end is missing, which says what is in it";
        return Err(unsupported(options, what, "copy it again, or wait until it is written to its end"));
    }
    let reader = sound(|| SerializedFileReader::new(file)).map_err(failed)?;
    if glued::is_glued(&copy, reader.metadata()).map_err(unreadable)? {
        let what = "several Parquet files, one glued behind another, of which only the last could be found";
        return Err(unsupported(options, what, "give each of them by itself: --trace FILE --trace FILE"));
    }
    Ok(reader)
}

fn unsupported(
    options: &TraceOptions,
    what: impl Into<Cow<'static, str>>,
    remedy: &'static str,
) -> TraceError {
    TraceError::Unsupported { path: options.shown(), what: what.into(), remedy }
}

/// Refuses columns in a compression that is not read.
fn refuse_codecs(
    options: &TraceOptions,
    reader: &SerializedFileReader<File>,
    is_read: impl Fn(usize) -> bool,
) -> Result<(), TraceError> {
    let groups = reader.metadata().row_groups().iter();
    let columns = groups.flat_map(|group| group.columns().iter().enumerate());
    let foreign =
        columns.filter(|(leaf, _)| is_read(*leaf)).find_map(|(_, column)| match column.compression() {
            Compression::BROTLI(_) => Some((column, "brotli")),
            Compression::LZO => Some((column, "LZO")),
            _ => None,
        });
    let Some((column, codec)) = foreign else { return Ok(()) };
    let what = format!(
        "a Parquet file whose column {} is compressed with {codec}, where plain, snappy, gzip, zstd and LZ4 are read",
        excerpt(&column.column_path().string())
    );
    Err(unsupported(
        options,
        what,
        "use python3 -c 'import pyarrow.parquet as p; p.write_table(p.read_table(\"FILE\"), \"FILE.parquet\")'",
    ))
}

fn broken(error: ParquetError) -> io::Error {
    // Its own words begin with what it is.
    let said = error.to_string();
    io::Error::other(format!("not a sound Parquet file: {}", said.trim_start_matches("Parquet error: ")))
}

/// Reads a trace in Parquet.
pub(crate) struct ParquetRows {
    reader: SerializedFileReader<File>,
    ids: Vec<Column>,
    time: Option<Column>,
    others: OtherColumns,
    next_group: usize,
    group: Option<Group>,
    line: u64,
}

/// The columns of the row group that is being read.
struct Group {
    rows_left: usize,
    ids: Vec<Box<dyn Texts>>,
    time: Option<Box<dyn Texts>>,
    /// Rows of the batch that are still to come.
    in_batch: usize,
}

impl ParquetRows {
    /// Opens the file at its first row.
    pub(crate) fn open(
        options: &TraceOptions,
        ids: Vec<Column>,
        time: Option<Column>,
        others: Others,
    ) -> Result<ParquetRows, TraceError> {
        let reader = open(options)?;
        let is_read = |leaf: usize| {
            others == Others::Needed || ids.iter().chain(&time).any(|column| column.leaf == leaf)
        };
        refuse_codecs(options, &reader, is_read)?;
        let others = OtherColumns::new(reader.metadata().file_metadata().schema_descr(), others);
        Ok(ParquetRows { reader, ids, time, others, next_group: 0, group: None, line: 0 })
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        loop {
            match &mut self.group {
                Some(group) if group.rows_left > 0 => break,
                _ if self.next_group == self.reader.num_row_groups() => return Ok(None),
                _ => sound(|| self.open_group()).map_err(broken)?,
            }
        }
        self.line += 1;
        let line = self.line;
        let group = self.group.as_mut().expect("it was opened");
        let values = group.next().map_err(broken)?;
        self.others.next().map_err(broken)?;
        Ok(Some(Record {
            line,
            lines: 1,
            folded: None,
            there: There::ALL,
            fields: self.others.fields(),
            values,
        }))
    }

    fn open_group(&mut self) -> Result<(), ParquetError> {
        let group = self.reader.get_row_group(self.next_group)?;
        self.next_group += 1;
        let rows = usize::try_from(group.metadata().num_rows())
            .map_err(|_| ParquetError::General("a row group has less than no rows".to_string()))?;
        let column = |Column { leaf, kind, .. }: Column| {
            let column = group.metadata().column(leaf).column_descr();
            texts(group.get_column_reader(leaf)?, kind, column)
        };
        self.others.open(group.as_ref(), rows)?;
        self.group = Some(Group {
            rows_left: rows,
            ids: self.ids.iter().copied().map(column).collect::<Result<_, _>>()?,
            time: self.time.map(column).transpose()?,
            in_batch: 0,
        });
        Ok(())
    }
}

impl Group {
    fn next(&mut self) -> Result<Result<Values<'static>, BadReason>, ParquetError> {
        if self.in_batch == 0 {
            self.in_batch = self.rows_left.min(BATCH);
            for column in self.ids.iter_mut().chain(&mut self.time) {
                if sound(|| column.load(self.in_batch))? != self.in_batch {
                    return Err(ParquetError::EOF("a column ends before its row group does".to_string()));
                }
            }
        }
        self.in_batch -= 1;
        self.rows_left -= 1;
        let time = self.time.as_mut().and_then(|time| time.next());
        // Each column has to be moved on, whatever is in the others.
        let mut wrong = None;
        let parts = self.ids.iter_mut().map(|id| {
            let part = id.next().and_then(|text| text.map_err(|reason| wrong = Some(reason)).ok());
            Ok::<_, ParquetError>(part.map(Cow::Owned))
        });
        let id = Parts::gather(parts)?;
        let time = time.and_then(Result::ok).map(Cow::Owned);
        Ok(wrong.map_or(Ok(Values { id, time }), Err))
    }
}

/// A column's values as text.
trait Texts: Send {
    /// Decodes up to `rows` rows; how many they were.
    fn load(&mut self, rows: usize) -> Result<usize, ParquetError>;
    /// The next row's value, if it has one.
    fn next(&mut self) -> Option<Result<String, BadReason>>;
}

struct Typed<T: DataType> {
    values: columns::Values<T>,
    text: fn(&T::T, ColumnType) -> Result<String, BadReason>,
    kind: ColumnType,
}

impl<T: DataType> Texts for Typed<T>
where
    ColumnReaderImpl<T>: Send,
{
    fn load(&mut self, rows: usize) -> Result<usize, ParquetError> {
        self.values.load(rows)
    }

    fn next(&mut self) -> Option<Result<String, BadReason>> {
        self.values.next().map(|value| (self.text)(value, self.kind))
    }
}

fn texts(
    reader: ColumnReader,
    kind: ColumnType,
    column: &ColumnDescriptor,
) -> Result<Box<dyn Texts>, ParquetError> {
    fn typed<T: DataType>(
        reader: ColumnReaderImpl<T>,
        kind: ColumnType,
        column: &ColumnDescriptor,
        text: fn(&T::T, ColumnType) -> Result<String, BadReason>,
    ) -> Box<dyn Texts>
    where
        ColumnReaderImpl<T>: Send,
    {
        Box::new(Typed { values: columns::Values::new(reader, column), text, kind })
    }
    Ok(match reader {
        ColumnReader::ByteArrayColumnReader(reader) => {
            typed(reader, kind, column, |value, kind| text_of(value.data(), kind))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            typed(reader, kind, column, |value, kind| text_of(value.data(), kind))
        }
        ColumnReader::Int32ColumnReader(reader) => typed(reader, kind, column, |value, kind| {
            Ok(match kind {
                ColumnType::Unsigned => (*value as u32).to_string(),
                ColumnType::Decimal(scale) => decimal(i128::from(*value), scale).ok_or_else(no_decimal)?,
                ColumnType::Days => (i64::from(*value) * 86_400).to_string(),
                _ => value.to_string(),
            })
        }),
        ColumnReader::Int64ColumnReader(reader) => typed(reader, kind, column, |value, kind| {
            Ok(match kind {
                ColumnType::Unsigned => (*value as u64).to_string(),
                ColumnType::Decimal(scale) => decimal(i128::from(*value), scale).ok_or_else(no_decimal)?,
                _ => value.to_string(),
            })
        }),
        ColumnReader::FloatColumnReader(reader) => {
            // Exact to 24 bits, where a double is to 53.
            typed(reader, kind, column, |value, kind| match kind {
                ColumnType::WholeReal if value.abs() >= 16_777_216.0 => Err(rounded(value)),
                _ => real(f64::from(*value), kind, value),
            })
        }
        ColumnReader::DoubleColumnReader(reader) => {
            typed(reader, kind, column, |value, kind| real(*value, kind, value))
        }
        ColumnReader::Int96ColumnReader(reader) => typed(reader, kind, column, |value, _| Ok(nanos(value))),
        ColumnReader::BoolColumnReader(_) => {
            return Err(ParquetError::General("the column is true or false".to_string()));
        }
    })
}

/// A floating number as `shown`. As an id it has to be whole, and what is no number is none.
fn real(value: f64, kind: ColumnType, shown: &dyn std::fmt::Display) -> Result<String, BadReason> {
    match kind {
        ColumnType::WholeReal if value.is_nan() => Ok(String::new()),
        // Without the sign of a zero.
        ColumnType::WholeReal if is_exact_whole(value) => Ok((value as i64).to_string()),
        ColumnType::WholeReal => Err(rounded(&shown)),
        _ => Ok(shown.to_string()),
    }
}

fn rounded(value: &dyn std::fmt::Display) -> BadReason {
    BadReason::Id(format!(
        "the floating number {}, which is not whole or was rounded",
        excerpt(&value.to_string())
    ))
}

fn no_decimal() -> BadReason {
    BadReason::Id("a decimal number of more digits than are read".to_string())
}

/// A UUID in one of its spellings, text as it is, other bytes in hexadecimal digits.
fn text_of(bytes: &[u8], kind: ColumnType) -> Result<String, BadReason> {
    match kind {
        _ if bytes.len() > MAX_LINE_BYTES => Err(BadReason::TooLong),
        ColumnType::Text => String::from_utf8(bytes.to_vec()).map_err(|_| BadReason::NotUtf8),
        ColumnType::Decimal(scale) => decimal_of_bytes(bytes, scale).ok_or_else(no_decimal),
        _ => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// Nanoseconds since 1970 of a Julian day and the nanoseconds within it.
fn nanos(time: &Int96) -> String {
    const EPOCH_DAY: i128 = 2_440_588;
    let words = time.data();
    let (low, high, day) = (words[0], words.get(1).copied().unwrap_or(0), words.get(2).copied().unwrap_or(0));
    let within = i128::from(u64::from(high) << 32 | u64::from(low));
    ((i128::from(day) - EPOCH_DAY) * 86_400_000_000_000 + within).to_string()
}
