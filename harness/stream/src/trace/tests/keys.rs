//! What the id is made of.

use super::*;

const CLOUD_EVENTS: &str = "\
{\"id\":\"1\",\"source\":\"/a\",\"data\":1}
{\"id\":\"1\",\"source\":\"/b\",\"data\":2}
{\"id\":\"2\",\"source\":\"/a\",\"data\":3}
{\"id\":\"2\",\"source\":\"/b\",\"data\":4}
";

#[test]
fn a_key_of_several_fields_is_theirs_together() {
    let one = sample(CLOUD_EVENTS).with(|o| o.id = named(&["id"])).survey();
    assert_eq!(one.duplicate_count, 2);
    let both = sample(CLOUD_EVENTS).with(|o| o.id = named(&["source", "id"])).survey();
    assert_eq!((both.duplicate_count, both.sizing.ids_total), (0, 4));
    let csv = "id,source\n1,/a\n1,/b\n2,/a\n2,/b\n";
    let csv = sample(csv).with(|o| o.id = named(&["source", "id"])).survey();
    assert_eq!(csv.digest, both.digest);
}

#[test]
fn an_id_is_absent_where_all_its_parts_are_and_an_absent_part_is_a_value_of_its_own() {
    let text = "a,b\nx,\nx,\n,x\n,\n,\nx,y\nx,y\n";
    let survey = sample(text).with(|o| o.id = named(&["a", "b"])).survey();
    assert_eq!((survey.missing_count, survey.sizing.ids_total, survey.duplicate_count), (2, 3, 2));
}

#[test]
fn texts_that_stand_for_no_id_are_taken_for_none() {
    let text = "id,k\nNULL,1\nNULL,1\nnull,1\n00000000-0000-0000-0000-000000000000,1\na,NULL\na,NULL\n";
    let nulls = ["NULL", "00000000000000000000000000000000"].map(str::to_string);
    let survey = sample(text).with(|o| o.null_ids = nulls.to_vec()).survey();
    assert_eq!((survey.missing_count, survey.sizing.ids_total, survey.duplicate_count), (3, 2, 1));
    let both = sample(text).with(|o| (o.null_ids, o.id) = (nulls.to_vec(), named(&["id", "k"]))).survey();
    assert_eq!((both.missing_count, both.sizing.ids_total, both.duplicate_count), (0, 3, 3));
}

#[test]
fn white_space_hides_no_null_and_no_rounded_number_and_stays_in_ids() {
    let text = "id,k\n NULL,1\nNULL ,1\n\tNULL,1\n a,1\na,1\na ,1\n";
    let survey = sample(text).with(|o| o.null_ids = vec!["NULL".to_string()]).survey();
    assert_eq!((survey.missing_count, survey.sizing.ids_total, survey.duplicate_count), (3, 3, 0));
    let doubts = said(&sample(text).survey());
    assert!(doubts[0].contains("3 of 6 pings (50.00 %) have NULL for an id"), "{doubts:?}");
    let rounded = sample("id,k\n 4.959034E+55,1\n4.959034E+55 ,2\n").error();
    assert!(rounded.contains("which a spreadsheet has rounded"), "{rounded}");
}

#[test]
fn a_key_that_makes_no_sense_is_refused() {
    for (fields, said) in [
        (
            vec!["id".to_string(), "id".to_string()],
            "--id-field: found id more than once; allowed is each field once",
        ),
        (Vec::new(), "--id-field: found an empty name"),
        ((0..33).map(|n| n.to_string()).collect(), "--id-field: found 33 fields; allowed is up to 32"),
    ] {
        assert!(sample(CLOUD_EVENTS).with(|o| o.id = IdFields::Named(fields)).error().contains(said));
    }
    let error = sample(CLOUD_EVENTS).with(|o| o.id = named(&["no", "none"])).error();
    assert!(error.contains("--id-field no, none: no line has it"), "{error}");
}

#[test]
fn long_names_are_told_apart_by_their_ends_and_stand_whole_in_what_is_to_be_pasted() {
    let name = |end: &str| format!("{}_{end}", "properties_of_the_event".repeat(3));
    let (one, other) = (name("one"), name("other"));
    let survey = sample(format!("id,{one},{other}\n1,a,b\n1,c,d\n")).survey();
    let doubt = &survey.doubts[0];
    assert!(doubt.text.contains("_one`, `properties_of_the_ev…"), "{doubt}");
    assert!(doubt.text.contains("_other`:"), "{doubt}");
    assert!(doubt.remedy.as_ref().unwrap().contains(&format!("--id-field {one} ")), "{doubt}");
}

#[test]
fn each_part_of_a_key_has_to_be_somewhere() {
    let lines = "{\"topic\":\"t\",\"m\":{\"id\":1}}\n{\"topic\":\"t\",\"m\":{\"id\":2}}\n";
    let array = "[{\"topic\":\"t\",\"m\":{\"id\":1}},\n{\"topic\":\"t\",\"m\":{\"id\":2}}]";
    for content in [lines, array, &lines.replace('\n', "")] {
        for sort in [false, true] {
            let with = |fields: &[&str]| {
                let (id, at) = (named(fields), Some("m.id".to_string()));
                sample(content).with(|o| {
                    (o.id, o.sort, o.time_field, o.time_unit) = (id, sort, at, TimeUnit::S);
                })
            };
            for fields in [["topic", "mesageId"], ["mesageId", "topic"]] {
                let error = with(&fields).error();
                assert!(
                    error.contains("--id-field mesageId: no line has it; the first line has: "),
                    "{error}"
                );
            }
            assert_eq!(with(&["topic", "m.id"]).survey().duplicate_count, 0);
        }
    }
    // A part may be absent in most lines, and in all of one of several files.
    let one = sample("{\"a\":1}\n{\"a\":2}\n");
    let other = sample("{\"a\":1,\"b\":null}\n");
    let both = |fields: &[&str]| {
        let (id, more) = (named(fields), vec![other.options.path.clone()]);
        TraceSurvey::scan(&TraceOptions { id, more, ..one.options.clone() })
    };
    assert_eq!(both(&["a", "b"]).unwrap().duplicate_count, 1);
    let error = both(&["a", "c"]).unwrap_err().to_string();
    assert!(error.contains("--id-field c: no line has it"), "{error}");
}

fn said(survey: &TraceSurvey) -> Vec<String> {
    survey.doubts.iter().map(Doubt::to_string).collect()
}

#[test]
fn copies_that_differ_put_the_key_in_doubt_and_the_key_of_a_known_format_is_proposed() {
    let survey = sample(CLOUD_EVENTS).survey();
    let doubt = "2 of 2 copies differ from their first in `source`, `data`: this may not be the key: --id-field id --id-field \
         source if they are different pings";
    assert_eq!(said(&survey), [doubt]);
    let whole = CLOUD_EVENTS.replace("\"data\"", "\"specversion\":\"1.0\",\"type\":\"t\",\"data\"");
    let survey = sample(&whole).survey();
    assert!(said(&survey)[0].ends_with("--id-field source --id-field id (the key of CloudEvents)"));
    let right = sample(&whole).with(|o| o.id = named(&["source", "id"])).survey();
    assert_eq!(said(&right), [""; 0]);
}

#[test]
fn copies_may_differ_in_what_two_deliveries_of_a_ping_differ_in() {
    let text = "id,received,publish_time,offset,x\na,1,2,3,4\na,2,3,4,4\n";
    let survey =
        sample(text).with(|o| (o.time_field, o.time_unit) = (Some("received".into()), TimeUnit::S)).survey();
    assert_eq!(said(&survey), [""; 0]);
    let fields = ["received", "publish_time", "offset"].map(|name| (name.to_string(), 1));
    assert_eq!((survey.compared.copies_count, survey.compared.fields), (1, fields.to_vec()));
    // But an offset is no key, and what it leaves apart is told.
    let text = "offset,partition\n1,0\n1,1\n";
    let survey = sample(text).with(|o| o.id = named(&["offset"])).survey();
    assert!(said(&survey)[0].contains("in `partition`"), "{survey:?}");
}

#[test]
fn nulls_in_disguise_are_said_with_their_share_until_they_are_taken_for_none() {
    let text = "id\nNULL\nNULL\n\\N\na\n00000000-0000-0000-0000-000000000000\n";
    let trace = sample(text);
    assert_eq!(
        said(&trace.survey()),
        [
            "1 of 5 pings (20.00 %) has 00000000-0000-0000-0000-000000000000 for an id, or as a part of one: --null-id \
             00000000-0000-0000-0000-000000000000",
            "2 of 5 pings (40.00 %) have NULL for an id, or as a part of one: --null-id NULL",
            "1 of 5 pings (20.00 %) has \\\\N for an id, or as a part of one: --null-id '\\N'",
        ]
    );
    let nulls = ["NULL", "\\N", "00000000000000000000000000000000"].map(str::to_string);
    let survey = trace.with(|o| o.null_ids = nulls.to_vec()).survey();
    assert_eq!((said(&survey), survey.missing_count), (Vec::new(), 4));
}

#[test]
fn one_id_that_a_large_share_of_pings_have_is_said() {
    let rows: String = (0..1000).map(|n| if n % 10 == 0 { "x\n".into() } else { format!("{n}\n") }).collect();
    let survey = sample(format!("id\n{rows}")).survey();
    assert!(
        said(&survey)[0].starts_with("at least 97 of 1000 pings")
            || said(&survey)[0].contains("one id, that of line 2")
    );
    assert_eq!(survey.doubts[0].kind, DoubtKind::NoId);
}

#[test]
fn ids_that_a_spreadsheet_has_rounded_are_refused() {
    let error = sample("id,x\n4.959034E+55,1\n4.959034E+55,2\n").error();
    assert!(error.contains("the first is 4.959034E+55, which a spreadsheet has rounded"), "{error}");
}

#[test]
fn usual_names_are_known_in_any_case_of_letters() {
    for name in ["Event_ID", "EVENTID", "Uuid"] {
        assert_eq!(sample(format!("x,{name}\n1,a\n")).survey().id, named(&[name]));
        assert_eq!(sample(format!("{{\"{name}\":\"a\"}}\n")).survey().id, named(&[name]));
    }
}

#[test]
fn a_format_that_is_known_has_its_key_proposed_where_no_usual_name_is_there() {
    let error = sample("{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"payload\":\"x\"}\n").error();
    assert!(
        error.ends_with("(they are those of Kafka: --id-field topic --id-field partition --id-field offset)"),
        "{error}"
    );
}

#[test]
fn a_file_without_known_fields_blames_no_field_that_nobody_typed() {
    for text in ["{}\n{}\n", "{\n{\n", "{\"a\":1.5}\n"] {
        assert!(!sample(text).error().contains("document_id"), "{text}");
    }
    let error = sample("{\"a\":1.5,\"t\":1772323200}\n")
        .with(|o| (o.id, o.time_field) = (named(&["a"]), Some("t".into())));
    assert!(error.error().contains("ids are read from field a: none of 1 values"), "{}", error.error());
}

fn all_but(fields: &[&str]) -> IdFields {
    IdFields::AllBut(fields.iter().map(|field| field.to_string()).collect())
}

#[test]
fn a_digest_of_all_but_some_fields_is_the_same_however_a_record_is_written() {
    let text = "\
{\"at\":1,\"a\":{\"b\":1,\"c\":\"x\"},\"n\":100}
 { \"n\" : 1e2, \"a\":{\"c\":\"\\u0078\",\"b\":1.0, \"d\":null} ,\"at\":2}
{\"at\":3,\"a\":{\"b\":2,\"c\":\"x\"},\"n\":100}
";
    let json = sample(text).with(|o| o.id = all_but(&["at"])).survey();
    assert_eq!((json.duplicate_count, json.unique_count), (1, 2));
    assert_eq!(said(&json), [""; 0]);
    let inner = sample(text).with(|o| o.id = all_but(&["at", "a"])).survey();
    assert_eq!(inner.duplicate_count, 2);
    let csv =
        sample("n,at,a.b,a.c\n100,1,1,x\n100,2,1,x\n100,3,2,x\n").with(|o| o.id = all_but(&["at"])).survey();
    assert_eq!(csv.digest, json.digest);
    let error = sample(text).with(|o| o.id = all_but(&["ta"])).error();
    assert!(error.contains("--id-all-but ta: no line has it"), "{error}");
}

/// Two parts of few letters, so that they are often alike when put together.
fn parts() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[ab|]{0,3}", "[ab|]{0,3}"), 1..40)
}

proptest! {
    #[test]
    fn parts_never_run_together(parts in parts()) {
        prop_assume!(parts.iter().any(|(a, b)| !a.is_empty() || !b.is_empty()));
        let csv: String = parts.iter().map(|(a, b)| format!("{a},{b}\n")).collect();
        let json: String = parts.iter().map(|(a, b)| format!("{{\"b\":\"{b}\",\"m\":{{\"a\":\"{a}\"}}}}\n")).collect();
        let csv = sample(format!("a,b\n{csv}")).with(|o| (o.format, o.id) = (Format::Csv, named(&["a", "b"])));
        let json = sample(json).with(|o| o.id = named(&["m.a", "b"]));
        let ids: Vec<_> = json.events().iter().map(|event| event.id).collect();
        prop_assert_eq!(csv.survey().digest, json.survey().digest);
        for (one, left) in parts.iter().zip(&ids) {
            for (other, right) in parts.iter().zip(&ids) {
                prop_assert_eq!(one == other, left == right, "{:?} {:?}", one, other);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_doubt_is_found_exactly_where_copies_differ(rows in prop::collection::vec((0u8..6, 0u8..3), 1..40)) {
        let text: String = rows.iter().map(|(id, x)| format!("{{\"x\":{x},\"id\":{id}}}\n")).collect();
        let survey = sample(text).survey();
        let first = |id: &u8| rows.iter().find(|(other, _)| other == id).map(|(_, x)| *x);
        let differing = rows.iter().filter(|(id, x)| first(id) != Some(*x)).count();
        prop_assert_eq!(survey.compared.differing_count, differing as u64);
        prop_assert_eq!(survey.doubts.iter().any(|doubt| doubt.kind == DoubtKind::Key), differing > 0);
    }
}

/// Lines of a format with a wrong key, and what is proposed.
const WRONG_KEYS: [(&str, &str, &str); 7] = [
    (
        "{\"messageId\":\"m#\",\"anonymousId\":\"a\",\"type\":\"track\",\"properties\":{\"x\":#}}",
        "anonymousId",
        "--id-field messageId (the key of Segment)",
    ),
    (
        "{\"Topic\":\"t\",\"Partition\":0,\"Offset\":#,\"Key\":\"k\",\"Value\":{\"a\":#}}",
        "Key",
        "--id-field Topic --id-field Partition --id-field Offset (the key of Kafka)",
    ),
    (
        "{\"kinesis\":{\"sequenceNumber\":\"#\",\"partitionKey\":\"p\",\"data\":\"x#\"},\"eventID\":\"shard:#\",\
         \"eventSource\":\"aws:kinesis\"}",
        "kinesis.partitionKey",
        "--id-field eventID (the key of Kinesis (Lambda))",
    ),
    (
        "{\"message\":{\"messageId\":\"#\",\"orderingKey\":\"o\",\"data\":\"x#\",\"publishTime\":\"t\"}}",
        "message.orderingKey",
        "--id-field message.messageId (the key of Pub/Sub)",
    ),
    (
        "{\"payload\":{\"op\":\"u\",\"after\":{\"id\":1,\"v\":#},\"source\":{\"file\":\"b\",\"pos\":#,\"row\":0}}}",
        "payload.after.id",
        "--id-field payload.source.file --id-field payload.source.pos --id-field payload.source.row (the key of Debezium (MySQL))",
    ),
    // Of one's own id both are said: it may well be the better one.
    (
        "{\"topic\":\"t\",\"partition\":0,\"offset\":#,\"value\":{\"order\":7,\"status\":#}}",
        "value.order",
        "--id-field value.order --id-field value.status if they are different pings, or --id-field topic --id-field partition \
         --id-field offset (the key of Kafka)",
    ),
    // Nothing but what a transport gives each delivery tells them apart.
    (
        "{\"messageId\":\"m#\",\"anonymousId\":\"a\",\"type\":\"page\"}",
        "anonymousId",
        "in it, 3 of 3 copies differ: --id-field messageId",
    ),
];

#[test]
fn of_a_wrong_key_in_a_known_format_the_right_one_is_proposed() {
    for (line, key, proposed) in WRONG_KEYS {
        let text: String = (0..4).map(|n| line.replace('#', &n.to_string()) + "\n").collect();
        let doubts = said(&sample(&text).with(|o| o.id = named(&[key])).survey());
        assert!(doubts.iter().any(|doubt| doubt.ends_with(proposed)), "{key}: {doubts:?}");
    }
}

#[test]
fn a_reasonable_key_in_a_known_format_is_left_alone() {
    let delivered_again =
        "{\"ackId\":\"x#\",\"deliveryAttempt\":#,\"message\":{\"messageId\":\"m\",\"publishTime\":\"t\"}}";
    let sent_again =
        "{\"message\":{\"messageId\":\"#\",\"publishTime\":\"t#\",\"attributes\":{\"document_id\":\"d\"}}}";
    let segment_in_kafka = "{\"topic\":\"t\",\"partition\":0,\"offset\":#,\"value\":{\"messageId\":\"m\"}}";
    // Of a key that messages are partitioned by, where most come once.
    let keyed = "{\"topic\":\"t\",\"partition\":0,\"offset\":#,\"key\":\"k1\",\"value\":1}\n\
                 {\"topic\":\"t\",\"partition\":0,\"offset\":9#,\"key\":\"k#\",\"value\":1}";
    for (lines, key) in [
        (delivered_again, vec!["message.messageId"]),
        (sent_again, vec!["message.attributes.document_id"]),
        (segment_in_kafka, vec!["value.messageId"]),
        (keyed, vec!["key"]),
        (keyed, vec!["offset", "key", "topic", "partition"]),
    ] {
        let text: String = (2..6).map(|n| lines.replace('#', &n.to_string()) + "\n").collect();
        let survey = sample(&text).with(|o| o.id = named(&key)).survey();
        assert_eq!(said(&survey), [""; 0], "{key:?}");
    }
}

#[test]
fn a_key_that_tells_deliveries_of_one_message_apart_is_found_by_that_of_the_format() {
    let line = "{\"ackId\":\"x#\",\"message\":{\"messageId\":\"m\",\"data\":1,\"publishTime\":\"t\"}}\n";
    let text: String = (0..4).map(|n| line.replace('#', &n.to_string())).collect();
    let found = "the fields are those of Pub/Sub, whose key is message.messageId: 3 of 3 copies by it have another id here: \
                 --id-field message.messageId";
    for id in [
        named(&["ackId"]),
        named(&["message.messageId", "ackId"]),
        IdFields::AllBut(vec!["message.publishTime".to_string()]),
    ] {
        let survey = sample(&text).with(|o| o.id = id).survey();
        assert_eq!((survey.duplicate_count, said(&survey)), (0, vec![found.to_string()]));
    }
    let right = sample(&text).with(|o| o.id = named(&["message.messageId"])).survey();
    assert_eq!((right.duplicate_count, said(&right)), (3, Vec::new()));
}
