//! Known formats: which fields they are recognised by, and which key their specifications, or those who know them, give.

use super::grouping::is_grouping;
use super::key::IdFields;

/// A format of events.
struct Known {
    name: &'static str,
    /// Every one of these is there.
    signs: &'static [&'static str],
    /// The fields of the key. One that begins with `?` is left out where the first line lacks it.
    key: &'static [&'static str],
}

/// The formats, the more special first. Names are compared without regard to case, `_` and `-`, and may lie below one
/// common object (see [`BELOW`]).
const KNOWN: [Known; 30] = [
    // CloudEvents 1.0: "Producers MUST ensure that source + id is unique for each distinct event."
    Known { name: "CloudEvents", signs: &["specversion", "source", "id", "type"], key: &["source", "id"] },
    // The same as headers of Kafka and HTTP.
    Known {
        name: "CloudEvents",
        signs: &["ce_specversion", "ce_source", "ce_id"],
        key: &["ce_source", "ce_id"],
    },
    // Debezium: one position in the log may hold several rows.
    Known {
        name: "Debezium (MySQL)",
        signs: &["op", "source.file", "source.pos", "source.row"],
        key: &["?source.server_id", "source.file", "source.pos", "source.row"],
    },
    Known {
        name: "Debezium (SQL Server)",
        signs: &["op", "source.change_lsn", "source.event_serial_no"],
        key: &["source.change_lsn", "source.event_serial_no", "op"],
    },
    Known {
        name: "Debezium (PostgreSQL), to be completed by the row's own key",
        signs: &["op", "source.lsn"],
        key: &["?source.schema", "?source.table", "source.lsn", "op", "?before.id", "?after.id"],
    },
    // The same flattened by `ExtractNewRecordState`: columns of the row, and behind two underscores what `add.fields` names,
    // with `source` before it or without.
    Known {
        name: "Debezium (MySQL), flattened",
        signs: &["__op", "__source_file", "__source_pos", "__source_row"],
        key: &["?__source_server_id", "__source_file", "__source_pos", "__source_row"],
    },
    Known {
        name: "Debezium (MySQL), flattened",
        signs: &["__op", "__file", "__pos", "__row"],
        key: &["?__server_id", "__file", "__pos", "__row"],
    },
    Known {
        name: "Debezium (SQL Server), flattened",
        signs: &["__op", "__source_change_lsn", "__source_event_serial_no"],
        key: &["__source_change_lsn", "__source_event_serial_no", "__op"],
    },
    Known {
        name: "Debezium (SQL Server), flattened",
        signs: &["__op", "__change_lsn", "__event_serial_no"],
        key: &["__change_lsn", "__event_serial_no", "__op"],
    },
    Known {
        name: FLATTENED_POSTGRESQL,
        signs: &["__op", "__source_lsn"],
        key: &["?__source_schema", "?__schema", "?__source_table", "?__table", "__source_lsn", "__op", "?id"],
    },
    Known {
        name: FLATTENED_POSTGRESQL,
        signs: &["__op", "__lsn"],
        key: &["?__schema", "?__table", "__lsn", "__op", "?id"],
    },
    // MongoDB: several changes have one time, and their order within it; some versions a hash, or an order in a transaction.
    Known {
        name: "Debezium (MongoDB)",
        signs: &["op", "source.ts_ms", "source.ord"],
        key: &[
            "?source.rs",
            "?source.db",
            "?source.collection",
            "source.ts_ms",
            "source.ord",
            "?source.h",
            "?source.tord",
            "?source.stxnid",
            "?source.wallTime",
        ],
    },
    // Kafka: an offset is one of a partition of a topic.
    Known { name: "Kafka", signs: &["topic", "partition", "offset"], key: &["topic", "partition", "offset"] },
    Known {
        name: "Kafka Connect",
        signs: &["kafka_topic", "kafka_partition", "kafka_offset"],
        key: &["kafka_topic", "kafka_partition", "kafka_offset"],
    },
    // Snowplow: two events with one id are the same if their fingerprints are.
    Known {
        name: "Snowplow",
        signs: &["event_id", "collector_tstamp"],
        key: &["event_id", "?event_fingerprint"],
    },
    // Google Analytics 4 in BigQuery has no id.
    Known {
        name: "Google Analytics 4",
        signs: &["event_timestamp", "event_name", "user_pseudo_id"],
        key: &[
            "user_pseudo_id",
            "event_timestamp",
            "event_name",
            "?event_bundle_sequence_id",
            "?batch_ordering_id",
            "?batch_event_index",
        ],
    },
    Known { name: "Segment", signs: &["messageId", "anonymousId", "type"], key: &["messageId"] },
    Known { name: "Segment", signs: &["messageId", "userId", "type"], key: &["messageId"] },
    // What AWS hands to a function, or logs: of DynamoDB and Kinesis the shard and the number in it are in the event's id.
    Known {
        name: "DynamoDB Streams",
        signs: &["eventID", "eventSource", "dynamodb.SequenceNumber"],
        key: &["eventID"],
    },
    Known {
        name: "Kinesis (Lambda)",
        signs: &["eventID", "eventSource", "kinesis.sequenceNumber"],
        key: &["eventID"],
    },
    Known { name: "CloudTrail", signs: &["eventID", "eventSource", "eventVersion"], key: &["eventID"] },
    Known { name: "SQS (Lambda)", signs: &["messageId", "receiptHandle"], key: &["messageId"] },
    // Kinesis: sequence numbers are of a shard.
    Known {
        name: "Kinesis",
        signs: &["sequenceNumber", "partitionKey"],
        key: &["?shardId", "sequenceNumber", "?subSequenceNumber"],
    },
    // OpenTelemetry gives logs no id, and a span has many of them.
    Known { name: "OpenTelemetry (logs)", signs: &["timeUnixNano", "observedTimeUnixNano"], key: &OTLP_LOG },
    Known { name: "OpenTelemetry (logs)", signs: &["timeUnixNano", "severityNumber"], key: &OTLP_LOG },
    Known { name: "OpenTelemetry (logs)", signs: &["timeUnixNano", "body.stringValue"], key: &OTLP_LOG },
    Known {
        name: "OpenTelemetry (logs)",
        signs: &["observedTimeUnixNano", "body.stringValue"],
        key: &OTLP_LOG,
    },
    Known { name: "OpenTelemetry (spans)", signs: &["traceId", "spanId"], key: &["traceId", "spanId"] },
    Known { name: "Pub/Sub", signs: &["messageId", "publishTime"], key: &["messageId"] },
    Known { name: "Pub/Sub", signs: &["messageId", "subscription_name"], key: &["messageId"] },
];

