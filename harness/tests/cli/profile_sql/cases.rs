//! Traffic with everything at which engines could count in another way.

use dedup_profile::{LAG_BINS, lag_floor_us};

/// The columns of every file: two parts of an id, with names that have to be quoted; a timestamp, and the same time as numbers.
pub(super) const ID: &str = "order";
pub(super) const PART: &str = "it's \"part\"";
const HEADER: &str = "order,\"it's \"\"part\"\"\",at,ns,ms,s";

/// A file, and how it is read.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) csv: String,
    pub(super) pings: u64,
    pub(super) options: Vec<&'static str>,
    pub(super) doubts: Vec<String>,
}

/// A ping: its id, the second part of it, and its time.
type Row = (String, String, u64);

pub(super) fn all() -> Vec<Case> {
    vec![days(), bounds(), nulls(), spaces(), spellings(), none()]
}

/// UUIDs, which are one however they are spelled, and what is nearly one; one of them stands for none.
fn spellings() -> Case {
    let ids = [
        "2c3a0767-d84a-4d02-8a92-fa54a3376048",
        "2C3A0767-D84A-4D02-8A92-FA54A3376048",
        "2c3a0767d84a4d028a92fa54a3376048",
        "2c3a0767-d84a4d02-8a92-fa54a3376048-",
        "2c3a0767-d84a-4d02-8a92-fa54a337604g",
        "2c3a0767-d84a-4d02-8a92-fa54a3376048x",
        "{2c3a0767-d84a-4d02-8a92-fa54a3376048}",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "abc",
        "ABC",
    ];
    let rows: Vec<Row> = (0..110u64)
        .map(|ping| (ids[ping as usize % ids.len()].to_string(), String::new(), 1_000_000 * ping))
        .collect();
    let options =
        ["--id-field", ID, "--time-field", "at", "--null-id", "FFFFFFFF-ffff-ffff-ffff-ffffffffffff"];
    case("spellings", &rows, &options, &[])
}

fn case(name: &'static str, rows: &[Row], options: &[&'static str], doubts: &[&str]) -> Case {
    let line = |(id, part, us): &Row| {
        let time = jiff::Timestamp::from_microsecond(*us as i64).unwrap();
        let (millis, seconds) = (us / 1000, us / 1_000_000);
        format!("{id},{part},{time:.6},{us}789,{millis}.{:03},{seconds}.{:06}\n", us % 1000, us % 1_000_000)
    };
    let csv = format!("{HEADER}\n{}", rows.iter().map(line).collect::<String>());
    let doubts = doubts.iter().map(|doubt| doubt.to_string()).collect();
    Case { name, csv, pings: rows.len() as u64, options: options.to_vec(), doubts }
}

/// Numbers that look like chance and are the same ones every time.
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// Three days that begin and end in the middle of an hour: ids that come once or often, soon or late, at the same time; one
/// that is heavy; pings without an id; out of order.
fn days() -> Case {
    const START_US: u64 = 1_772_325_432_123_457;
    let mut seed = 7;
    let mut rows: Vec<Row> = Vec::new();
    for ping in 0..2_500u64 {
        let at = START_US + chance(&mut seed) % 259_200 * 1_000_000 + chance(&mut seed) % 1_000_000;
        let id = match chance(&mut seed) % 20 {
            0 => "heavy".to_string(),
            1 => String::new(),
            2..7 => format!("id-{}", chance(&mut seed) % 40),
            _ => format!("it's {ping}"),
        };
        rows.push((id.clone(), String::new(), at));
        let lag = match chance(&mut seed) % 8 {
            0 => 0,
            1 => chance(&mut seed) % 1_100,
            2 => chance(&mut seed) % 5_000_000,
            3 => chance(&mut seed) % 90_000_000_000,
            _ => continue,
        };
        rows.push((id, String::new(), at + lag));
    }
    case("days", &rows, &["--id-field", ID, "--time-field", "at"], &[])
}

/// For each bin a lag at its beginning, and one a microsecond before; by two fields, whose parts do not run into each other. One
/// id comes far too often.
fn bounds() -> Case {
    let row = |id: &str, part: &str, us: u64| (id.to_string(), part.to_string(), us);
    let mut rows: Vec<Row> = Vec::new();
    for bin in 0..LAG_BINS {
        for (part, lag) in [("at", lag_floor_us(bin)), ("below", lag_floor_us(bin) - 1)] {
            let at = bin as u64 * 1_000_003;
            rows.extend([at, at + lag].map(|at| row(&bin.to_string(), part, at)));
        }
    }
    for (id, part) in [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("", ""), ("", "")] {
        rows.push(row(id, part, 5_000_000));
    }
    rows.extend((0..100).map(|ping| row("heavy", "", ping * ping * 1_000_000)));
    let options = ["--id-field", ID, "--id-field", PART, "--time-field", "ns", "--time-unit", "ns"];
    let doubt = "100 of 2374 pings (4.21 %) have one id, and no other comes nearly as often: --null-id TEXT if it stands for none";
    case("bounds", &rows, &options, &[doubt])
}

/// Nulls in disguise, and a text that is taken for none; seconds with a fraction.
fn nulls() -> Case {
    let mut rows: Vec<Row> = Vec::new();
    for ping in 0..400u64 {
        let id = match ping % 10 {
            0 => "NULL".to_string(),
            1 if ping < 100 => "\\N".to_string(),
            2 if ping == 2 => "n/a".to_string(),
            3 | 4 => "0123".to_string(),
            5 => "gone's".to_string(),
            _ => ping.to_string(),
        };
        rows.push((id, String::new(), 1_772_323_200_000_001 + ping * 1_234_567));
    }
    let options = ["--id-field", ID, "--time-field", "s", "--time-unit", "s", "--null-id", "gone's"];
    let doubts = [
        "40 of 400 pings (10.00 %) have NULL for an id, or as a part of one: --null-id 'NULL'",
        "10 of 400 pings (2.50 %) have \\\\N for an id, or as a part of one: --null-id '\\N'",
        "1 of 400 pings (0.25 %) has n/a for an id, or as a part of one: --null-id 'n/a'",
    ];
    case("nulls", &rows, &options, &doubts)
}

/// White space around nulls, in disguise and given, which hides none; around ids it is part of them.
fn spaces() -> Case {
    let ids = [
        " NULL",
        "NULL\t",
        "NULL",
        "\u{a0}null\u{3000}",
        " gone's",
        "gone's ",
        "gone's",
        " id",
        "id",
        "id ",
        "\u{2003}id",
        " ",
        "\t",
        "n/a\u{2009}x",
        "… NULL…",
        "NULL\u{200b}",
    ];
    // Some engines read what stands between commas without the white space around it, unless it is quoted.
    let row = |ping: u64| {
        let id = format!("\"{}\"", ids[(ping % ids.len() as u64) as usize]);
        (id, String::new(), 1_772_323_200_000_001 + ping * 1_234_567)
    };
    let rows: Vec<Row> = (0..320).map(row).collect();
    let options = ["--id-field", ID, "--time-field", "s", "--time-unit", "s", "--null-id", "gone's"];
    let doubts = [
        "60 of 320 pings (18.75 %) have NULL for an id, or as a part of one: --null-id 'NULL'",
        "20 of 320 pings (6.25 %) have null for an id, or as a part of one: --null-id 'null'",
    ];
    case("spaces", &rows, &options, &doubts)
}

/// A table without a row.
fn none() -> Case {
    case("none", &[], &["--id-field", ID, "--time-field", "ms", "--time-unit", "ms"], &[])
}
