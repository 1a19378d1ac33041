//! How a trace is read: the options that every command which takes one has in common.

use std::path::PathBuf;

use clap::Args;
use dedup_stream::trace::{Delimiter, IdFields, TraceOptions};

use super::time_unit::TimeUnitArg;
use super::values::share;

/// How a trace is read. A command that can do without a trace says so with `mut_group("ReadingArgs", ...)`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Your own pings")]
pub struct ReadingArgs {
    /// Where the records are inside JSON: names with dots between them, as in data.events
    #[arg(long, value_name = "PATH")]
    pub records: Option<String>,
    /// What stands between the columns of a CSV file: one character, or tab; found by its first lines if not given
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<Delimiter>,
    /// Field that holds the id; dots lead into objects, as in attributeMap.document_id. Several (repeatable) make one id
    /// together, as source and id do for CloudEvents
    #[arg(long = "id-field", value_name = "FIELD")]
    pub id_fields: Vec<String>,
    /// Make the id a digest of everything in the record but these fields, such as the time of receipt: for records that
    /// hold no id
    #[arg(long = "id-all-but", value_name = "FIELD", num_args = 1.., conflicts_with_all = ["id_fields", "null_ids"])]
    pub id_all_but: Vec<String>,
    /// An id, or a part of one, that stands for none, such as NULL (repeatable)
    #[arg(long = "null-id", value_name = "TEXT")]
    pub null_ids: Vec<String>,
    /// Field that holds the time; without it the order is the time
    #[arg(long, value_name = "FIELD")]
    pub time_field: Option<String>,
    /// How the time is written
    #[arg(long, value_name = "UNIT", value_enum, default_value_t = TimeUnitArg::Auto)]
    pub time_unit: TimeUnitArg,
    /// The format in which the time is written, as strptime has it: '%d.%m.%Y %H:%M:%S'
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<String>,
    /// Zone of times that say none: UTC, +02:00, or a name such as Europe/Berlin
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub time_zone: Option<String>,
    /// Put lines in the order of their times, where the file is not in the order of arrival
    #[arg(long)]
    pub sort: bool,
    /// Share of lines that may be unreadable, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    pub max_bad: f64,
}

impl ReadingArgs {
    /// The trace that these files are, read as these options say; there is at least one.
    pub fn options(&self, files: &[PathBuf]) -> TraceOptions {
        TraceOptions {
            id: match (self.id_fields.as_slice(), self.id_all_but.as_slice()) {
                ([], []) => IdFields::Usual,
                ([], fields) => IdFields::AllBut(fields.to_vec()),
                (fields, _) => IdFields::Named(fields.to_vec()),
            },
            records: self.records.clone(),
            delimiter: self.delimiter,
            null_ids: self.null_ids.clone(),
            time_field: self.time_field.clone(),
            time_unit: self.time_unit.into(),
            time_format: self.time_format.clone(),
            time_zone: self.time_zone.clone(),
            max_bad: self.max_bad,
            sort: self.sort,
            ..TraceOptions::of_files(files)
        }
    }
}

fn delimiter(text: &str) -> Result<Delimiter, String> {
    Delimiter::parse(text).map_err(|error| error.to_string())
}
