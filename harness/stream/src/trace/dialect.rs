//! What stands between the columns of a CSV file, and how quotes inside quotes are written: found by its first lines.

use csv_core::{ReadRecordResult, ReaderBuilder};
use serde::{Deserialize, Serialize};

use super::error::TraceError;

/// Bytes of a file that are looked at.
pub(crate) const LOOKED_AT: usize = 1 << 16;

/// Records that are looked at.
const RECORDS: usize = 50;

/// How a CSV file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: Delimiter,
    pub(crate) escape: Escape,
}

/// What stands between columns: one ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delimiter(u8);

/// How a quote inside quotes is written, if there are such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// Twice, as RFC 4180 has it.
    Doubled,
    /// With a backslash before it, or twice.
    Backslash,
    /// Not at all: quotes are letters like others.
    Never,
}

impl Delimiter {
    /// A comma.
    pub const COMMA: Delimiter = Delimiter(b',');
    /// A tab.
    pub const TAB: Delimiter = Delimiter(b'\t');

    /// A space, which is not looked for: it stands in any text.
    pub(crate) const SPACE: Delimiter = Delimiter(b' ');

    /// What is looked for in the first lines; of two that fit equally well the earlier is taken.
    const USUAL: [Delimiter; 4] = [Delimiter::COMMA, Delimiter::TAB, Delimiter(b';'), Delimiter(b'|')];

    /// The delimiter that a user means by `text`: the character itself, or `tab`, also written `\t`.
    pub fn parse(text: &str) -> Result<Delimiter, TraceError> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Delimiter::TAB),
            [byte] if byte.is_ascii_punctuation() && !b"\"\\".contains(byte) => Ok(Delimiter(*byte)),
            [byte @ (b'\t' | b' ' | b'\x01'..=b'\x08' | b'\x1c'..=b'\x1f')] => Ok(Delimiter(*byte)),
            _ => Err(TraceError::option(
                "--delimiter",
                super::error::excerpt(text),
                "one character, such as ',', ';' or '|', or tab",
            )),
        }
    }

    /// The character as a byte.
    pub fn byte(self) -> u8 {
        self.0
    }

    /// What it is called in a sentence; a comma needs no word.
    pub fn said(self) -> Option<String> {
        match self.0 {
            b',' => None,
            b'\t' => Some("tabs".to_string()),
            byte => Some(format!("'{}'", char::from(byte).escape_debug())),
        }
    }
}

impl Dialect {
    /// As RFC 4180 has it.
    pub(crate) const RFC_4180: Dialect = Dialect { delimiter: Delimiter::COMMA, escape: Escape::Doubled };

    /// The dialect of a file that begins with `start`, with the delimiter that was given, if any.
    pub(crate) fn find(start: &[u8], given: Option<Delimiter>) -> Dialect {
        let candidates = given.map_or_else(|| Delimiter::USUAL.to_vec(), |given| vec![given]);
        let dialects = candidates.iter().map(|&delimiter| Dialect::by(delimiter, start));
        // Of equals the first: `max_by_key` takes the last.
        let best =
            dialects.rev().map(|dialect| (dialect.agreement(start), dialect)).max_by_key(|(fit, _)| *fit);
        best.map_or(Dialect::RFC_4180, |(_, dialect)| dialect)
    }

    fn by(delimiter: Delimiter, start: &[u8]) -> Dialect {
        if delimiter == Delimiter::TAB && !has_quoted_fields(start) {
            return Dialect { delimiter, escape: Escape::Never };
        }
        let doubled = Dialect { delimiter, escape: Escape::Doubled };
        let backslash = Dialect { delimiter, escape: Escape::Backslash };
        let is_escaped = has_backslash_before_quote(start, delimiter.0)
            || backslash.agreement(start).0 > doubled.agreement(start).0;
        if is_escaped { backslash } else { doubled }
    }

    /// The parser for it.
    pub(crate) fn parser(self) -> csv_core::Reader {
        let escape = (self.escape == Escape::Backslash).then_some(b'\\');
        let quoting = self.escape != Escape::Never;
        ReaderBuilder::new().delimiter(self.delimiter.0).escape(escape).quoting(quoting).build()
    }

    /// In how many of the first records there are as many columns as in the first, and how many; a single column is no
    /// sign of anything.
    fn agreement(self, start: &[u8]) -> (usize, usize) {
        let counts = self.columns(start);
        match counts.first() {
            Some(&columns) if columns > 1 => {
                (counts.iter().filter(|count| **count == columns).count(), columns)
            }
            _ => (0, 0),
        }
    }

    /// How many columns each of the first whole records has.
    fn columns(self, start: &[u8]) -> Vec<usize> {
        let (mut parser, mut rest) = (self.parser(), start);
        let (mut content, mut ends) = (vec![0; start.len() + 1], vec![0; start.len() + 1]);
        let mut counts = Vec::new();
        while counts.len() < RECORDS {
            let (result, taken, _, fields) = parser.read_record(rest, &mut content, &mut ends);
            rest = &rest[taken..];
            match result {
                ReadRecordResult::Record => counts.push(fields),
                // The last record may go on beyond what is looked at.
                _ if rest.is_empty() && start.len() == LOOKED_AT => break,
                ReadRecordResult::InputEmpty if rest.is_empty() => {
                    let (result, _, _, more) = parser.read_record(&[], &mut content, &mut ends);
                    if matches!(result, ReadRecordResult::Record) {
                        counts.push(fields + more);
                    }
                    break;
                }
                _ => break,
            }
        }
        counts
    }
}

