//! What can be wrong with a trace, and with one line of it.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io;

use dedup_files::{AtFault, CopyError, Fault};

use super::time_unit::TimeUnit;

/// Longest line, or CSV record, that is read. Bounds the memory that a file without line ends can take.
pub(crate) const MAX_LINE_BYTES: usize = 16 << 20;

/// A trace that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// An option has a value that is not allowed.
    #[error("{flag}: found {found}; allowed is {allowed}")]
    Option {
        /// The option.
        flag: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        allowed: &'static str,
    },
    /// The file is missing, or may not be read.
    #[error("trace {path}: cannot be opened: {source}")]
    Open {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is no regular file, so it cannot be read again for each cell.
    #[error("trace {path}: is {what}; allowed is a regular file{remedy}")]
    NotAFile {
        /// The path.
        path: String,
        /// What it is.
        what: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The content is in a form that is not read.
    #[error(
        "trace {path}: is {what}; allowed are CSV, NDJSON and other JSON, plain, gzip or zstd, and Parquet and Avro: {remedy}"
    )]
    Unsupported {
        /// The file.
        path: String,
        /// What it is.
        what: Cow<'static, str>,
        /// How to convert it.
        remedy: &'static str,
    },
    /// The content cannot be read as it comes.
    #[error("trace {path}: is {what}, which cannot be read as it comes; allowed are lines of text: {remedy}")]
    NotLive {
        /// What it is called.
        path: String,
        /// What is in it.
        what: &'static str,
        /// What to do about it.
        remedy: String,
    },
    /// It is no text, or no file of lines.
    #[error(
        "trace {path}: the first line does not end within {} MiB; allowed are Parquet, and NDJSON and CSV with shorter \
         lines: see that it is the file that was meant", MAX_LINE_BYTES >> 20
    )]
    NoLineEnd {
        /// The file.
        path: String,
    },
    /// The bytes could not be read or decompressed to the end.
    #[error("trace {path}: cannot be read after line {line}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// The last line that could be read.
        line: u64,
        /// Why the next one could not.
        reason: String,
    },
    /// Standard input could not be copied.
    #[error("cannot copy standard input to {path}: {source}")]
    Spool {
        /// The copy.
        path: String,
        /// Why.
        source: CopyError,
    },
    /// What a user named leads to no files that could be one trace.
    #[error("trace {path}: {what}; allowed is {allowed}")]
    Files {
        /// What was named.
        path: String,
        /// What is wrong with it.
        what: &'static str,
        /// What would do.
        allowed: &'static str,
    },
    /// Two files of one trace have their ids in different fields.
    #[error(
        "trace {path}: ids would be taken from {found}, and in {first} from {expected}; allowed are the same in all files: \
         name them with --id-field"
    )]
    OtherFields {
        /// The file.
        path: String,
        /// Its fields.
        found: String,
        /// The first file.
        first: String,
        /// The fields there.
        expected: String,
    },
    /// It is not clear who sent the pings.
    #[error("trace {path}{}: {flag} {field}: found {found}", .line.map_or(String::new(), |line| format!(", line {line}")))]
    Who {
        /// The file.
        path: String,
        /// The line, where it is one.
        line: Option<u64>,
        /// The option.
        flag: &'static str,
        /// The field that it names.
        field: String,
        /// What is wrong, and what is allowed.
        found: String,
    },
    /// There are days without any ping.
    #[error(
        "trace {path}: days have a gap: found no pings on {missing}; allowed are days that follow each other where they are counted \
         by clients (--client-field): leave out the days before, or those behind"
    )]
    DayGap {
        /// The file.
        path: String,
        /// The days that are missing.
        missing: String,
    },
    /// Pings could not be put in order.
    #[error("cannot put pings in order in {directory}: {source}")]
    Sort {
        /// Where those are kept that memory does not hold.
        directory: String,
        /// Why.
        source: CopyError,
    },
    /// Somebody asked to stop.
    #[error("interrupted before the trace was read")]
    Stopped,
    /// No field was named for the id, and none that usually holds one is there.
    #[error(
        "trace {path}: no field is known to hold the id: name it with --id-field; the first line has: {fields}{known}"
    )]
    NoIdField {
        /// The file.
        path: String,
        /// What the first line has.
        fields: String,
        /// The key of the format that has these, as part of a sentence.
        known: String,
    },
    /// A field that was named is nowhere in the file.
    #[error("trace {path}: {flag} {field}: no line has it; the first line has: {fields}{hint}")]
    NoField {
        /// The file.
        path: String,
        /// The option that named it.
        flag: &'static str,
        /// The field.
        field: String,
        /// What the first line has.
        fields: String,
        /// What may help, as part of a sentence.
        hint: String,
    },
    /// The field that was named, or taken because of its name, is there, but no id is in it.
    #[error(
        "trace {path}: ids are read from {field}{why}: {found}; allowed is text or a whole number: name the field \
         that holds the id with --id-field; the first line has: {fields}"
    )]
    NoIds {
        /// The file.
        path: String,
        /// The field or fields, called such.
        field: String,
        /// Why it was taken, as part of a sentence.
        why: &'static str,
        /// What is there instead of ids.
        found: String,
        /// What the first line has.
        fields: String,
    },
    /// Two columns have the name of the one that is wanted.
    #[error(
        "trace {path}: {flag} {field}: columns {first} and {second} are both called so; allowed is one: rename the \
         other{remedy}"
    )]
    Ambiguous {
        /// The file.
        path: String,
        /// The option that names it.
        flag: &'static str,
        /// The name.
        field: String,
        /// The number of the first, from 1.
        first: usize,
        /// The number of the second.
        second: usize,
        /// What else can be done, as part of a sentence.
        remedy: &'static str,
    },
    /// A file of one column has tabs in it.
    #[error(
        "trace {path}: the first line is one column, but there are tabs in the file; allowed are columns that all lines \
         have: name what stands between them with --delimiter tab, or take the tabs out"
    )]
    OneColumn {
        /// The file.
        path: String,
    },
    /// A column of Parquet holds something else than what it was named for.
    #[error("trace {path}: {flag} {field}: the column is {found}; allowed is {allowed}")]
    ColumnType {
        /// The file.
        path: String,
        /// The option that named it.
        flag: &'static str,
        /// The column.
        field: String,
        /// What it holds.
        found: String,
        /// What would do, and which columns are such.
        allowed: String,
    },
    /// The time could be several.
    #[error("trace {path}: line {line}: field {field}: found {found}, which {why}")]
    UnclearTimeUnit {
        /// The file.
        path: String,
        /// The line.
        line: u64,
        /// The time field.
        field: String,
        /// Its value.
        found: String,
        /// What it does not say, and the remedy, as part of a sentence.
        why: String,
    },
    /// More lines than allowed could not be read.
    #[error(
        "trace {path}: {bad} of {lines} lines ({:.2} %) cannot be read; allowed are {:.2} % (--max-bad {max_bad}). \
         {read_from}. The first:{}", percent(*.bad, *.lines), max_bad * 100.0, listed_lines(first)
    )]
    TooManyBad {
        /// The file.
        path: String,
        /// Lines that could not be read.
        bad: u64,
        /// All lines.
        lines: u64,
        /// The share that was allowed.
        max_bad: f64,
        /// Which fields ids and times are read from, as a sentence.
        read_from: String,
        /// The first of them.
        first: Vec<BadLine>,
    },
    /// There is nothing in it.
    #[error("trace {path}: has no pings: {what}")]
    Empty {
        /// The file.
        path: String,
        /// What is there instead.
        what: &'static str,
    },
    /// The file is not what it was when it was first read.
    #[error("trace {path}: was changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
}

