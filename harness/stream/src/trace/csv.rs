//! CSV: columns with something between them, quotes where needed, line ends allowed inside quotes.

use std::borrow::Cow;
use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};
use memchr::{memchr, memchr_iter, memchr2};

use super::bytes::Text;
use super::dialect::Dialect;
use super::error::{BadReason, MAX_LINE_BYTES};
use super::fields::{Fields, of_text};
use super::record::{Parts, Record, There, Values};

/// Columns for which there is always room.
const FEWEST_ENDS: usize = 1 << 6;

/// Longer lines are left to the parser, which knows when to stop.
const LONGEST_SPLIT: usize = 1 << 16;

/// Reads a trace in CSV.
///
/// On `csv-core` rather than `csv`, because the latter lets one quote that is never closed take memory without end.
pub(crate) struct CsvRows {
    input: Text,
    parser: Reader,
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
}

impl CsvRows {
    pub(crate) fn new(input: Text, columns: Columns, dialect: Dialect) -> Self {
        CsvRows {
            input,
            parser: dialect.parser(),
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
        Ok(Some(Record { line: extent.line, lines, there: There::ALL, fields, values }))
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
        let text = std::str::from_utf8(&self.content[..extent.bytes]).map_err(|_| BadReason::NotUtf8)?;
        // Two fields that are no text can be one when put together: then the border is inside a character.
        if !self.ends[..extent.fields].iter().all(|end| text.is_char_boundary(*end)) {
            return Err(BadReason::NotUtf8);
        }
        if extent.fields != self.columns.names.len() {
            return Err(BadReason::Columns { found: extent.fields, expected: self.columns.names.len() });
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
        let extent = Extent { line, line_ends: 0, bytes: 0, fields: 0, too_long: false };
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
            self.unquoted = memchr(b'"', input).unwrap_or(input.len());
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
        loop {
            let input = self.input.fill_buf()?;
            let (result, taken, bytes, fields) = self.parser.read_record(
                input,
                &mut self.content[extent.bytes..],
                &mut self.ends[extent.fields..],
            );
            self.consume(taken);
            extent.bytes += bytes;
            extent.fields += fields;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.content.len() < MAX_LINE_BYTES => {
                    self.content.resize(self.content.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_LINE_BYTES / 8 => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => self.discard(&mut extent),
                ReadRecordResult::Record => {
                    extent.line_ends += self.line_ends(&extent);
                    return Ok(Some(extent));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
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
    use super::*;

    /// Line, lines, the id in the first column, and all fields with their digests.
    type Read = (u64, u64, Result<String, BadReason>, Vec<(String, u128)>);

    fn columns(count: usize) -> Columns {
        let names = (0..count).map(|number| number.to_string()).collect();
        Columns { ids: vec![0], time: None, names }
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
    fn a_quote_that_is_never_closed_spoils_all_lines_that_it_swallows() {
        let found = read(b"a,1\n\"b,2\nc,3\nd,4\n", 2);
        assert_eq!(found[1], (2, 4, Err(BadReason::Columns { found: 1, expected: 2 })));
        assert_eq!(found.len(), 2);
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
