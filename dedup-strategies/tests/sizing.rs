//! Plans that do not fit in memory are refused before anything is allocated.

mod common;

use common::context;
use dedup_strategies::{BuildError, Context, Definition, Needs, STRATEGIES, SettingKind};

/// Builds it, and sees that what is refused for its size is refused beforehand as well, in the same words.
fn build(definition: &Definition, given: &[(&str, &str)], context: &Context) -> Result<(), BuildError> {
    let given: Vec<_> = given.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let settings = definition.resolve(&given, &context.sizing)?;
    let built = (definition.build)(&settings, context).map(drop);
    let admitted = definition.admit(&settings, context).map_err(|error| error.to_string());
    match &built {
        Err(error @ BuildError::TooLarge { .. }) => assert_eq!(admitted, Err(error.to_string())),
        _ => assert_eq!(admitted, Ok(())),
    }
    built
}

/// Every count of ids that an embedded strategy takes.
fn counts_of_ids() -> impl Iterator<Item = (&'static Definition, &'static str)> {
    let embedded = STRATEGIES.iter().filter(|definition| definition.needs == Needs::Nothing);
    embedded.flat_map(|definition| {
        let ids = definition
            .settings
            .iter()
            .filter(|def| matches!(def.kind, SettingKind::Count(max) if max > 1 << 30));
        ids.map(move |def| (definition, def.name))
    })
}

#[test]
fn a_capacity_beyond_memory_is_refused_by_name() {
    assert!(counts_of_ids().count() >= 5);
    for (definition, setting) in counts_of_ids() {
        let error = build(definition, &[(setting, "1_000_000_000_000")], &context(1, 2)).unwrap_err();
        assert!(matches!(error, BuildError::TooLarge { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(definition.name) && said.contains(&format!("lower {setting}")), "{said}");
    }
}

#[test]
fn what_is_refused_does_not_fit_and_what_is_admitted_takes_no_more_than_planned() {
    for (definition, setting) in counts_of_ids() {
        let tight = |memory_limit| Context { memory_limit, ..context(1, 3) };
        let needed = match build(definition, &[(setting, "5000")], &tight(0)).unwrap_err() {
            BuildError::TooLarge { needed_bytes, .. } => needed_bytes,
            other => panic!("{other}"),
        };
        assert!(build(definition, &[(setting, "5000")], &tight(needed - 1)).is_err());
        assert!(build(definition, &[(setting, "5000")], &tight(needed)).is_ok());
        // The least that 5,000 ids can take is a bit each, the most some hundreds of bytes.
        assert!((600..5000 * 500).contains(&needed), "{}: {needed}", definition.name);
    }
}

#[test]
fn rates_at_the_edge_of_numbers_end_in_an_answer() {
    for name in
        ["bloom", "bloom-rotating", "split-block", "apbf", "apbf-time", "stable-bloom", "bsbf", "rlbsbf"]
    {
        let definition =
            STRATEGIES.iter().find(|definition| definition.name == name).expect("it is in the list");
        for rate in ["0.9999999999", "0.5", "1e-300", "5e-324"] {
            let few = build(definition, &[("rate", rate)], &context(1, 1));
            // Some need more memory than there is for a rate as small as that, and none breaks down.
            let fits = few.is_ok() || rate.contains("e-") && matches!(few, Err(BuildError::TooLarge { .. }));
            assert!(fits, "{name} at {rate}: {few:?}");
            let many = [("rate", rate), ("ids", "1_099_511_627_776")];
            let many = build(definition, &many, &context(1, 1));
            match (name, rate) {
                // One that calls everything known misses nothing either, and need not grow.
                ("stable-bloom", "0.9999999999") => assert!(many.is_ok(), "{many:?}"),
                _ => assert!(matches!(many, Err(BuildError::TooLarge { .. })), "{name} at {rate}: {many:?}"),
            }
        }
    }
}
