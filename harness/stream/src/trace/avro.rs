//! Avro object files, each record as a line of JSON: what reads JSON finds fields, ids and times in it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_avro_fast::de::DeError;
use serde_avro_fast::de::read::ReaderRead;
use serde_avro_fast::object_container_file_encoding::Reader;
use serde_json::Value;

pub(crate) use super::avro_blocks::MAGIC;
use super::avro_blocks::{ForeignCodec, PlainBlocks};
use super::error::MAX_LINE_BYTES;
use super::time_unit::{TimeType, TimeUnit, Zone};

/// Blocks are decompressed in memory.
const MOST_BYTES_AT_ONCE: usize = 64 << 20;

/// Reads an Avro object file as lines of JSON.
pub(crate) struct AvroLines {
    reader: Reader<ReaderRead<BufReader<PlainBlocks<BufReader<File>>>>>,
    line: Vec<u8>,
    given: usize,
}

impl AvroLines {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let blocks = PlainBlocks::new(BufReader::new(file), MOST_BYTES_AT_ONCE).map_err(|error| {
            match codec_of(&error) {
                Some(_) => error,
                None => broken(&said(&error)),
            }
        })?;
        let mut input = ReaderRead::new(BufReader::new(blocks));
        input.max_alloc_size = MOST_BYTES_AT_ONCE;
        let reader = Reader::new(input).map_err(|error| broken(&error))?;
        Ok(AvroLines { reader, line: Vec::new(), given: 0 })
    }

    /// What the schema says of the field at the dotted path `field`, if that is a time.
    pub(crate) fn time_of(&self, field: &str) -> Option<AvroTime> {
        let schema = serde_json::from_str(self.reader.schema().json()).ok()?;
        time_in(&schema, field)
    }

    /// The dotted paths of all fields that are points in time by the schema; a date is as likely what an event is about.
    pub(crate) fn times(&self) -> Vec<String> {
        let mut paths = Vec::new();
        if let Ok(schema) = serde_json::from_str(self.reader.schema().json()) {
            list_fields(&schema, "", &mut paths);
            paths.retain(|path| {
                matches!(time_in(&schema, path), Some(AvroTime::Point(of)) if of.unit != TimeUnit::Days)
            });
        }
        paths
    }

    /// Puts the next record into the line; false where there is none.
    fn next_line(&mut self) -> io::Result<bool> {
        self.given = 0;
        self.line.clear();
        let next = self.reader.deserialize_seed_next(Json(&mut self.line));
        let why = |error: DeError| match error.io_error() {
            Some(cause) => broken(&said(cause)),
            None => broken(&with_remedy(&error.to_string())),
        };
        if next.map_err(why)?.is_none() {
            self.line.clear();
            return Ok(false);
        }
        self.line.push(b'\n');
        Ok(true)
    }
}

fn broken(error: &dyn fmt::Display) -> io::Error {
    io::Error::other(format!("not a sound Avro file: {error}"))
}

/// What is wrong with a record, and what to do about decimals, of which our reader takes those of 28 digits.
fn with_remedy(error: &str) -> String {
    match error.to_ascii_lowercase().contains("decimal") {
        true => format!(
            "a decimal has more than 28 digits, which are read from Parquet alone: write it as text, or the file as Parquet ({error})"
        ),
        false => error.to_string(),
    }
}

/// What is wrong with the bytes of a file.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "it is cut short: it ends within a block or before the first".to_string()
        }
        _ => error.to_string(),
    }
}

/// The compression because of which a file was not opened, where that is the reason.
pub(crate) fn codec_of(error: &io::Error) -> Option<&str> {
    error.get_ref()?.downcast_ref().map(|ForeignCodec(codec)| codec.as_str())
}

/// What a schema says of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AvroTime {
    /// A point in time.
    Point(TimeType),
    /// It is none: what it is instead.
    NoPoint(&'static str),
}

