//! BigQuery.

use crate::sql::dialect::{Checked, Dialect, Quotes, lines, trimmed_of, with_backslashes};

#[derive(Debug)]
pub(super) struct Bigquery;

impl Dialect for Bigquery {
    fn name(&self) -> &'static str {
        "bigquery"
    }

    fn engine(&self) -> &'static str {
        "BigQuery (GoogleSQL)"
    }

    fn command(&self) -> &'static str {
        "bq query --nouse_legacy_sql --format=json < q.sql | jq -r '.[0].profile' > p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Translated
    }

    fn quotes(&self) -> Quotes {
        Quotes::OnePair
    }

    fn whole(&self) -> &'static str {
        "INT64"
    }

    fn wide(&self) -> &'static str {
        "NUMERIC"
    }

    fn real(&self) -> &'static str {
        "FLOAT64"
    }

    fn text(&self) -> &'static str {
        "STRING"
    }

    fn micros(&self, time: &str) -> String {
        format!("UNIX_MICROS(CAST({time} AS TIMESTAMP))")
    }

    fn divided(&self, number: &str, by: &str) -> String {
        format!("DIV({number}, {by})")
    }

    fn table(&self, columns: &[&str], rows: &[Vec<i64>]) -> String {
        let row = |(number, row): (usize, &Vec<i64>)| {
            // The first one names the columns of all.
            let value = |(value, column): (&i64, &&str)| match number {
                0 => format!("{value} AS {column}"),
                _ => value.to_string(),
            };
            format!("STRUCT({})", row.iter().zip(columns).map(value).collect::<Vec<_>>().join(", "))
        };
        let rows = rows.iter().enumerate().map(row);
        format!("SELECT * FROM UNNEST([\n{}\n])", lines(rows))
    }

    fn trimmed(&self, text: &str) -> String {
        trimmed_of(text)
    }

    fn literal(&self, text: &str) -> String {
        with_backslashes(text)
    }

    fn fits(&self, text: &str, expression: &str) -> String {
        format!("REGEXP_CONTAINS({text}, '{expression}')")
    }
}
