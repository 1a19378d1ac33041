//! An answer that was not expected: what was asked, and what came.

use ::redis::{Arg, Cmd, Value};

/// Words of a command, and letters of each and of an answer, that are shown.
const MOST_WORDS: usize = 6;
const MOST_LETTERS: usize = 60;

/// `what` was asked, and `value` came.
pub(in crate::redis) fn unexpected(what: &str, value: &Value) -> String {
    format!("{what} was answered with {}; is it a Redis?", came(value))
}

/// A command as it would be typed, as far as it is needed to tell which it was.
pub(super) fn asked(command: &Cmd) -> String {
    let words = command.args_iter().take(MOST_WORDS).map(|word| match word {
        Arg::Simple(bytes) => cut(bytes),
        _ => String::new(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A line as it came.
pub(super) fn line(bytes: &[u8]) -> String {
    format!("{:?}", cut(bytes))
}

fn came(value: &Value) -> String {
    match value {
        Value::Nil => "nothing".to_string(),
        Value::Int(number) => format!("the number {number}"),
        Value::Okay => "the status \"OK\"".to_string(),
        Value::SimpleString(text) => format!("the status {}", line(text.as_bytes())),
        Value::BulkString(bytes) => format!("the text {}", line(bytes)),
        Value::Array(values) => match &values[..] {
            [] => "an empty list".to_string(),
            [first, ..] => format!("a list of {} that begins with {}", values.len(), came(first)),
        },
        other => cut(format!("{other:?}").as_bytes()),
    }
}

fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(MOST_LETTERS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ::redis::cmd;

    use super::*;

    #[test]
    fn what_was_asked_and_what_came_is_shown_as_far_as_it_is_needed() {
        assert_eq!(asked(cmd("SCAN").arg(0).arg("MATCH").arg("t:*")), "SCAN 0 MATCH t:*");
        let list = Value::Array(vec![Value::Array(vec![]), Value::Nil]);
        for (value, shown) in [
            (Value::Nil, "nothing"),
            (Value::Int(-7), "the number -7"),
            (Value::SimpleString("PONG".into()), "the status \"PONG\""),
            (Value::BulkString(b"a\xff\n".to_vec()), "the text \"a\u{fffd}\\n\""),
            (list, "a list of 2 that begins with an empty list"),
        ] {
            assert_eq!(came(&value), shown);
        }
        let long = came(&Value::BulkString(vec![b'x'; 1000]));
        assert!(long.ends_with("x...\"") && long.len() < 100, "{long}");
    }
}
