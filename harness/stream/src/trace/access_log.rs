//! Logs of web servers in the common or the combined form, which Apache and nginx write unless they are told otherwise.
//!
//! ```text
//! 192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326 "http://from" "agent"
//! ```
//!
//! Columns with spaces between them, but for the time: there is a space in it, and brackets are around it. Here these become
//! quotes, so that what reads CSV reads it. A user's name with spaces in it, which no server puts into quotes, gets them.
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

/// Lines that are looked at to tell which of these it is, for a user's name may have spaces in it.
const LOOKED_AT: usize = 100;

/// A longer name is none.
const LONGEST_USER: usize = 1 << 12;

/// The columns by their names, and behind those by their numbers, if the trace is such a log by its first line.
pub(super) fn columns(options: &TraceOptions, count: usize) -> Result<Option<Vec<String>>, TraceError> {
    let Some(first) = first_name(options)? else { return Ok(None) };
    let named = NAMES[first..].iter().map(|name| name.to_string());
    let numbered = (NAMES.len() - first + 1..=count).map(|number| format!("#{number}"));
    Ok(Some(named.chain(numbered).take(count).collect()))
}

/// Where the time is, which stands in each line of such a log.
pub(super) fn time_of(columns: &[String]) -> Option<usize> {
    columns.iter().position(|name| name == "time")
}

/// `text` with quotes in the place of brackets, if the trace is such a log.
pub(super) fn quoted(options: &TraceOptions, text: Text) -> Result<Text, TraceError> {
    Ok(match first_name(options)? {
        Some(first) => Box::new(Quoted::new(text, BEFORE_TIME[first])),
        None => text,
    })
}

/// Which of the names is that of the first column; none if it is no such log, or a delimiter was named.
fn first_name(options: &TraceOptions) -> Result<Option<usize>, TraceError> {
    if options.delimiter.is_some() || !matches!(options.format, Format::Auto | Format::Csv) {
        return Ok(None);
    }
    Ok(first_name_of(&String::from_utf8_lossy(bytes::start_of(options)?.trim_ascii_start())))
}

/// The first line has to be one of such a log. With the served host it is if all of the first ones can be read so: a
/// user's name may have spaces in it, and then a line without that host has as many words.
fn first_name_of(start: &str) -> Option<usize> {
    let mut lines = start.lines().take(LOOKED_AT).map(before_time);
    let first = lines.next().flatten()?;
    let is_served = std::iter::once(first).chain(lines.flatten()).all(has_served_host);
    Some(if is_served { 0 } else { 1 })
}

/// What stands before the time in a line of such a log.
fn before_time(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once(" [")?;
    let (time, rest) = rest.split_once("] ")?;
    let is_long_enough = before.split(' ').count() >= BEFORE_TIME[1];
    (is_time(time) && rest.starts_with('"') && is_long_enough).then_some(before)
}

/// Whether the second word is a host or an address, as no name of `ident` is: `-`, nearly always.
fn has_served_host(before: &str) -> bool {
    let mut words = before.split(' ');
    let is_host = |word: &str| word.contains(['.', ':']) || word == "localhost";
    words.nth(1).is_some_and(is_host) && words.count() + 2 >= BEFORE_TIME[0]
}

/// Whether it is of the form `10/Oct/2000:13:55:36 -0700`.
pub(super) fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"00/aaa/0000:00:00:00 +0000";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        other => byte == *other,
    };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits)
}

/// Gives lines on, the first pair of brackets in each as quotes, and a user's name with spaces in such.
struct Quoted {
    input: Text,
    /// Columns before the time, of which the user is the last.
    before_time: usize,
    place: Place,
    /// What has come of the user's name, up to the bracket behind it.
    user: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
}

/// Where in its line a byte is.
#[derive(Clone, Copy)]
enum Place {
    /// Before the user, behind so many spaces.
    Before(usize),
    User,
    /// Within the brackets.
    Inside,
    After,
}

impl Quoted {
    fn new(input: Text, before_time: usize) -> Quoted {
        Quoted { input, before_time, place: Place::Before(0), user: Vec::new(), ready: Vec::new(), given: 0 }
    }

    fn take(&mut self) -> io::Result<()> {
        self.given = 0;
        self.ready.clear();
        // A name that has not come to its end may be all that there is of a piece.
        while self.ready.is_empty() {
            let input = self.input.fill_buf()?;
            let count = input.len();
            for &byte in input {
                self.place = match self.place {
                    Place::User => take_user(byte, &mut self.user, &mut self.ready),
                    place => {
                        let (byte, place) = next(place, byte, self.before_time);
                        self.ready.push(byte);
                        place
                    }
                };
            }
            self.input.consume(count);
            if count == 0 {
                self.ready.append(&mut self.user);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What a byte outside of the user's name becomes, and where the next one is.
fn next(place: Place, byte: u8, before_time: usize) -> (u8, Place) {
    match (place, byte) {
        (_, b'\n') => (byte, Place::Before(0)),
        (Place::Before(spaces), b' ') if spaces + 2 == before_time => (byte, Place::User),
        (Place::Before(spaces), b' ') => (byte, Place::Before(spaces + 1)),
        (Place::Before(_), b'[') => (b'"', Place::Inside),
        // Brackets may be anywhere behind the time, but before it there are no quotes.
        (Place::Before(_), b'"') => (byte, Place::After),
        (Place::Inside, b']') => (b'"', Place::After),
        (place, _) => (byte, place),
    }
}

/// Takes a byte of the user's name, which ends with a space and a bracket; whatever ends without them is no name.
fn take_user(byte: u8, user: &mut Vec<u8>, ready: &mut Vec<u8>) -> Place {
    match byte {
        b'[' if user.ends_with(b" ") => {
            user.pop();
            // Behind a served host that the log does not have otherwise: too many columns, and a bad line.
            let is_name = user.contains(&b' ') && !user.starts_with(b"- ");
            let quote: &[u8] = if is_name { b"\"" } else { b"" };
            ready.extend([quote, user.as_slice(), quote, b" \""].concat());
            user.clear();
            Place::Inside
        }
        b'\n' | b'"' => {
            ready.append(user);
            ready.push(byte);
            if byte == b'\n' { Place::Before(0) } else { Place::After }
        }
        _ => {
            user.push(byte);
            if user.len() <= LONGEST_USER {
                return Place::User;
            }
            ready.append(user);
            Place::After
        }
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
            (format!("::1 - joe doe {time} \"GET /\"\n::1 - - {time} \"GET /\""), Some(1)),
            (format!("::1 - - {time} \"GET /\"\nh:80 ::1 - joe {time} \"GET /\"\n[ {time} x"), Some(1)),
            (format!("h:80 ::1 - joe doe {time} \"GET /\"\nh:80 ::1 - - {time} \"GET /\""), Some(0)),
            (format!("10.0.0.1 - Anna Doe {time} \"GET /\"\n10.0.0.2 - Eva Doe {time} \"GET /\""), Some(1)),
            (format!("10.0.0.1 - Anna Maria Doe {time} \"GET /\""), Some(1)),
            (format!("h 10.0.0.1 - Anna Doe {time} \"GET /\"\nh a.b - - {time} \"GET /\""), Some(0)),
        ] {
            assert_eq!(first_name_of(&line), first, "{line}");
        }
    }
}
