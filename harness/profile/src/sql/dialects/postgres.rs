//! PostgreSQL.

use crate::sql::dialect::{Checked, Dialect, Quotes};

#[derive(Debug)]
pub(super) struct Postgres;

impl Dialect for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn engine(&self) -> &'static str {
        "PostgreSQL"
    }

    fn command(&self) -> &'static str {
        "psql -X -q -A -t -f q.sql -o p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Run
    }

    fn quotes(&self) -> Quotes {
        Quotes::Double
    }

    fn text(&self) -> &'static str {
        "TEXT"
    }

    // Rounded: up to version 13 the seconds are a floating number, a hair beside the microsecond.
    fn micros(&self, time: &str) -> String {
        format!("CAST(ROUND(EXTRACT(EPOCH FROM {time}) * 1000000) AS BIGINT)")
    }
}
