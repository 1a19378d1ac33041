//! CSV: columns with something between them, quotes where needed, line ends allowed inside quotes.

use std::borrow::Cow;
use std::io;

use csv_core::{ReadRecordResult, Reader};
use memchr::{memchr, memchr_iter, memchr2};

use super::access_log;
use super::again::Again;
use super::bytes::Text;
use super::dialect::Dialect;
use super::error::{BadReason, MAX_LINE_BYTES, OpenQuote, excerpt};
use super::fields::{Fields, of_text};
use super::folded::Folded;
use super::quotes::Quotes;
use super::record::{Parts, Record, There, Values};

/// Columns for which there is always room.
const FEWEST_ENDS: usize = 1 << 6;

/// Longer lines are left to the parser, which knows when to stop.
const LONGEST_SPLIT: usize = 1 << 16;

/// Reads a trace in CSV.
///
/// On `csv-core` rather than `csv`, because the latter lets one quote that is never closed take memory without end.
pub(crate) struct CsvRows {
    input: Again,
    parser: Reader,
    quotes: Quotes,
    /// Line ends skipped before records, which the parser does not see.
    skipped_lines: u64,
    columns: Columns,
    delimiter: u8,
    /// The fields of the record, one behind the other, with `between` bytes after each.
    content: Vec<u8>,
    ends: Vec<usize>,
    between: usize,
    /// So many bytes of the input are known to hold no quote.
    unquoted: usize,
    /// Whether the parser has read a record: at the very beginning it passes over a byte order mark.
    begun: bool,
}

/// Where the wanted fields are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Indices of the parts of the id.
    pub(crate) ids: Vec<usize>,
    /// Index of the time, where there is one.
    pub(crate) time: Option<usize>,
    /// Index of what has to be the time of a web server's log.
    pub(crate) log_time: Option<usize>,
    /// What they are called: as many as each line must have.
    pub(crate) names: Vec<String>,
}

/// What was read into the buffers.
struct Extent {
    line: u64,
    line_ends: u64,
    bytes: usize,
    fields: usize,
    too_long: bool,
    quote: Option<OpenQuote>,
    folded: Option<Folded>,
}

impl CsvRows {
    pub(crate) fn new(input: Text, columns: Columns, dialect: Dialect) -> Self {
        CsvRows {
            input: Again::new(input),
            parser: dialect.parser(),
            quotes: Quotes::new(dialect, columns.names.len()),
            skipped_lines: 0,
            columns,
            delimiter: dialect.delimiter.byte(),
            content: vec![0; 1 << 12],
            ends: vec![0; FEWEST_ENDS],
            between: 0,
            unquoted: 0,
            begun: false,
        }
    }

