//! Where a trace is and how to read it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dialect::Delimiter;
use super::error::{TraceError, excerpt};
use super::key::IdFields;
use super::time_unit::TimeUnit;
use super::who::WhoFields;

/// Where a trace is and how to read it. Start with [`TraceOptions::new`] and set what differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceOptions {
    /// The file. For standard input, the file into which [`spool_stdin`](super::spool_stdin) copied it.
    pub path: PathBuf,
    /// Further files of the same trace, whose pings are put among those of the first by their time.
    #[serde(default)]
    pub more: Vec<PathBuf>,
    /// Whether lines are put in the order of their times.
    #[serde(default)]
    pub sort: bool,
    /// Where pings that are put in order may be kept on disk, to be read again; else they are in the system's folder for
    /// temporary files while they are read.
    #[serde(default)]
    pub scratch: Option<PathBuf>,
    /// What messages and the survey call the trace.
    pub name: String,
    /// How its lines are written.
    pub format: Format,
    /// The names, with dots between them, that lead to the array of records inside JSON.
    #[serde(default)]
    pub records: Option<String>,
    /// What stands between the columns of a CSV file; else it is found by the first lines.
    #[serde(default)]
    pub delimiter: Option<Delimiter>,
    /// The fields that make the id.
    pub id: IdFields,
    /// Ids, or parts of them, that stand for none.
    pub null_ids: Vec<String>,
    /// The field with the time, written like those of the id. Without it, order is time: one ping a millisecond from the
    /// epoch on.
    pub time_field: Option<String>,
    /// What a number in the time field counts.
    pub time_unit: TimeUnit,
    /// The format of `strptime` in which the time field is written; else its form is found by looking.
    #[serde(default)]
    pub time_format: Option<String>,
    /// The zone of times that say none: `UTC`, an offset such as `+02:00`, or a name such as `Europe/Berlin`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// The share of lines (0 to 1) that may be unreadable.
    pub max_bad: f64,
    /// How far back duplicates should be recognised; for sizing.
    pub window: Duration,
    /// The fields that say who sent the pings.
    #[serde(default)]
    pub who: Option<WhoFields>,
    /// The options of the command line that name the last of the fields of the id, where these are none of it. For the reading of
    /// [`TraceSenders`](super::TraceSenders) alone.
    #[serde(skip)]
    pub beside: Vec<&'static str>,
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
    /// Values with commas between them, or tabs, or another character.
    Csv,
    /// Parquet.
    Parquet,
    /// JSON that is not one object a line: found by looking.
    Json,
    /// Avro object files: found by looking.
    Avro,
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

pub(crate) const STANDARD_INPUT: &str = "standard input";

impl TraceOptions {
    /// The trace in the file `path`, with everything else as by default: format and fields found by looking, no time
    /// field, at most 1 % bad lines, a window of ten minutes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        TraceOptions {
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            path,
            more: Vec::new(),
            sort: false,
            scratch: None,
            format: Format::Auto,
            records: None,
            delimiter: None,
            id: IdFields::Usual,
            null_ids: Vec::new(),
            time_field: None,
            time_unit: TimeUnit::Auto,
            time_format: None,
            time_zone: None,
            max_bad: 0.01,
            window: Duration::from_secs(600),
            who: None,
            beside: Vec::new(),
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

    /// The trace that all `files` are together; there is at least one.
    pub fn of_files(files: &[PathBuf]) -> Self {
        let (first, more) = files.split_first().expect("a trace is at least one file");
        let mut options = TraceOptions { more: more.to_vec(), ..TraceOptions::new(first) };
        if !more.is_empty() {
            options.name = format!("{} and {} more", options.name, more.len());
        }
        options
    }

    /// All its files, in their order.
    pub fn files(&self) -> Vec<&Path> {
        std::iter::once(&self.path).chain(&self.more).map(PathBuf::as_path).collect()
    }

    /// The option that names a field of the id, of which there are so many.
    pub(crate) fn flag(&self, field: usize, fields: usize) -> &'static str {
        let own = fields.saturating_sub(self.beside.len());
        field.checked_sub(own).and_then(|at| self.beside.get(at).copied()).unwrap_or("--id-field")
    }

    /// Whether its pings have to be put in order before they can be read one by one.
    pub(crate) fn is_gathered(&self) -> bool {
        self.sort || !self.more.is_empty()
    }

    /// How to read each of its files by itself.
    pub(crate) fn each_file(&self) -> impl Iterator<Item = TraceOptions> + '_ {
        self.files().into_iter().map(|path| match self.more.is_empty() {
            true => TraceOptions { sort: false, ..self.clone() },
            false => TraceOptions {
                name: path.display().to_string(),
                path: path.to_path_buf(),
                more: Vec::new(),
                sort: false,
                ..self.clone()
            },
        })
    }

    /// Where there is room for what memory does not hold.
    pub(crate) fn room(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// The file in which pings that were put in order are kept, where any is.
    pub(crate) fn kept(&self) -> Option<PathBuf> {
        self.scratch.as_ref().map(|scratch| scratch.join("pings.sorted"))
    }

    /// What it is called in messages: its path, or that it came from standard input.
    pub(crate) fn shown(&self) -> String {
        match self.name.as_str() {
            STANDARD_INPUT => self.name.clone(),
            _ if !self.more.is_empty() => self.name.clone(),
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
        if self.time_field.is_none() {
            let format = self.time_format.as_deref().map(|format| ("--time-format", format.to_string()));
            if self.sort {
                return Err(TraceError::option(
                    "--sort",
                    "no --time-field",
                    "a field by which lines can be sorted",
                ));
            }
            let zone = self.time_zone.as_deref().map(|zone| ("--time-zone", zone.to_string()));
            let unit =
                (self.time_unit != TimeUnit::Auto).then(|| ("--time-unit", self.time_unit.to_string()));
            if let Some((flag, found)) = unit.or(format).or(zone) {
                return Err(TraceError::option(flag, excerpt(&found), "none without --time-field"));
            }
        }
        if let (Some(format), true) = (&self.time_format, self.time_unit != TimeUnit::Auto) {
            let found = excerpt(format);
            return Err(TraceError::option(
                "--time-format",
                found,
                "none beside --time-unit: one of them says it",
            ));
        }
        if self.records.as_deref().is_some_and(|path| path.split('.').any(str::is_empty)) {
            return Err(TraceError::option("--records", "an empty name", "names with dots between them"));
        }
        if self.time_field.as_deref() == Some("") {
            return Err(TraceError::option("--time-field", "an empty name", "a field's name"));
        }
        self.id.check()
    }
}
