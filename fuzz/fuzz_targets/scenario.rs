//! Scenarios: what is accepted has figures, and pings that can be made.
#![no_main]

use dedup_stream::scenario::Scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match Scenario::from_toml("fuzz.toml", text) {
    Ok(scenario) => {
        let _ =
            (scenario.digest(), scenario.expected_pings(), scenario.expected_duplicates(), scenario.sizing());
    }
    Err(error) => assert!(!error.to_string().is_empty()),
});
