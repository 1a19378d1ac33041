//! Which columns of a table count, and which of several rows with one id stays.

use std::fmt;
use std::str::FromStr;

use super::table_name::folded;
use crate::printable::printable;

/// The columns with ids and times where nobody says otherwise.
const ID: &str = "document_id";
const TIME: &str = "submission_timestamp";

/// The name of a column at the top of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName(String);

impl ColumnName {
    /// As it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As Snowflake has it, between double quotes.
    pub fn in_snowflake(&self) -> String {
        ColumnName(folded(&self.0)).within('"')
    }

    /// As SQL has it, between these quotes. Names that every engine takes as they are stand as they are.
    pub fn within(&self, quote: char) -> String {
        match self.0.as_str() {
            ID | TIME => self.0.clone(),
            name => format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}"))),
        }
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

/// Backslashes and backticks would end a name in one engine or another.
impl FromStr for ColumnName {
    type Err = String;

    fn from_str(text: &str) -> Result<ColumnName, String> {
        let is_plain = |c: char| !c.is_control() && !matches!(c, '.' | '`' | '\\');
        match !text.is_empty() && text.chars().all(is_plain) && printable(text) == text {
            true => Ok(ColumnName(text.to_string())),
            false => Err("allowed is the name of a column at the top of the table, as it is and without dots, backticks, \
                          backslashes and control characters"
                .to_string()),
        }
    }
}

/// The columns that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Ids.
    pub id: ColumnName,
    /// Times, which say to which day a row belongs.
    pub time: ColumnName,
    /// Versions, by which the last row is told where times are not to tell it.
    pub version: Option<ColumnName>,
}

impl Default for Columns {
    fn default() -> Self {
        Columns { id: ColumnName(ID.to_string()), time: ColumnName(TIME.to_string()), version: None }
    }
}

/// Which of the rows with one id stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Keep {
    /// The earliest, unless the days before have an earlier one
    #[default]
    First,
    /// Of the day's own the latest, or the one with the greatest version
    Last,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_quotes_and_the_usual_ones_need_none() {
        let name = |text: &str| text.parse::<ColumnName>().unwrap();
        assert_eq!(Columns::default().id.within('"'), "document_id");
        assert_eq!(name("order").within('`'), "`order`");
        assert_eq!(name("it's \"new\"").within('"'), "\"it's \"\"new\"\"\"");
        for wrong in ["", "a.b", "a`b", "a\\b", "a\nb", "a\u{202e}b"] {
            assert!(wrong.parse::<ColumnName>().is_err(), "{wrong:?}");
        }
    }
}
