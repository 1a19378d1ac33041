//! Which fields of a record make its id.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{TraceError, excerpt};

/// The most fields that one id is made of.
const MOST_FIELDS: usize = 32;

/// Which fields of a record make its id. A field is a dotted path in NDJSON; a column's name, or `#N` for the N-th, in
/// CSV; a column's name in Parquet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdFields {
    /// The first of a list of usual names (see `docs/TRACES.md`) that the first line has.
    #[default]
    Usual,
    /// These together. Their order counts: it is part of the id.
    Named(Vec<String>),
    /// A digest of everything in the record but these and what is below them: for records that hold no id.
    AllBut(Vec<String>),
}

impl IdFields {
    /// The fields by name; none where they are still to be found, or are all.
    pub fn named(&self) -> &[String] {
        match self {
            IdFields::Usual | IdFields::AllBut(_) => &[],
            IdFields::Named(fields) => fields,
        }
    }

    /// The fields that an id of all others leaves out.
    pub(crate) fn all_but(&self) -> Option<&[String]> {
        match self {
            IdFields::Usual | IdFields::Named(_) => None,
            IdFields::AllBut(fields) => Some(fields),
        }
    }

    /// Refuses what can be no key: no fields, empty names, one twice, more than 32.
    pub fn check(&self) -> Result<(), TraceError> {
        let (flag, fields) = match self {
            IdFields::Usual => return Ok(()),
            IdFields::Named(fields) => ("--id-field", fields),
            IdFields::AllBut(fields) => ("--id-all-but", fields),
        };
        let twice = |field: &&String| fields.iter().filter(|other| other == field).count() > 1;
        if fields.is_empty() || fields.iter().any(String::is_empty) {
            return Err(TraceError::option(flag, "an empty name", "a field's name"));
        }
        if let Some(field) = fields.iter().find(twice) {
            let found = format!("{} more than once", excerpt(field));
            return Err(TraceError::option(flag, found, "each field once"));
        }
        if fields.len() > MOST_FIELDS {
            let found = format!("{} fields", fields.len());
            return Err(TraceError::option(flag, found, "up to 32 of them"));
        }
        Ok(())
    }
}

impl fmt::Display for IdFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdFields::Usual => f.write_str("field of a usual name"),
            IdFields::Named(fields) if fields.len() == 1 => write!(f, "field {}", fields[0]),
            IdFields::Named(fields) => write!(f, "fields {}", fields.join(", ")),
            IdFields::AllBut(fields) => write!(f, "digest of all fields but {}", fields.join(", ")),
        }
    }
}
