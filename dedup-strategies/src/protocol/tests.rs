//! Whatever is written is read again, in both forms, and nothing else is.

use std::borrow::Cow;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::contract::{DeliveryId, Footprint, Outcome, Ping, PingKey, Settled, Timestamp, Verdict};
use crate::strategies::exact;
use crate::{Context, Sizing};

const BOTH: [Frames; 2] = [Frames::Binary, Frames::Json];

fn time() -> impl Strategy<Value = Timestamp> {
    (0..u64::MAX).prop_map(Timestamp::from_nanos)
}

fn ping() -> impl Strategy<Value = Ping> {
    (any::<u128>(), time(), time(), any::<u64>()).prop_map(|(key, event_time, arrival, delivery)| Ping {
        key: PingKey::from_u128(key),
        event_time,
        arrival,
        delivery: DeliveryId(delivery),
    })
}

fn settled() -> impl Strategy<Value = Settled> {
    (any::<u128>(), any::<u64>(), any::<bool>()).prop_map(|(key, delivery, failed)| {
        let (event_time, arrival) = (Timestamp::ZERO, Timestamp::ZERO);
        let ping = Ping { key: PingKey::from_u128(key), event_time, arrival, delivery: DeliveryId(delivery) };
        Settled { ping, outcome: if failed { Outcome::Failed } else { Outcome::Delivered } }
    })
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let some = 0..5_usize;
    prop_oneof![
        (time(), prop::collection::vec(ping(), some.clone()))
            .prop_map(|(now, pings)| Request::Judge { now, pings: Cow::Owned(pings) }),
        (time(), prop::collection::vec(settled(), some))
            .prop_map(|(now, settled)| Request::Settle { now, settled: Cow::Owned(settled) }),
        time().prop_map(|now| Request::Advance { now }),
        Just(Request::Advance { now: Timestamp::END }),
        Just(Request::Footprint),
        (time(), prop::collection::vec(ping(), 0..5))
            .prop_map(|(now, pings)| Request::Pings { now, pings: Cow::Owned(pings) }),
        (time(), any::<u64>()).prop_map(|(now, number)| Request::Marker { now, number }),
        Just(Request::Marker { now: Timestamp::END, number: 1 }),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    let verdict = prop::sample::select(message::VERDICTS.to_vec());
    prop_oneof![
        (prop::collection::vec(verdict, 0..5), prop::option::of("[a-z ü\"]{1,20}"))
            .prop_map(|(verdicts, unjudged)| Reply::Verdicts { verdicts, unjudged }),
        Just(Reply::Done),
        prop::collection::vec(any::<u64>().prop_map(DeliveryId), 0..5).prop_map(Reply::Released),
        (0..=message::MOST_TOLD, 0..=message::MOST_TOLD)
            .prop_map(|(ids, bytes)| Reply::Footprint(Footprint { ids, bytes })),
        prop::collection::vec(any::<u64>().prop_map(DeliveryId), 0..5).prop_map(Reply::Passed),
        any::<u64>().prop_map(Reply::Marker),
        ".{0,20}".prop_map(Reply::Failed),
    ]
}

proptest! {
    #[test]
    fn requests_and_replies_come_back(requests in prop::collection::vec(request(), 1..4), replies in prop::collection::vec(reply(), 1..4)) {
        for frames in BOTH {
            let mut bytes = Vec::new();
            requests.iter().for_each(|request| frames.write_request(request, &mut bytes));
            let mut from = Cursor::new(&bytes);
            for request in &requests {
                let read = frames.read_request(&mut from).unwrap();
                prop_assert_eq!(read.as_ref(), Some(request));
            }
            prop_assert!(frames.read_request(&mut from).unwrap().is_none());
            let mut bytes = Vec::new();
            replies.iter().for_each(|reply| frames.write_reply(reply, &mut bytes));
            let mut from = Cursor::new(&bytes);
            for reply in &replies {
                let read = frames.read_reply(&mut from).unwrap();
                prop_assert_eq!(read.as_ref(), Some(reply));
            }
            prop_assert!(frames.read_reply(&mut from).unwrap().is_none());
        }
    }

    #[test]
    fn a_frame_that_is_cut_off_is_an_error(request in request(), part in 0.0_f64..1.0) {
        for frames in BOTH {
            let mut bytes = Vec::new();
            frames.write_request(&request, &mut bytes);
            bytes.truncate(1 + (part * (bytes.len() - 1) as f64) as usize);
            let is_whole = bytes.len() == whole(frames, &request);
            prop_assert_eq!(frames.read_request(&mut Cursor::new(bytes)).is_ok(), is_whole);
        }
    }

    #[test]
    fn rubbish_is_an_error_or_a_message_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in prop::sample::select(b"JSAFPMvdrfpme".to_vec())) {
        let framed = [&(bytes.len() as u32).to_le_bytes()[..], &[kind, 0, 0, 0], &bytes].concat();
        for bytes in [bytes, framed] {
            for frames in BOTH {
                let _ = frames.read_request(&mut Cursor::new(&bytes));
                let _ = frames.read_reply(&mut Cursor::new(&bytes));
            }
        }
    }
}