    /// The next record that is not blank.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(extent) = self.read()? else { return Ok(None) };
        let this: &Self = self;
        let values = this.values(&extent);
        let lines = 1 + if values.is_ok() { 0 } else { extent.line_ends };
        let fields: Option<&dyn Fields> = if values.is_ok() { Some(this) } else { None };
        Ok(Some(Record {
            line: extent.line,
            lines,
            folded: extent.folded,
            there: There::ALL,
            fields,
            values,
        }))
    }

    /// The fields of the next record, as the names of columns: no fields where there is no record, and none of one that is too
    /// long.
    pub(crate) fn next_fields(&mut self) -> io::Result<Option<Vec<String>>> {
        let Some(extent) = self.read()? else { return Ok(Some(Vec::new())) };
        if extent.too_long {
            return Ok(None);
        }
        let field = |index| String::from_utf8_lossy(&self.content[self.range(index)]).into_owned();
        Ok(Some((0..extent.fields).map(field).collect()))
    }

    fn values(&self, extent: &Extent) -> Result<Values<'_>, BadReason> {
        if extent.too_long {
            return Err(BadReason::TooLong);
        }
        if let Some(quote) = extent.quote {
            return Err(BadReason::Quote(quote));
        }
        let text = std::str::from_utf8(&self.content[..extent.bytes]).map_err(|_| BadReason::NotUtf8)?;
        // Two fields that are no text can be one when put together: then the border is inside a character.
        if !self.ends[..extent.fields].iter().all(|end| text.is_char_boundary(*end)) {
            return Err(BadReason::NotUtf8);
        }
        if extent.fields != self.columns.names.len() {
            let (found, expected) = (extent.fields, self.columns.names.len());
            // As MySQL writes tabs within fields, and Python's csv without quotes any delimiter.
            let is_escaped = (0..found).any(|index| self.content[self.range(index)].ends_with(b"\\"));
            return Err(match is_escaped {
                true => BadReason::BareEscape { found, expected },
                false => BadReason::Columns { found, expected },
            });
        }
        if let Some(found) = self.columns.log_time.and_then(|index| text.get(self.range(index)))
            && !access_log::is_time(found)
        {
            return Err(BadReason::LogTime(excerpt(found)));
        }
        let field = |index| text.get(self.range(index)).map(Cow::Borrowed).ok_or(BadReason::NotUtf8);
        let id = Parts::gather(self.columns.ids.iter().map(|index| field(*index).map(Some)))?;
        Ok(Values { id, time: self.columns.time.map(field).transpose()? })
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] + self.between };
        start..self.ends[index]
    }

    fn read(&mut self) -> io::Result<Option<Extent>> {
        self.skip_line_ends()?;
        let line = self.parser.line() + self.skipped_lines;
        let extent =
            Extent { line, line_ends: 0, bytes: 0, fields: 0, too_long: false, quote: None, folded: None };
        match self.split(&extent)? {
            Some(split) => Ok(Some(split)),
            None => self.parse(extent),
        }
    }

    /// The next record, if it is a line without quotes that has come as a whole: most are, and take a fifth of the time.
    fn split(&mut self, record: &Extent) -> io::Result<Option<Extent>> {
        let input = self.input.fill_buf()?;
        let Some(end) = memchr2(b'\n', b'\r', input).filter(|_| self.begun) else { return Ok(None) };
        if self.unquoted <= end {
            let quote = if self.quotes.honoured() { memchr(b'"', input) } else { None };
            self.unquoted = quote.unwrap_or(input.len());
        }
        if self.unquoted <= end || end > self.content.len().min(LONGEST_SPLIT) {
            return Ok(None);
        }
        let line = &input[..end];
        self.content[..end].copy_from_slice(line);
        self.ends.clear();
        self.ends.extend(memchr_iter(self.delimiter, line).chain([end]));
        let fields = self.ends.len();
        self.between = 1;
        // The second half of a CRLF is passed over, and counted, with the blank lines before the next record.
        self.skipped_lines += u64::from(input[end] == b'\n');
        self.consume(end + 1);
        Ok(Some(Extent { bytes: end, fields, ..*record }))
    }

    fn consume(&mut self, bytes: usize) {
        self.unquoted = self.unquoted.saturating_sub(bytes);
        self.input.consume(bytes);
    }

    fn parse(&mut self, mut extent: Extent) -> io::Result<Option<Extent>> {
        (self.between, self.begun) = (0, true);
        self.ends.resize(self.ends.len().max(FEWEST_ENDS), 0);
        self.quotes.begin();
        loop {
            let input = self.input.fill_buf()?;
            let (result, taken, bytes, fields) = self.parser.read_record(
                input,
                &mut self.content[extent.bytes..],
                &mut self.ends[extent.fields..],
            );
            self.quotes.take(&input[..taken]);
            self.consume(taken);
            extent.bytes += bytes;
            extent.fields += fields;
            match result {
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    extent.line_ends += self.line_ends(&extent);
                    extent.quote = self.quotes.problem(extent.fields);
                    extent.folded = self.quotes.folded();
                    self.read_again(&mut extent);
                    return Ok(Some(extent));
                }
                _ if self.quotes.goes_too_far() => {
                    extent.quote = self.quotes.problem(extent.fields);
                    self.read_again(&mut extent);
                    return Ok(Some(extent));
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.content.len() < MAX_LINE_BYTES => {
                    self.content.resize(self.content.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_LINE_BYTES / 8 => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => self.discard(&mut extent),
            }
        }
    }

    /// Goes back to the end of the first line of a record whose quotes are not sound: a bad line takes no others with it.
    fn read_again(&mut self, extent: &mut Extent) {
        if extent.quote.is_none() {
            return;
        }
        let Some((rest, is_counted)) = self.quotes.rest() else { return };
        self.input.go_back(rest);
        self.parser.reset();
        // The parser counts from 1 again.
        self.skipped_lines = extent.line - 1 + u64::from(is_counted);
        (self.unquoted, extent.line_ends) = (0, 0);
    }

    /// Forgets what was read of a record that is too long, to read on to its end.
    fn discard(&self, extent: &mut Extent) {
        extent.line_ends += self.line_ends(extent);
        *extent = Extent { bytes: 0, fields: 0, too_long: true, ..*extent };
    }

    fn line_ends(&self, extent: &Extent) -> u64 {
        self.content[..extent.bytes].iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Blank lines, and the second half of a CRLF, so that the parser's line number is that of the record.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let more = blank > 0 && blank == input.len();
            self.skipped_lines += input[..blank].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.consume(blank);
            if !more {
                return Ok(());
            }
        }
    }
}

