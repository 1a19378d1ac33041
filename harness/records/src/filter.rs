//! Which scenarios and strategies are meant, by name: regular expressions, shared by every command.

use std::fmt;

use regex::Regex;

/// A pattern that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("{option} {pattern:?} is no regular expression: {reason}")]
pub struct FilterError {
    /// The option that it was given with.
    option: &'static str,
    /// What was given.
    pattern: String,
    /// What is wrong with it.
    reason: String,
}

impl FilterError {
    /// The same of a pattern that was given with another option.
    pub fn given_with(self, option: &'static str) -> FilterError {
        FilterError { option, ..self }
    }
}

/// Chooses scenarios and strategies by name. A pattern may match anywhere in a name, as is usual: `^lru$` is one
/// strategy, `lru` is all whose name contains it. Without patterns everything is chosen; with several, what any
/// of them matches.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    scenarios: Vec<Regex>,
    strategies: Vec<Regex>,
}

impl Filter {
    /// From patterns for scenarios and for strategies.
    pub fn new(scenarios: &[String], strategies: &[String]) -> Result<Filter, FilterError> {
        Ok(Filter {
            scenarios: compile("--scenario", scenarios)?,
            strategies: compile("--strategy", strategies)?,
        })
    }

    /// Whether the scenario of this name is chosen.
    pub fn scenario(&self, name: &str) -> bool {
        chosen(&self.scenarios, name)
    }

    /// Whether the strategy of this name, settings included, is chosen.
    pub fn strategy(&self, name: &str) -> bool {
        chosen(&self.strategies, name)
    }
}

/// As options of a command: `-f '^quick$' -s 'lru|exact'`, with a blank before each; nothing where everything is chosen.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (option, patterns) in [("-f", &self.scenarios), ("-s", &self.strategies)] {
            for pattern in patterns {
                write!(f, " {option} '{}'", pattern.as_str().replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

fn compile(option: &'static str, patterns: &[String]) -> Result<Vec<Regex>, FilterError> {
    let refuse = |pattern: &String, reason: &str| FilterError {
        option,
        pattern: pattern.clone(),
        reason: reason.to_string(),
    };
    let compile_one = |pattern: &String| {
        // Most likely a variable of a shell that was not set.
        if pattern.is_empty() {
            return Err(refuse(pattern, "it is empty (. is one that matches every name)"));
        }
        Regex::new(pattern).map_err(|error| refuse(pattern, &last_line(&error.to_string())))
    };
    patterns.iter().map(compile_one).collect()
}

/// The regex crate draws the pattern over several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message);
    last.trim_start_matches("error: ").to_string()
}

fn chosen(patterns: &[Regex], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategies(patterns: &[&str]) -> Filter {
        let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_string()).collect();
        Filter::new(&[], &patterns).unwrap()
    }

    #[test]
    fn a_pattern_matches_anywhere_unless_it_is_anchored() {
        assert!(strategies(&["lru"]).strategy("lru-exact:capacity=5"));
        assert!(!strategies(&["^lru$"]).strategy("lru-exact"));
        assert!(strategies(&["^lru$", "bloom"]).strategy("bloom-rotating"));
    }

    #[test]
    fn it_is_written_as_the_options_that_make_it() {
        assert_eq!(Filter::default().to_string(), "");
        let filter = Filter::new(&["^a'b$".into()], &["lru".into(), "exact".into()]).unwrap();
        assert_eq!(filter.to_string(), r" -f '^a'\''b$' -s 'lru' -s 'exact'");
    }

    #[test]
    fn without_patterns_everything_is_chosen() {
        let filter = strategies(&["lru"]);
        assert!(filter.scenario("quick"));
        assert!(!filter.strategy("exact"));
    }

    #[test]
    fn an_empty_pattern_is_refused_because_it_would_choose_everything() {
        assert!(Filter::new(&[], &["".into()]).unwrap_err().to_string().contains("it is empty"));
    }

    #[test]
    fn an_invalid_pattern_is_named_with_its_option() {
        let error = Filter::new(&["(".into()], &[]).unwrap_err().to_string();
        assert_eq!(error, "--scenario \"(\" is no regular expression: unclosed group");
    }
}
