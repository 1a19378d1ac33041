//! Who sent a ping, through the sink and the night.

use std::collections::BTreeMap;

use dedup_stream::scenario::Scenario;
use dedup_stream::stream::Source;
use parquet::record::RowAccessor;

use super::*;

const TEXT: &str = "about = 'x'\nwindow = '1h'\nduration = '3days'\narrival = { process = 'constant', rate = '2/min' }\n\
    [clients]\ncount = 40\nactive = 0.6\ntypes = { main = 3, crash = 1 }\nwrong_clock = { share = 0.5, by = '1day' }\n\
    dimensions = { country = { DE = 1, US = 2 }, channel = { beta = 1, release = 9 } }\n\
    [[repeat]]\ncause = 'retry'\nshare = 0.3\nlag.exponential = '1h'\n";

/// What a row says of its sender, by the number of its ping.
fn said(table: &Table) -> BTreeMap<i64, Vec<String>> {
    let mut said = BTreeMap::new();
    for file in table.days.values().flatten() {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let names: Vec<&String> = row.get_column_iter().map(|(name, _)| name).collect();
            assert_eq!(names[4..], ["client_id", "client_time", "session_id", "type", "channel", "country"]);
            let of: Vec<String> = row
                .get_column_iter()
                .skip(4)
                .filter(|(name, _)| *name != "client_time")
                .map(|(_, value)| value.to_string())
                .collect();
            let first = said.entry(row.get_long(2).unwrap()).or_insert_with(|| of.clone());
            assert_eq!(*first, of, "a copy of another client");
        }
    }
    said
}

#[test]
fn the_sink_writes_who_sent_a_ping_and_the_night_carries_it_along() {
    let scenario = Scenario::from_toml("x", TEXT).unwrap();
    let clients = scenario.clients(1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (live, stable) = (dir.path().join("live"), dir.path().join("stable"));
    std::fs::create_dir_all(&live).unwrap();
    let (mut sink, written) = DaySink::new(&live, Vec::new(), Some(clients.clone()));
    let mut events = Vec::new();
    scenario.stream(1).fill(usize::MAX, &mut events).unwrap();
    events.iter().for_each(|event| crate::pipeline::Sink::deliver(&mut sink, event, event.at));
    drop(sink);
    assert_eq!(written.finish().unwrap(), events.len() as u64);

    let live = table(&live, &Layout::default()).unwrap();
    for day in live.days.keys() {
        copy_deduplicated(&live, *day, &stable, &night(dir.path())).unwrap();
    }
    let (live, stable) = (said(&live), said(&table(&stable, &Layout::default()).unwrap()));
    assert!(live.len() > 8000 && live.len() == stable.len());
    assert_eq!(live, stable);
    for event in &events {
        let sender = clients.sender(event.id.key(), event.origin.first_at);
        let of = &live[&(event.origin.unique as i64)];
        assert_eq!(of[1..3], [sender.session.to_string(), format!("{:?}", clients.type_of(&sender))]);
    }
}
