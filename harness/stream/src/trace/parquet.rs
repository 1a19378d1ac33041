//! Parquet: the columns that count, decoded batch by batch.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit as ParquetUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::decimal::{decimal, decimal_of_bytes, is_exact_whole};
use super::error::{BadReason, MAX_LINE_BYTES, TraceError, excerpt};
use super::options::TraceOptions;
use super::parquet_fields::{OtherColumns, Others};
use super::record::{Parts, Record, There, Values};
use super::time_unit::TimeUnit;
use crate::columns::{self, sound};

#[path = "glued.rs"]
mod glued;

/// Rows that are decoded at once.
const BATCH: usize = 1 << 12;

/// What a column's values are, to a reader of ids and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Text.
    Text,
    /// Bytes that are no text: 16 of them are a UUID.
    Bytes,
    /// A whole number with a sign.
    Whole,
    /// A whole number without one.
    Unsigned,
    /// A number with a fraction.
    Real,
    /// A number with a fraction where none should be: that of an id.
    WholeReal,
    /// A decimal number with so many digits behind the point.
    Decimal(u32),
    /// A date: days since 1970.
    Days,
    /// The 12 bytes in which older engines keep a time: nanoseconds of a Julian day.
    Int96,
}

/// One column that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its number among the leaves.
    pub(crate) leaf: usize,
    pub(crate) kind: ColumnType,
    /// What its values count, where its type says it.
    pub(crate) unit: Option<TimeUnit>,
}

/// The columns of a Parquet file by which a trace can be read.
pub(crate) struct Schema {
    columns: Vec<(String, usize, Result<Column, String>)>,
}

impl Schema {
    /// Reads the file's footer.
    pub(crate) fn find(options: &TraceOptions) -> Result<Schema, TraceError> {
        let reader = open(options)?;
        let columns = reader.metadata().file_metadata().schema_descr().columns().iter().enumerate();
        // What is repeated has no one value a row.
        let single = columns.filter(|(_, column)| column.max_rep_level() == 0);
        Ok(Schema {
            columns: single
                .map(|(leaf, column)| (column.path().string(), leaf, column_of(leaf, column)))
                .collect(),
        })
    }

    /// The names of all columns, dots leading into groups.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, ..)| name.clone()).collect()
    }

    /// The column called `field`, to read ids from.
    pub(crate) fn id(&self, field: &str, options: &TraceOptions) -> Option<Result<Column, TraceError>> {
        const ALLOWED: &str = "text, bytes or a number";
        self.column(field, "--id-field", options, ALLOWED, |kind| {
            !matches!(kind, ColumnType::Days | ColumnType::Int96)
        })
        .map(|column| {
            // Engines turn whole numbers into floating ones where some are missing.
            column.map(|column| match column.kind {
                ColumnType::Real => Column { kind: ColumnType::WholeReal, ..column },
                _ => column,
            })
        })
    }

    /// The column called `field`, to read times from.
    pub(crate) fn time(&self, field: &str, options: &TraceOptions) -> Option<Result<Column, TraceError>> {
        const ALLOWED: &str = "a timestamp, a date, a number or text";
        self.column(field, "--time-field", options, ALLOWED, |kind| kind != ColumnType::Bytes)
    }

    fn column(
        &self,
        field: &str,
        flag: &'static str,
        options: &TraceOptions,
        allowed: &'static str,
        fits: impl Fn(ColumnType) -> bool,
    ) -> Option<Result<Column, TraceError>> {
        let (.., column) = self.columns.iter().find(|(name, ..)| name == field)?;
        let wrong = |found: String| TraceError::ColumnType {
            path: options.shown(),
            flag,
            field: field.to_string(),
            found,
            allowed,
        };
        Some(match column {
            Ok(column) if fits(column.kind) => Ok(*column),
            Ok(column) => Err(wrong(format!("{:?}", column.kind).to_lowercase())),
            Err(found) => Err(wrong(found.clone())),
        })
    }
}

fn column_of(leaf: usize, column: &ColumnDescriptor) -> Result<Column, String> {
    let logical = column.logical_type_ref();
    let is_text = matches!(logical, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json))
        || matches!(column.converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
    let unit = match (logical, column.converted_type()) {
        (Some(LogicalType::Timestamp(time)), _) => Some(match time.unit {
            ParquetUnit::MILLIS => TimeUnit::Ms,
            ParquetUnit::MICROS => TimeUnit::Us,
            ParquetUnit::NANOS => TimeUnit::Ns,
        }),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(TimeUnit::Ms),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(TimeUnit::Us),
        _ => None,
    };
    let is_unsigned = matches!(column.converted_type(), ConvertedType::UINT_32 | ConvertedType::UINT_64)
        || matches!(logical, Some(LogicalType::Integer(whole)) if !whole.is_signed);
    let is_date =
        matches!(logical, Some(LogicalType::Date)) || column.converted_type() == ConvertedType::DATE;
    let scale = match logical {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        _ if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale()),
        _ => None,
    };
    if let Some(scale) = scale {
        let digits = u32::try_from(scale).map_err(|_| format!("a decimal number of scale {scale}"))?;
        return Ok(Column { leaf, kind: ColumnType::Decimal(digits), unit: None });
    }
    let (kind, unit) = match column.physical_type() {
        Physical::BYTE_ARRAY if is_text => (ColumnType::Text, None),
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => (ColumnType::Bytes, None),
        Physical::INT32 if is_date => (ColumnType::Days, Some(TimeUnit::S)),
        Physical::INT32 | Physical::INT64 if is_unsigned => (ColumnType::Unsigned, unit),
        Physical::INT32 | Physical::INT64 => (ColumnType::Whole, unit),
        Physical::FLOAT | Physical::DOUBLE => (ColumnType::Real, None),
        Physical::INT96 => (ColumnType::Int96, Some(TimeUnit::Ns)),
        Physical::BOOLEAN => return Err("true or false".to_string()),
    };
    Ok(Column { leaf, kind, unit })
}

fn open(options: &TraceOptions) -> Result<SerializedFileReader<File>, TraceError> {
    let file = super::bytes::open_file(options)?;
    let failed = |error: ParquetError| super::bytes::read_error(options, 0, &broken(error));
    let copy = file.try_clone().map_err(|error| super::bytes::read_error(options, 0, &error))?;
    let reader = sound(|| SerializedFileReader::new(file)).map_err(failed)?;
    match glued::is_glued(&copy, reader.metadata()) {
        Ok(false) => Ok(reader),
        Ok(true) => Err(TraceError::Unsupported {
            path: options.shown(),
            what: "several Parquet files, one glued behind another, of which only the last could be found",
            remedy: "give each of them by itself: --trace FILE --trace FILE",
        }),
        Err(error) => Err(super::bytes::read_error(options, 0, &error)),
    }
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
        Ok(Some(Record { line, lines: 1, there: There::ALL, fields: self.others.fields(), values }))
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
