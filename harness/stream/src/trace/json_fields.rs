//! The fields of a JSON object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{Fields, of_field, of_list, of_number, of_text};

/// Deeper values are taken as they are written.
const DEEPEST: usize = 64;

/// The text of a JSON object.
pub(crate) struct JsonFields<'a>(pub(crate) &'a str);

impl Fields for JsonFields<'_> {
    fn each(&self, visit: &mut dyn FnMut(&str, u128)) {
        walk(self.0, &mut String::new(), 0, visit);
    }
}

/// Visits the fields of the value at `path`, which may be no object.
fn walk(json: &str, path: &mut String, depth: usize, visit: &mut dyn FnMut(&str, u128)) {
    if !json.starts_with('{') || depth == DEEPEST {
        if !matches!(json, "null" | "\"\"") {
            visit(path, value(json, depth));
        }
        return;
    }
    let inner = Inner { path, depth, visit };
    // The line was read before: there is nothing wrong with it but what an escape may stand for.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(inner);
}

/// Digest of a value that is no object at the top.
fn value(json: &str, depth: usize) -> u128 {
    match json.as_bytes().first() {
        _ if depth >= DEEPEST => of_text(json),
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(json).map_or(of_text(json), |text| of_text(&text)),
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(json) {
            Ok(items) => of_list(items.into_iter().map(|item| value(item.get(), depth + 1))),
            Err(_) => of_text(json),
        },
        Some(b'{') => {
            let mut sum = 0u128;
            walk(json, &mut String::new(), depth, &mut |path, value| {
                sum = sum.wrapping_add(of_field(path, value));
            });
            of_list([sum].into_iter())
        }
        Some(b'-' | b'0'..=b'9') => of_number(json),
        _ => of_text(json),
    }
}

struct Inner<'p, 'v> {
    path: &'p mut String,
    depth: usize,
    visit: &'v mut dyn FnMut(&str, u128),
}

impl<'de> Visitor<'de> for Inner<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let inner: &RawValue = map.next_value()?;
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            walk(inner.get(), self.path, self.depth + 1, self.visit);
            self.path.truncate(length);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn fields(json: &str) -> Vec<(String, u128)> {
        let mut found = Vec::new();
        JsonFields(json).each(&mut |path, value| found.push((path.to_string(), value)));
        found.sort();
        found
    }

    #[test]
    fn fields_go_by_their_paths_and_nothing_is_no_field() {
        let found = fields(r#"{"a": {"b": "x", "c": null, "d": ""}, "e": [1, "1"], "f": true, "g": {}}"#);
        let list = of_list([of_text("1"), of_text("1")].into_iter());
        let expected = [("a.b", of_text("x")), ("e", list), ("f", of_text("true"))];
        assert_eq!(found, expected.map(|(path, value)| (path.to_string(), value)));
    }

    #[test]
    fn values_are_told_apart_where_they_differ() {
        let texts = [
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"b":1}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":[[1],2]}"#,
            r#"{"a":[{"b":1}]}"#,
            r#"{"a":[{"b":2}]}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":12345678901234567890}"#,
            r#"{"a":12345678901234567891}"#,
            r#"{"a":[]}"#,
            r#"{"a":[{"b":{"c":1}}]}"#,
        ];
        let all: std::collections::BTreeSet<_> = texts.iter().map(|text| fields(text)).collect();
        assert_eq!(all.len(), texts.len());
    }

    #[test]
    fn escapes_and_spellings_of_numbers_make_no_difference() {
        assert_eq!(
            fields(r#"{"a":"\u0041","b":[1.0,{"c":2e0}]}"#),
            fields(r#"{"\u0061":"A","b":[1,{"c":2}]}"#)
        );
    }

    #[test]
    fn depth_is_bounded_and_halves_of_characters_do_no_harm() {
        let deep = |inner: &str| format!("{}{inner}{}", "{\"a\":".repeat(500), "}".repeat(500));
        assert_ne!(fields(&deep("1")), fields(&deep("2")));
        let list = |inner: &str| format!("{{\"a\":{}{inner}{}}}", "[".repeat(500), "]".repeat(500));
        assert_ne!(fields(&list("1")), fields(&list("2")));
        assert_ne!(fields(r#"{"a":"\ud800"}"#), fields(r#"{"a":"\ud801"}"#));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\é]{0,3}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-d]", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    /// The same value, objects turned round, with blanks everywhere.
    fn turned(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let inner = |(name, value): (&String, &Value)| {
                    format!(" {} : {}\t", Value::from(name.as_str()), turned(value))
                };
                format!("{{ {} }}", fields.iter().rev().map(inner).collect::<Vec<_>>().join(","))
            }
            Value::Array(items) => {
                format!("[ {} ]", items.iter().map(turned).collect::<Vec<_>>().join(" , "))
            }
            Value::Number(number) => format!("{number}.0e0"),
            other => other.to_string(),
        }
    }

    proptest! {
        #[test]
        fn neither_the_order_of_fields_nor_white_space_nor_spelling_makes_a_difference(value in json()) {
            let object = serde_json::json!({"x": value});
            prop_assert_eq!(fields(&object.to_string()), fields(&turned(&object)));
        }
    }
}