/// Whether more fields with tabs between them have quotes at both ends than at their beginnings alone. Many who write tabs
/// know no quotes: then one is what somebody typed.
fn has_quoted_fields(start: &[u8]) -> bool {
    let fields = start.split(|byte| matches!(byte, b'\t' | b'\n' | b'\r'));
    let opened = fields.filter(|field| field.first() == Some(&b'"'));
    let (closed, open): (Vec<_>, Vec<_>) =
        opened.partition(|field| field.len() > 1 && field.last() == Some(&b'"'));
    closed.len() > open.len()
}

/// Whether a quote inside quotes has a backslash before it and ends no field, which RFC 4180 does not know.
fn has_backslash_before_quote(start: &[u8], delimiter: u8) -> bool {
    let (mut inside, mut at) = (false, 0);
    while at < start.len() {
        let next = start.get(at + 1).copied();
        match (inside, start[at]) {
            (false, b'"') => inside = at == 0 || [delimiter, b'\n', b'\r'].contains(&start[at - 1]),
            (true, b'"') if next == Some(b'"') => at += 1,
            (true, b'"') if next.is_none_or(|next| [delimiter, b'\n', b'\r'].contains(&next)) => {
                inside = false
            }
            (true, b'"') if start[at - 1] == b'\\' => return true,
            (true, b'"') => inside = false,
            _ => {}
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(start: &str) -> (char, Escape) {
        let dialect = Dialect::find(start.as_bytes(), None);
        (char::from(dialect.delimiter.0), dialect.escape)
    }

    #[test]
    fn what_stands_between_columns_is_what_gives_the_first_lines_equally_many() {
        for (start, delimiter) in [
            ("id,t\na,1\n", ','),
            ("id\tt\na\t1\n", '\t'),
            ("id;t\na;1,5\nb;2,5\n", ';'),
            ("id|t\na|1\n", '|'),
            ("id|x,t\na|b,5\n", ','),
            ("id;name\n1;\"a,b\"\n2;\"c,d\"", ';'),
            ("id,name\n1,\"a;b\"\n2,c\nbad\n3,d\n", ','),
            ("id\na;b\n", ','),
            ("id\tt", '\t'),
            ("", ','),
            ("\"id\"\t\"t\"\n\"a\nb\"\t5\n", '\t'),
        ] {
            assert_eq!(found(start).0, delimiter, "{start:?}");
        }
        let long = format!("id\tt\n{}", "a\t1,5\n".repeat(LOOKED_AT));
        assert_eq!(found(&long[..LOOKED_AT]).0, '\t');
    }

    #[test]
    fn backslashes_before_quotes_are_escapes_where_rfc_4180_cannot_be_meant() {
        for (start, escape) in [
            ("id,t\n\"a\\\"b\",1\n", Escape::Backslash),
            ("id,t\n\"a\\\",b\",1\n\"c\",2\n", Escape::Backslash),
            ("id,t\n\"{\\\"k\\\":1}\",1\n", Escape::Backslash),
            ("id,t\n\"C:\\\",1\n", Escape::Doubled),
            ("id,t\n\"a\"\"b\",1\n", Escape::Doubled),
            ("id,t\n\"{\"\"a\"\":\"\"x\\\"\"y\"\"}\",1\n", Escape::Doubled),
            ("id,t\na\\\"b,1\n", Escape::Doubled),
        ] {
            assert_eq!(found(start).1, escape, "{start:?}");
        }
    }

    #[test]
    fn quotes_are_letters_in_tabs_until_fields_have_them_at_both_ends() {
        for (start, escape) in [
            ("id\tt\n\"a\"\t1\n", Escape::Doubled),
            ("id\tt\n\"a\tb\"\t1\n\"c\"\t2\n\"d\"\t2\n", Escape::Doubled),
            ("id\tt\n\"a\\\"b\"\t1\n", Escape::Backslash),
            ("id\tt\n\"a\t1\n", Escape::Never),
            ("id\tt\n\"a\t1\nb\t\"\nc\t\"d\"\n", Escape::Never),
            ("id\tt\na\t1\n", Escape::Never),
            ("id;t\n\"a;1\n", Escape::Doubled),
        ] {
            assert_eq!(found(start).1, escape, "{start:?}");
        }
    }

    #[test]
    fn a_delimiter_is_one_character_that_cannot_be_in_a_value_unseen() {
        for (text, byte) in
            [(",", b','), ("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), ("\x01", 1), ("|", b'|')]
        {
            assert_eq!(Delimiter::parse(text).unwrap().byte(), byte);
        }
        for text in ["", "a", "\"", "\\", "\n", "ab", "é", "||"] {
            let error = Delimiter::parse(text).unwrap_err().to_string();
            assert!(error.starts_with("--delimiter: found ") && error.contains("or tab"), "{error}");
        }
    }
}