fn whole(frames: Frames, request: &Request) -> usize {
    let mut bytes = Vec::new();
    frames.write_request(request, &mut bytes);
    bytes.len()
}

#[test]
fn what_is_no_answer_is_named() {
    let said = |line: &str| json::read_reply(&mut Cursor::new(format!("{line}\n"))).unwrap_err().to_string();
    for (line, named) in [
        ("hello", "expected value"),
        ("{}", "expected value"),
        (r#"{"verdicts":["maybe"]}"#, "unknown variant `maybe`, expected one of `new`, `duplicate`"),
        (r#"{"verdicts":[],"done":{}}"#, "expected"),
        (r#"{"released":[-1]}"#, "expected u64"),
        (r#"{"judge":{}}"#, "unknown variant `judge`"),
    ] {
        assert!(said(line).contains(named) && said(line).contains("the line"), "{}", said(line));
    }
    let mut longer = Vec::new();
    binary::write_reply(&Reply::Done, &mut longer);
    longer[0] = 1;
    longer.push(7);
    let error = binary::read_reply(&mut Cursor::new(longer)).unwrap_err();
    assert_eq!(error.to_string(), "an unknown frame: kind 'd', 1 bytes");
}

#[test]
fn a_footprint_that_no_machine_has_is_an_error() {
    let told = |ids, bytes| Reply::Footprint(Footprint { ids, bytes });
    for frames in BOTH {
        let read = |reply: &Reply| {
            let mut bytes = Vec::new();
            frames.write_reply(reply, &mut bytes);
            frames.read_reply(&mut Cursor::new(bytes)).map_err(|error| error.to_string())
        };
        assert_eq!(read(&told(1 << 48, 1 << 48)), Ok(Some(told(1 << 48, 1 << 48))));
        for (ids, bytes) in [(u64::MAX, 0), (0, (1 << 48) + 1)] {
            let error = read(&told(ids, bytes)).unwrap_err();
            assert!(error.contains("allowed are 281474976710656 of each at most"), "{error}");
        }
    }
}

#[test]
fn a_strategy_in_rust_answers_as_it_would_without_the_pipe() {
    let ping = |key, delivery| Ping {
        key: PingKey::from_u128(key),
        event_time: Timestamp::ZERO,
        arrival: Timestamp::ZERO,
        delivery: DeliveryId(delivery),
    };
    let hello = Hello {
        version: VERSION,
        worker: 0,
        workers: 1,
        seed: 0,
        state_dir: "/nowhere".into(),
        ids_in_window: 10,
        ids_total: 10,
        time_factor: 1.0,
        settings: Default::default(),
        server: None,
    };
    let mut input = serde_json::to_vec(&hello).unwrap();
    input.push(b'\n');
    let pings = vec![ping(1, 1), ping(2, 2), ping(1, 3)];
    let requests = [
        Request::Judge { now: Timestamp::ZERO, pings: Cow::Owned(pings) },
        Request::Footprint,
        Request::Advance { now: Timestamp::END },
    ];
    requests.iter().for_each(|request| Frames::Binary.write_request(request, &mut input));
    let mut output = Vec::new();
    serve(&input[..], &mut output, "exact", |hello| {
        let sizing = Sizing {
            window: std::time::Duration::from_secs(60),
            ids_in_window: hello.ids_in_window,
            ids_total: hello.ids_total,
        };
        Ok(exact::DEFINITION.open(&[], &Context::embedded(sizing)).unwrap())
    })
    .unwrap();
    let mut from = Cursor::new(output);
    let welcome: Welcome = serde_json::from_str(&read_line(&mut from).unwrap().unwrap()).unwrap();
    assert_eq!((welcome.version, welcome.frames), (VERSION, Frames::Binary));
    let mut reply = || Frames::Binary.read_reply(&mut from).unwrap();
    let verdicts = vec![Verdict::New, Verdict::New, Verdict::Duplicate];
    assert_eq!(reply(), Some(Reply::Verdicts { verdicts, unjudged: None }));
    assert!(matches!(reply(), Some(Reply::Footprint(Footprint { ids: 2, .. }))));
    assert_eq!(reply(), Some(Reply::Released(Vec::new())));
    assert_eq!(reply(), None);
}
