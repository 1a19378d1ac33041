//! Every filter that bounds both its memory and its error: what it errs, what it takes, and what that error would take
//! by theory. A copy of an id that was lost is let through, and counts as missed here.

use dedup_strategies::bera::{self, Deletion};
use dedup_strategies::theory::least_bits_per_key;
use dedup_strategies::{apbf, cuckoo, split_block, stable_bloom};

use crate::strategy::{Judge, judge, repeats_and_missed};
use crate::stream::Stream;
use crate::{Table, cpu_ns, median};

/// Ids in a window, and pings that are timed after two windows and a half.
const IDS: u64 = 4_000_000;
const PINGS: usize = 40_000;
const ROUNDS: usize = 7;

/// Unknown ids that are probed with at the end.
const PROBES: usize = 200_000;

type Row = (&'static str, &'static [(&'static str, &'static str)], fn() -> f64);

/// Strategy, settings, and the bytes that its sizing helper gives for [`IDS`].
const ROWS: &[Row] = &[
    ("split-block", &[], || split_block::bytes_for(IDS, 0.001, 3) as f64),
    ("split-block", &[("rate", "0.01")], || split_block::bytes_for(IDS, 0.01, 3) as f64),
    ("split-block", &[("rate", "0.0001")], || split_block::bytes_for(IDS, 0.0001, 3) as f64),
    ("apbf", &[], || apbf::bytes_for(IDS, 0.001) as f64),
    ("apbf", &[("rate", "0.01")], || apbf::bytes_for(IDS, 0.01) as f64),
    ("apbf-time", &[], || apbf::bytes_for_time(IDS, 0.001) as f64),
    ("cuckoo", &[("fingerprint", "16")], || cuckoo::bytes_for(IDS, cuckoo::Fingerprint::Bits16, 120) as f64),
    ("cuckoo", &[("fingerprint", "32")], || cuckoo::bytes_for(IDS, cuckoo::Fingerprint::Bits32, 120) as f64),
    ("stable-bloom", &[("rate", "0.01")], || stable_bloom::bytes_for(IDS, 0.01, 0.1) as f64),
    ("bsbf", &[("rate", "0.01")], || bera::bytes_for(Deletion::EachFilter, IDS, 0.01, 0.1) as f64),
    ("rlbsbf", &[("rate", "0.01")], || bera::bytes_for(Deletion::ByLoad, IDS, 0.01, 0.1) as f64),
    ("bloom-rotating", &[], || f64::NAN),
];

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
    for (name, settings, bytes) in ROWS {
        // The default has a tenth of headroom, which would show as bits an id.
        let mut given = vec![("ids", IDS.to_string())];
        given.extend(settings.iter().map(|(name, value)| (*name, value.to_string())));
        let measured = measure(name, &given);
        let by_theory = bytes() * 8.0 / IDS as f64;
        let least = least_bits_per_key(measured.lost.max(0.5 / PROBES as f64));
        table.row(&[
            name.to_string(),
            settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","),
            format!("{:.4}", 100.0 * measured.lost),
            format!("{:.2}", 100.0 * measured.missed),
            format!("{:.1}", measured.bits),
            if by_theory.is_nan() { "-".into() } else { format!("{by_theory:.1}") },
            if by_theory.is_nan() { "-".into() } else { format!("{:.2}", measured.bits / by_theory) },
            format!("{least:.1}"),
            format!("{:.2}", measured.bits / least),
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

fn measure(name: &str, settings: &[(&str, String)]) -> Measured {
    let mut subject = Judge::new(name, settings, IDS, 1);
    let mut stream = Stream::new(3, IDS);
    let mut batch = Vec::new();
    // Two windows and nine tenths: the youngest generation is nearly full, which is the worst moment.
    for _ in 0..29 {
        stream.take_fresh(IDS / 10, &mut batch);
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
    let bits = subject.strategy.footprint().bytes as f64 * 8.0 / IDS as f64;
    // Few, as they are written: too few to change the load.
    let lost = judge(&mut subject, &stream.unknown(PROBES)) as f64 / (PROBES) as f64;
    Measured { lost, missed: missed as f64 / repeated as f64, bits, ns: median(times) }
}
