//! Every filter that bounds both its memory and its error: what it errs, what it takes, and what that error would take
//! by theory. A copy of an id that was lost is let through, and counts as missed here.
//!
//! The theory is that of the windowed structure at the error that was *measured*, by the filter's own sizing where it has
//! one for an error: what a filter errs less than it was asked for is not held against it. Filters that forget at random are
//! measured when they have come to their stable point, which takes hundreds of windows: of fewer ids.

use dedup_strategies::strategies::split_block;
use dedup_strategies::structures::biased_sampling::Deletion;
use dedup_strategies::structures::{age_partitioned, biased_sampling, stable_bloom};
use dedup_strategies::theory::least_bits_per_key;

use crate::Table;
use dedup_benches::judge::{Judge, judge, repeats_and_missed};
use dedup_benches::stream::Stream;
use dedup_benches::{cpu_ns, median};

/// Ids in a window of filters by time and by count, and pings that are timed after nearly three windows.
const IDS: u64 = 4_000_000;
const PINGS: usize = 40_000;
const ROUNDS: usize = 7;

/// Ids in a window of filters that forget at random, and windows after which they are measured.
const FEW: u64 = 10_000;
const STABLE: u64 = 400;

/// Unknown ids that are probed with at the end.
const PROBES: usize = 200_000;

struct Row {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// Ids in a window.
    ids: u64,
    /// Tenths of a window before anything is measured. Two windows and nine tenths: the youngest generation is nearly full,
    /// which is the worst moment.
    tenths: u64,
    /// Bits an id that a share lost would take.
    theory: fn(f64) -> f64,
}

const fn by_window(
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    theory: fn(f64) -> f64,
) -> Row {
    Row { name, settings, ids: IDS, tenths: 29, theory }
}

const fn at_random(name: &'static str, theory: fn(f64) -> f64) -> Row {
    Row { name, settings: &[("rate", "0.01")], ids: FEW, tenths: 10 * STABLE, theory }
}

const ROWS: &[Row] = &[
    by_window("split-block", &[], |lost| bits(split_block::bytes_for(IDS, lost, 3), IDS)),
    by_window("split-block", &[("rate", "0.01")], |lost| bits(split_block::bytes_for(IDS, lost, 3), IDS)),
    by_window("split-block", &[("rate", "0.0001")], |lost| bits(split_block::bytes_for(IDS, lost, 3), IDS)),
    by_window("bloom-rotating", &[], rotating),
    by_window("apbf", &[], |lost| bits(age_partitioned::bytes_for(IDS, lost), IDS)),
    by_window("apbf", &[("rate", "0.01")], |lost| bits(age_partitioned::bytes_for(IDS, lost), IDS)),
    by_window("apbf-time", &[], by_time),
    by_window("cuckoo", &[("fingerprint", "16")], cuckoo),
    by_window("cuckoo", &[("fingerprint", "32")], cuckoo),
    at_random("stable-bloom", |lost| bits(stable_bloom::bytes_for(FEW, lost, 0.1), FEW)),
    at_random("bsbf", |lost| bits(biased_sampling::bytes_for(Deletion::EachFilter, FEW, lost, 0.1), FEW)),
    at_random("rlbsbf", |lost| bits(biased_sampling::bytes_for(Deletion::ByLoad, FEW, lost, 0.1), FEW)),
];

fn bits(bytes: u64, ids: u64) -> f64 {
    bytes as f64 * 8.0 / ids as f64
}

/// Plain Bloom filters of a quarter of a window each, five of them at the end of a slice: each takes `log2(1/p) / ln 2` bits an id
/// for a fifth of the share lost, and the window is five quarters of what is kept.
fn rotating(lost: f64) -> f64 {
    least_bits_per_key(lost / 5.0) / std::f64::consts::LN_2 * 5.0 / 4.0
}

/// As `apbf`, but that of d generations in a window d + 1 are kept, as a window ends in the middle of one: the least over k and d
/// for an even load.
fn by_time(lost: f64) -> f64 {
    let cost = |k: u32| {
        let allowed = |d: &u32| age_partitioned::false_positive_rate(k, d + 1, 1.0) <= lost;
        let d = (1..48).take_while(allowed).last()?;
        Some(age_partitioned::bits_per_id(k, d + 1) * f64::from(d + 1) / f64::from(d))
    };
    (1..=80).filter_map(cost).min_by(f64::total_cmp).unwrap_or(f64::NAN)
}

/// Fan, Andersen, Kaminsky and Mitzenmacher (2014): a fingerprint of `log2(2 b / p)` bits in a bucket of b = 4, for which what is
/// in use counts, beside the 9.6 bits of an entry that are its interval and what is left of a cache line; at four fifths
/// of the entries in use.
fn cuckoo(lost: f64) -> f64 {
    const LOAD: f64 = 0.8;
    (least_bits_per_key(lost / (8.0 * LOAD)) + 9.6) * (1.0 + 1.0 / 120.0) / LOAD
}

pub(crate) fn table() -> Table {
    let titles = [
        "",
        "settings",
        "lost %",
        "missed %",
        "bits an id",
        "by theory",
        "ratio",
        "log2(1/lost)",
        "times that",
        "ns a ping",
    ];
    let mut table = Table::new(&titles);
    for row in ROWS {
        let measured = measure(row);
        // Where none was lost, there is no error to compute with.
        let least = (measured.lost > 0.0).then(|| least_bits_per_key(measured.lost));
        let theory = (measured.lost > 0.0).then(|| (row.theory)(measured.lost));
        let shown = |value: Option<f64>, digits: usize| match value {
            Some(value) => format!("{value:.digits$}"),
            None => "-".to_string(),
        };
        table.row(&[
            row.name.to_string(),
            row.settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","),
            format!("{:.4}", 100.0 * measured.lost),
            format!("{:.2}", 100.0 * measured.missed),
            format!("{:.1}", measured.bits),
            shown(theory, 1),
            shown(theory.map(|theory| measured.bits / theory), 2),
            shown(least, 1),
            shown(least.map(|least| measured.bits / least), 2),
            format!("{:.1}", measured.ns),
        ]);
    }
    table
}

struct Measured {
    lost: f64,
    missed: f64,
    bits: f64,
    ns: f64,
}

fn measure(row: &Row) -> Measured {
    // The default has a tenth of headroom, which would show as bits an id.
    let mut settings = vec![("ids", row.ids.to_string())];
    settings.extend(row.settings.iter().map(|(name, value)| (*name, value.to_string())));
    let mut subject = Judge::new(row.name, &settings, row.ids, 1);
    let mut stream = Stream::new(3, row.ids);
    let mut batch = Vec::new();
    for _ in 0..row.tenths {
        stream.take_fresh(row.ids / 10, &mut batch);
        judge(&mut subject, &batch);
    }
    let mut times = Vec::new();
    let (mut repeated, mut missed) = (0, 0);
    for _ in 0..ROUNDS {
        stream.take(PINGS, &mut batch);
        let start = cpu_ns();
        judge(&mut subject, &batch);
        times.push((cpu_ns() - start) / batch.len() as f64);
        stream.take(PINGS / 10, &mut batch);
        let (more, wrong) = repeats_and_missed(&mut subject, &batch);
        repeated += more;
        missed += wrong;
    }
    let bits = subject.strategy.footprint().bytes as f64 * 8.0 / row.ids as f64;
    // Few, as they are written: too few to change the load.
    let lost = judge(&mut subject, &stream.unknown(PROBES)) as f64 / (PROBES) as f64;
    Measured { lost, missed: missed as f64 / repeated as f64, bits, ns: median(times) }
}
