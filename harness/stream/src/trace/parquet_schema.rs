//! The columns of a Parquet file, and what their types say.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit as ParquetUnit, Type as Physical};
use parquet::file::metadata::FileMetaData;
use parquet::schema::types::{ColumnDescriptor, Type};

use super::arrow_types::durations;
use super::error::{TraceError, listed};
use super::id::is_below;
use super::options::TraceOptions;
use super::time_unit::{TimeType, TimeUnit, Zone};

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
    /// A whole number that counts time and is no point in it, such as a time of the day: what its type says of it.
    NoPoint(&'static str),
    /// A date: days since 1970.
    Days,
    /// The 12 bytes in which older engines keep a time: nanoseconds of a Julian day.
    Int96,
}

impl ColumnType {
    fn said(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Bytes => "bytes",
            ColumnType::Whole | ColumnType::Unsigned => "a whole number",
            ColumnType::Real | ColumnType::WholeReal => "a floating number",
            ColumnType::Decimal(_) => "a decimal number",
            ColumnType::NoPoint(what) => what,
            ColumnType::Days => "a date",
            ColumnType::Int96 => "a time of twelve bytes",
        }
    }

    fn is_id(self) -> bool {
        !matches!(self, ColumnType::Days | ColumnType::Int96)
    }

    fn is_time(self) -> bool {
        !matches!(self, ColumnType::Bytes | ColumnType::NoPoint(_))
    }
}

/// One column that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its number among the leaves.
    pub(crate) leaf: usize,
    pub(crate) kind: ColumnType,
    /// What its values count, where its type says it.
    pub(crate) unit: Option<TimeUnit>,
    /// From where, if they are times.
    pub(crate) zone: Zone,
}

impl Column {
    /// What its type says of its times.
    pub(crate) fn time_type(self) -> Option<TimeType> {
        self.unit.map(|unit| TimeType { unit, zone: self.zone })
    }
}

/// The columns of a Parquet file by which a trace can be read.
pub(crate) struct Schema {
    columns: Vec<(String, Result<Column, String>)>,
    /// What has no one value a row: lists, maps, groups of columns, and what is in lists. What each is.
    others: Vec<(String, &'static str)>,
}

impl Schema {
    /// Of what the file's footer says.
    pub(crate) fn of(file: &FileMetaData) -> Schema {
        let (schema, durations) = (file.schema_descr(), durations(file));
        let single = schema.columns().iter().enumerate().filter(|(_, column)| column.max_rep_level() == 0);
        let mut others = Vec::new();
        for field in schema.root_schema().get_fields() {
            list_others(field, "", false, &mut others);
        }
        let named = |(leaf, column): (usize, &ColumnDescriptor)| {
            let name = column.path().string();
            let duration = durations.iter().find(|(known, _)| *known == name).map(|(_, what)| *what);
            (name, column_of(leaf, column, duration))
        };
        Schema { columns: single.map(|(leaf, column)| named((leaf, column.as_ref()))).collect(), others }
    }

    /// The names of all columns that have one value a row, dots leading into groups.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The names of those that are points in time by their types.
    pub(crate) fn times(&self) -> Vec<String> {
        let is_time = |column: &Column| column.unit.is_some() && column.kind != ColumnType::Days;
        let times = self.columns.iter().filter(|(_, column)| column.as_ref().is_ok_and(is_time));
        times.map(|(name, _)| name.clone()).collect()
    }

