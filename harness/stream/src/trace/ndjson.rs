//! NDJSON: one JSON object a line.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::bytes::Text;
use super::decimal::whole_of_pointed;
use super::error::{BadReason, MAX_LINE_BYTES, excerpt};
use super::fields::Fields;
use super::json_fields::JsonFields;
use super::record::{Parts, Record, There, Values};
use super::unfold::LEADS_NOWHERE;

/// Reads a trace in NDJSON, picking the wanted fields of each line and skipping the rest unparsed.
pub(crate) struct JsonLines {
    input: Text,
    line: u64,
    buffer: Vec<u8>,
    paths: Paths,
}

/// What is wanted of an object: the parts of the id, and the time where there is one. A path is a dotted one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Paths {
    /// Those of the id, in their order, then that of the time.
    all: Vec<String>,
    /// How many are of the id.
    ids: usize,
}

impl Paths {
    pub(crate) fn new(ids: &[String], time: Option<&String>) -> Self {
        Paths { all: ids.iter().chain(time).cloned().collect(), ids: ids.len() }
    }

    /// What the field at `index` is for.
    fn role(&self, index: usize) -> &'static str {
        if index < self.ids { "id" } else { "time" }
    }
}

/// What stands behind the name of an array among the fields of a line. No field's own name ends like this.
pub(crate) const ARRAY: &str = " (an array)";

/// What was found for each path.
type Found<'a> = SmallVec<[Option<&'a RawValue>; 2]>;

enum Line {
    Whole,
    TooLong,
}

impl JsonLines {
    pub(crate) fn new(input: Text, paths: Paths) -> Self {
        JsonLines { input, line: 0, buffer: Vec::new(), paths }
    }

    /// The next line that is not blank.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(line) = self.read_line()? else { return Ok(None) };
        let this: &Self = self;
        let (there, values) = match line {
            Line::Whole => match this.wanted() {
                Ok(found) => {
                    let (ids, time) = found.split_at(this.paths.ids);
                    let there = There::of(ids.iter().map(Option::is_some), time.iter().any(Option::is_some));
                    (there, values(ids, time))
                }
                Err(reason @ BadReason::Twice(_)) => (There::ALL, Err(reason)),
                Err(reason) => (There::default(), Err(reason)),
            },
            Line::TooLong => (There::default(), Err(BadReason::TooLong)),
        };
        Ok(Some(Record { line: this.line, lines: 1, folded: None, there, fields: Some(this), values }))
    }

    /// The dotted paths of the scalars in the first line that is a JSON object, and of its arrays, which are marked as
    /// such; none if there is no such line.
    pub(crate) fn first_fields(mut self) -> io::Result<Vec<String>> {
        while let Some(line) = self.read_line()? {
            if let (Line::Whole, Ok(object @ Value::Object(_))) = (line, serde_json::from_slice(&self.buffer))
            {
                let mut fields = Vec::new();
                list_scalars(&object, "", &mut fields);
                return Ok(fields);
            }
        }
        Ok(Vec::new())
    }

    fn read_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            self.buffer.clear();
            let limit = MAX_LINE_BYTES as u64 + 1;
            if (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.buffer.len() > MAX_LINE_BYTES && self.buffer.last() != Some(&b'\n') {
                self.input.skip_until(b'\n')?;
                return Ok(Some(Line::TooLong));
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(Line::Whole));
            }
        }
    }

    fn wanted(&self) -> Result<Found<'_>, BadReason> {
        let text = std::str::from_utf8(self.buffer.trim_ascii_end()).map_err(|_| BadReason::NotUtf8)?;
        let wanted: SmallVec<[&str; 2]> = self.paths.all.iter().map(String::as_str).collect();
        pick(text, &wanted).map_err(|problem| match problem {
            PickProblem::Twice(index) => BadReason::Twice(self.paths.role(index)),
            PickProblem::Json(reason) => match text.strip_prefix(LEADS_NOWHERE) {
                Some(why) => BadReason::LeadsNowhere(why.to_string()),
                None => reason,
            },
        })
    }
}

