//! JSON that is not one object a line: arrays, pretty-printed and concatenated objects, arrays inside objects. What reads
//! it gets one object a line.

use std::io::{self, BufRead, Read};

use super::dialect::LOOKED_AT;
use super::error::{MAX_LINE_BYTES, excerpt};
use super::formats::ENVELOPES;

/// Turns JSON into one value a line, holding one value at a time. Text stays as it was written, but for line ends between
/// tokens, so that no digit of a number is lost.
pub(crate) struct Unfold<R> {
    input: R,
    /// The names that lead to the records; none where they are what the text begins with.
    path: Vec<String>,
    /// Other paths, of which that counts to which the name in an object leads.
    others: Vec<Vec<String>>,
    open: Vec<Open>,
    line: Vec<u8>,
    given: usize,
}

/// A container around the records. What is in it is at a level: so many names of the path lead there.
enum Open {
    Array(usize),
    Object(Object),
}

/// An object above the records.
struct Object {
    level: usize,
    /// Whether it has the name that leads on.
    leads_on: bool,
    /// Its first few names.
    names: Vec<String>,
}

/// A container, and the level of what is in it.
#[derive(Clone, Copy)]
enum Place {
    Array(usize),
    Object(usize),
}

impl Open {
    fn place(&self) -> Place {
        match self {
            Open::Array(level) => Place::Array(*level),
            Open::Object(object) => Place::Object(object.level),
        }
    }
}

/// What a line begins with that says which object leads to no records: no JSON does. The reason follows.
pub(crate) const LEADS_NOWHERE: &str = "\0leads nowhere: ";

/// Names of an object that are shown.
const NAMES_SHOWN: usize = 3;

/// The names that lead to the records of JSON that begins with `start` and has to be unfolded; none where it is one
/// object a line, or no JSON.
pub(crate) fn path_of(start: &[u8], given: Option<&str>) -> Option<Vec<String>> {
    if let Some(path) = given {
        return Some(path.split('.').map(str::to_string).collect());
    }
    let text = start.trim_ascii_start();
    let envelope = ENVELOPES.iter().find(|(name, _)| begins_with(text, name));
    match (text.first(), envelope) {
        (Some(b'['), _) => Some(Vec::new()),
        (_, Some((_, path))) => Some(path.split('.').map(str::to_string).collect()),
        (Some(b'{'), None) if spans_lines(text, start.len() == LOOKED_AT) => Some(Vec::new()),
        _ => None,
    }
}

/// Whether it begins as an envelope around records does: `{"Records":[{`.
fn begins_with(text: &[u8], name: &str) -> bool {
    let mut tokens = text;
    let name = format!("\"{name}\"");
    [b"{", name.as_bytes(), b":", b"[", b"{"].iter().all(|token| {
        tokens = tokens.trim_ascii_start();
        let rest = tokens.strip_prefix(*token);
        tokens = rest.unwrap_or_default();
        rest.is_some()
    })
}

/// Whether the first object goes on beyond its line, or another one follows in the same line. A broken line does neither:
/// what follows it is no rest of an object.
fn spans_lines(text: &[u8], goes_on: bool) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_object =
        |text: &[u8]| serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
    match end_of_object(text) {
        Some(end) if end <= line.len() => {
            is_object(&text[..end]) && line[end..].trim_ascii_start().starts_with(b"{")
        }
        Some(end) => is_object(&text[..end]),
        None => {
            goes_on
                && matches!(line.trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':'))
                && line.len() < text.len()
        }
    }
}

fn end_of_object(text: &[u8]) -> Option<usize> {
    let mut scan = Scan::default();
    text.iter().position(|byte| scan.ends_with(*byte)).map(|last| last + 1)
}

/// Where a container ends.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Scan {
    /// Takes a byte; whether the container ends with it.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => return false,
        }
        self.depth == 0 && !self.in_text
    }
}

impl<R: BufRead> Unfold<R> {
    pub(crate) fn new(input: R, path: Vec<String>) -> Self {
        Unfold { input, path, others: Vec::new(), open: Vec::new(), line: Vec::new(), given: 0 }
    }

    /// The same where nobody named the path, so that each object is read by the known envelope that it is.
    pub(crate) fn of_envelopes(input: R, path: Vec<String>) -> Self {
        let others = ENVELOPES.iter().map(|(_, path)| path.split('.').map(str::to_string).collect());
        let others = if path.is_empty() { Vec::new() } else { others.collect() };
        Unfold { others, ..Unfold::new(input, path) }
    }

