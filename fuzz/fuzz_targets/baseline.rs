//! Baselines of the gate: as files, whose checksum hardly ever holds, and what would stand behind it if it did.
#![no_main]

#[path = "on_disk.rs"]
mod on_disk;

use dedup_harness::gate::baseline::Baseline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    on_disk::with_file("baseline.json", bytes, |path| {
        let _ = Baseline::read(path).map_err(|error| error.to_string());
    });
    let file = std::str::from_utf8(bytes).ok().and_then(|text| unsealed(text));
    if let Some(baseline) = file {
        let _ = (baseline.scenarios(), baseline.strategies());
    }
});

fn unsealed(text: &str) -> Option<Baseline> {
    #[derive(serde::Deserialize)]
    struct Sealed {
        baseline: Baseline,
    }
    serde_json::from_str::<Sealed>(text).ok().map(|sealed| sealed.baseline)
}