/// The time at `path` in a schema, which may be one of several in a union.
fn time_in(schema: &Value, path: &str) -> Option<AvroTime> {
    match schema {
        Value::Array(union) => union.iter().find_map(|one| time_in(one, path)),
        Value::Object(object) => {
            match (object.get("type"), object.get("logicalType").and_then(Value::as_str)) {
                (_, Some(logical)) if path.is_empty() => time_of_type(logical),
                (Some(Value::String(kind)), _) if kind == "record" => {
                    object.get("fields")?.as_array()?.iter().find_map(|field| {
                        let rest = path.strip_prefix(field.get("name")?.as_str()?)?;
                        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
                        time_in(field.get("type")?, rest)
                    })
                }
                (Some(inner), _) if !inner.is_string() => time_in(inner, path),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a logical type says.
fn time_of_type(logical: &str) -> Option<AvroTime> {
    let point = |unit, zone| Some(AvroTime::Point(TimeType { unit, zone }));
    let zone = if logical.starts_with("local-") { Zone::Unsaid } else { Zone::Utc };
    match logical.strip_prefix("local-").unwrap_or(logical) {
        "timestamp-millis" => point(TimeUnit::Ms, zone),
        "timestamp-micros" => point(TimeUnit::Us, zone),
        "timestamp-nanos" => point(TimeUnit::Ns, zone),
        "date" => point(TimeUnit::Days, Zone::Unsaid),
        "time-millis" => Some(AvroTime::NoPoint("a time of the day, without a date (time-millis)")),
        "time-micros" => Some(AvroTime::NoPoint("a time of the day, without a date (time-micros)")),
        "duration" => Some(AvroTime::NoPoint("a length of time, and no point in it (duration)")),
        _ => None,
    }
}

/// The paths of all fields of a record, and of those inside them; those of a record that was named before are not.
fn list_fields(schema: &Value, above: &str, paths: &mut Vec<String>) {
    match schema {
        Value::Array(union) => union.iter().for_each(|one| list_fields(one, above, paths)),
        Value::Object(object) => {
            if let Some(inner) = object.get("type").filter(|inner| !inner.is_string()) {
                list_fields(inner, above, paths);
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                let (Some(name), Some(kind)) = (field.get("name").and_then(Value::as_str), field.get("type"))
                else {
                    continue;
                };
                let path = if above.is_empty() { name.to_string() } else { format!("{above}.{name}") };
                list_fields(kind, &path, paths);
                paths.push(path);
            }
        }
        _ => {}
    }
}

/// Writes whatever it is given as JSON.
struct Json<'a>(&'a mut Vec<u8>);

impl Json<'_> {
    fn write<E: Error>(self, value: &impl serde::Serialize) -> Result<(), E> {
        if self.0.len() > MAX_LINE_BYTES {
            return Err(E::custom("a record is longer than 16 MiB"));
        }
        serde_json::to_writer(self.0, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Json<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of Avro")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.write(&value)
    }

    /// As hexadecimal digits: sixteen bytes are a UUID.
    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<(), E> {
        self.write(&value.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.write(&())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.write(&())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let start = self.0.len();
        while items.next_element_seed(Json(self.0))?.is_some() {
            self.0.push(b',');
        }
        end(self.0, start, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        let start = self.0.len();
        while fields.next_key_seed(Json(self.0))?.is_some() {
            self.0.push(b':');
            fields.next_value_seed(Json(self.0))?;
            self.0.push(b',');
        }
        end(self.0, start, b'}');
        Ok(())
    }
}

/// Ends a list that began at `start`, without the comma behind its last item.
fn end(line: &mut Vec<u8>, start: usize, with: u8) {
    if line.len() > start {
        line.pop();
    }
    line.push(with);
}

impl Read for AvroLines {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for AvroLines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.given == self.line.len() {
            self.next_line()?;
        }
        Ok(&self.line[self.given..])
    }

    fn consume(&mut self, count: usize) {
        self.given += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_says_what_a_time_counts() {
        let schema = serde_json::json!({"type": "record", "name": "r", "fields": [
            {"name": "a", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "b", "type": ["null", {"type": "long", "logicalType": "local-timestamp-millis"}]},
            {"name": "c", "type": {"type": "record", "name": "s", "fields": [
                {"name": "d", "type": {"type": "long", "logicalType": "timestamp-nanos"}},
                {"name": "e", "type": "long"},
            ]}},
            {"name": "f", "type": ["null", {"type": "int", "logicalType": "date"}]},
            {"name": "g", "type": {"type": "int", "logicalType": "time-millis"}},
            {"name": "h", "type": ["null", {"type": "long", "logicalType": "time-micros"}]},
        ]});
        let point = |unit, zone| Some(AvroTime::Point(TimeType { unit, zone }));
        for (path, time) in [
            ("a", point(TimeUnit::Us, Zone::Utc)),
            ("b", point(TimeUnit::Ms, Zone::Unsaid)),
            ("c.d", point(TimeUnit::Ns, Zone::Utc)),
            ("c.e", None),
            ("f", point(TimeUnit::Days, Zone::Unsaid)),
            ("c", None),
            ("ab", None),
            ("g", Some(AvroTime::NoPoint("a time of the day, without a date (time-millis)"))),
            ("h", Some(AvroTime::NoPoint("a time of the day, without a date (time-micros)"))),
        ] {
            assert_eq!(time_in(&schema, path), time, "{path}");
        }
        let mut paths = Vec::new();
        list_fields(&schema, "", &mut paths);
        assert_eq!(paths, ["a", "b", "c.d", "c.e", "c", "f", "g", "h"]);
    }

    #[test]
    fn a_decimal_that_is_too_long_is_named_with_the_remedy() {
        let too_long = "Could not parse decimal from i128: Number exceeds maximum value";
        for error in [too_long, "Decimals of size larger than 16 are not supported (got size 20)"] {
            assert!(with_remedy(error).contains("more than 28 digits"), "{error}");
            assert!(with_remedy(error).contains("write it as text, or the file as Parquet"), "{error}");
        }
        assert_eq!(with_remedy("cut"), "cut");
    }
}
