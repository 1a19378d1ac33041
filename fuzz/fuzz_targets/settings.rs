//! What stands behind `-s`: names, patterns, and settings of every strategy. What is accepted is written as it is read.
#![no_main]

use std::time::Duration;

use dedup_harness::select::select;
use dedup_strategies::{STRATEGIES, Sizing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 100_000, ids_total: 1_000_000 };
    let Ok(selected) = select(STRATEGIES, &[text.to_string()]) else { return };
    for strategy in selected {
        let Ok(settings) = strategy.settings(&sizing) else { continue };
        let written: Vec<(String, String)> =
            settings.entries().map(|(name, value)| (name.to_string(), value)).collect();
        let again = strategy.definition.resolve(&written, &sizing).unwrap_or_else(|error| panic!("{error}"));
        let entries: Vec<_> = again.entries().map(|(name, value)| (name.to_string(), value)).collect();
        assert_eq!(entries, written);
    }
});
