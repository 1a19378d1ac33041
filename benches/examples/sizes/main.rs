//! What a ping takes over the ids of a window, from tables that fit in a cache to those far beyond one, as CSV and as a chart:
//! `cargo run --release -p dedup-benches --example sizes [-- FROM TO FOLDER]` (powers of two; 14, 27 and `results/scale`).
//!
//! For each number of ids all contestants hold their tables at the same time and take turns piece by piece, so that a machine
//! whose memory is slow for a while is slow for all. Time is the thread's own, which stands while other programs have the
//! processor; caches and memory are shared with them all the same, so compare within a row. Sizes that the folder's CSV has already, and that
//! are not measured again, stay.

mod chart;

use std::fmt::Write;
use std::path::Path;

use dedup_benches::judge::Judge;
use dedup_benches::stream::Stream;
use dedup_benches::{cpu_ns, median};
use dedup_strategies::{Ping, PingKey};
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// Pings a call, as in the harness.
const BATCH: usize = 64;

/// Pieces of a full window of which the median is taken.
const ROUNDS: usize = 5;

/// The fewest pings of a piece.
const LEAST_PIECE: u64 = 1 << 18;

/// Pings made at once, outside the clock.
const CHUNK: usize = 1 << 16;

/// What one contestant may hold.
const MOST_BYTES: u64 = 4 << 30;

/// Who takes part: its name, about how many bytes it has for an id at most, and whether it grows beyond what it was made for.
struct Contestant {
    name: &'static str,
    bytes: u64,
    grows: bool,
}

const CONTESTANTS: [Contestant; 6] = [
    Contestant { name: SET, bytes: 40, grows: false },
    Contestant { name: "exact", bytes: 125, grows: true },
    Contestant { name: PRESIZED, bytes: 65, grows: false },
    Contestant { name: "exact-compact", bytes: 24, grows: true },
    Contestant { name: "fingerprint-64", bytes: 12, grows: true },
    Contestant { name: "split-block", bytes: 5, grows: false },
];

/// `exact` with room for a window from the start.
const PRESIZED: &str = "exact:room=window";

/// Presized, and emptied whenever it holds a window: nothing in it expires, and it is half full on average.
const SET: &str = "raw hashbrown set";

/// What was measured of one contestant with so many ids; what does not apply is not there.
pub(crate) struct Row {
    pub(crate) ids: u64,
    pub(crate) name: &'static str,
    filling_ns: f64,
    pub(crate) full_ns: f64,
    bytes_an_id: f64,
    growing: Option<Growing>,
}

/// A table made for a thousand ids that grows to a window's.
struct Growing {
    ns: f64,
    batch_p999_us: f64,
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let power = |at: usize, default| match given.get(at).map(|text| text.parse::<u32>()) {
        None => default,
        Some(Ok(power @ 10..=30)) => power,
        Some(_) => {
            eprintln!("error: give powers of two from 10 to 30 and a folder: [FROM TO FOLDER]");
            std::process::exit(2);
        }
    };
    let (from, to) = (power(0, 14), power(1, 27));
    let folder = given.get(2).map_or("results/scale", String::as_str);
    let folder = Path::new(folder);
    let mut rows = before(folder);
    for ids in (from..=to).map(|power| 1 << power) {
        let measured = measured(ids);
        print!("{}", measured.iter().map(line).collect::<String>());
        rows.retain(|row| row.ids != ids);
        rows.extend(measured);
        rows.sort_by_key(|row| row.ids);
        // After each size: a run that is ended early keeps what it has.
        let written = std::fs::write(folder.join("sizes.csv"), TITLES.to_string() + &csv(&rows))
            .and_then(|()| std::fs::write(folder.join("sizes.svg"), chart::svg(&rows)));
        if let Err(error) = written {
            eprintln!("error: {}: {error}", folder.display());
            std::process::exit(2);
        }
    }
}

/// What was measured before, of which other sizes are kept.
fn before(folder: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(folder.join("sizes.csv")).unwrap_or_default();
    text.lines().skip(1).filter_map(read).collect()
}

/// A line of the CSV; nothing where it is none, or of a contestant that is no more.
fn read(line: &str) -> Option<Row> {
    let [ids, name, filling, full, bytes, growing, batch] = line.split(',').collect::<Vec<_>>()[..] else {
        return None;
    };
    let number = |text: &str| text.parse::<f64>().ok();
    Some(Row {
        ids: ids.parse().ok()?,
        name: CONTESTANTS.iter().find(|contestant| contestant.name == name)?.name,
        filling_ns: number(filling)?,
        full_ns: number(full)?,
        bytes_an_id: number(bytes)?,
        growing: number(growing).zip(number(batch)).map(|(ns, batch_p999_us)| Growing { ns, batch_p999_us }),
    })
}

const TITLES: &str = "ids,contestant,filling_ns,full_ns,bytes_an_id,growing_ns,growing_batch_p999_us\n";

fn csv(rows: &[Row]) -> String {
    rows.iter().map(line).collect()
}

fn line(row: &Row) -> String {
    let Row { ids, name, filling_ns, full_ns, bytes_an_id, growing } = row;
    let mut line = format!("{ids},{name},{filling_ns:.1},{full_ns:.1},{bytes_an_id:.1},");
    match growing {
        Some(Growing { ns, batch_p999_us }) => writeln!(line, "{ns:.1},{batch_p999_us:.1}"),
        None => writeln!(line, ","),
    }
    .expect("memory can be written");
    line
}

