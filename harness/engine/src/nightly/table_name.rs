//! Names of tables, as they are typed and as each engine's SQL has them.

use std::fmt;
use std::str::FromStr;

use crate::printable::printable;

/// A table's name: its parts, free of any quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(Vec<String>);

impl TableName {
    /// As GoogleSQL has it: one pair of backticks around all parts.
    pub fn in_bigquery(&self) -> String {
        format!("`{}`", self.0.join(".").replace('\\', "\\\\").replace('`', "\\`"))
    }

    /// As Spark has it: backticks around each part.
    pub fn in_spark(&self) -> String {
        self.each_in('`')
    }

    /// As DuckDB has it: double quotes around each part.
    pub fn in_duckdb(&self) -> String {
        self.each_in('"')
    }

    /// As Snowflake has it: double quotes around each part, in which names that need none are in the capitals that Snowflake
    /// gives them.
    pub fn in_snowflake(&self) -> String {
        TableName(self.0.iter().map(|part| folded(part)).collect()).in_duckdb()
    }

    /// As ClickHouse has it: backticks around each part, in which a backslash means something.
    pub fn in_clickhouse(&self) -> String {
        TableName(self.0.iter().map(|part| part.replace('\\', "\\\\")).collect()).in_spark()
    }

    fn each_in(&self, quote: char) -> String {
        let doubled = format!("{quote}{quote}");
        let parts = self.0.iter().map(|part| format!("{quote}{}{quote}", part.replace(quote, &doubled)));
        parts.collect::<Vec<_>>().join(".")
    }
}

/// A name as Snowflake stores it: one that needs no quotes in capitals, any other as it is.
pub(super) fn folded(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(plain) { name.to_ascii_uppercase() } else { name.to_string() }
}

/// Its parts, as they are.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Parts are joined by dots; one that holds a dot or a quote stands in backticks or double quotes of its own, in which
/// the same quote is doubled.
impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<TableName, String> {
        let allowed = || {
            "allowed are parts joined by dots, such as telemetry_live.main_v5, each as it is or in quotes of its own \
             (`my.project`), without control characters; the query quotes them for its engine"
                .to_string()
        };
        if text.contains('\n') || printable(text) != text {
            return Err(allowed());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, after) = first_part(rest).filter(|(part, _)| !part.is_empty()).ok_or_else(allowed)?;
            parts.push(part);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => return Ok(TableName(parts)),
                None => return Err(allowed()),
            }
        }
    }
}

/// The first part of a name, and what comes after it; none where its quotes are not as they should be.
fn first_part(text: &str) -> Option<(String, &str)> {
    const QUOTES: [char; 2] = ['`', '"'];
    let Some(quote) = text.chars().next().filter(|first| QUOTES.contains(first)) else {
        let end = text.find('.').unwrap_or(text.len());
        return (!text[..end].contains(QUOTES)).then(|| (text[..end].to_string(), &text[end..]));
    };
    let mut part = String::new();
    let mut rest = &text[1..];
    loop {
        let (within, after) = rest.split_once(quote)?;
        part.push_str(within);
        let Some(more) = after.strip_prefix(quote) else { return Some((part, after)) };
        part.push(quote);
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> TableName {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_quoted_as_its_engine_quotes() {
        let plain = name("my-project.telemetry_live.main_v5");
        assert_eq!(plain.in_bigquery(), "`my-project.telemetry_live.main_v5`");
        assert_eq!(plain.in_spark(), "`my-project`.`telemetry_live`.`main_v5`");
        assert_eq!(plain.in_duckdb(), "\"my-project\".\"telemetry_live\".\"main_v5\"");
        assert_eq!(plain.in_clickhouse(), plain.in_spark());
        assert_eq!(name("db.live.`Main v5`").in_snowflake(), "\"DB\".\"LIVE\".\"Main v5\"");
        let nasty = name("`a``b\"\\`.c; DROP TABLE d --");
        assert_eq!(nasty.in_bigquery(), "`a\\`b\"\\\\.c; DROP TABLE d --`");
        assert_eq!(nasty.in_spark(), "`a``b\"\\`.`c; DROP TABLE d --`");
        assert_eq!(nasty.in_clickhouse(), "`a``b\"\\\\`.`c; DROP TABLE d --`");
        assert_eq!(nasty.to_string(), "a`b\"\\.c; DROP TABLE d --");
        assert_eq!(nasty.in_duckdb(), "\"a`b\"\"\\\".\"c; DROP TABLE d --\"");
    }

    #[test]
    fn quotes_that_were_typed_are_not_part_of_the_name() {
        assert_eq!(name("`my.project`.\"t\""), TableName(vec!["my.project".into(), "t".into()]));
        assert_eq!(name("`a.b.c`").in_bigquery(), name("a.b.c").in_bigquery());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in
            ["", ".", "a.", ".a", "a..b", "`a", "a`b", "`a`b", "``", "a\nb", "a\u{1b}[2J", "a\u{202e}b"]
        {
            let refused = text.parse::<TableName>().unwrap_err();
            assert!(refused.contains("telemetry_live.main_v5"), "{text:?}: {refused}");
        }
    }

    /// Whether `quoted` is one or more quoted parts joined by dots, and nothing else.
    fn stays_within(quoted: &str, quote: char) -> bool {
        let parsed = quoted.parse::<TableName>();
        parsed.is_ok_and(|parsed| parsed.each_in(quote) == quoted)
    }

    proptest! {
        #[test]
        fn no_name_gets_out_of_its_quotes(text in "[a-z.`\"'\\\\; -]{0,24}") {
            let Ok(name) = text.parse::<TableName>() else { return Ok(()) };
            prop_assert!(stays_within(&name.in_spark(), '`'));
            prop_assert!(stays_within(&name.in_duckdb(), '"'));
            let in_bigquery = name.in_bigquery();
            let mut inside = in_bigquery[1..in_bigquery.len() - 1].chars();
            while let Some(letter) = inside.next() {
                prop_assert!(letter != '`', "{in_bigquery}");
                if letter == '\\' {
                    prop_assert!(matches!(inside.next(), Some('\\' | '`')), "{in_bigquery}");
                }
            }
        }
    }
}
