//! Ten windows: does it stay as fast, and as large?

use crate::Table;
use dedup_benches::cpu_ns;
use dedup_benches::judge::{Judge, judge};
use dedup_benches::stream::Stream;

/// Ids in a window.
const IDS: u64 = 4_000_000;

/// The throughput of the second window, the first in which every generation is in use, and of those up to the tenth.
pub(crate) fn table(names: &[&str]) -> Table {
    let mut table = Table::new(&["", "window", "ns a ping", "to the second", "MB"]);
    for name in names {
        let mut subject = Judge::new(name, &[], IDS, 1);
        let mut stream = Stream::new(5, IDS);
        let mut batch = Vec::new();
        let mut second = 0.0;
        for window in 1..=10 {
            let (mut ns, mut pings) = (0.0, 0.0);
            for _ in 0..10 {
                stream.take_fresh(IDS / 10, &mut batch);
                let start = cpu_ns();
                judge(&mut subject, &batch);
                ns += cpu_ns() - start;
                pings += batch.len() as f64;
            }
            let each = ns / pings;
            if window == 2 {
                second = each;
            }
            if [1, 2, 5, 9, 10].contains(&window) {
                table.row(&[
                    name.to_string(),
                    window.to_string(),
                    format!("{each:.1}"),
                    if window < 2 { "-".into() } else { format!("{:.3}", each / second) },
                    format!("{:.1}", subject.strategy.footprint().bytes as f64 / 1e6),
                ]);
            }
        }
    }
    table
}
