//! How fast, how small and how right the approximate filters are, in aligned tables:
//! `cargo run --release -p dedup-benches --example filters [SECTION]...`.
//!
//! Times are medians over rounds in which the contestants take turns, and count the thread's own time on the processor
//! where there is one thread; compare them within one run only.

mod crates;
mod steady;
mod theory;
mod threads;

/// Pings that are timed.
const PINGS: usize = 20_000_000;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, about, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            println!("## {name}: {about}\n");
            println!("    cargo run --release -p dedup-benches --example filters {name}\n");
            println!("{}", run().text());
        }
    }
}

type Section = (&'static str, &'static str, fn() -> Table);

const SECTIONS: &[Section] = &[
    ("crates", "20 M pings, 10 % duplicates, 64 M ids in the window, rate 0.001, one thread", || {
        crates::compare(64_000_000, PINGS, 0.001)
    }),
    ("theory", "4 M ids in the window, 10 % duplicates, at the end of the third window", theory::table),
    ("steady", "ten windows of 4 M ids, 10 % duplicates", || steady::table(EMBEDDED)),
    ("threads", "32 M ids in the window, 10 % duplicates, routed by key", || threads::table(EMBEDDED)),
];

const EMBEDDED: &[&str] = &["split-block", "apbf-time", "cuckoo"];

/// Rows of cells that are printed in aligned columns.
pub(crate) struct Table(Vec<Vec<String>>);

impl Table {
    pub(crate) fn new(titles: &[&str]) -> Self {
        Table(vec![titles.iter().map(ToString::to_string).collect()])
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        self.0.push(cells.to_vec());
    }

    fn text(&self) -> String {
        let columns = self.0[0].len();
        let width = |at: usize| self.0.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cell = |(at, cell): (usize, &String)| match at {
                0 => format!("{cell:<width$}", width = widths[at]),
                _ => format!("{cell:>width$}", width = widths[at]),
            };
            format!("{}\n", row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  "))
        };
        self.0.iter().map(line).collect()
    }
}
