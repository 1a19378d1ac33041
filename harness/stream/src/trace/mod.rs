//! Pings from people's own files: NDJSON and other JSON, CSV, Parquet or Avro, plain or compressed, with exact truth.
//!
//! A trace is read in passes of the file itself, never held in memory: [`TraceSurvey::scan`] looks at it once before
//! anything runs, and [`TraceSource`] turns it into a stream. In a trace the id *is* the identity: two lines with the
//! same id are copies of one ping.
//!
//! ```text
//! bytes (decompress) -> ndjson | csv | parquet (one record's id and time as text) -> rows (ids, times, bad lines) -> survey | source
//! ```

mod access_log;
mod again;
mod arrow_types;
mod avro;
mod avro_blocks;
mod bytes;
mod clock;
mod csv;
mod days;
mod decimal;
mod dialect;
mod doubt;
mod error;
mod examine;
mod fields;
mod files;
mod folded;
mod formats;
mod gather;
mod grouping;
mod id;
mod json_fields;
mod key;
mod key_table;
mod layout;
mod live;
mod ndjson;
mod options;
mod order;
mod parquet;
mod parquet_fields;
mod parquet_schema;
#[cfg(test)]
mod parquet_tests;
mod quotes;
mod record;
mod rows;
mod senders;
mod sizing;
mod sorter;
mod source;
mod spool;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod time;
mod time_unit;
mod unfold;
mod who;
mod whole;
mod zstd;

pub use bytes::Compression;
pub use dialect::Delimiter;
pub use doubt::{Doubt, DoubtKind};
pub use error::{BadLine, BadReason, TraceError};
pub use examine::{Compared, NULLS};
pub use files::find_files;
pub use key::IdFields;
pub use options::{Format, TraceOptions};
pub use rows::{Step, TracePing, TracePings};
pub use senders::{SentBy, TraceSenders};
pub use source::TraceSource;
pub use spool::spool_stdin;
pub use survey::TraceSurvey;
pub use tally::Tally;
pub use time_unit::{TimeUnit, TimeUsed, UnitFrom};
pub use who::WhoFields;
