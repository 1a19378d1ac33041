//! Names that stand in statements: only such that cannot mean anything else there.

use std::fmt;
use std::str::FromStr;

use super::dialect::Dialect;

/// Parts that a table's name may have: project or catalogue, data set, table.
const MOST_PARTS: usize = 3;

/// Letters that a name may have; no engine takes longer ones all over.
const MOST_LETTERS: usize = 128;

/// The name of a table: up to three parts joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName(Vec<String>);

/// The name of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnName(String);

/// What a type of pings is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeName(String);

impl TableName {
    /// As the dialect has it, in its quotes.
    pub(super) fn within(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Bigquery => format!("`{}`", self.0.join(".")),
            _ => self.0.iter().map(|part| dialect.quoted(part)).collect::<Vec<_>>().join("."),
        }
    }
}

impl ColumnName {
    /// One of our own.
    pub(super) fn known(name: &str) -> ColumnName {
        ColumnName(name.to_string())
    }

    /// As it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the dialect has it, in its quotes.
    pub(super) fn within(&self, dialect: Dialect) -> String {
        dialect.quoted(&self.0)
    }
}

impl TypeName {
    /// One of our own.
    pub(super) fn known(name: &str) -> TypeName {
        TypeName(name.to_string())
    }

    /// As every dialect has it: text.
    pub(super) fn literal(&self) -> String {
        format!("'{}'", self.0)
    }
}

/// A letter or an underscore, then letters, digits, underscores, and what else is allowed.
fn is_name(text: &str, also: &[char]) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(&c);
    begins && text.len() <= MOST_LETTERS && text.chars().all(plain)
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<TableName, String> {
        let parts: Vec<String> = text.split('.').map(str::to_string).collect();
        match parts.len() <= MOST_PARTS && parts.iter().all(|part| is_name(part, &['-'])) {
            true => Ok(TableName(parts)),
            false => Err("allowed are one to three parts joined by dots, such as telemetry_live.main_v5, each a letter or an \
                          underscore, then letters, digits, underscores and hyphens"
                .to_string()),
        }
    }
}

impl FromStr for ColumnName {
    type Err = String;

    fn from_str(text: &str) -> Result<ColumnName, String> {
        match is_name(text, &[]) {
            true => Ok(ColumnName(text.to_string())),
            false => Err("allowed is the name of a column: a letter or an underscore, then letters, digits and underscores"
                .to_string()),
        }
    }
}

impl FromStr for TypeName {
    type Err = String;

    fn from_str(text: &str) -> Result<TypeName, String> {
        match is_name(text, &['-', '.', '/']) {
            true => Ok(TypeName(text.to_string())),
            false => Err("allowed is a type of pings, such as new-profile: a letter or an underscore, then letters, digits and \
                          any of _-./"
                .to_string()),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
