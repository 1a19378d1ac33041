//! The one error of everything that reads a scenario.

use std::fmt;
use std::ops::Range;
use std::string::FromUtf8Error;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::units::ALLOWED;

/// A scenario that cannot be used: where, what was found there, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file, or the pattern that should have named a scenario.
    pub file: String,
    /// Line and column in it, from 1.
    pub at: Option<(usize, usize)>,
    /// The field, as a path: `repeat[2].lag`.
    pub field: Option<String>,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.file.is_empty() { "the scenario" } else { &self.file };
        f.write_str(name)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": found {}; allowed is {}", self.found, self.allowed)
    }
}

impl std::error::Error for ScenarioError {}

impl ScenarioError {
    /// An error about the file as a whole.
    pub fn whole(file: &str, found: impl Into<String>, allowed: impl Into<String>) -> Self {
        ScenarioError {
            file: file.to_string(),
            at: None,
            field: None,
            found: found.into(),
            allowed: allowed.into(),
        }
    }

    /// An error about a file that cannot be read, for this cause.
    pub fn unreadable(file: &str, cause: &str) -> Self {
        Self::whole(file, format!("nothing that can be read ({cause})"), "a TOML file")
    }

    /// An error about bytes that are no text.
    pub fn not_utf8(file: &str, error: &FromUtf8Error) -> Self {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        ScenarioError {
            at: Some(position(&before, before.len())),
            ..Self::whole(file, "bytes that are not UTF-8", "text in UTF-8")
        }
    }

    /// What the TOML reader said of `text`, in our terms.
    pub fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message();
        let span = error.span();
        let source = span.clone().map(|span| excerpt(text, span)).unwrap_or_default();
        let (found, allowed, missing) = explain(message, &source);
        let path = span.as_ref().and_then(|span| match missing {
            Some(_) => table_at(text, span),
            None => path_to(text, span.start),
        });
        ScenarioError {
            file: file.to_string(),
            at: span.map(|span| position(text, span.start)),
            field: match (path, missing) {
                (Some(path), Some(missing)) => Some(format!("{path}.{missing}")),
                (None, Some(missing)) => Some(missing),
                (path, None) => path,
            },
            found,
            allowed,
        }
    }
}

/// A file that is being checked: makes errors that know their place.
pub struct Source<'a> {
    /// What errors call it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl Source<'_> {
    /// An error about the value at `span`.
    pub fn refuse(
        &self,
        span: Range<usize>,
        field: impl Into<String>,
        allowed: impl Into<String>,
    ) -> ScenarioError {
        let found = quote(&excerpt(self.text, span.clone()));
        self.refuse_found(span, field, found, allowed)
    }

    /// An error about the value at `span`, with words of its own for what was found.
    pub fn refuse_found(
        &self,
        span: Range<usize>,
        field: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> ScenarioError {
        ScenarioError {
            file: self.file.to_string(),
            at: Some(position(self.text, span.start)),
            field: Some(field.into()),
            found: found.into(),
            allowed: allowed.into(),
        }
    }
}

/// What was found and what is allowed, from a message of the TOML or serde library; and the name of a field that is
/// not there.
fn explain(message: &str, source: &str) -> (String, String, Option<String>) {
    if let Some(allowed) = message.strip_prefix(ALLOWED) {
        return (quote(source), allowed.to_string(), None);
    }
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for kind in ["unknown field", "unknown variant"] {
        if let (true, [found, allowed @ ..]) = (message.starts_with(kind), words.as_slice()) {
            return (format!("{kind} `{}`", clip(found)), one_of(found, allowed), None);
        }
    }
    if let (true, [field, ..]) = (message.starts_with("missing field"), words.as_slice()) {
        return ("nothing".into(), "a value: this field is required".into(), Some(field.to_string()));
    }
    if let Some((found, allowed)) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.split_once(", expected "))
    {
        return (clip(found), plain(allowed), None);
    }
    if let Some((_, allowed)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
    {
        return (quote(source), plain(allowed), None);
    }
    let allowed = match message {
        "integer number overflowed" => "a number below 2^64".to_string(),
        "duplicate key" => "each field once".to_string(),
        _ if message.starts_with("wanted exactly 1 element") => "exactly one entry".to_string(),
        _ => format!("valid TOML ({message})"),
    };
    (quote(source), allowed, None)
}

/// What the library expects, for people who do not know its language.
fn plain(expected: &str) -> String {
    match expected {
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        "a tuple of size 2" => "a list of two, such as [\"1m\", \"5m\"]",
        "u32" | "u64" => "a whole number",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a table of fields",
        other => other,
    }
    .to_string()
}

/// The allowed names, the nearest to `found` first.
pub(crate) fn one_of(found: &str, allowed: &[&str]) -> String {
    let nearest = allowed
        .iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(2));
    let list = allowed.join(", ");
    match nearest {
        Some((_, name)) => format!("{name} (the nearest name), or one of {list}"),
        None => format!("one of {list}"),
    }
}

fn quote(text: &str) -> String {
    if text.is_empty() { "nothing".into() } else { clip(text) }
}

/// The first line of a text, and not too much of it.
fn clip(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line} ..."),
        None => line.to_string(),
    }
}

fn excerpt(text: &str, span: Range<usize>) -> String {
    text.get(span).unwrap_or_default().trim().to_string()
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
}

/// The path of the innermost field whose name or value covers `offset`.
fn path_to(text: &str, offset: usize) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    in_table(table.get_ref(), offset)
}

/// The path of the table that is all of `span`; none for the file as a whole.
fn table_at(text: &str, span: &Range<usize>) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    if table.span() == *span { None } else { in_table(table.get_ref(), span.start) }
}

fn in_table(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        if let Some(inner) = in_value(value, offset) {
            return Some(format!("{name}{inner}"));
        }
        key.span().contains(&offset).then(|| name.to_string())
    })
}

fn in_value(value: &Spanned<DeValue<'_>>, offset: usize) -> Option<String> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => in_table(table, offset).map(|path| format!(".{path}")),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| in_value(item, offset).map(|path| format!("[{}]{path}", index + 1))),
        _ => None,
    };
    inner.or_else(|| value.span().contains(&offset).then(String::new))
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;

    #[test]
    fn a_missing_field_is_named_with_the_table_that_lacks_it_wherever_that_begins() {
        let arrival = "[arrival]\nprocess = \"constant\"\n";
        let whole = &format!("{arrival}rate = 1.0\n");
        for (text, field) in [
            ("seed = 1\nduration = \"1h\"\n[arrival]\nprocess = \"constant\"\nrate = 1.0\n", "about"),
            ("about = \"a\"\nduration = \"1h\"\nwindow = \"10m\"\n", "arrival"),
            (whole, "about"),
            (&format!("about = \"a\"\nduration = \"1h\"\nwindow = \"10m\"\n{arrival}"), "arrival.rate"),
        ] {
            let error = Scenario::from_toml("a.toml", text).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
        }
    }
}
