//! The scenarios that the binary carries, and how one is asked for.

use std::path::Path;

use regex::Regex;

use super::error::{ScenarioError, one_of};
use super::model::Scenario;

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// Every embedded scenario: its name, which is its path below `scenarios/` without `.toml`, and its text. In order
/// of name.
pub fn embedded() -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED.iter().copied()
}

/// The scenarios that an argument of the command line means: a file, if it ends in `.toml`, or names one that exists, or is a path that leads somewhere;
/// the embedded scenario of exactly that name; or else all embedded ones whose name the regular expression matches.
pub fn find(argument: &str) -> Result<Vec<Scenario>, ScenarioError> {
    if let Some((name, text)) = embedded().find(|(name, _)| *name == argument) {
        return Ok(vec![parse(name, text)?]);
    }
    let path = Path::new(argument);
    if argument.ends_with(".toml")
        || (path.exists() && !path.is_dir())
        || (argument.contains('/') && path.exists())
    {
        return Ok(vec![Scenario::load(path)?]);
    }
    if argument.is_empty() {
        let allowed = "a scenario's name, a regular expression (. matches every name), or a .toml file";
        return Err(ScenarioError::whole(&shown(argument), "nothing", allowed));
    }
    let pattern = Regex::new(argument).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let found = format!("no regular expression ({reason})");
        ScenarioError::whole(
            &shown(argument),
            found,
            "a scenario's name, a regular expression, or a .toml file",
        )
    })?;
    let found: Result<Vec<_>, _> =
        embedded().filter(|(name, _)| pattern.is_match(name)).map(|(name, text)| parse(name, text)).collect();
    match found {
        Ok(scenarios) if scenarios.is_empty() => {
            let names: Vec<_> = embedded().map(|(name, _)| name).collect();
            let allowed = one_of(argument, &names);
            Err(ScenarioError::whole(&shown(argument), "no scenario and no file of that name", allowed))
        }
        other => other,
    }
}

/// The scenarios that several arguments mean, each once, in that order; the quick one if there are none.
pub fn find_all(arguments: &[String]) -> Result<Vec<Scenario>, ScenarioError> {
    if arguments.is_empty() {
        return find("^quick$");
    }
    let mut found: Vec<Scenario> = Vec::new();
    for argument in arguments {
        for scenario in find(argument)? {
            if !found.iter().any(|other| other.name == scenario.name) {
                found.push(scenario);
            }
        }
    }
    Ok(found)
}

fn shown(argument: &str) -> String {
    format!("scenario {argument:?}")
}

fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let scenario = Scenario::from_toml(&format!("scenarios/{name}.toml"), text)?;
    Ok(Scenario { name: name.to_string(), ..scenario })
}
