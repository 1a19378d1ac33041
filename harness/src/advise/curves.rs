//! The recorded curves of time against ids held that ship with the program.

use std::path::PathBuf;
use std::sync::OnceLock;

use dedup_decide::Curves;

use crate::record::{Run, parse_run};

/// As recorded; `results/README.md` says how.
const RECORD: &str = include_str!("../../../results/scale/records.jsonl");

/// The record of `results/scale`.
pub fn shipped_run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| parse_run(PathBuf::from("results/scale"), RECORD.as_bytes()).expect("a test reads it"))
}

/// Its curves.
pub fn shipped_curves() -> &'static Curves {
    static CURVES: OnceLock<Curves> = OnceLock::new();
    CURVES.get_or_init(|| Curves::of_run(shipped_run()).expect("a test reads it"))
}

/// What identifies it.
pub fn shipped_digest() -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(RECORD.as_bytes()))
}