    /// The column called `field`, to read ids from.
    pub(crate) fn id(
        &self,
        flag: &'static str,
        field: &str,
        options: &TraceOptions,
    ) -> Option<Result<Column, TraceError>> {
        let wanted = Wanted { flag, allowed: "text, bytes or a number", fits: ColumnType::is_id };
        self.column(field, options, &wanted).map(|column| {
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
        let wanted = Wanted { flag: "--time-field", allowed: ALLOWED, fits: ColumnType::is_time };
        self.column(field, options, &wanted)
    }

    fn column(
        &self,
        field: &str,
        options: &TraceOptions,
        wanted: &Wanted,
    ) -> Option<Result<Column, TraceError>> {
        let found = match self.columns.iter().find(|(name, _)| name == field) {
            Some((_, Ok(column))) if (wanted.fits)(column.kind) => return Some(Ok(*column)),
            Some((_, Ok(column))) => column.kind.said().to_string(),
            Some((_, Err(found))) => found.clone(),
            None => self.others.iter().find(|(name, _)| name == field)?.1.to_string(),
        };
        Some(Err(TraceError::ColumnType {
            path: options.shown(),
            flag: wanted.flag,
            field: field.to_string(),
            found,
            allowed: format!("{}, {}", wanted.allowed, self.fitting(field, wanted)),
        }))
    }

    /// The columns that would do instead of `field`, those inside it first.
    fn fitting(&self, field: &str, wanted: &Wanted) -> String {
        let fits = |column: &&(String, Result<Column, String>)| matches!(&column.1, Ok(column) if (wanted.fits)(column.kind));
        let mut names: Vec<String> = self.columns.iter().filter(fits).map(|(name, _)| name.clone()).collect();
        names.sort_by_key(|name| !is_below(name, field));
        match names.is_empty() {
            true => "which no column of the file is".to_string(),
            false => format!("as in: {}", listed(&names)),
        }
    }
}

/// What a column is looked for to be.
struct Wanted {
    flag: &'static str,
    allowed: &'static str,
    fits: fn(ColumnType) -> bool,
}

/// What has no one value a row, at `field` and below.
fn list_others(field: &Type, above: &str, is_inside: bool, others: &mut Vec<(String, &'static str)>) {
    let info = field.get_basic_info();
    let path = match above {
        "" => info.name().to_string(),
        above => format!("{above}.{}", info.name()),
    };
    let is_repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
    let logical = info.logical_type_ref();
    let is_list = matches!(logical, Some(LogicalType::List)) || info.converted_type() == ConvertedType::LIST;
    let is_map = matches!(logical, Some(LogicalType::Map))
        || matches!(info.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
    let what = match field.is_group() {
        _ if is_inside => Some("inside a list or a map, so that a row may have several"),
        _ if is_map => Some("a map"),
        _ if is_list || is_repeated => Some("a list"),
        true => Some("a group of columns"),
        false => None,
    };
    if let Some(what) = what {
        others.push((path.clone(), what));
    }
    if field.is_group() {
        let is_inside = is_inside || is_list || is_map || is_repeated;
        field.get_fields().iter().for_each(|inner| list_others(inner, &path, is_inside, others));
    }
}

/// What the column is, of which something else may say that it is a duration.
fn column_of(
    leaf: usize,
    column: &ColumnDescriptor,
    duration: Option<&'static str>,
) -> Result<Column, String> {
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
    let no_point = match (logical, column.converted_type()) {
        (Some(LogicalType::Time(time)), _) => Some(match time.unit {
            ParquetUnit::MILLIS => "a time of the day, without a date (time32[ms])",
            ParquetUnit::MICROS => "a time of the day, without a date (time64[us])",
            ParquetUnit::NANOS => "a time of the day, without a date (time64[ns])",
        }),
        (None, ConvertedType::TIME_MILLIS) => Some("a time of the day, without a date (time32[ms])"),
        (None, ConvertedType::TIME_MICROS) => Some("a time of the day, without a date (time64[us])"),
        _ => duration,
    };
    let is_date =
        matches!(logical, Some(LogicalType::Date)) || column.converted_type() == ConvertedType::DATE;
    let scale = match logical {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        _ if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale()),
        _ => None,
    };
    if let Some(scale) = scale {
        let digits = u32::try_from(scale).map_err(|_| format!("a decimal number of scale {scale}"))?;
        return Ok(Column { leaf, kind: ColumnType::Decimal(digits), unit: None, zone: Zone::Utc });
    }
    let (kind, unit) = match column.physical_type() {
        Physical::BYTE_ARRAY if is_text => (ColumnType::Text, None),
        Physical::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => {
            return Err("a floating number of 16 bits".to_string());
        }
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => (ColumnType::Bytes, None),
        Physical::INT32 if is_date => (ColumnType::Days, Some(TimeUnit::S)),
        Physical::INT32 | Physical::INT64 if no_point.is_some() => {
            (ColumnType::NoPoint(no_point.unwrap_or_default()), None)
        }
        Physical::INT32 | Physical::INT64 if is_unsigned => (ColumnType::Unsigned, unit),
        Physical::INT32 | Physical::INT64 => (ColumnType::Whole, unit),
        Physical::FLOAT | Physical::DOUBLE => (ColumnType::Real, None),
        Physical::INT96 => (ColumnType::Int96, Some(TimeUnit::Ns)),
        Physical::BOOLEAN => return Err("true or false".to_string()),
    };
    let is_of_a_wall = match logical {
        Some(LogicalType::Timestamp(time)) => !time.is_adjusted_to_u_t_c,
        // What wrote the twelve bytes knows whether they are in UTC.
        _ => matches!(kind, ColumnType::Days | ColumnType::Int96),
    };
    let zone = if is_of_a_wall { Zone::Unsaid } else { Zone::Utc };
    Ok(Column { leaf, kind, unit, zone })
}