impl Fields for JsonLines {
    fn each(&self, visit: &mut dyn FnMut(&str, u128)) {
        if let Ok(text) = std::str::from_utf8(&self.buffer) {
            JsonFields(text.trim_ascii()).each(visit);
        }
    }
}

fn values<'a>(ids: &[Option<&'a RawValue>], time: &[Option<&'a RawValue>]) -> Result<Values<'a>, BadReason> {
    let id = |raw: &Option<&'a RawValue>| raw.map(id_text).transpose().map(Option::flatten);
    let time = time.first().copied().flatten();
    Ok(Values { id: Parts::gather(ids.iter().map(id))?, time: time.map(time_text).transpose()?.flatten() })
}

fn list_scalars(value: &Value, path: &str, fields: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                list_scalars(inner, &path, fields);
            }
        }
        Value::Array(_) => fields.push(format!("{path}{ARRAY}")),
        _ => fields.push(path.to_string()),
    }
}

fn id_text(raw: &RawValue) -> Result<Option<Cow<'_, str>>, BadReason> {
    let text = scalar(raw)?.map_err(|what| BadReason::Id(what.to_string()))?;
    let number = !raw.get().starts_with('"') && text.is_some();
    if !number || raw.get().bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Ok(text);
    }
    match whole_of_pointed(raw.get()) {
        Some(whole) => Ok(Some(Cow::Borrowed(whole))),
        None => Err(BadReason::Id(format!("the number {}", not_whole(raw.get())))),
    }
}

/// What is wrong with a number that is no id.
fn not_whole(number: &str) -> String {
    let why = match number.split_once('.') {
        _ if number.contains(['e', 'E']) => "is written with an exponent, so that digits may be missing",
        Some((_, fraction)) if fraction.bytes().all(|digit| digit == b'0') => {
            "is so large that digits may be missing"
        }
        _ => "is not whole",
    };
    format!("{}, which {why}", excerpt(number))
}

fn time_text(raw: &RawValue) -> Result<Option<Cow<'_, str>>, BadReason> {
    scalar(raw)?.map_err(|what| BadReason::Time { found: what.to_string(), allowed: "text or a number" })
}

/// The text of a string or number as it was written, so that no digit is lost; none for null; else what it is.
fn scalar(raw: &RawValue) -> Result<Result<Option<Cow<'_, str>>, &'static str>, BadReason> {
    let json = raw.get();
    Ok(match json.as_bytes()[0] {
        b'"' if !json.contains('\\') => Ok(Some(Cow::Borrowed(&json[1..json.len() - 1]))),
        b'"' => Ok(Some(Cow::Owned(serde_json::from_str(json).map_err(bad_json)?))),
        b'n' => Ok(None),
        b't' | b'f' => Err("a boolean"),
        b'{' => Err("an object"),
        b'[' => Err("an array"),
        _ => Ok(Some(Cow::Borrowed(json))),
    })
}

fn bad_json(error: serde_json::Error) -> BadReason {
    // The parser counts lines within the text it is given, which is always one.
    let message = error.to_string();
    BadReason::Json(match message.split_once(" at line ") {
        Some((what, _)) => format!("{what} at column {}", error.column()),
        None => message,
    })
}

/// Why the wanted fields of an object cannot be told.
enum PickProblem {
    Json(BadReason),
    /// Nobody knows which one counts of the field at this index.
    Twice(usize),
}

/// Finds the fields at the paths `wanted` in the text of an object.
fn pick<'a>(json: &'a str, wanted: &[&str]) -> Result<Found<'a>, PickProblem> {
    let bad = |error| PickProblem::Json(bad_json(error));
    let mut slots: Slots<'a, '_> = wanted.iter().map(|path| Slot { path, hit: None }).collect();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(ObjectVisitor(&mut slots)).map_err(bad)?;
    deserializer.end().map_err(bad)?;
    slots.into_iter().enumerate().map(|(index, slot)| slot.resolve(index)).collect()
}

/// A path, and the field of the object to which it leads.
struct Slot<'a, 'p> {
    path: &'p str,
    hit: Option<Hit<'a, 'p>>,
}

type Slots<'a, 'p> = SmallVec<[Slot<'a, 'p>; 2]>;