const FLATTENED_POSTGRESQL: &str = "Debezium (PostgreSQL), flattened, to be completed by the row's own key";

const OTLP_LOG: [&str; 5] =
    ["?traceId", "?spanId", "?timeUnixNano", "?observedTimeUnixNano", "?body.stringValue"];

/// Envelopes around arrays of records: what they begin with, and the names that lead to the records.
pub(crate) const ENVELOPES: [(&str, &str); 5] = [
    ("Records", "Records"),
    ("resourceLogs", "resourceLogs.scopeLogs.logRecords"),
    ("resourceSpans", "resourceSpans.scopeSpans.spans"),
    // As what writes the names of the fields in the protocol's own letters has them.
    ("resource_logs", "resource_logs.scope_logs.log_records"),
    ("resource_spans", "resource_spans.scope_spans.spans"),
];

/// Objects in which a format's fields may lie, as in an envelope with a schema.
const BELOW: [&str; 6] = ["", "payload.", "value.", "message.", "data.", "kinesis."];

/// A format that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) name: &'static str,
    /// Its key, as the fields are called here.
    pub(crate) key: Vec<String>,
}

/// The format that has these fields.
pub(crate) fn recognise(fields: &[String]) -> Option<Recognised> {
    let plain: Vec<String> = fields.iter().map(|field| plain(field)).collect();
    let find = |below: &str, name: &str| {
        let wanted = self::plain(&format!("{below}{name}"));
        plain.iter().position(|field| *field == wanted).map(|index| fields[index].clone())
    };
    KNOWN.iter().find_map(|known| {
        let below = BELOW.iter().find(|below| known.signs.iter().all(|sign| find(below, sign).is_some()))?;
        let key = known.key.iter().filter_map(|name| find(below, name.trim_start_matches('?')));
        Some(Recognised { name: known.name, key: key.collect() })
    })
}

/// Formats whose events have no id: their keys are what comes closest to one.
const MAKESHIFT: [&str; 4] = [
    FLATTENED_POSTGRESQL,
    "Debezium (PostgreSQL), to be completed by the row's own key",
    "Google Analytics 4",
    "OpenTelemetry (logs)",
];

/// How an id compares with the key of a format, by the names of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is the key, or has all of it.
    Whole,
    /// It is less: a part of the key, or what events are grouped by.
    Less,
    /// It is something else, which may be as good: an id of one's own.
    Other,
}

impl Recognised {
    /// How `id` compares with the key.
    pub(crate) fn fit(&self, id: &IdFields) -> Fit {
        let named = id.named();
        let has = |wanted: &String| named.iter().any(|field| plain(field) == plain(wanted));
        let is_part = |field: &String| self.key.iter().any(|part| plain(part) == plain(field));
        if self.key.iter().all(has) {
            Fit::Whole
        } else if !named.is_empty() && named.iter().all(|field| is_part(field) || is_grouping(field)) {
            Fit::Less
        } else {
            Fit::Other
        }
    }

    /// Whether two events with one key may well be two.
    pub(crate) fn is_makeshift(&self) -> bool {
        MAKESHIFT.contains(&self.name)
    }

