//! Snowflake.

use crate::sql::dialect::{
    Checked, Dialect, Quotes, exact_quotient, fifteen_digits, listagg, trimmed_of, with_backslashes,
};

#[derive(Debug)]
pub(super) struct Snowflake;

impl Dialect for Snowflake {
    fn name(&self) -> &'static str {
        "snowflake"
    }

    fn engine(&self) -> &'static str {
        "Snowflake"
    }

    fn command(&self) -> &'static str {
        "snow sql --format json -f q.sql | jq -r '.[0].PROFILE' > p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Translated
    }

    fn quotes(&self) -> Quotes {
        Quotes::Capitals
    }

    fn micros(&self, time: &str) -> String {
        format!("DATE_PART(EPOCH_MICROSECOND, {time})")
    }

    fn real_as_text(&self, real: &str) -> String {
        fifteen_digits(real, self.text())
    }

    // A quotient has six digits behind the point, rounded: up from just below a whole number.
    fn divided(&self, number: &str, by: &str) -> String {
        exact_quotient(number, by)
    }

    fn list(&self, text: &str, by: &str) -> String {
        listagg(text, by)
    }

    fn trimmed(&self, text: &str) -> String {
        trimmed_of(text)
    }

    fn literal(&self, text: &str) -> String {
        with_backslashes(text)
    }

    fn fits(&self, text: &str, expression: &str) -> String {
        format!("REGEXP_LIKE({text}, '{expression}')")
    }
}
