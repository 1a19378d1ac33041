//! What a trace looks like: found by looking at its first line.

use std::io::BufRead;

use super::access_log;
use super::bytes::{self, Compression, Text};
use super::csv::{Columns, CsvRows};
use super::dialect::{Delimiter, Dialect};
use super::error::{TraceError, listed};
use super::formats::{ENVELOPES, recognise};
use super::key::IdFields;
use super::ndjson::{ARRAY, JsonLines, Paths};
use super::options::{Format, TraceOptions, USUAL_ID_FIELDS};
use super::parquet_schema::Column;
use super::time_unit::TimeUnit;

/// What a trace looks like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) compression: Compression,
    pub(crate) format: Format,
    pub(crate) shape: Shape,
    /// The fields that make the id; [`IdFields::Usual`] only where no line is known to have fields.
    pub(crate) id: IdFields,
    /// What the first line has, for messages.
    pub(crate) fields: Vec<String>,
    /// The fields that are times by their types, where the form has types.
    pub(crate) times: Vec<String>,
}

/// How its lines are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Ndjson,
    Csv { columns: Columns, header: Header, dialect: Dialect },
    Parquet { ids: Vec<Column>, time: Option<Column> },
}

/// What the first line of a CSV file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Names,
    Absent,
}

impl Layout {
    /// Looks at the beginning of the trace.
    pub(crate) fn find(options: &TraceOptions) -> Result<Layout, TraceError> {
        if matches!(options.format, Format::Auto | Format::Parquet) && bytes::is_parquet(options)? {
            bytes::refuse_records(options, false)?;
            return parquet(options);
        }
        let (compression, mut text) = bytes::open(options)?;
        let format = format_of(options, &mut text)?;
        match format {
            Format::Parquet => Err(TraceError::Unsupported {
                path: options.shown(),
                what: "no Parquet file".into(),
                remedy: "let the format be found by looking",
            }),
            Format::Csv => csv(options, compression, text),
            Format::Ndjson | Format::Json | Format::Avro | Format::Auto => {
                ndjson(options, format, compression, text)
            }
        }
    }

    /// The fields of the first line as a message lists them.
    pub(crate) fn listed(&self) -> String {
        listed(&self.fields)
    }
}

fn format_of(options: &TraceOptions, text: &mut Text) -> Result<Format, TraceError> {
    let path = || options.shown();
    let start = text.fill_buf().map_err(|error| bytes::read_error(options, 0, &error))?;
    if start.is_empty() {
        return Err(TraceError::Empty { path: path(), what: "the file is empty" });
    }
    match (options.format, start.trim_ascii_start().first()) {
        (Format::Auto | Format::Json | Format::Avro, _) if bytes::avro(options)?.is_some() => {
            Ok(Format::Avro)
        }
        (Format::Auto | Format::Ndjson, _) if bytes::unfolded(options)?.is_some() => Ok(Format::Json),
        (Format::Auto, Some(b'{')) => Ok(Format::Ndjson),
        (Format::Auto, _) => Ok(Format::Csv),
        (given, _) => Ok(given),
    }
}

fn ndjson(
    options: &TraceOptions,
    format: Format,
    compression: Compression,
    text: Text,
) -> Result<Layout, TraceError> {
    let fields = JsonLines::new(text, Paths::default())
        .first_fields()
        .map_err(|error| bytes::read_error(options, 0, &error))?;
    let id = id_fields(options, &fields)?;
    let times = match format {
        Format::Avro => bytes::avro(options)?.map_or_else(Vec::new, |avro| avro.times()),
        _ => Vec::new(),
    };
    Ok(Layout { compression, format, shape: Shape::Ndjson, id, fields, times })
}

fn csv(options: &TraceOptions, compression: Compression, text: Text) -> Result<Layout, TraceError> {
    let anything = Columns { ids: Vec::new(), time: None, log_time: None, names: Vec::new() };
    let start = bytes::start_of(options)?;
    let is_log = access_log::columns(options, 0)?.is_some();
    let dialect = match is_log {
        true => access_log::DIALECT,
        false => Dialect::find(&start, options.delimiter),
    };
    let names = CsvRows::new(text, anything, dialect)
        .next_fields()
        .map_err(|error| bytes::read_error(options, 0, &error))?
        .ok_or_else(|| TraceError::NoLineEnd { path: options.shown() })?;
    if names.len() == 1 && dialect.delimiter != Delimiter::TAB && start.contains(&b'\t') {
        return Err(TraceError::OneColumn { path: options.shown() });
    }
    let (header, fields) = match (access_log::columns(options, names.len())?, header_of(options)) {
        (Some(columns), _) => (Header::Absent, columns),
        (None, Header::Names) => (Header::Names, names),
        (None, Header::Absent) => {
            (Header::Absent, (1..=names.len()).map(|number| format!("#{number}")).collect())
        }
    };
    let id = id_fields(options, &fields)?;
    let flag = |at| options.flag(at, id.named().len());
    let ids = id.named().iter().enumerate().map(|(at, field)| column(options, flag(at), field, &fields));
    let ids = ids.collect::<Result<_, _>>()?;
    let time = match &options.time_field {
        Some(field) => Some(column(options, "--time-field", field, &fields)?),
        None => None,
    };
    let log_time = if is_log { access_log::time_of(&fields) } else { None };
    let columns = Columns { ids, time, log_time, names: fields.clone() };
    Ok(Layout {
        compression,
        format: Format::Csv,
        shape: Shape::Csv { columns, header, dialect },
        id,
        fields,
        times: Vec::new(),
    })
}

