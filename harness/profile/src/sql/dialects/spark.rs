//! Spark SQL.

use crate::sql::dialect::{Checked, Dialect, Quotes, WHITE_SPACE, with_backslashes};

#[derive(Debug)]
pub(super) struct Spark;

impl Dialect for Spark {
    fn name(&self) -> &'static str {
        "spark"
    }

    fn engine(&self) -> &'static str {
        "Spark SQL"
    }

    fn command(&self) -> &'static str {
        "spark-sql --conf spark.sql.session.timeZone=UTC -f q.sql > p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Run
    }

    fn quotes(&self) -> Quotes {
        Quotes::Backticks
    }

    fn real(&self) -> &'static str {
        "DOUBLE"
    }

    fn text(&self) -> &'static str {
        "STRING"
    }

    fn micros(&self, time: &str) -> String {
        format!("UNIX_MICROS(CAST({time} AS TIMESTAMP))")
    }

    fn divided(&self, number: &str, by: &str) -> String {
        format!("({number} DIV {by})")
    }

    // LISTAGG is there from 4.0 on.
    fn list(&self, text: &str, by: &str) -> String {
        let rows = format!("COLLECT_LIST(STRUCT({by} AS place, {text} AS item))");
        format!("ARRAY_JOIN(TRANSFORM(SORT_ARRAY({rows}), listed -> listed.item), ',')")
    }

    // CHR knows 256 letters.
    fn trimmed(&self, text: &str) -> String {
        let letters = WHITE_SPACE.map(|letter| format!("\\u{letter:04X}")).concat();
        format!("TRIM(BOTH '{letters}' FROM {text})")
    }

    fn literal(&self, text: &str) -> String {
        with_backslashes(text)
    }

    fn fits(&self, text: &str, expression: &str) -> String {
        format!("{text} RLIKE '{expression}'")
    }
}
