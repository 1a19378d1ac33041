//! Amazon Redshift.

use crate::sql::dialect::{
    Checked, Dialect, Quotes, exact_quotient, fifteen_digits, listagg, with_backslashes,
};

#[derive(Debug)]
pub(super) struct Redshift;

impl Dialect for Redshift {
    fn name(&self) -> &'static str {
        "redshift"
    }

    fn engine(&self) -> &'static str {
        "Amazon Redshift"
    }

    fn command(&self) -> &'static str {
        "PGTZ=UTC psql -X -q -A -t -f q.sql -o p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Translated
    }

    fn quotes(&self) -> Quotes {
        Quotes::Double
    }

    // Without a length, it is 256 bytes, and the rest is cut off.
    fn text(&self) -> &'static str {
        "VARCHAR(65535)"
    }

    // The epoch of EXTRACT is whole seconds.
    fn micros(&self, time: &str) -> String {
        format!("DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), CAST({time} AS TIMESTAMP))")
    }

    fn real_as_text(&self, real: &str) -> String {
        fifteen_digits(real, self.text())
    }

    fn divided(&self, number: &str, by: &str) -> String {
        exact_quotient(number, by)
    }

    fn list(&self, text: &str, by: &str) -> String {
        listagg(text, by)
    }

    // VALUES gives rows to INSERT alone.
    fn table(&self, columns: &[&str], rows: &[Vec<i64>]) -> String {
        let row = |(number, row): (usize, &Vec<i64>)| {
            let named = |(value, column): (&i64, &&str)| match number {
                0 => format!("CAST({value} AS BIGINT) AS {column}"),
                _ => value.to_string(),
            };
            format!("SELECT {}", row.iter().zip(columns).map(named).collect::<Vec<_>>().join(", "))
        };
        rows.iter().enumerate().map(row).collect::<Vec<_>>().join(" UNION ALL\n")
    }

    fn literal(&self, text: &str) -> String {
        with_backslashes(text)
    }
}
