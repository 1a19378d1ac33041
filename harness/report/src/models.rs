//! Which strategies only model what another system does, as their records say.

use std::collections::{BTreeMap, BTreeSet};

use dedup_records::compare::{Comparison, Row};

/// The system that a row's strategy is a model of; none where it is one to be operated, or its records do not say.
pub(crate) fn model_of(row: &Row) -> Option<&str> {
    row.operation.as_ref()?.model_of.as_deref()
}

/// What the reader is to be told of them: a sentence for each system.
pub(crate) fn notes(comparison: &Comparison) -> Vec<String> {
    let mut models: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in comparison.blocks.iter().flat_map(|block| &block.rows) {
        if let Some(system) = model_of(row) {
            models.entry(system).or_default().insert(&row.strategy);
        }
    }
    let sentence = |(system, names): (&str, BTreeSet<&str>)| {
        let names: Vec<&str> = names.into_iter().collect();
        format!("Models of what {system} do, and not the service: {}.", names.join(", "))
    };
    models.into_iter().map(sentence).collect()
}
