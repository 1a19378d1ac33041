//! Profiles of traffic: what is read is written as it was read.
#![no_main]

use dedup_profile::Profile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match Profile::parse("fuzz.json", bytes) {
    Ok(profile) => {
        let again = Profile::parse("again.json", profile.to_json().as_bytes());
        assert_eq!(again.unwrap_or_else(|error| panic!("{error}")), profile);
    }
    Err(error) => assert!(!error.to_string().is_empty()),
});
