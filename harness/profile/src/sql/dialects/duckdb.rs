//! DuckDB.

use crate::sql::dialect::{Checked, Dialect, Quotes};

#[derive(Debug)]
pub(super) struct Duckdb;

impl Dialect for Duckdb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn engine(&self) -> &'static str {
        "DuckDB"
    }

    fn command(&self) -> &'static str {
        "duckdb -noheader -list DATABASE < q.sql > p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Run
    }

    fn quotes(&self) -> Quotes {
        Quotes::Double
    }

    fn micros(&self, time: &str) -> String {
        format!("EPOCH_US({time})")
    }

    fn divided(&self, number: &str, by: &str) -> String {
        format!("({number} // {by})")
    }

    fn fits(&self, text: &str, expression: &str) -> String {
        format!("REGEXP_MATCHES({text}, '{expression}')")
    }
}
