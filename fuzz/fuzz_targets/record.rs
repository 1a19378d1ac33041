//! Records of runs: what is read can be compared.
#![no_main]

#[path = "on_disk.rs"]
mod on_disk;

use dedup_records::record::read_run;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| on_disk::with_file("records.jsonl", bytes, |path| match read_run(path) {
    Ok(run) => assert!(!run.label().is_empty()),
    Err(error) => assert!(!error.to_string().is_empty()),
}));