impl Fields for CsvRows {
    fn each(&self, visit: &mut dyn FnMut(&str, u128)) {
        for (index, name) in self.columns.names.iter().enumerate() {
            match std::str::from_utf8(&self.content[self.range(index)]) {
                Ok("") | Err(_) => {}
                Ok(text) => visit(name, of_text(text)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dialect::Delimiter;
    use super::super::quotes::MOST_LINES;
    use super::*;

    /// Line, lines, the id in the first column, and all fields with their digests.
    type Read = (u64, u64, Result<String, BadReason>, Vec<(String, u128)>);

    fn columns(count: usize) -> Columns {
        let names = (0..count).map(|number| number.to_string()).collect();
        Columns { ids: vec![0], time: None, log_time: None, names }
    }

    fn all(mut rows: CsvRows) -> Vec<Read> {
        let mut found = Vec::new();
        while let Some(record) = rows.next().unwrap() {
            let mut fields = Vec::new();
            record
                .fields
                .iter()
                .for_each(|all| all.each(&mut |name, digest| fields.push((name.to_string(), digest))));
            let id = record.values.map(|values| values.id.as_slice()[0].as_deref().unwrap().to_string());
            found.push((record.line, record.lines, id, fields));
        }
        found
    }

    fn read(text: &[u8], count: usize) -> Vec<(u64, u64, Result<String, BadReason>)> {
        let input = Box::new(io::Cursor::new(text.to_vec()));
        let read = all(CsvRows::new(input, columns(count), Dialect::RFC_4180));
        read.into_iter().map(|(line, lines, id, _)| (line, lines, id)).collect()
    }

    #[test]
    fn records_know_their_lines() {
        let found = read(b"a,1\r\n\r\n\"b\nb\",2\r\nc\r\nd,4", 2);
        let wrong = Err(BadReason::Columns { found: 1, expected: 2 });
        assert_eq!(
            found,
            [(1, 1, Ok("a".into())), (3, 1, Ok("b\nb".into())), (5, 1, wrong), (6, 1, Ok("d".into()))]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_as_it_should_be_spoils_its_own_line_alone() {
        let bad = |text: &str, why: OpenQuote| {
            for text in [text.to_string(), text.replace('\n', "\r\n")] {
                for input in [Box::new(io::Cursor::new(text.clone().into_bytes())), slowly(text.as_bytes())] {
                    let found = all(CsvRows::new(input, columns(2), Dialect::RFC_4180));
                    assert_eq!((found[1].0, found[1].1), (2, 1), "{text:?}");
                    assert_eq!(found[1].2, Err(BadReason::Quote(why)), "{text:?}");
                    let lines = text.lines().count();
                    assert_eq!(found.len(), lines, "{text:?}");
                    let numbers: Vec<_> = found.iter().map(|read| read.0).collect();
                    assert_eq!(numbers, (1..=lines as u64).collect::<Vec<_>>());
                    assert_eq!(found.last().unwrap().2, Ok("z".to_string()), "{text:?}");
                }
            }
        };
        bad("a,1\n\"b,2\nc,3\nz,4\n", OpenQuote::Never);
        bad("a,1\nb,\"2\nz,4", OpenQuote::Never);
        bad("a,1\nb,\"2\nc,3\nd,\"4\nz,5\n", OpenQuote::TextBehind { lines: 2 });
        bad("a,1\n\"b,2\nc,3\"\nz,5\n", OpenQuote::Columns { lines: 1, found: 1, expected: 2 });
        let between = "c,3\n".repeat(5);
        bad(&format!("a,1\nb,\"2\n{between}d,4\"\nz,5\n"), OpenQuote::Records { lines: 6 });
        let far = "c\n".repeat(MOST_LINES);
        let found = read(format!("a,1\nb,\"2\n{far}d\"\nz,5\n").as_bytes(), 2);
        assert!(matches!(found[1].2, Err(BadReason::Quote(OpenQuote::TooFar { .. }))), "{:?}", found[1]);
        assert_eq!(found.last().unwrap().2, Ok("z".to_string()));
    }

    #[test]
    fn fields_that_go_on_over_lines_are_whole_where_their_quotes_are_sound() {
        let trace = "at a.b(c.rs)\n\"\"x\"\", y\n\n".repeat(MOST_LINES / 4);
        let found = read(format!("a,\"{trace}\"\nb,2\n").as_bytes(), 2);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1].0, 2 + 3 * (MOST_LINES / 4) as u64);
        // Text behind a quote within a line takes no other with it, and is read as it always was.
        assert_eq!(read(b"\"a\"b,1\n", 2), [(1, 1, Ok("ab".into()))]);
    }

    #[test]
    fn a_record_that_is_too_long_is_skipped() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let commas = vec![b','; MAX_LINE_BYTES];
        let text = [b"a,1\n", &long[..], b",2\nb,3\n", &commas[..], b"\nc,4\n"].concat();
        let found = read(&text, 2);
        assert_eq!(found[1], (2, 1, Err(BadReason::TooLong)));
        assert_eq!(found[3], (4, 1, Err(BadReason::TooLong)));
        assert_eq!((&found[2].2, &found[4].2), (&Ok("b".to_string()), &Ok("c".to_string())));
    }

    /// Gives one byte at a time, so that no line comes as a whole.
    fn slowly(text: &[u8]) -> Text {
        Box::new(io::BufReader::with_capacity(1, io::Cursor::new(text.to_vec())))
    }

    proptest! {
        #[test]
        fn a_line_without_quotes_is_split_as_the_parser_splits_it(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40),
        ) {
            let text = pieces.concat();
            for delimiter in [Delimiter::COMMA, Delimiter::TAB] {
                let dialect = Dialect { delimiter, ..Dialect::RFC_4180 };
                let rows = |input| CsvRows::new(input, columns(3), dialect);
                let fast = all(rows(Box::new(io::Cursor::new(text.clone()))));
                prop_assert_eq!(fast, all(rows(slowly(&text))));
            }
        }
    }

    const PIECES: [&[u8]; 12] =
        [b"a", b"bc", b",", b",", b"\t", b"\n", b"\r\n", b"\r", b"\"", b"\xc3", b"\xa9", b"\\"];

    #[test]
    fn half_a_character_in_each_of_two_fields_is_no_text() {
        assert_eq!(read(b"\xc3,\xa9\n", 2), [(1, 1, Err(BadReason::NotUtf8))]);
    }
}