    /// The options for its key, ready to paste.
    pub(crate) fn options(&self) -> String {
        options(&self.key)
    }
}

/// The options for these fields, ready to paste into a shell.
pub(crate) fn options(fields: &[String]) -> String {
    fields.iter().map(|field| format!("--id-field {}", quoted(field))).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fields: &str) -> Option<String> {
        let fields: Vec<String> = fields.split(' ').map(str::to_string).collect();
        recognise(&fields).map(|known| format!("{}: {}", known.name, known.key.join(" ")))
    }

    #[test]
    fn formats_are_known_by_their_fields_in_any_case_of_letters() {
        for (fields, expected) in [
            ("id source specversion type data", "CloudEvents: source id"),
            ("ID Source SpecVersion Type", "CloudEvents: Source ID"),
            ("ce-id ce-source ce-specversion value", "CloudEvents: ce-source ce-id"),
            ("topic partition offset tstype ts key payload", "Kafka: topic partition offset"),
            (
                "_kafka_topic _kafka_partition _kafka_offset",
                "Kafka Connect: _kafka_topic _kafka_partition _kafka_offset",
            ),
            (
                "payload.op payload.source.file payload.source.pos payload.source.row payload.after.id",
                "Debezium (MySQL): payload.source.file payload.source.pos payload.source.row",
            ),
            (
                "before after.id op source.lsn source.table source.schema ts_ms",
                "Debezium (PostgreSQL), to be completed by the row's own key: source.schema source.table source.lsn op after.id",
            ),
            (
                "id v __op __lsn __source_ts_ms __table",
                "Debezium (PostgreSQL), flattened, to be completed by the row's own key: __table __lsn __op id",
            ),
            (
                "id v __OP __SOURCE_LSN __SOURCE_TABLE __deleted",
                "Debezium (PostgreSQL), flattened, to be completed by the row's own key: __SOURCE_TABLE __SOURCE_LSN __OP id",
            ),
            (
                "id __op __source_file __source_pos __source_row",
                "Debezium (MySQL), flattened: __source_file __source_pos __source_row",
            ),
            (
                "id __op __server_id __file __pos __row",
                "Debezium (MySQL), flattened: __server_id __file __pos __row",
            ),
            (
                "id __op __change_lsn __event_serial_no",
                "Debezium (SQL Server), flattened: __change_lsn __event_serial_no __op",
            ),
            ("EVENT_ID COLLECTOR_TSTAMP EVENT_FINGERPRINT", "Snowplow: EVENT_ID EVENT_FINGERPRINT"),
            (
                "event_date event_timestamp event_name user_pseudo_id",
                "Google Analytics 4: user_pseudo_id event_timestamp event_name",
            ),
            ("messageId anonymousId type", "Segment: messageId"),
            ("Data PartitionKey SequenceNumber", "Kinesis: SequenceNumber"),
            ("kinesis.partitionKey kinesis.sequenceNumber eventID", "Kinesis: kinesis.sequenceNumber"),
            ("traceId spanId name", "OpenTelemetry (spans): traceId spanId"),
            (
                "TRACEID SPANID TIMEUNIXNANO ObservedTimeUnixNano severityNumber body.stringValue",
                "OpenTelemetry (logs): TRACEID SPANID TIMEUNIXNANO ObservedTimeUnixNano body.stringValue",
            ),
            (
                "observed_time_unix_nano body.string_value",
                "OpenTelemetry (logs): observed_time_unix_nano body.string_value",
            ),
            (
                "after op source.connector source.ts_ms source.rs source.collection source.ord source.h ts_ms",
                "Debezium (MongoDB): source.rs source.collection source.ts_ms source.ord source.h",
            ),
            (
                "payload.op PAYLOAD.SOURCE.TS_MS payload.source.ORD payload.source.wallTime",
                "Debezium (MongoDB): PAYLOAD.SOURCE.TS_MS payload.source.ORD payload.source.wallTime",
            ),
            (
                "EventID eventName EVENTSOURCE dynamodb.Keys.Id.N dynamodb.SequenceNumber",
                "DynamoDB Streams: EventID",
            ),
            ("kinesis.partitionKey kinesis.sequenceNumber eventSource eventID", "Kinesis (Lambda): eventID"),
            ("eventVersion eventTime eventSource eventID awsRegion", "CloudTrail: eventID"),
            ("messageId receiptHandle body eventSource", "SQS (Lambda): messageId"),
            ("message.messageId message.publishTime subscription", "Pub/Sub: message.messageId"),
            ("message_id publish_time data", "Pub/Sub: message_id"),
        ] {
            assert_eq!(key(fields).as_deref(), Some(expected), "{fields}");
        }
        assert_eq!(key("id source data"), None);
    }

    #[test]
    fn options_can_be_pasted() {
        let fields = ["a.b", "it's", "x y"].map(str::to_string);
        assert_eq!(options(&fields), r"--id-field a.b --id-field 'it'\''s' --id-field 'x y'");
    }
}
