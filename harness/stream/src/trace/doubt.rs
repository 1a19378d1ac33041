//! What makes the figures of a trace doubtful.

use serde::{Deserialize, Serialize};

/// A reason to doubt what is measured on a trace, found by looking at it.
///
/// Its text holds figures and names of fields, and no id: it goes into records, pages and profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What is in doubt.
    pub kind: DoubtKind,
    /// What was found, as a sentence without its full stop. The same trace, read in the same way, gives the same text.
    pub text: String,
    /// What to do about it, where that is known: options to paste, or a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtKind {
    /// The key: copies differ from their first, or the form is known to have another one.
    Key,
    /// Ids that are likely to stand for none.
    NoId,
    /// The order of arrival.
    Order,
    /// What the times mean.
    Time,
    /// Which lines are records.
    Form,
}

impl DoubtKind {
    /// Its name in records: the one that it is serialised by.
    pub fn name(self) -> &'static str {
        match self {
            DoubtKind::Key => "key",
            DoubtKind::NoId => "no_id",
            DoubtKind::Order => "order",
            DoubtKind::Time => "time",
            DoubtKind::Form => "form",
        }
    }
}

impl Doubt {
    /// A doubt without a remedy.
    pub fn new(kind: DoubtKind, text: impl Into<String>) -> Self {
        Doubt { kind, text: text.into(), remedy: None }
    }

    /// The same with what to do about it.
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Doubt { remedy: Some(remedy.into()), ..self }
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.remedy {
            None => f.write_str(&self.text),
            Some(remedy) => write!(f, "{}: {remedy}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_called_by_the_name_that_it_is_serialised_by() {
        for kind in [DoubtKind::Key, DoubtKind::NoId, DoubtKind::Order, DoubtKind::Time, DoubtKind::Form] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
