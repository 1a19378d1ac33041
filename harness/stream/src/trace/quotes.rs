//! Quotes in CSV that swallow lines. A field may go on over several lines, but one quote that nobody meant as such does
//! the same: what is wrong with a record then, and which of its bytes have to be read again.

use super::dialect::{Delimiter, Dialect, Escape};
use super::error::OpenQuote;
use super::folded::{Alike, Folded};

/// Lines over which a field may go on.
pub(crate) const MOST_LINES: usize = 1000;
/// The same where lines have one column, so that nothing else tells whether records are swallowed.
pub(crate) const MOST_LINES_OF_ONE_COLUMN: usize = 100;
/// Bytes behind a record's first line that are kept to be read again.
const MOST_BYTES: usize = 1 << 20;
/// So many lines within a field, of which nine of ten have as many columns as the file, are records.
const FEWEST_RECORDS: usize = 5;

/// Follows the bytes of a record.
pub(super) struct Quotes {
    delimiter: u8,
    /// Whether there are quotes at all.
    honoured: bool,
    backslash: bool,
    /// Columns of the file; 0 where they are not known.
    columns: usize,
    place: Place,
    /// Line ends within fields.
    lines: usize,
    /// Whether the last byte was a carriage return within a field, of which a line feed may be the second half.
    is_cr: bool,
    text_behind: bool,
    /// Delimiters since the record began, or since the last line end within a field, and all bytes.
    delimiters: usize,
    bytes: usize,
    /// Whole lines within fields that are not blank, and how many of them have as many columns as the file.
    inner: usize,
    alike: usize,
    /// Whether the first line has.
    first_alike: bool,
    /// The byte that ends the first line, and all behind it.
    first_end: Option<u8>,
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before a field.
    Before,
    /// In a field without quotes, or behind those of one.
    Bare,
    Quoted,
    /// Behind a backslash within quotes.
    Escaped,
    /// Behind a quote that ends a field, unless another one follows.
    Closed,
}

impl Quotes {
    pub(super) fn new(dialect: Dialect, columns: usize) -> Self {
        let Dialect { delimiter, escape } = dialect;
        Quotes {
            delimiter: Delimiter::byte(delimiter),
            honoured: escape != Escape::Never,
            backslash: escape == Escape::Backslash,
            columns,
            place: Place::Before,
            lines: 0,
            is_cr: false,
            text_behind: false,
            delimiters: 0,
            bytes: 0,
            inner: 0,
            alike: 0,
            first_alike: false,
            first_end: None,
            rest: Vec::new(),
        }
    }

    /// Whether there are quotes at all.
    pub(super) fn honoured(&self) -> bool {
        self.honoured
    }

    /// Begins a record.
    pub(super) fn begin(&mut self) {
        (self.place, self.lines, self.is_cr, self.text_behind) = (Place::Before, 0, false, false);
        (self.delimiters, self.bytes, self.inner, self.alike, self.first_end) = (0, 0, 0, 0, None);
        self.rest.clear();
    }

    /// Takes bytes of the record.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if !self.honoured {
            return;
        }
        let mut before = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if matches!(self.place, Place::Quoted | Place::Escaped) && matches!(byte, b'\n' | b'\r') {
                if self.first_end.is_none() {
                    (self.first_end, before) = (Some(byte), at + 1);
                }
                self.end_line(byte);
            }
            self.is_cr = byte == b'\r';
            self.delimiters += usize::from(byte == self.delimiter);
            self.bytes += usize::from(!matches!(byte, b'\n' | b'\r'));
            self.place = self.next_place(byte);
        }
        if self.first_end.is_some() {
            self.rest.extend_from_slice(&bytes[before..]);
        }
    }

    fn end_line(&mut self, byte: u8) {
        if byte == b'\n' && self.is_cr {
            return;
        }
        if self.lines == 0 {
            self.first_alike = self.is_alike();
        } else if self.bytes > 0 {
            self.inner += 1;
            self.alike += usize::from(self.is_alike());
        }
        self.lines += 1;
        (self.delimiters, self.bytes) = (0, 0);
    }

    /// Whether the line has as many columns as the file.
    fn is_alike(&self) -> bool {
        self.delimiters + 1 == self.columns
    }

    fn next_place(&mut self, byte: u8) -> Place {
        match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, b'\\') if self.backslash => Place::Escaped,
            (Place::Quoted | Place::Escaped, _) | (Place::Before | Place::Closed, b'"') => Place::Quoted,
            (_, b'\n' | b'\r') => Place::Before,
            (_, byte) if byte == self.delimiter => Place::Before,
            (Place::Closed, _) => {
                self.text_behind = true;
                Place::Bare
            }
            (Place::Before | Place::Bare, _) => Place::Bare,
        }
    }

    /// Whether no field goes on for so long.
    pub(super) fn goes_too_far(&self) -> bool {
        self.lines > self.most_lines() || self.rest.len() > MOST_BYTES
    }

    fn most_lines(&self) -> usize {
        if self.columns == 1 { MOST_LINES_OF_ONE_COLUMN } else { MOST_LINES }
    }

    /// What is wrong with the quotes of the record, which has so many columns and has ended, or goes too far.
    pub(super) fn problem(&self, columns: usize) -> Option<OpenQuote> {
        let lines = self.lines;
        match self.place {
            _ if self.goes_too_far() => Some(OpenQuote::TooFar { most: self.most_lines() }),
            Place::Quoted | Place::Escaped => Some(OpenQuote::Never),
            _ if lines == 0 => None,
            _ if self.text_behind => Some(OpenQuote::TextBehind { lines }),
            _ if self.columns > 0 && columns != self.columns => {
                Some(OpenQuote::Columns { lines, found: columns, expected: self.columns })
            }
            _ if self.columns > 1 && self.inner >= FEWEST_RECORDS && self.alike * 10 >= self.inner * 9 => {
                Some(OpenQuote::Records { lines })
            }
            _ => None,
        }
    }

    /// What the record is that has ended, if it goes on over several lines.
    pub(super) fn folded(&self) -> Option<Folded> {
        let ends = usize::from(self.first_alike) + usize::from(self.is_alike());
        let (could_be, all) = (self.alike + ends, self.inner + 2);
        let alike = match could_be {
            count if count == all => Alike::Every,
            count if count * 2 > all => Alike::Most,
            _ => Alike::Few,
        };
        (self.lines > 0).then_some(Folded { lines: self.lines as u64 + 1, alike })
    }

    /// What follows the first line of the record, and whether a line feed ended it; none where it has one line.
    pub(super) fn rest(&mut self) -> Option<(&mut Vec<u8>, bool)> {
        let end = self.first_end?;
        Some((&mut self.rest, end == b'\n'))
    }
}