/// Takes pings, and says what it holds.
trait Judging {
    fn judge(&mut self, batch: &[Ping]);
    fn bytes_an_id(&self) -> f64;
}

impl Judging for Judge {
    fn judge(&mut self, batch: &[Ping]) {
        let mut verdicts = std::mem::take(&mut self.verdicts);
        verdicts.clear();
        self.workers[0].judge(batch, batch[0].arrival, &mut verdicts).expect("it is embedded");
        self.verdicts = std::hint::black_box(verdicts);
    }

    fn bytes_an_id(&self) -> f64 {
        let footprint = self.strategy.footprint();
        footprint.bytes as f64 / footprint.ids as f64
    }
}

struct Set {
    seen: HashSet<PingKey, FixedState>,
    most: usize,
    fresh: Vec<bool>,
}

impl Judging for Set {
    fn judge(&mut self, batch: &[Ping]) {
        if self.seen.len() + batch.len() > self.most {
            self.seen.clear();
        }
        self.fresh.clear();
        self.fresh.extend(batch.iter().map(|ping| self.seen.insert(ping.key)));
        std::hint::black_box(&self.fresh);
    }

    fn bytes_an_id(&self) -> f64 {
        self.seen.allocation_size() as f64 / self.most as f64
    }
}

fn build(name: &'static str, ids: u64) -> Box<dyn Judging> {
    match name {
        SET => Box::new(Set {
            seen: HashSet::with_capacity_and_hasher(ids as usize, FixedState::with_seed(1)),
            most: ids as usize,
            fresh: Vec::new(),
        }),
        "exact" => Box::new(Judge::new(name, &[], ids, 1)),
        PRESIZED => Box::new(Judge::new("exact", &[("room", "window".to_string())], ids, 1)),
        // Without the headroom of the default.
        name => Box::new(Judge::new(name, &[("ids", ids.to_string())], ids, 1)),
    }
}

fn measured(ids: u64) -> Vec<Row> {
    let taking_part = || CONTESTANTS.iter().filter(|contestant| contestant.bytes * ids <= MOST_BYTES);
    let mut judges: Vec<_> = taking_part().map(|contestant| build(contestant.name, ids)).collect();
    let mut stream = Stream::new(1, ids);
    let filling = piece(&mut judges, &mut stream, ids);
    // The first ids are gone, and slots are given up and taken at once.
    piece(&mut judges, &mut stream, ids / 16);
    let rounds: Vec<_> =
        (0..ROUNDS).map(|_| piece(&mut judges, &mut stream, LEAST_PIECE.max(ids / 16))).collect();
    let bytes: Vec<f64> = judges.iter().map(|judge| judge.bytes_an_id()).collect();
    drop(judges);
    let row = |(at, contestant): (usize, &Contestant)| Row {
        ids,
        name: contestant.name,
        filling_ns: filling[at],
        full_ns: median(rounds.iter().map(|nanos| nanos[at]).collect()),
        bytes_an_id: bytes[at],
        growing: contestant.grows.then(|| growing(contestant.name, ids)),
    };
    taking_part().enumerate().map(row).collect()
}

/// Nanoseconds a ping of each, over the pings with so many fresh ids.
fn piece(judges: &mut [Box<dyn Judging>], stream: &mut Stream, ids: u64) -> Vec<f64> {
    let (mut spent, mut count, mut left) = (vec![0.0; judges.len()], 0, ids);
    let mut pings = Vec::new();
    while left > 0 {
        let fresh = left.min(CHUNK as u64);
        stream.take_fresh(fresh, &mut pings);
        for (judge, spent) in judges.iter_mut().zip(&mut spent) {
            let start = cpu_ns();
            pings.chunks(BATCH).for_each(|batch| judge.judge(batch));
            *spent += cpu_ns() - start;
        }
        count += pings.len();
        left -= fresh;
    }
    spent.into_iter().map(|nanos| nanos / count as f64).collect()
}

/// Each batch is timed by the thread's own clock, which takes a part of a microsecond that counts in it.
fn growing(name: &str, ids: u64) -> Growing {
    let made_for = match name {
        "exact" => vec![],
        _ => vec![("ids", "1000".to_string())],
    };
    let mut judge = Judge::new(name, &made_for, ids, 1);
    let mut stream = Stream::new(2, ids);
    let (mut batches, mut count, mut left) = (Vec::new(), 0, ids);
    let mut pings = Vec::new();
    while left > 0 {
        let fresh = left.min(CHUNK as u64);
        stream.take_fresh(fresh, &mut pings);
        for batch in pings.chunks(BATCH) {
            let start = cpu_ns();
            Judging::judge(&mut judge, batch);
            batches.push((cpu_ns() - start) as f32);
        }
        count += pings.len();
        left -= fresh;
    }
    let ns = batches.iter().map(|nanos| f64::from(*nanos)).sum::<f64>() / count as f64;
    batches.sort_by(f32::total_cmp);
    let at = (batches.len() * 999 / 1000).min(batches.len() - 1);
    Growing { ns, batch_p999_us: f64::from(batches[at]) / 1e3 }
}