fn parquet(options: &TraceOptions) -> Result<Layout, TraceError> {
    let schema = super::parquet::schema(options)?;
    let fields = schema.names();
    let id = id_fields(options, &fields)?;
    let missing = |flag, field: &str| TraceError::NoField {
        path: options.shown(),
        flag,
        field: field.to_string(),
        fields: listed(&fields),
        hint: String::new(),
    };
    let flag = |at| options.flag(at, id.named().len());
    let ids = id.named().iter().enumerate().map(|(at, field)| (flag(at), field));
    for (flag, field) in ids.chain(options.time_field.iter().map(|field| ("--time-field", field))) {
        the_one(options, flag, field, &fields, "")?;
    }
    let ids = id.named().iter().enumerate().map(|(at, field)| {
        let column = schema.id(flag(at), field, options);
        column.ok_or_else(|| missing(flag(at), field)).and_then(|column| column)
    });
    let ids = ids.collect::<Result<_, _>>()?;
    let time = match &options.time_field {
        Some(field) => Some(schema.time(field, options).ok_or_else(|| missing("--time-field", field))??),
        None => None,
    };
    if let Some(unit) = time.and_then(|time| time.unit)
        && options.time_unit != TimeUnit::Auto
        && options.time_unit != unit
    {
        return Err(TraceError::option("--time-unit", options.time_unit, "none: the column's type says it"));
    }
    if let (Some(format), Some(_)) = (&options.time_format, time.and_then(|time| time.unit)) {
        return Err(TraceError::option("--time-format", format, "none: the column's type says it"));
    }
    Ok(Layout {
        compression: Compression::Plain,
        format: Format::Parquet,
        shape: Shape::Parquet { ids, time },
        id,
        fields,
        times: schema.times(),
    })
}

/// A file of which every field is asked for by number has no line of names.
fn header_of(options: &TraceOptions) -> Header {
    let by_number = |field: &String| number_of(field).is_some();
    let time_by_number = options.time_field.as_ref().is_none_or(by_number);
    let ids = options.id.all_but().unwrap_or(options.id.named());
    if !ids.is_empty() && ids.iter().all(by_number) && time_by_number {
        Header::Absent
    } else {
        Header::Names
    }
}

fn column(
    options: &TraceOptions,
    flag: &'static str,
    field: &str,
    names: &[String],
) -> Result<usize, TraceError> {
    let named = the_one(options, flag, field, names, CSV_REMEDY)?;
    let numbered =
        || number_of(field).filter(|number| (1..=names.len()).contains(number)).map(|number| number - 1);
    named.or_else(numbered).ok_or_else(|| TraceError::NoField {
        path: options.shown(),
        flag,
        field: field.to_string(),
        fields: listed(names),
        hint: String::new(),
    })
}

const CSV_REMEDY: &str =
    ", or take the first line away and name the column by its number, as in --id-field '#2'";

/// Where the one is that is called `field`, if there is any; more than one is refused.
fn the_one(
    options: &TraceOptions,
    flag: &'static str,
    field: &str,
    names: &[String],
    remedy: &'static str,
) -> Result<Option<usize>, TraceError> {
    let mut found = names.iter().enumerate().filter(|(_, name)| *name == field).map(|(index, _)| index);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(TraceError::Ambiguous {
            path: options.shown(),
            flag,
            field: field.to_string(),
            first: first + 1,
            second: second + 1,
            remedy,
        }),
        (one, _) => Ok(one),
    }
}

fn number_of(field: &str) -> Option<usize> {
    field.strip_prefix('#')?.parse().ok()
}

/// The fields that make the id: those that were named, or else the usual one.
fn id_fields(options: &TraceOptions, fields: &[String]) -> Result<IdFields, TraceError> {
    match &options.id {
        // No line is an object, which the reader says better.
        IdFields::Usual if fields.is_empty() => Ok(IdFields::Usual),
        IdFields::Usual => Ok(IdFields::Named(vec![usual_id_field(options, fields)?])),
        named => Ok(named.clone()),
    }
}

fn usual_id_field(options: &TraceOptions, fields: &[String]) -> Result<String, TraceError> {
    let find = |fits: fn(&str, &str) -> bool| {
        let of = |usual: &&str| fields.iter().find(|field| fits(field, usual));
        USUAL_ID_FIELDS.iter().find_map(of)
    };
    match find(|field, usual| field == usual).or_else(|| find(str::eq_ignore_ascii_case)) {
        Some(usual) => Ok(usual.clone()),
        None => {
            Err(TraceError::NoIdField { path: options.shown(), fields: listed(fields), known: known(fields) })
        }
    }
}

/// What is to be said of the key of a format that is known by its fields.
pub(super) fn known(fields: &[String]) -> String {
    let is_array = |name: &str| fields.iter().any(|field| field.strip_suffix(ARRAY) == Some(name));
    match (ENVELOPES.iter().find(|(name, _)| is_array(name)), recognise(fields)) {
        (Some((_, path)), _) => format!(" (the records are further in: --records {path})"),
        (None, Some(known)) => format!(" (they are those of {}: {})", known.name, known.options()),
        (None, None) => String::new(),
    }
}