    /// Puts the next record into the line; false where there is none.
    fn next_line(&mut self) -> io::Result<bool> {
        self.given = 0;
        self.line.clear();
        loop {
            let Some(byte) = self.peek()? else {
                return if self.open.is_empty() { Ok(false) } else { Err(cut_short()) };
            };
            match (self.open.last().map(Open::place), byte) {
                (Some(_), b',') => self.skip_byte(),
                (Some(Place::Array(_)), b']') | (Some(Place::Object(_)), b'}') => {
                    self.skip_byte();
                    if let Some(Open::Object(object)) = self.open.pop()
                        && !object.leads_on
                    {
                        self.leads_nowhere(object.level, &object.said());
                        return Ok(true);
                    }
                }
                (Some(Place::Array(_)), b'}' | b':') | (Some(Place::Object(_)), b']' | b':') => {
                    return Err(malformed(byte));
                }
                (Some(Place::Object(level)), b'"') => {
                    let name = self.name()?;
                    let is_on_path = self.is_on_path(level, &name);
                    if let Some(Open::Object(object)) = self.open.last_mut() {
                        object.note(name, is_on_path);
                    }
                    if is_on_path && self.enter(level + 1)? {
                        return Ok(true);
                    }
                    if !is_on_path {
                        self.value(false)?;
                    }
                }
                (Some(Place::Object(_)), _) => return Err(malformed(byte)),
                (Some(Place::Array(level)), b'[') if level < self.path.len() => {
                    self.skip_byte();
                    self.open.push(Open::Array(level));
                }
                (None, b'[') => {
                    self.skip_byte();
                    self.open.push(Open::Array(0));
                }
                (outer, _) => {
                    let level = if let Some(Place::Array(level)) = outer { level } else { 0 };
                    if self.element(level, byte)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Whether `name` in an object at `level` leads to records; in the outermost it says which path does.
    fn is_on_path(&mut self, level: usize, name: &str) -> bool {
        if level == 0
            && let Some(other) = self.others.iter().find(|other| other[0] == name)
        {
            self.path.clone_from(other);
        }
        self.path[level] == name
    }

    /// Puts a line into the place of a record that says what was found where `path` leads on from `level`.
    fn leads_nowhere(&mut self, level: usize, found: &str) {
        let path = excerpt(&self.path[..=level].join("."));
        self.line = format!("{LEADS_NOWHERE}no {path} in {found}\n").into_bytes();
    }

    /// Takes the value to which a name of the path led; whether it is a record.
    fn enter(&mut self, level: usize) -> io::Result<bool> {
        match self.peek()? {
            Some(b'[') => {
                self.skip_byte();
                self.open.push(Open::Array(level));
                Ok(false)
            }
            Some(byte) => self.element(level, byte),
            None => Err(cut_short()),
        }
    }

    /// Takes a value that begins with `byte`; whether it is a record, or something where an object should lead to some.
    fn element(&mut self, level: usize, byte: u8) -> io::Result<bool> {
        if level == self.path.len() {
            self.value(true)?;
            return Ok(true);
        }
        match byte {
            b'{' => {
                self.skip_byte();
                self.open.push(Open::Object(Object { level, leads_on: false, names: Vec::new() }));
                Ok(false)
            }
            _ => {
                self.value(false)?;
                self.leads_nowhere(level, "what is no object");
                Ok(true)
            }
        }
    }

    /// Takes a name and the colon after it.
    fn name(&mut self) -> io::Result<String> {
        self.value(true)?;
        let name = serde_json::from_slice(self.line.trim_ascii_end()).map_err(io::Error::other)?;
        self.line.clear();
        match self.peek()? {
            Some(b':') => self.skip_byte(),
            Some(byte) => return Err(malformed(byte)),
            None => return Err(cut_short()),
        }
        Ok(name)
    }

    /// Takes a value, which `is_kept` as the line or passed over.
    fn value(&mut self, is_kept: bool) -> io::Result<()> {
        let first = self.peek()?.ok_or_else(cut_short)?;
        let (mut scan, mut ended) = (Scan::default(), false);
        let is_scalar = !matches!(first, b'{' | b'[' | b'"');
        let mut taken = 0usize;
        while !ended {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                // A number or a word may end with the text.
                if is_scalar { break } else { return Err(cut_short()) }
            }
            let mut count = 0;
            for &byte in buffer {
                let is_end = byte.is_ascii_whitespace() || b",]}:[{\"".contains(&byte);
                if is_scalar && is_end && taken + count > 0 {
                    ended = true;
                    break;
                }
                count += 1;
                let was_in_text = scan.in_text;
                if !is_scalar && (scan.ends_with(byte) || (was_in_text && !scan.in_text && scan.depth == 0)) {
                    ended = true;
                    break;
                }
            }
            if is_kept {
                let room = (MAX_LINE_BYTES + 1).saturating_sub(self.line.len());
                self.line.extend_from_slice(&buffer[..count.min(room)]);
            }
            taken += count;
            self.input.consume(count);
        }
        if is_kept {
            self.end_line();
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let mut scan = Scan::default();
        for byte in &mut self.line {
            // Within text a line end is an error, and stays one.
            if matches!(*byte, b'\n' | b'\r') {
                *byte = if scan.in_text { 0 } else { b' ' };
            }
            scan.ends_with(*byte);
        }
        self.line.push(b'\n');
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match buffer.get(blank).copied() {
                None if buffer.is_empty() => return Ok(None),
                found => {
                    self.input.consume(blank);
                    if found.is_some() {
                        return Ok(found);
                    }
                }
            }
        }
    }

    fn skip_byte(&mut self) {
        self.input.consume(1);
    }
}

impl Object {
    fn note(&mut self, name: String, leads_on: bool) {
        self.leads_on |= leads_on;
        if !leads_on && self.names.len() <= NAMES_SHOWN {
            self.names.push(name);
        }
    }

    /// What it is, by its names.
    fn said(&self) -> String {
        let mut names: Vec<_> = self.names.iter().take(NAMES_SHOWN).map(|name| excerpt(name)).collect();
        if self.names.len() > NAMES_SHOWN {
            names.push("…".to_string());
        }
        match names.is_empty() {
            true => "an empty object".to_string(),
            false => format!("an object that has {}", names.join(", ")),
        }
    }
}

fn cut_short() -> io::Error {
    io::Error::other(
        "the JSON ends within a value: the file is cut short, or a bracket or quote is never closed",
    )
}

fn malformed(byte: u8) -> io::Error {
    let found = char::from(byte).escape_debug();
    io::Error::other(format!("not JSON: found '{found}' where a value, a name or the end should be"))
}

impl<R: BufRead> Read for Unfold<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Unfold<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.given == self.line.len() && !self.next_line()? {
            self.line.clear();
        }
        Ok(&self.line[self.given..])
    }

    fn consume(&mut self, count: usize) {
        self.given += count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, path: &str) -> Result<Vec<String>, String> {
        let path = path.split('.').filter(|name| !name.is_empty()).map(str::to_string).collect();
        // Small buffers, so that everything is cut somewhere.
        let mut unfold = Unfold::new(io::BufReader::with_capacity(3, text.as_bytes()), path);
        let mut read = String::new();
        unfold.read_to_string(&mut read).map_err(|error| error.to_string())?;
        Ok(read.lines().map(str::to_string).collect())
    }

    #[test]
    fn arrays_and_objects_on_many_lines_become_one_line_each() {
        for text in [
            "[{\"a\":1},{\"a\":2}]",
            "[\n  {\"a\":1},\n{\"a\":2}\n]\n",
            "{\"a\":1}{\"a\":2}",
            "{\"a\":1} {\"a\":2}\n",
        ] {
            assert_eq!(lines(text, "").unwrap(), ["{\"a\":1}", "{\"a\":2}"], "{text}");
        }
        assert_eq!(lines("{\n \"a\": \"}\\\"]\"\n}", "").unwrap(), ["{  \"a\": \"}\\\"]\" }"]);
        assert_eq!(lines("[1, \"x\", null,[2]]", "").unwrap(), ["1", "\"x\"", "null", "[2]"]);
        assert_eq!(lines("[]", "").unwrap(), [""; 0]);
        assert_eq!(
            lines("{\"a\":12345678901234567890123.50}7", "").unwrap()[0],
            "{\"a\":12345678901234567890123.50}"
        );
    }

    #[test]
    fn a_path_leads_to_the_records_through_objects_and_arrays() {
        let text =
            r#"{"x":[{"a":0}],"Records":[{"a":1},{"a":2}],"y":{"Records":[{"a":9}]}} {"Records":[{"a":3}]}"#;
        assert_eq!(lines(text, "Records").unwrap(), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
        let otlp = r#"{"r":[{"s":[{"l":[{"a":1}]},{"l":[{"a":2},{"a":3}]}]},{"s":[]}]}"#;
        assert_eq!(lines(otlp, "r.s.l").unwrap(), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
        assert_eq!(lines(r#"{"data":{"a":1},"b":7}"#, "data").unwrap(), ["{\"a\":1}"]);
        assert_eq!(lines(r#"[{"d":{"e":[{"a":1}]}}]"#, "d.e").unwrap(), ["{\"a\":1}"]);
    }

    #[test]
    fn what_leads_to_no_records_is_a_line_of_its_own() {
        let said = |text: &str, path: &str| -> Vec<String> {
            let lines = lines(text, path).unwrap();
            lines.iter().map(|line| line.strip_prefix(LEADS_NOWHERE).unwrap_or(line).to_string()).collect()
        };
        assert_eq!(said(r#"{"data":7}"#, "none"), ["no none in an object that has data"]);
        let text = r#"{"r":[{"a":1}]} {"x":1,"y":{"r":2}} 7 {} {"r":[]} {"a":1,"b":2,"c":3,"d":4}"#;
        let expected = [
            "{\"a\":1}",
            "no r in an object that has x, y",
            "no r in what is no object",
            "no r in an empty object",
            "no r in an object that has a, b, c, …",
        ];
        assert_eq!(said(text, "r"), expected);
        let text = r#"{"b":{"e":[{"a":1}]}} {"b":{}} {"b":[{"e":[]},{"f":1},5]}"#;
        let expected = [
            "{\"a\":1}",
            "no b.e in an empty object",
            "no b.e in an object that has f",
            "no b.e in what is no object",
        ];
        assert_eq!(said(text, "b.e"), expected);
    }

    #[test]
    fn each_object_is_read_by_the_envelope_that_it_is() {
        let text = r#"{"Records":[{"a":1}]}{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"a":2}]}]}]}
            {"resource_spans":[{"scope_spans":[{"spans":[{"a":3}]}]}]}{"id":1}"#;
        let path = path_of(text.as_bytes(), None).unwrap();
        let mut read = String::new();
        Unfold::of_envelopes(text.as_bytes(), path).read_to_string(&mut read).unwrap();
        let expected = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"];
        assert_eq!(read.lines().take(3).collect::<Vec<_>>(), expected);
        let last = read.lines().nth(3).unwrap();
        assert_eq!(last, format!("{LEADS_NOWHERE}no resource_spans in an object that has id"));
    }

    #[test]
    fn what_ends_early_or_is_no_json_is_an_error() {
        for (text, path) in
            [("[{\"a\":1}", ""), ("{\"a\":", ""), ("[{\"a\":\"", ""), ("{\"r\":[", "r"), ("{\"r\"", "r")]
        {
            assert!(lines(text, path).unwrap_err().contains("cut short"), "{text}");
        }
        for (text, path) in [("[1:2]", ""), ("[}", ""), ("{\"r\" 1}", "r"), ("{1}", "r")] {
            assert!(lines(text, path).unwrap_err().contains("not JSON"), "{text}");
        }
        // A line end inside text is no JSON, and is not made such.
        assert_eq!(lines("[\"a\nb\"]", "").unwrap(), ["\"a\0b\""]);
    }

    #[test]
    fn what_has_to_be_unfolded_is_told_by_its_beginning() {
        let path = |start: &str| path_of(start.as_bytes(), None).map(|path| path.join("."));
        for (start, expected) in [
            ("[{", Some("")),
            (" \n[", Some("")),
            ("{\n  \"a\": 1\n}\n{\n", Some("")),
            ("{\"a\":1}{\"a\":2}", Some("")),
            ("{ \"Records\": [ {\"a\":1", Some("Records")),
            ("{\"a\":1}\n{\"a\":2}\n", None),
            ("{\"a\":1} x\n", None),
            ("{\"a\":1\n{\"a\":2}\n", None),
            ("{\n{\n", None),
            ("{\"a\":\"x\n{\"a\":2}\n", None),
            ("id,t\n", None),
            ("", None),
        ] {
            assert_eq!(path(start).as_deref(), expected, "{start:?}");
        }
        let long = format!("{{\n\"a\":[{}", "1,".repeat(LOOKED_AT));
        assert_eq!(path(&long[..LOOKED_AT]).as_deref(), Some(""));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_hang(
            tokens in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\"r\"", "1", " ", "\n", "null", "é", "\0",
            ]), 0..60),
            path in prop::sample::select(vec!["", "r", "r.r"]),
        ) {
            let text = tokens.concat();
            if let Ok(lines) = lines(&text, path) {
                prop_assert!(lines.len() <= text.len());
            }
        }

        #[test]
        fn values_come_as_they_were_however_they_are_spread(values in prop::collection::vec(json(), 0..8), pretty: bool) {
            let write = |value: &serde_json::Value| match pretty {
                true => serde_json::to_string_pretty(value).unwrap(),
                false => value.to_string(),
            };
            let array = format!("[{}]", values.iter().map(write).collect::<Vec<_>>().join(","));
            let concatenated = values.iter().map(write).collect::<Vec<_>>().join(" ");
            let parsed = |text: &str| -> Vec<serde_json::Value> {
                lines(text, "").unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
            };
            prop_assert_eq!(&parsed(&array), &values);
            prop_assert_eq!(&parsed(&concatenated), &values);
        }
    }

    /// An object of anything.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        let inner = leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        });
        prop::collection::hash_map(any::<String>(), inner, 0..4)
            .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
    }
}
