//! What is asked, and the query as a whole.

use std::fmt::Write;

use super::dialect::{Checked, Dialect};
use super::{answer, counts, doubts, lags, rows, windows};

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
    /// The query. It gives one row with one column, `profile`: a profile as one line of JSON.
    pub fn text(&self) -> String {
        let steps = [
            rows::steps(self),
            lags::steps(self.dialect),
            counts::steps(self),
            windows::steps(self.dialect),
            doubts::steps(self),
        ];
        let steps: Vec<String> = steps.iter().flatten().map(Step::text).collect();
        format!("{}WITH\n{}\n{}", self.head(), steps.join(",\n"), answer::select(self))
    }

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

    fn head(&self) -> String {
        let engine = self.dialect.engine();
        let checked = match self.dialect.checked() {
            Checked::Run => format!(
                "The tests of dedup-harness run this query on {engine}, and compare it with its own reader."
            ),
            Checked::Translated => format!(
                "The tests of dedup-harness have run this query in DuckDB, translated by sqlglot. {engine} itself has not run it."
            ),
        };
        format!(
            "-- The profile of a table, as one line of JSON, for {engine}:\n--   {}\n--   dedup-harness profile p.json\n-- {checked}\n",
            self.dialect.command()
        )
    }
}

impl Step {
    fn text(&self) -> String {
        let mut text = format!("-- {}\n{} AS (\n", self.says, self.name);
        for line in self.body.lines() {
            let _ = writeln!(text, "  {line}");
        }
        text + ")"
    }
}
