//! What records say of strategies that a reader of their figures has to know: which of them only model what another system does,
//! and what is special about the others.

use std::collections::{BTreeMap, BTreeSet};

use dedup_records::compare::{Comparison, Row};

use crate::words::clip;

/// The system that a row's strategy is a model of; none where it is one to be operated, or its records do not say.
pub(crate) fn model_of(row: &Row) -> Option<&str> {
    row.operation.as_ref()?.model_of.as_deref()
}

/// What is special about a row's strategy: settings that are not its makers' defaults, what its window is.
pub(crate) fn note_of(row: &Row) -> Option<&str> {
    row.operation.as_ref()?.note.as_deref()
}

/// Notes, each once, behind the names of all that have it.
pub(crate) fn noted<'a>(notes: impl Iterator<Item = (String, &'a str)>) -> Vec<String> {
    let mut said: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, note) in notes {
        match said.iter_mut().find(|(other, _)| *other == note) {
            Some((_, names)) => names.push(name),
            None => said.push((note, vec![name])),
        }
    }
    said.into_iter().map(|(note, names)| format!("{}: {}", names.join(", "), clip(note, 600))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_several_is_said_once() {
        let notes = [
            ("spark", "its window is two"),
            ("memcached", "-m 1024"),
            ("spark:store=rocksdb", "its window is two"),
        ];
        assert_eq!(
            noted(notes.into_iter().map(|(name, note)| (name.to_string(), note))),
            ["spark, spark:store=rocksdb: its window is two", "memcached: -m 1024"]
        );
    }
}
