//! How a kind of fault is specified, and the values of its fields.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A kind of fault, as a scenario can place it: an entry of the list [`FAULTS`](super::FAULTS).
#[derive(Clone, Copy, PartialEq)]
pub struct FaultSpec {
    /// Its name in scenarios: lower case, words joined by `-`.
    pub name: &'static str,
    /// One line that says what happens.
    pub about: &'static str,
    /// Whether it goes on for a time.
    pub lasts: Lasts,
    /// What it happens to.
    pub hits: Hits,
    /// What it is told beside its time.
    pub fields: &'static [Field],
}

/// Whether a fault goes on for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// It is over at once.
    Moment,
    /// It has a field `for`.
    While,
}

/// What a fault happens to, and so whom it can happen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// The pipeline itself: every strategy.
    Pipeline,
    /// A store beside it: strategies that have one which is ours to trouble.
    Store,
    /// The same, where it is a cluster.
    Cluster,
    /// The clock of the store, where there is one, and else the one that the strategy is shown.
    Clock,
}

/// A field of a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it may be.
    pub what: FieldType,
    /// What it is where it is not given; none where it has to be.
    pub default: Option<Value>,
}

/// What a field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One of some words.
    Word(&'static [&'static str]),
    /// A time above zero.
    Time,
    /// A whole number above zero.
    Count,
    /// A share above 0 and at most 1.
    Share,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One of the words.
    Word(&'static str),
    /// A time.
    Time(Duration),
    /// A number.
    Count(u64),
    /// A share.
    Share(f64),
}

/// The fields of one fault, checked against its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Values(Vec<(&'static str, Value)>);

impl Values {
    /// Of fields that the kind has, each of the type that it has there.
    pub fn new(values: Vec<(&'static str, Value)>) -> Values {
        Values(values)
    }

    /// Each field and its value.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.0.iter().copied()
    }

    /// The word of this name. Panics where the specification has no such field: values are checked against it.
    pub fn word(&self, name: &str) -> &'static str {
        match self.get(name) {
            Value::Word(word) => word,
            other => unreachable!("field {name} is a word, not {other}"),
        }
    }

    /// The time of this name. Panics where the specification has no such field: values are checked against it.
    pub fn time(&self, name: &str) -> Duration {
        match self.get(name) {
            Value::Time(time) => time,
            other => unreachable!("field {name} is a time, not {other}"),
        }
    }

    /// The number of this name. Panics where the specification has no such field: values are checked against it.
    pub fn count(&self, name: &str) -> u64 {
        match self.get(name) {
            Value::Count(count) => count,
            other => unreachable!("field {name} is a number, not {other}"),
        }
    }

    /// The share of this name. Panics where the specification has no such field: values are checked against it.
    pub fn share(&self, name: &str) -> f64 {
        match self.get(name) {
            Value::Share(share) => share,
            other => unreachable!("field {name} is a share, not {other}"),
        }
    }

    fn get(&self, name: &str) -> Value {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.unwrap_or_else(|| panic!("field {name} was checked when the scenario was read")).1
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Word(word) => f.write_str(word),
            Value::Time(time) => write!(f, "{}", humantime::format_duration(*time)),
            Value::Count(count) => write!(f, "{count}"),
            Value::Share(share) => write!(f, "{share}"),
        }
    }
}

impl fmt::Debug for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
