//! Logs of web servers in the common or the combined form, which Apache and nginx write unless they are told otherwise.
//!
//! ```text
//! 192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326 "http://from" "agent"
//! ```
//!
//! Columns with spaces between them, but for the time: there is a space in it, and brackets are around it. Here these become
//! quotes, so that what reads CSV reads it.
//!
//! Form: Apache HTTP Server 2.4, mod_log_config, "common", "combined" and "vhost_combined".

use std::io::{self, BufRead, Read};

use super::bytes::{self, Text};
use super::dialect::{Delimiter, Dialect, Escape};
use super::error::TraceError;
use super::options::{Format, TraceOptions};

/// How its columns are written once brackets are quotes.
pub(super) const DIALECT: Dialect = Dialect { delimiter: Delimiter::SPACE, escape: Escape::Backslash };

/// What the columns are called; a log without names of hosts that are served begins with the second.
const NAMES: [&str; 10] =
    ["vhost", "host", "ident", "user", "time", "request", "status", "bytes", "referer", "user_agent"];

/// Columns before the time, with the served host or without.
const BEFORE_TIME: [usize; 2] = [4, 3];

/// The columns by their names, and behind those by their numbers, if the trace is such a log by its first line.
pub(super) fn columns(options: &TraceOptions, count: usize) -> Result<Option<Vec<String>>, TraceError> {
    let Some(first) = first_name(options)? else { return Ok(None) };
    let named = NAMES[first..].iter().map(|name| name.to_string());
    let numbered = (NAMES.len() - first + 1..=count).map(|number| format!("#{number}"));
    Ok(Some(named.chain(numbered).take(count).collect()))
}

/// `text` with quotes in the place of brackets, if the trace is such a log.
pub(super) fn quoted(options: &TraceOptions, text: Text) -> Result<Text, TraceError> {
    Ok(match first_name(options)? {
        Some(_) => Box::new(Quoted { input: text, place: Place::Before, ready: Vec::new(), given: 0 }),
        None => text,
    })
}

/// Which of the names is that of the first column; none if it is no such log, or a delimiter was named.
fn first_name(options: &TraceOptions) -> Result<Option<usize>, TraceError> {
    if options.delimiter.is_some() || !matches!(options.format, Format::Auto | Format::Csv) {
        return Ok(None);
    }
    let start = bytes::start_of(options)?;
    let line = start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(first_name_of(&String::from_utf8_lossy(line)))
}

fn first_name_of(line: &str) -> Option<usize> {
    let (before, rest) = line.split_once(" [")?;
    let (time, rest) = rest.split_once("] ")?;
    let first = BEFORE_TIME.iter().position(|count| before.split(' ').count() == *count)?;
    (is_time(time) && rest.starts_with('"')).then_some(first)
}

/// Whether it is of the form `10/Oct/2000:13:55:36 -0700`.
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"00/aaa/0000:00:00:00 +0000";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        other => byte == *other,
    };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits)
}

/// Gives lines on, the first pair of brackets in each as quotes.
struct Quoted {
    input: Text,
    place: Place,
    ready: Vec<u8>,
    given: usize,
}

/// Where in its line a byte is.
#[derive(Clone, Copy)]
enum Place {
    Before,
    /// Within the brackets.
    Inside,
    After,
}

impl Quoted {
    fn take(&mut self) -> io::Result<()> {
        self.given = 0;
        self.ready.clear();
        let input = self.input.fill_buf()?;
        self.ready.extend_from_slice(input);
        let count = input.len();
        self.input.consume(count);
        for byte in &mut self.ready {
            self.place = match (self.place, *byte) {
                (_, b'\n') => Place::Before,
                (Place::Before, b'[') => {
                    *byte = b'"';
                    Place::Inside
                }
                // Brackets may be anywhere behind the time, but before it there are no quotes.
                (Place::Before, b'"') => Place::After,
                (Place::Inside, b']') => {
                    *byte = b'"';
                    Place::After
                }
                (place, _) => place,
            };
        }
        Ok(())
    }
}

impl Read for Quoted {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Quoted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.given == self.ready.len() {
            self.take()?;
        }
        Ok(&self.ready[self.given..])
    }

    fn consume(&mut self, count: usize) {
        self.given += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_its_first_line() {
        let time = "[10/Oct/2000:13:55:36 -0700]";
        for (line, first) in [
            (format!("::1 - - {time} \"GET / HTTP/1.1\" 200 5"), Some(1)),
            (format!("h:80 ::1 - joe {time} \"GET / HTTP/1.1\" 200 5 \"-\" \"x\""), Some(0)),
            (format!("::1 - - {time} 200 5"), None),
            (format!("- {time} \"GET /\""), None),
            ("::1 - - [2000-10-10] \"GET /\"".to_string(), None),
            ("::1 - - 10/Oct/2000 \"GET /\"".to_string(), None),
            ("id,t".to_string(), None),
        ] {
            assert_eq!(first_name_of(&line), first, "{line}");
        }
    }
}
