//! In what engines differ.

use std::fmt::Debug;

/// How an engine quotes the names of tables and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// Double quotes around each part.
    Double,
    /// The same, and names that need no quotes are in capitals.
    Capitals,
    /// Backticks around each part.
    Backticks,
    /// One pair of backticks around all parts, with backslashes before what would end it.
    OnePair,
    /// Backticks around each part, with backslashes before what would end it.
    Backslashes,
}

/// How it was seen that an engine answers as our own reader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The project's tests run the query on the engine itself.
    Run,
    /// The engine cannot be had for tests: they have a parser read its SQL, translate it to DuckDB's, and run that.
    Translated,
}

/// An engine's own SQL. What is given here is the standard's way; an engine that has another one says so.
pub trait Dialect: Debug + Sync {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// What people call it.
    fn engine(&self) -> &'static str;

    /// A command that makes a profile of the query in `q.sql`.
    fn command(&self) -> &'static str;

    /// How it was seen that it answers as our own reader does.
    fn checked(&self) -> Checked;

    /// How names are quoted.
    fn quotes(&self) -> Quotes;

    /// Whole microseconds since 1970 of a column of timestamps.
    fn micros(&self, time: &str) -> String;

    /// The type of whole numbers of 64 bits.
    fn whole(&self) -> &'static str {
        "BIGINT"
    }

    /// The type of numbers of which sums have more than 64 bits.
    fn wide(&self) -> &'static str {
        "DECIMAL(38, 0)"
    }

    /// The type of floating numbers of 64 bits.
    fn real(&self) -> &'static str {
        "DOUBLE PRECISION"
    }

    /// The type of texts of any length.
    fn text(&self) -> &'static str {
        "VARCHAR"
    }

    /// A text without the white space around it.
    fn trimmed(&self, text: &str) -> String {
        format!("TRIM(BOTH {} FROM {text})", white_space())
    }

    /// Whether a text fits a regular expression, which has neither quotes nor backslashes in it.
    fn fits(&self, text: &str, expression: &str) -> String {
        format!("{text} ~ '{expression}'")
    }

    /// A floating number as JSON has it.
    fn real_as_text(&self, real: &str) -> String {
        format!("CAST({real} AS {})", self.text())
    }

    /// How often a whole number goes into another that is not negative.
    fn divided(&self, number: &str, by: &str) -> String {
        format!("({number} / {by})")
    }

    /// The texts of all rows that have one, in the order of `by`, with commas between them; without any, nothing or no text.
    fn list(&self, text: &str, by: &str) -> String {
        format!("STRING_AGG({text}, ',' ORDER BY {by})")
    }

    /// A query that gives these rows of whole numbers.
    fn table(&self, columns: &[&str], rows: &[Vec<i64>]) -> String {
        format!("SELECT * FROM (VALUES\n{}\n) AS listed({})", tuples(rows), columns.join(", "))
    }

    /// A text.
    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// White space of Unicode, by the numbers of its letters: what our reader sees through. Most engines mean spaces alone.
pub(super) const WHITE_SPACE: [u32; 25] = [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005,
    0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

/// The same as a text in SQL.
pub(super) fn white_space() -> String {
    WHITE_SPACE.map(|letter| format!("CHR({letter})")).join(" || ")
}

/// A text without the white space around it, for engines that take what is trimmed as a second argument.
pub(super) fn trimmed_of(text: &str) -> String {
    format!("TRIM({text}, {})", white_space())
}

/// A text for engines to which a backslash means something.
pub(super) fn with_backslashes(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// What gives JSON where floating numbers as texts are cut short.
pub(super) fn fifteen_digits(real: &str, text: &str) -> String {
    format!("CAST(CAST({real} AS DECIMAL(38, 15)) AS {text})")
}

/// A list by the function that Oracle had first.
pub(super) fn listagg(text: &str, by: &str) -> String {
    format!("LISTAGG({text}, ',') WITHIN GROUP (ORDER BY {by})")
}

/// A quotient of engines that round it, or whose translation would.
pub(super) fn exact_quotient(number: &str, by: &str) -> String {
    format!("CAST(({number} - MOD({number}, {by})) / {by} AS BIGINT)")
}

/// Rows in parentheses, some to a line.
pub(super) fn tuples(rows: &[Vec<i64>]) -> String {
    let row = |row: &Vec<i64>| format!("({})", row.iter().map(i64::to_string).collect::<Vec<_>>().join(", "));
    lines(rows.iter().map(row))
}

/// Items with commas between them, some to a line.
pub(super) fn lines(items: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 120;
    let mut lines = String::new();
    let mut width = 0;
    for item in items {
        if lines.is_empty() {
            lines.push_str("  ");
        } else if width + item.len() > WIDTH {
            lines.push_str(",\n  ");
            width = 0;
        } else {
            lines.push_str(", ");
        }
        width += item.len() + 2;
        lines.push_str(&item);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_our_reader_takes_for_it() {
        let all: Vec<u32> =
            ('\0'..=char::MAX).filter(|letter| letter.is_whitespace()).map(u32::from).collect();
        assert_eq!(all, WHITE_SPACE);
    }
}