impl TraceError {
    pub(crate) fn option(flag: &'static str, found: impl Display, allowed: &'static str) -> Self {
        TraceError::Option { flag, found: found.to_string(), allowed }
    }
}

impl AtFault for TraceError {
    fn fault(&self) -> Fault {
        match self {
            TraceError::Stopped => Fault::Stopped,
            TraceError::Open { source, .. } => source.fault(),
            // That there is no room for what came through a pipe, or for pings that wait for their turn, is no mistake.
            TraceError::Spool { source, .. } | TraceError::Sort { source, .. } => source.fault(),
            _ => Fault::Path,
        }
    }
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file, where the trace is several.
    pub file: Option<String>,
    /// Its number in the decompressed file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadReason,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReason {
    /// It is not UTF-8 text.
    #[error("not UTF-8")]
    NotUtf8,
    /// It is too long to be a ping.
    #[error("longer than {} MiB", MAX_LINE_BYTES >> 20)]
    TooLong,
    /// It is not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// It is an object that leads to no records, where others do.
    #[error("no record: {0}")]
    LeadsNowhere(String),
    /// It has more or fewer columns than the first.
    #[error("{found} columns, where the first line has {expected}")]
    Columns {
        /// Columns in this line.
        found: usize,
        /// Columns in the first.
        expected: usize,
    },
    /// It has more or fewer columns than the first, and a backslash stands before the end of one.
    #[error(
        "{found} columns, where the first line has {expected}: a backslash before what ends a column or a line is a letter \
         outside of quotes: write the field in quotes"
    )]
    BareEscape {
        /// Columns in this line.
        found: usize,
        /// Columns in the first.
        expected: usize,
    },
    /// A quote opens a field, and is not closed as it should be.
    #[error(
        "a quote that opens a field {0}: close it, or write the field in quotes and the quote in it twice"
    )]
    Quote(OpenQuote),
    /// The id is neither text nor a whole number.
    #[error("the id is {0}; allowed is text or a whole number")]
    Id(String),
    /// The object has the field more than once.
    #[error("the field of the {0} is there twice; allowed is once")]
    Twice(&'static str),
    /// The line of a web server's log has no time where all have it.
    #[error(
        "where the time is in the log's first line stands {0}; allowed is such as [31/Jan/2026:12:00:00 +0000], and as many columns \
         before it"
    )]
    LogTime(String),
    /// The time is of another unit than the first by its magnitude.
    #[error(
        "the time {found} is in {own} by its magnitude, and the first one in {unit}: write all in one unit, or say what all count with \
         --time-unit"
    )]
    OtherUnit {
        /// What was found.
        found: String,
        /// Its unit by its magnitude.
        own: TimeUnit,
        /// That of the first value.
        unit: TimeUnit,
    },
    /// The time is not there.
    #[error("no time: the field is absent or empty")]
    NoTime,
    /// The time cannot be read.
    #[error("the time is {found}; allowed is {allowed}")]
    Time {
        /// What was found.
        found: String,
        /// What would do.
        allowed: &'static str,
    },
}