/// A field of the object, and what is still wanted inside it.
enum Hit<'a, 'p> {
    Field(&'a RawValue),
    Inside(&'a RawValue, &'p str),
    /// A second field of the same name.
    Twice,
}

impl Hit<'_, '_> {
    /// Whether the field is called like one of which `rest` is left: names differ in what they leave of a path.
    fn has_the_name_of(&self, rest: &str) -> bool {
        match self {
            Hit::Field(_) => rest.is_empty(),
            Hit::Inside(_, own) => *own == rest,
            Hit::Twice => true,
        }
    }
}

impl<'a, 'p> Slot<'a, 'p> {
    /// Takes note of a field that leaves `rest` of the path.
    fn note(&mut self, raw: &'a RawValue, rest: &'p str) {
        self.hit = Some(match &self.hit {
            Some(before) if before.has_the_name_of(rest) => Hit::Twice,
            _ if rest.is_empty() => Hit::Field(raw),
            _ => Hit::Inside(raw, rest),
        });
    }

    fn resolve(self, index: usize) -> Result<Option<&'a RawValue>, PickProblem> {
        match self.hit {
            None => Ok(None),
            Some(Hit::Twice) => Err(PickProblem::Twice(index)),
            Some(Hit::Field(raw)) => Ok(Some(raw)),
            Some(Hit::Inside(raw, rest)) if raw.get().starts_with('{') => match pick(raw.get(), &[rest]) {
                Ok(found) => Ok(found.first().copied().flatten()),
                Err(PickProblem::Twice(_)) => Err(PickProblem::Twice(index)),
                Err(problem) => Err(problem),
            },
            Some(Hit::Inside(..)) => Ok(None),
        }
    }
}

struct ObjectVisitor<'s, 'a, 'p>(&'s mut Slots<'a, 'p>);

impl<'de, 'p> Visitor<'de> for ObjectVisitor<'_, 'de, 'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(matched) = map.next_key_seed(NameMatcher(self.0))? {
            if matched.slots == 0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let raw: &'de RawValue = map.next_value()?;
            for (index, slot) in self.0.iter_mut().enumerate() {
                if matched.slots & 1 << index != 0 {
                    // After the name comes a dot, or nothing.
                    let rest = slot.path.get(matched.name_len + 1..).unwrap_or_default();
                    slot.note(raw, rest);
                }
            }
        }
        Ok(())
    }
}

/// Which slots' paths a field's name begins, a bit each, and how long it is.
struct Matched {
    slots: u64,
    name_len: usize,
}

/// Matches a field's name against the wanted paths.
#[derive(Clone, Copy)]
struct NameMatcher<'s, 'a, 'p>(&'s Slots<'a, 'p>);

impl<'de> DeserializeSeed<'de> for NameMatcher<'_, '_, '_> {
    type Value = Matched;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Matched, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameMatcher<'_, '_, '_> {
    type Value = Matched;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Matched, E> {
        let bit = |(index, slot): (usize, &Slot<'_, '_>)| u64::from(begins(slot.path, name)) << index;
        let slots = self.0.iter().enumerate().map(bit).fold(0, |all, bit| all | bit);
        Ok(Matched { slots, name_len: name.len() })
    }
}

