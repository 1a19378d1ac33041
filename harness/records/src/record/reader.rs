//! Reads a result file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CellRecord, FILE_NAME, RecordError, RunRecord, SCHEMA};
use crate::printable::{printable, printable_record};

/// A result file as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The file.
    pub path: PathBuf,
    /// Its first line.
    pub run: RunRecord,
    /// Its further lines.
    pub cells: Vec<CellRecord>,
    /// The line, from 1, at which the file breaks off, where a killed run left its last line unfinished.
    pub truncated: Option<usize>,
    /// SHA-256 of the file, as `sha256sum` writes it; none of what was not read from a file.
    pub sha256: Option<String>,
}

impl Run {
    /// A short name for tables: that of the directory, or of the file where it has a name of its own.
    pub fn label(&self) -> String {
        let named = match self.path.file_name() {
            Some(name) if name == FILE_NAME => self.path.parent().and_then(Path::file_name),
            _ => self.path.file_stem(),
        };
        named.map_or_else(|| ".".to_string(), |name| printable(&name.to_string_lossy()).into_owned())
    }
}

/// Reads the result file at `path`, or in the directory `path`.
pub fn read_run(path: &Path) -> Result<Run, RecordError> {
    let path = locate(path)?;
    let bytes =
        dedup_files::read(&path).map_err(|source| RecordError::Read { path: path.clone(), source })?;
    parse_run(path, &bytes)
}

fn locate(path: &Path) -> Result<PathBuf, RecordError> {
    let missing = || RecordError::Missing { path: path.to_path_buf() };
    if !fs::metadata(path).map_err(|error| absent(error, path, missing))?.is_dir() {
        return Ok(path.to_path_buf());
    }
    let file = path.join(FILE_NAME);
    let none = || RecordError::NoRecords { path: path.to_path_buf() };
    fs::metadata(&file).map_err(|error| absent(error, &file, none))?;
    Ok(file)
}

/// What is not there is told from what may not be looked at.
fn absent(error: io::Error, path: &Path, missing: impl FnOnce() -> RecordError) -> RecordError {
    match error.kind() {
        io::ErrorKind::NotFound => missing(),
        _ => RecordError::Read { path: path.to_path_buf(), source: error.into() },
    }
}

/// Reads the bytes of a result file; `path` is for its name in errors.
pub fn parse_run(path: PathBuf, bytes: &[u8]) -> Result<Run, RecordError> {
    let mut run = None;
    let mut cells = Vec::new();
    let mut truncated = None;
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let number = index + 1;
        let whole = line.ends_with(b"\n");
        match parse_line(line, run.is_none()) {
            Ok(Parsed::Run(record)) => run = Some(*record),
            Ok(Parsed::Cell(record)) => cells.push(*record),
            // Only a write that was cut short leaves a line without its end.
            Err(_) if !whole && run.is_some() => truncated = Some(number),
            Err(Fault::Schema(found)) => return Err(RecordError::Schema { path, found }),
            Err(Fault::Line(what)) => return Err(RecordError::Line { path, line: number, what }),
        }
    }
    match run {
        Some(run) => {
            Ok(Run { path, run, cells, truncated, sha256: Some(format!("{:x}", Sha256::digest(bytes))) })
        }
        None => Err(RecordError::Empty { path }),
    }
}

enum Parsed {
    Run(Box<RunRecord>),
    Cell(Box<CellRecord>),
}

enum Fault {
    Schema(String),
    Line(String),
}

/// What every line must say before the rest of it is looked at.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    schema: Option<String>,
}

fn parse_line(line: &[u8], first: bool) -> Result<Parsed, Fault> {
    let head: Head = serde_json::from_slice(line).map_err(|error| Fault::Line(not_a_record(line, &error)))?;
    match (head.kind.as_str(), first) {
        ("run", true) => {
            check_schema(head.schema)?;
            Ok(Parsed::Run(Box::new(fields(line)?)))
        }
        ("cell", false) => Ok(Parsed::Cell(Box::new(fields(line)?))),
        ("run", false) => Err(Fault::Line("a second line of type \"run\"; a file holds one run".into())),
        ("cell", true) => {
            Err(Fault::Line("field type: found \"cell\", but the first line must be of type \"run\"".into()))
        }
        (other, _) => {
            Err(Fault::Line(format!("field type: found {other:?}, allowed are \"run\" and \"cell\"")))
        }
    }
}

fn not_a_record(line: &[u8], error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data if !line.trim_ascii_start().starts_with(b"{") => {
            "not a JSON object; a result file holds one a line".to_string()
        }
        serde_json::error::Category::Data => without_position(&error.to_string()),
        _ => "not JSON; a result file holds one JSON object a line".to_string(),
    }
}

/// serde_json counts lines within the text it was given, which is always one here.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_string()
}

fn check_schema(found: Option<String>) -> Result<(), Fault> {
    let found = found.ok_or_else(|| Fault::Line("missing field `schema`".into()))?;
    match major(&found) == major(SCHEMA) {
        true => Ok(()),
        false => Err(Fault::Schema(found)),
    }
}

/// `name/major` of `name/major.minor`: what decides whether a file can be read.
fn major(schema: &str) -> &str {
    match schema.split_once('/') {
        Some((name, version)) => {
            let end = version.find('.').map_or(schema.len(), |dot| name.len() + 1 + dot);
            &schema[..end]
        }
        None => schema,
    }
}

/// A record, every text of which may be shown as it is.
fn fields<T: Serialize + DeserializeOwned>(line: &[u8]) -> Result<T, Fault> {
    let mut json = serde_json::Deserializer::from_slice(line);
    serde_path_to_error::deserialize(&mut json).map(printable_record).map_err(|error| {
        let what = without_position(&error.inner().to_string());
        Fault::Line(match error.path().iter().next() {
            Some(_) => format!("field {}: {what}", error.path()),
            None => what,
        })
    })
}
