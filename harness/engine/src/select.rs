//! Which strategies a run is about, from what was typed.

use dedup_strategies::{Definition, Settings, Sizing};

use crate::filter::{Filter, FilterError};

/// A strategy and the settings that were given for it.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The strategy.
    pub definition: Definition,
    /// Settings as given, in that order.
    pub given: Vec<(String, String)>,
}

/// What was typed is no strategy.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// No strategy matches.
    #[error("{option} {found:?} matches no strategy{nearest}; `list strategies` shows all {count}")]
    Unknown {
        /// The option that it was given with.
        option: &'static str,
        /// What was given.
        found: String,
        /// The nearest name, as part of a sentence.
        nearest: String,
        /// How many there are.
        count: usize,
    },
    /// Not of the form `name:key=value`.
    #[error("{option} {found:?}: found {part:?} after the colon, allowed is key=value, key=value ...")]
    Form {
        /// The option that it was given with.
        option: &'static str,
        /// What was given.
        found: String,
        /// The part that does not fit.
        part: String,
    },
    /// Not a regular expression.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The same strategy with the same settings twice.
    #[error("{option} {found:?} is given twice: each row of a table needs a name of its own")]
    Twice {
        /// The option that it was given with.
        option: &'static str,
        /// What was given.
        found: String,
    },
}

impl Selected {
    /// A strategy with its defaults.
    pub fn plain(definition: &Definition) -> Selected {
        Selected { definition: *definition, given: Vec::new() }
    }

    /// How it is called in tables and records: as it was asked for.
    pub fn label(&self) -> String {
        let settings: Vec<String> =
            self.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match settings.is_empty() {
            true => self.definition.name.to_string(),
            false => format!("{}:{}", self.definition.name, settings.join(",")),
        }
    }

    /// Its settings, checked and with defaults for the load that `sizing` expects.
    pub fn settings(&self, sizing: &Sizing) -> Result<Settings, dedup_strategies::SettingError> {
        self.definition.resolve(&self.given, sizing)
    }
}

/// The strategies that `patterns` ask for, in the order of the list; all, with their defaults, if there are none.
///
/// A pattern is a regular expression over names (`lru` chooses every name that contains it, `^lru$` the one), or a
/// name with settings: `lru:capacity=1_000_000,window=10m`.
pub fn select(definitions: &[Definition], patterns: &[String]) -> Result<Vec<Selected>, SelectError> {
    select_by("--strategy", definitions, patterns)
}

/// The same, where `patterns` were given with another `option`.
pub fn select_by(
    option: &'static str,
    definitions: &[Definition],
    patterns: &[String],
) -> Result<Vec<Selected>, SelectError> {
    if patterns.is_empty() {
        return Ok(definitions.iter().map(Selected::plain).collect());
    }
    let mut selected: Vec<Selected> = Vec::new();
    for pattern in patterns {
        for one in matching(option, definitions, pattern)? {
            if !selected.iter().any(|other| other.label() == one.label()) {
                selected.push(one);
            } else if pattern.contains(':') {
                return Err(SelectError::Twice { option, found: pattern.clone() });
            }
        }
    }
    Ok(selected)
}

fn matching(
    option: &'static str,
    definitions: &[Definition],
    pattern: &str,
) -> Result<Vec<Selected>, SelectError> {
    if let Some((name, settings)) = pattern.split_once(':') {
        let definition = definitions.iter().find(|definition| definition.name == name);
        let definition = definition.ok_or_else(|| unknown(option, definitions, pattern, name))?;
        return Ok(vec![Selected { definition: *definition, given: pairs(option, pattern, settings)? }]);
    }
    let filter = Filter::new(&[], &[pattern.to_string()]).map_err(|error| error.given_with(option))?;
    let found: Vec<Selected> = definitions
        .iter()
        .filter(|definition| filter.strategy(definition.name))
        .map(Selected::plain)
        .collect();
    match found.is_empty() {
        true => Err(unknown(option, definitions, pattern, pattern)),
        false => Ok(found),
    }
}

fn pairs(option: &'static str, pattern: &str, settings: &str) -> Result<Vec<(String, String)>, SelectError> {
    let parts = settings.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_string(), value.trim().to_string())),
            None => Err(SelectError::Form { option, found: pattern.to_string(), part: part.to_string() }),
        })
        .collect()
}

fn unknown(option: &'static str, definitions: &[Definition], found: &str, name: &str) -> SelectError {
    let name = name.trim_start_matches('^').trim_end_matches('$');
    let distance = |definition: &&Definition| strsim::damerau_levenshtein(definition.name, name);
    let nearest = definitions
        .iter()
        .min_by_key(distance)
        .filter(|definition| distance(definition) <= definition.name.len().div_ceil(2).min(3));
    SelectError::Unknown {
        option,
        found: found.to_string(),
        nearest: match (family(definitions, name), nearest) {
            (Some(family), _) => format!("; did you mean one of {family}?"),
            (None, Some(definition)) => format!("; did you mean {:?}?", definition.name),
            (None, None) => String::new(),
        },
        count: definitions.len(),
    }
}

/// Strategies of which `name` is the first word: it may have been the name of one before there were others.
fn family(definitions: &[Definition], name: &str) -> Option<String> {
    let is_member = |definition: &&Definition| {
        definition.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    let members: Vec<&str> = definitions.iter().filter(is_member).map(|definition| definition.name).collect();
    (!name.is_empty() && !members.is_empty()).then(|| members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_strategies::STRATEGIES;

    fn labels(patterns: &[&str]) -> Result<Vec<String>, String> {
        let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_string()).collect();
        let selected = select(STRATEGIES, &patterns).map_err(|error| error.to_string())?;
        Ok(selected.iter().map(Selected::label).collect())
    }

    #[test]
    fn nothing_typed_chooses_all() {
        assert_eq!(labels(&[]).unwrap().len(), STRATEGIES.len());
    }

    #[test]
    fn settings_follow_a_colon_and_stay_as_typed() {
        assert_eq!(labels(&["exact:window=10m"]).unwrap(), ["exact:window=10m"]);
        assert_eq!(labels(&["exact: window = 10m ,"]).unwrap(), ["exact:window=10m"]);
    }

    #[test]
    fn overlapping_patterns_choose_a_strategy_once() {
        assert_eq!(labels(&["^noop$", "^(noop|exact)$"]).unwrap(), ["noop", "exact"]);
    }

    #[test]
    fn a_slip_of_the_finger_gets_the_nearest_name() {
        assert!(labels(&["nop:x=1"]).unwrap_err().contains("did you mean \"noop\"?"));
        assert!(labels(&["exakt"]).unwrap_err().contains("did you mean \"exact\"?"));
    }

    #[test]
    fn a_name_that_has_become_a_family_gets_its_members() {
        for typed in ["redis:window=1h", "^redis$"] {
            let error = labels(&[typed]).unwrap_err();
            assert!(error.contains("did you mean one of redis-mozilla, redis-claim, redis-lease"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(labels(&["exact:window"]).unwrap_err().contains("\"window\""));
        assert!(labels(&["("]).unwrap_err().contains("regular expression"));
        assert!(labels(&["exact:window=1s", "exact:window=1s"]).unwrap_err().contains("twice"));
    }
}
