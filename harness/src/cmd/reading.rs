//! How a trace is read: the options that every command which takes one has in common.

use std::path::Path;

use clap::Args;
use dedup_stream::trace::{IdFields, TraceError, TraceOptions};

use super::time_unit::TimeUnitArg;
use super::values::share;
use crate::exit::{Exit, OrExit};

/// How a trace is read. A command that can do without a trace says so with `mut_group("ReadingArgs", ...)`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Your own pings")]
pub struct ReadingArgs {
    /// Field that holds the id; dots lead into objects, as in attributeMap.document_id. Several (repeatable) make one id
    /// together, as source and id do for CloudEvents
    #[arg(long = "id-field", value_name = "FIELD")]
    pub id_fields: Vec<String>,
    /// An id, or a part of one, that stands for none, such as NULL (repeatable)
    #[arg(long = "null-id", value_name = "TEXT")]
    pub null_ids: Vec<String>,
    /// Field that holds the time; without it the order is the time
    #[arg(long, value_name = "FIELD")]
    pub time_field: Option<String>,
    /// How the time is written
    #[arg(long, value_name = "UNIT", value_enum, default_value_t = TimeUnitArg::Auto)]
    pub time_unit: TimeUnitArg,
    /// Share of lines that may be unreadable, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    pub max_bad: f64,
}

impl ReadingArgs {
    /// The trace in the file `path`, read as these say.
    pub fn options(&self, path: &Path) -> TraceOptions {
        TraceOptions {
            id: match self.id_fields.as_slice() {
                [] => IdFields::Usual,
                fields => IdFields::Named(fields.to_vec()),
            },
            null_ids: self.null_ids.clone(),
            time_field: self.time_field.clone(),
            time_unit: self.time_unit.into(),
            max_bad: self.max_bad,
            ..TraceOptions::new(path)
        }
    }
}

/// A trace that cannot be read is the user's to mend; that somebody asked to stop meanwhile is not.
pub(super) fn taken<T>(read: Result<T, TraceError>) -> anyhow::Result<T> {
    let exit = if let Err(TraceError::Stopped) = &read { Exit::Interrupted } else { Exit::Usage };
    read.or_exit(exit)
}
