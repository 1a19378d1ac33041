//! The query as a whole.

use std::fmt::Write;

use super::dialect::Checked;
use super::query::{Query, Step};
use super::{answer, counts, doubts, lags, rows, windows};

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
