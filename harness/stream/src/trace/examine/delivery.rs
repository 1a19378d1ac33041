//! Fields in which two deliveries of one ping differ anyway: they tell nothing about its key.

/// Last words of the names of times.
const TIMES: [&str; 13] = [
    "time",
    "timestamp",
    "tstamp",
    "ts",
    "at",
    "ms",
    "us",
    "ns",
    "millis",
    "micros",
    "nanos",
    "seconds",
    "utc",
];

/// What a transport gives each delivery: names without case and separators.
const TRANSPORT: [&str; 18] = [
    "ackid",
    "approximatereceivecount",
    "attempt",
    "attempts",
    "broker",
    "deliveryattempt",
    "deliverycount",
    "deliverytag",
    "locktoken",
    "messageid",
    "numdelivered",
    "receipthandle",
    "redelivered",
    "redeliverycount",
    "retries",
    "retry",
    "retrycount",
    "timesdelivered",
];

/// Where a message lies in a log. Deliveries of a ping that was sent twice differ in it; two places are two messages.
const PLACES: [&str; 6] =
    ["batchindex", "offset", "partition", "sequencenumber", "shardid", "subsequencenumber"];

/// Whether the field is called like a time.
pub(super) fn is_time(path: &str) -> bool {
    words(last(path)).last().is_some_and(|word| TIMES.contains(&word.as_str()))
}

/// Whether the field is called like something that a transport gives each delivery.
pub(super) fn is_transport(path: &str) -> bool {
    TRANSPORT.contains(&plain(path).as_str()) || is_place(path)
}

/// Whether the field is called like a part of where a message lies in a log.
pub(super) fn is_place(path: &str) -> bool {
    PLACES.contains(&plain(path).as_str())
}

fn plain(path: &str) -> String {
    last(path).chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The words of `publishTimeMicros` and `publish_time_micros`, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && before_is_small {
            words.push(String::new());
        }
        before_is_small = letter.is_lowercase() || letter.is_numeric();
        if letter.is_alphanumeric() {
            words.last_mut().expect("there is one").extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_what_a_transport_gives_are_known_by_their_names() {
        for name in
            ["publish_time", "publishTimeMicros", "m.receivedAt", "TS", "collector_tstamp", "ts_ms", "time"]
        {
            assert!(is_time(name), "{name}");
        }
        for name in ["format", "data", "status", "times.of", "lifetime", "boots", "source"] {
            assert!(!is_time(name), "{name}");
        }
        for name in ["offset", "message.messageId", "message_id", "SequenceNumber"] {
            assert!(is_transport(name), "{name}");
        }
        assert!(!is_transport("document_id"));
        assert!(is_place("__offset") && !is_place("messageId"));
    }
}
