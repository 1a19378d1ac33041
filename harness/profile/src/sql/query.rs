//! What is asked, and what its steps are made of.

use super::dialect::Dialect;

/// What a column of times holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeColumn {
    /// Timestamps, in the engine's own type; those without a zone are taken for UTC.
    Timestamps,
    /// Seconds since 1970, whole or with a fraction; counted to the nearest microsecond.
    Seconds,
    /// Milliseconds, likewise.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds, whole; what is below a microsecond is cut off.
    Nanos,
}

/// A profile to be made of a table. Names are quoted already, as [`Dialect::quotes`] says.
#[derive(Clone, Debug)]
pub struct Query {
    /// The engine.
    pub dialect: &'static dyn Dialect,
    /// What the profile calls the traffic.
    pub name: String,
    /// The table.
    pub table: String,
    /// The columns that make the id together; at least one.
    pub ids: Vec<String>,
    /// Texts that stand for no id, or for no part of one. An empty text does anyway.
    pub null_ids: Vec<String>,
    /// Texts that are likely to stand for none, in small letters; the profile says so where they are met.
    pub suspects: Vec<String>,
    /// The column of times.
    pub time: String,
    /// What it holds.
    pub unit: TimeColumn,
}

/// A table that the query makes on its way.
pub(super) struct Step {
    /// What it is called, with `p_` before it: to ClickHouse a name means a step even where an earlier one reads the table.
    pub(super) name: &'static str,
    /// What it holds, for who reads the query.
    pub(super) says: &'static str,
    /// The query that gives it.
    pub(super) body: String,
}

impl Step {
    pub(super) fn new(name: &'static str, says: &'static str, body: impl Into<String>) -> Step {
        Step { name, says, body: body.into() }
    }
}

impl Query {
    /// Whether a ping has an id; one of several parts has one if it has any of these.
    pub(super) fn has_id(&self) -> String {
        let parts: Vec<String> = self.parts().map(|part| format!("{part} IS NOT NULL")).collect();
        format!("({})", parts.join(" OR "))
    }

    /// The parts of the id, as the query calls them.
    pub(super) fn parts(&self) -> impl Iterator<Item = String> {
        (1..=self.ids.len()).map(|part| format!("id_{part}"))
    }

    /// The parts of the id, joined by commas.
    pub(super) fn id(&self) -> String {
        self.parts().collect::<Vec<_>>().join(", ")
    }
}
