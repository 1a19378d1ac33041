//! The recorded curves of time against ids held that ship with the program.

use std::path::PathBuf;
use std::sync::OnceLock;

use dedup_decide::Curves;

use crate::record::parse_run;

/// As recorded; `results/README.md` says how.
const RECORD: &str = include_str!("../../../results/scale/records.jsonl");

/// Those of `results/scale`.
pub fn shipped_curves() -> &'static Curves {
    static CURVES: OnceLock<Curves> = OnceLock::new();
    CURVES.get_or_init(|| {
        let run = parse_run(PathBuf::from("results/scale"), RECORD.as_bytes());
        let curves = Curves::of_run(&run.expect("a test reads it"));
        curves.expect("a test reads it")
    })
}
