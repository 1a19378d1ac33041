//! Where a trace is and how to read it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::TraceError;
use super::key::IdFields;
use super::time::TimeUnit;

/// Where a trace is and how to read it. Start with [`TraceOptions::new`] and set what differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceOptions {
    /// The file. For standard input, the file into which [`spool_stdin`](super::spool_stdin) copied it.
    pub path: PathBuf,
    /// What messages and the survey call the trace.
    pub name: String,
    /// How its lines are written.
    pub format: Format,
    /// The fields that make the id.
    pub id: IdFields,
    /// Ids, or parts of them, that stand for none.
    pub null_ids: Vec<String>,
    /// The field with the time, written like those of the id. Without it, order is time: one ping a millisecond from the
    /// epoch on.
    pub time_field: Option<String>,
    /// What a number in the time field counts.
    pub time_unit: TimeUnit,
    /// The share of lines (0 to 1) that may be unreadable.
    pub max_bad: f64,
    /// How far back duplicates should be recognised; for sizing.
    pub window: Duration,
}

/// How the lines of a trace are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Parquet if the file begins as one; NDJSON if the text begins with `{`; else CSV.
    #[default]
    Auto,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values.
    Csv,
    /// Parquet.
    Parquet,
}

/// Where an id is looked for when no field is named, in this order: ids made for deduplication before ids of transport,
/// and those before a bare `id`, which may be anything's.
pub(crate) const USUAL_ID_FIELDS: [&str; 12] = [
    "document_id",
    "attributeMap.document_id",
    "attributes.document_id",
    "event_id",
    "eventId",
    "insert_id",
    "insertId",
    "message_id",
    "messageId",
    "attributeMap.message_id",
    "uuid",
    "id",
];

const STANDARD_INPUT: &str = "standard input";

impl TraceOptions {
    /// The trace in the file `path`, with everything else as by default: format and fields found by looking, no time
    /// field, at most 1 % bad lines, a window of ten minutes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        TraceOptions {
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            path,
            format: Format::Auto,
            id: IdFields::Usual,
            null_ids: Vec::new(),
            time_field: None,
            time_unit: TimeUnit::Auto,
            max_bad: 0.01,
            window: Duration::from_secs(600),
        }
    }

    /// Whether the path is `-`, which must be copied with [`spool_stdin`](super::spool_stdin) before it is read.
    pub fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// The same options for a copy of standard input in the file `path`.
    pub fn spooled(self, path: PathBuf) -> Self {
        TraceOptions { path, name: STANDARD_INPUT.to_string(), ..self }
    }

    /// What it is called in messages: its path, or that it came from standard input.
    pub(crate) fn shown(&self) -> String {
        match self.name.as_str() {
            STANDARD_INPUT => self.name.clone(),
            _ => self.path.display().to_string(),
        }
    }

    /// Refuses values that make no sense.
    pub(crate) fn check(&self) -> Result<(), TraceError> {
        if !(0.0..=1.0).contains(&self.max_bad) {
            return Err(TraceError::option("--max-bad", self.max_bad, "a share from 0 to 1, such as 0.01"));
        }
        if self.window.is_zero() {
            return Err(TraceError::option("--window", "0s", "a length of time above zero, such as 10m"));
        }
        if self.time_field.is_none() && self.time_unit != TimeUnit::Auto {
            return Err(TraceError::option("--time-unit", self.time_unit, "none without --time-field"));
        }
        if self.time_field.as_deref() == Some("") {
            return Err(TraceError::option("--time-field", "an empty name", "a field's name"));
        }
        self.id.check()
    }
}