/// What is wrong with a quote that opens a field of CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenQuote {
    /// The file ends before another quote.
    #[error("is never closed")]
    Never,
    /// It is not closed within so many lines.
    #[error("is not closed within {most} lines or 1 MiB")]
    TooFar {
        /// Lines over which a field may go on.
        most: usize,
    },
    /// What closes it does not end the field.
    #[error("is closed {lines} lines on, with text behind it")]
    TextBehind {
        /// Line ends before that.
        lines: usize,
    },
    /// The record would have more or fewer columns than the first.
    #[error(
        "is closed {lines} lines on, which makes {found} columns of them where the first line has {expected}"
    )]
    Columns {
        /// Line ends before that.
        lines: usize,
        /// Columns of the record.
        found: usize,
        /// Columns in the first.
        expected: usize,
    },
    /// What stands in the field looks like records.
    #[error("is closed {lines} lines on, where those between have as many columns as the first line")]
    Records {
        /// Line ends before that.
        lines: usize,
    },
}

impl Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// `text` as it may stand in a message: no control characters, and not too long.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The same of a name, of which those that are long are often told apart by their ends: its middle is left out.
pub(crate) fn excerpt_of_name(name: &str) -> String {
    const END: usize = 20;
    let letters: Vec<char> = name.chars().collect();
    let shown =
        |letters: &[char]| letters.iter().flat_map(|letter| letter.escape_debug()).collect::<String>();
    match letters.len() > 2 * END {
        true => format!("{}…{}", shown(&letters[..END]), shown(&letters[letters.len() - END..])),
        false => shown(&letters),
    }
}

/// Names of fields as a message lists them.
pub(crate) fn listed(fields: &[String]) -> String {
    const MOST: usize = 20;
    let names: Vec<_> = fields.iter().take(MOST).map(|field| excerpt(field)).collect();
    match fields.len() {
        0 => "no fields".to_string(),
        count if count > MOST => format!("{} and {} more", names.join(", "), count - MOST),
        _ => names.join(", "),
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn listed_lines(first: &[BadLine]) -> String {
    first.iter().map(|bad| format!("\n  {bad}")).collect()
}