/// Whether `path` is `name`, or leads into it. A name with dots in it is matched as a whole, too.
fn begins(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.len() > 1 && rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(
        line: &str,
        id: &str,
        time: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), BadReason> {
        let paths = Paths::new(&[id.to_string()], time.map(str::to_string).as_ref());
        let mut lines = JsonLines::new(Box::new(io::Cursor::new(line.as_bytes().to_vec())), paths);
        let record = lines.next().unwrap().unwrap();
        record.values.map(|values| {
            let id = values.id.as_slice()[0].as_deref().map(str::to_string);
            (id, values.time.map(Cow::into_owned))
        })
    }

    fn id(line: &str, path: &str) -> Option<String> {
        values(line, path, None).unwrap().0
    }

    #[test]
    fn a_dotted_path_leads_into_objects_and_also_names_a_dotted_field() {
        assert_eq!(id(r#"{"a":{"b":{"c":"x"},"c":"no"}}"#, "a.b.c").as_deref(), Some("x"));
        assert_eq!(id(r#"{"a.b":{"c":"x"}}"#, "a.b.c").as_deref(), Some("x"));
        assert_eq!(id(r#"{"a.b.c":"x"}"#, "a.b.c").as_deref(), Some("x"));
        assert_eq!(id(r#"{"ab":"no","a":"x"}"#, "a").as_deref(), Some("x"));
    }

    #[test]
    fn an_absent_field_and_null_are_no_id() {
        for line in
            [r#"{}"#, r#"{"a":null}"#, r#"{"a":{"b":null}}"#, r#"{"a":7}"#, r#"{"a":{}}"#, r#"{"":{"b":1}}"#]
        {
            assert_eq!(id(line, "a.b"), None, "{line}");
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        let line = r#"{"id": 123456789012345678901234567890, "at": 1546550779.123456789}"#;
        let (id, time) = values(line, "id", Some("at")).unwrap();
        assert_eq!(id.as_deref(), Some("123456789012345678901234567890"));
        assert_eq!(time.as_deref(), Some("1546550779.123456789"));
    }

    #[test]
    fn both_fields_may_lie_in_the_same_object_or_be_the_same() {
        assert_eq!(
            values(r#"{"m":{"id":"x","at":"5"}}"#, "m.id", Some("m.at")),
            Ok((Some("x".into()), Some("5".into())))
        );
        assert_eq!(values(r#"{"m":5}"#, "m", Some("m")), Ok((Some("5".into()), Some("5".into()))));
    }

    #[test]
    fn a_field_that_is_there_twice_is_bad_and_others_may_be() {
        for line in [r#"{"a":"x","a":"x"}"#, r#"{"a":1,"b":2,"a":null}"#] {
            assert_eq!(values(line, "a", None), Err(BadReason::Twice("id")), "{line}");
            assert_eq!(values(line, "c", Some("a")), Err(BadReason::Twice("time")), "{line}");
        }
        assert_eq!(values(r#"{"m":{"a":1,"a":2}}"#, "m.a", None), Err(BadReason::Twice("id")));
        assert_eq!(values(r#"{"m":{"a":1},"m":{"a":1}}"#, "m.a", None), Err(BadReason::Twice("id")));
        assert_eq!(id(r#"{"b":1,"b":2,"m":{"c":1,"c":2},"a":"x"}"#, "a").as_deref(), Some("x"));
        assert_eq!(id(r#"{"m":{"b":1},"m.a":"x"}"#, "m.a").as_deref(), Some("x"));
    }

    #[test]
    fn escapes_in_ids_are_resolved() {
        assert_eq!(id(r#"{"a":"\u0041\n"}"#, "a").as_deref(), Some("A\n"));
        assert_eq!(id(r#"{"\u0061":"x"}"#, "a").as_deref(), Some("x"));
    }

    #[test]
    fn ids_that_are_no_text_and_no_whole_number_are_bad() {
        for value in ["1.5", "1e3", "true", "{}", "[]"] {
            let line = format!(r#"{{"a":{value}}}"#);
            assert!(matches!(values(&line, "a", None), Err(BadReason::Id(_))), "{line}");
        }
    }

    #[test]
    fn a_whole_number_with_a_point_is_the_same_id_as_without() {
        assert_eq!(id(r#"{"a":7.0}"#, "a").as_deref(), Some("7"));
        assert_eq!(id(r#"{"a":-12.00}"#, "a").as_deref(), Some("-12"));
        for (number, why) in [
            ("1.5", "1.5, which is not whole"),
            ("1e3", "1e3, which is written with an exponent"),
            ("9007199254740992.0", "which is so large that digits may be missing"),
        ] {
            let bad = values(&format!(r#"{{"a":{number}}}"#), "a", None).unwrap_err().to_string();
            assert!(bad.contains(why), "{bad}");
        }
    }

    #[test]
    fn lines_that_are_no_object_are_bad() {
        for line in
            ["[1]", "1", "{", r#"{"a":1} x"#, r#"{"a":1}{"a":2}"#, r#"{"a":01}"#, r#"{"a":"\ud800"}"#, "nul"]
        {
            assert!(matches!(values(line, "a", None), Err(BadReason::Json(_))), "{line}");
        }
    }
}
