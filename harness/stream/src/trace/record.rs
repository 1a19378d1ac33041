//! What one record of a trace says, before its values are understood.

use std::borrow::Cow;

use super::error::BadReason;

/// One record.
pub(crate) struct Record<'a> {
    /// The number of its first line, from 1.
    pub(crate) line: u64,
    /// How many lines it spans: more than one for a CSV record with line ends inside quotes.
    pub(crate) lines: u64,
    /// Which of its two fields it has, whatever they hold.
    pub(crate) there: There,
    /// Its values, or why it has none.
    pub(crate) values: Result<Values<'a>, BadReason>,
}

/// Which fields a record has, be they empty, null or of a kind that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct There {
    pub(crate) id: bool,
    pub(crate) time: bool,
}

impl There {
    /// Both, as in every row of a table.
    pub(crate) const BOTH: There = There { id: true, time: true };
}

/// The two values of a record that count, as text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Values<'a> {
    /// The id; none if the field is absent or null.
    pub(crate) id: Option<Cow<'a, str>>,
    /// The time; none if the field is absent or null, or none was asked for.
    pub(crate) time: Option<Cow<'a, str>>,
}
