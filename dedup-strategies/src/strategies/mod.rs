//! One file for each line of the list of strategies.

pub(crate) mod common;

pub mod apbf;
pub mod apbf_time;
pub mod beam_deduplicate;
#[cfg(feature = "bloomfilter")]
pub mod bloom;
#[cfg(feature = "bloomfilter")]
pub mod bloom_rotating;
#[cfg(feature = "durable")]
pub mod bloom_verified;
pub mod bsbf;
pub mod cuckoo;
#[cfg(feature = "durable")]
pub mod durable;
pub mod exact;
pub mod exact_compact;
pub mod fingerprint_64;
#[cfg(feature = "moka")]
pub mod lru;
#[cfg(feature = "lru")]
pub mod lru_exact;
#[cfg(feature = "moka")]
pub mod lru_tinylfu;
pub mod noop;
pub mod pubsubio;
#[cfg(feature = "lru")]
pub mod pubsubio_direct;
pub mod pubsubio_flink;
pub mod rlbsbf;
pub mod split_block;
pub mod stable_bloom;
pub mod window_batch;

use crate::contract::Definition;
#[cfg(feature = "redis")]
use crate::redis;

/// Every strategy, one line each, in the order in which tables show them; without those whose library was left out.
pub const STRATEGIES: &[Definition] = &[
    noop::DEFINITION,
    exact::DEFINITION,
    exact_compact::DEFINITION,
    fingerprint_64::DEFINITION,
    #[cfg(feature = "moka")]
    lru::DEFINITION,
    #[cfg(feature = "lru")]
    lru_exact::DEFINITION,
    #[cfg(feature = "moka")]
    lru_tinylfu::DEFINITION,
    #[cfg(feature = "bloomfilter")]
    bloom::DEFINITION,
    #[cfg(feature = "bloomfilter")]
    bloom_rotating::DEFINITION,
    split_block::DEFINITION,
    apbf::DEFINITION,
    apbf_time::DEFINITION,
    stable_bloom::DEFINITION,
    bsbf::DEFINITION,
    rlbsbf::DEFINITION,
    cuckoo::DEFINITION,
    #[cfg(feature = "durable")]
    bloom_verified::DEFINITION,
    #[cfg(feature = "durable")]
    durable::DEFINITION,
    window_batch::DEFINITION,
    pubsubio::DEFINITION,
    #[cfg(feature = "lru")]
    pubsubio_direct::DEFINITION,
    pubsubio_flink::DEFINITION,
    beam_deduplicate::DEFINITION,
    #[cfg(feature = "redis")]
    redis::mozilla::DEFINITION,
    #[cfg(feature = "redis")]
    redis::claim::DEFINITION,
    #[cfg(feature = "redis")]
    redis::lease::DEFINITION,
    #[cfg(feature = "redis")]
    redis::bloom::DEFINITION,
    #[cfg(feature = "redis")]
    redis::tiered::DEFINITION,
];

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use super::STRATEGIES;
    use crate::contract::{Context, Kept, Needs, SettingKind, Sizing};

    const SIZING: Sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 5000 };

    #[test]
    fn what_a_strategy_comes_to_without_being_built_is_what_it_promises_once_it_is() {
        for definition in STRATEGIES {
            let prospect = definition.prospect.expect("each of ours has one");
            let state = tempfile::tempdir().unwrap();
            let workers = NonZeroUsize::new(3).unwrap();
            let state_dir = state.path().to_path_buf();
            let context = Context { workers, state_dir, ..Context::embedded(SIZING) };
            let settings = definition.resolve(&[], &SIZING).unwrap();
            let prospect = prospect(&settings, &context);
            assert_eq!(prospect.round_trips > 0, definition.needs == Needs::Redis, "{}", definition.name);
            if definition.needs != Needs::Nothing {
                continue;
            }
            let built = (definition.build)(&settings, &context).unwrap();
            assert_eq!(prospect.promise, built.promise(), "{}", definition.name);
            assert_eq!(prospect.routing, built.routing(), "{}", definition.name);
            let planned = definition.estimate.map_or(0, |estimate| estimate(&settings, &context).bytes);
            assert!(prospect.process_bytes >= planned, "{}", definition.name);
            assert_eq!(prospect.disk_bytes > 0, prospect.kept == Kept::OnDisk, "{}", definition.name);
        }
    }

    fn beyond(kind: SettingKind) -> Vec<String> {
        match kind {
            SettingKind::Count(max) => vec!["0".to_string(), (max + 1).to_string()],
            SettingKind::Time => vec!["0s".to_string(), "600y".to_string()],
            SettingKind::TimeOrZero => vec!["-1s".to_string(), "600y".to_string()],
            SettingKind::Share => vec!["0".to_string(), "1".to_string()],
            SettingKind::Word(_) => vec!["no such word".to_string()],
        }
    }

    #[test]
    fn whatever_is_refused_of_any_setting_is_answered_with_its_limits_and_an_example_within_them() {
        for definition in STRATEGIES {
            for def in definition.settings {
                for found in beyond(def.kind) {
                    let given = [(def.name.to_string(), found.clone())];
                    let error = definition.resolve(&given, &SIZING).unwrap_err().to_string();
                    let named = format!(
                        "strategy {}: setting {}: found {found:?}, allowed is {}",
                        definition.name, def.name, def.kind
                    );
                    assert!(error.starts_with(&named), "{error}");
                    let Some((_, example)) = error.split_once(", such as ") else {
                        assert!(matches!(def.kind, SettingKind::Word(_)), "{error}");
                        continue;
                    };
                    let given = [(def.name.to_string(), example.to_string())];
                    assert!(definition.resolve(&given, &SIZING).is_ok(), "{error}");
                }
            }
        }
    }
}
