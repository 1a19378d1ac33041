//! Fields that say to what an event belongs: many events have the same value, so alone they are no key.

/// Names without case and separators: of users and sessions, of what orders or partitions events, and of their kinds.
const GROUPS: [&str; 25] = [
    "anonymousid",
    "deviceid",
    "domainsessionid",
    "domainuserid",
    "event",
    "eventname",
    "eventtype",
    "gtid",
    "key",
    "messagegroupid",
    "messagekey",
    "networkuserid",
    "orderingkey",
    "parentspanid",
    "partitionkey",
    "routingkey",
    "sessionid",
    "source",
    "subject",
    "traceid",
    "transactionid",
    "txid",
    "type",
    "userid",
    "userpseudoid",
];

/// Objects all of whose fields are such: the row that a change is of, and the key of a message.
const OBJECTS: [&str; 5] = ["after", "before", "documentkey", "key", "keys"];

/// Whether the field says to what an event belongs, and not which one it is.
pub(crate) fn is_grouping(path: &str) -> bool {
    let names: Vec<String> = path.split('.').map(plain).collect();
    let (last, above) = names.split_last().expect("a path has a part");
    GROUPS.contains(&last.as_str()) || above.iter().any(|name| OBJECTS.contains(&name.as_str()))
}

fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_keys_and_rows_are_no_events() {
        for name in ["anonymousId", "Key", "kinesis.partitionKey", "message.ordering_key", "payload.after.id"]
        {
            assert!(is_grouping(name), "{name}");
        }
        for name in ["payload.id", "document_id", "attributes.order_id", "monkey", "hereafter.id", "eventId"]
        {
            assert!(!is_grouping(name), "{name}");
        }
    }
}
