//! Who sent the pings of a trace, in every form.

use super::*;
use crate::trace::{TraceError, TraceSenders, WhoFields};

/// The type of the fixture's pings stands for their clients as well.
fn who(field: &str) -> WhoFields {
    WhoFields {
        client: field.to_string(),
        dimensions: vec![field.to_string()],
        kind: Some(field.to_string()),
        ..WhoFields::default()
    }
}

fn senders(name: &str) -> TraceSenders {
    let (time, kind) = match name.contains("ndjson") {
        true => ("publish_time", "attributeMap.document_type"),
        false => ("publish_time_ms", "document_type"),
    };
    let options = TraceOptions { who: Some(who(kind)), ..fixture(name, time) };
    TraceSenders::read(&options, 199).unwrap().unwrap()
}

#[test]
fn one_field_may_say_several_things_and_every_form_says_the_same() {
    let first = senders("pings.csv");
    let values = &first.dimensions[0].1;
    assert!(values.is_sorted() && *values == first.types && values.len() == first.clients_count as usize);
    for name in ["pings.csv.zst", "pings.ndjson"] {
        let other = senders(name);
        assert_eq!((other.types.clone(), other.days), (first.types.clone(), first.days), "{name}");
        for sender in 0..first.senders_count() {
            assert_eq!(other.sender(sender), first.sender(sender), "{name}");
        }
    }
    // Who sent a ping is what its line says.
    let text = std::fs::read_to_string(fixture("pings.csv", "publish_time_ms").path).unwrap();
    let line: Vec<&str> = text.lines().nth(2).unwrap().split(',').collect();
    let sent = first.sent_by(crate::trace::id::id_of(line[1]).key(), 0).unwrap();
    assert_eq!(first.types[usize::from(sent.kind.unwrap())], line[2]);
    let (_, values) = first.sender(sent.sender as usize);
    assert_eq!(first.dimensions[0].1[usize::from(values[0].unwrap())], line[2]);
}

#[test]
fn a_client_is_named_in_every_spelling_of_its_id_and_a_null_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let rows = "id,t_ms,client\n1,1767225600000,2c3a0767-d84a-4d02-8a92-fa54a3376048\n2,1767225600001,2C3A0767D84A4D028A92FA54A3376048\n";
    std::fs::write(&path, rows).unwrap();
    let of = |null_ids: Vec<String>| {
        let who = Some(WhoFields { client: "client".to_string(), ..WhoFields::default() });
        let options =
            TraceOptions { who, null_ids, time_field: Some("t_ms".to_string()), ..TraceOptions::new(&path) };
        TraceSenders::read(&options, 2).map(Option::unwrap)
    };
    assert_eq!(of(Vec::new()).unwrap().clients_count, 1);
    let refused = of(vec!["2c3a0767-d84a-4d02-8a92-fa54a3376048".to_string()]).err().unwrap();
    assert!(matches!(refused, TraceError::Who { line: Some(2), .. }), "{refused}");
}
