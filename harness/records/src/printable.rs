//! Text from outside, made fit to be shown: the one function for terminals, pages, tables and logs.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// `text` with everything spelled out that a terminal obeys or that a reader cannot see, line breaks left alone: control
/// characters, those that turn the direction of writing, and those without width. A file's name, a column, a name in a
/// record or a message of a server may hold such.
pub fn printable(text: &str) -> Cow<'_, str> {
    let spelled = |letter: char| letter != '\n' && is_unseen(letter);
    if !text.contains(spelled) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match spelled(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// The same in one line, with a blank for each control character: what was said over several lines stays readable.
pub fn one_line(text: &str) -> String {
    let blanks = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    printable(&blanks.collect::<String>()).into_owned()
}

/// A record, every text of which is [`printable`].
pub fn printable_record<T: Serialize + DeserializeOwned>(record: T) -> T {
    let Ok(mut value) = serde_json::to_value(&record) else { return record };
    match spell_out(&mut value) {
        // Numbers that JSON does not have, for one, would not come back.
        true => serde_json::from_value(value).unwrap_or(record),
        false => record,
    }
}

/// Makes every text in `value` printable, names of fields included; whether any was not.
fn spell_out(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match printable(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(shown) => {
                *text = shown;
                true
            }
        },
        Value::Array(items) => items.iter_mut().fold(false, |any, item| spell_out(item) | any),
        Value::Object(fields) => {
            let mut any = fields.values_mut().fold(false, |any, field| spell_out(field) | any);
            let unfit: Vec<String> =
                fields.keys().filter(|name| matches!(printable(name), Cow::Owned(_))).cloned().collect();
            for name in unfit {
                any = true;
                if let Some(field) = fields.remove(&name) {
                    fields.insert(printable(&name).into_owned(), field);
                }
            }
            any
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Control characters, marks of direction, and letters without width; not the marks that combine with a letter.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out_and_nothing_else() {
        assert_eq!(printable("a\u{1b}[31m\tb\u{9b}2J\nß 🦀"), "a\\u{1b}[31m\\tb\\u{9b}2J\nß 🦀");
        assert!(matches!(printable("ünï\n"), Cow::Borrowed("ünï\n")));
    }

    #[test]
    fn what_turns_the_direction_of_writing_or_has_no_width_is_spelled_out() {
        for code in
            [0xad, 0x61c, 0x200b, 0x200d, 0x200e, 0x2028, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0xfeff]
        {
            let letter = char::from_u32(code).unwrap();
            assert_eq!(printable(&format!("a{letter}b")), format!("a\\u{{{code:x}}}b"));
            assert_eq!(one_line(&format!("a{letter}b\nc")), format!("a\\u{{{code:x}}}b c"));
        }
        // A letter that is put together of two, and one with a width of its own.
        assert!(matches!(printable("e\u{301} \u{3000}"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_text_of_a_record_is_made_printable_and_numbers_stay_as_they_are() {
        let record = serde_json::json!({"a\u{202e}": ["b\u{7}", {"c": 0.1, "d": u64::MAX}], "e": "f"});
        let expected = serde_json::json!({"a\\u{202e}": ["b\\u{7}", {"c": 0.1, "d": u64::MAX}], "e": "f"});
        assert_eq!(printable_record(record), expected);
    }
}
