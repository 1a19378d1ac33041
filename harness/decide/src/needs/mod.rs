//! What is asked of a strategy, and what it will have to live with.

mod list;
mod numbers;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::quantity::Allowed;
pub use list::{NEEDS, Need};
pub use numbers::Bent;
pub(crate) use numbers::{ASSUMED, NUMBERS, bent_like, is_number};

/// The share of unique pings that may be lost where nothing is said of it.
pub const LOST_BY_DEFAULT: f64 = 1e-6;

/// Requirements and circumstances; every one has a default.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Needs {
    /// The largest share of unique pings that may be lost, in a year.
    pub lost: f64,
    /// The largest share of delivered pings that may be duplicates: after the nightly job, where there is one.
    pub missed: f64,
    /// Numbers that people read, and by how much they may be bent, after the nightly job where there is one.
    #[serde(skip_serializing_if = "Bent::is_none")]
    pub numbers: Bent,
    /// The longest that a batch may take at its 99th percentile, in seconds; none where that does not matter.
    pub p99_s: Option<f64>,
    /// Bytes of memory that each worker may take for it.
    pub memory_bytes: f64,
    /// Bytes of disk that each worker may take for it.
    pub disk_bytes: f64,
    /// The `maxmemory` of the Redis that may be had; none where there is to be no server.
    pub redis_bytes: Option<f64>,
    /// Workers, each a process.
    pub workers: u32,
    /// Workers that die, a year, all together.
    pub crashes_per_year: f64,
    /// Deploys a year: every worker ends in good order, and starts again.
    pub restarts_per_year: f64,
    /// Failovers of the server a year.
    pub failovers_per_year: f64,
    /// The nightly job behind it.
    pub nightly: Nightly,
    /// What memory costs.
    pub price: Prices,
    /// Pings a batch, at most.
    pub batch: u32,
    /// How long a batch waits to be filled.
    pub linger: Duration,
    /// From the verdict to the sink's acknowledgement.
    pub publish: Duration,
    /// How long a failover takes.
    pub outage: Duration,
    /// How far a replica is behind.
    pub replication: Duration,
    /// A round trip to the server.
    pub round_trip: Duration,
}

/// Whether a job removes duplicates behind the pipeline, each night those of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nightly {
    /// None does.
    No,
    /// One does, and looks at so many days before its own.
    Days(u32),
}

/// Prices of a GiB for a month, in whatever money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// Of the workers' memory.
    pub memory: f64,
    /// Of the server's memory, replicas included.
    pub redis: f64,
    /// Of the workers' disks.
    pub disk: f64,
}

/// What is wrong with a requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeedError {
    /// It means nothing.
    #[error("{from}: {name}: found {found:?}; allowed is {allowed}")]
    Value {
        /// The file, or the command line.
        from: String,
        /// The requirement.
        name: String,
        /// What was given.
        found: String,
        /// What may be given.
        allowed: &'static str,
    },
    /// There is none of that name.
    #[error("{from}: found {name:?}, which is no requirement and no traffic; allowed are {allowed}")]
    Unknown {
        /// The file.
        from: String,
        /// What was given.
        name: String,
        /// What there is.
        allowed: String,
    },
    /// The file is not TOML.
    #[error("{from}: found {found}; allowed is TOML with lines such as lost = \"1e-6\"")]
    NoToml {
        /// The file.
        from: String,
        /// Why not.
        found: String,
    },
}

impl Default for Needs {
    fn default() -> Needs {
        let mut needs = Needs {
            lost: 0.0,
            missed: 0.0,
            numbers: Bent::NONE,
            p99_s: None,
            memory_bytes: 0.0,
            disk_bytes: 0.0,
            redis_bytes: None,
            workers: 1,
            crashes_per_year: 0.0,
            restarts_per_year: 0.0,
            failovers_per_year: 0.0,
            nightly: Nightly::No,
            price: Prices { memory: 0.0, redis: 0.0, disk: 0.0 },
            batch: 1,
            linger: Duration::ZERO,
            publish: Duration::ZERO,
            outage: Duration::ZERO,
            replication: Duration::ZERO,
            round_trip: Duration::ZERO,
        };
        for need in NEEDS {
            (need.set)(&mut needs, need.default).expect("a default is a value that is allowed");
        }
        needs
    }
}

impl Needs {
    /// Sets one; `from` is what errors call the place where it was found.
    pub fn set(&mut self, from: &str, name: &str, text: &str) -> Result<(), NeedError> {
        let Some(need) = NEEDS.iter().find(|need| need.name == name) else {
            let allowed = NEEDS.iter().map(|need| need.name).collect::<Vec<_>>().join(", ");
            return Err(NeedError::Unknown { from: from.into(), name: name.into(), allowed });
        };
        (need.set)(self, text.trim()).map_err(|Allowed(allowed)| NeedError::Value {
            from: from.into(),
            name: name.into(),
            found: text.into(),
            allowed,
        })
    }

    /// Names and texts of a file, in the order of their names; numbers and truth values as they would be typed.
    pub fn read_file(from: &str, text: &str) -> Result<BTreeMap<String, String>, NeedError> {
        let no_toml = |found: String| NeedError::NoToml { from: from.into(), found };
        let table: toml::Table = toml::from_str(text).map_err(|error| no_toml(where_wrong(text, &error)))?;
        let text_of = |(name, value): (String, toml::Value)| match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(_) | toml::Value::Float(_) => Ok((name, value.to_string())),
            toml::Value::Boolean(yes) => Ok((name, if yes { "yes" } else { "no" }.to_string())),
            other => Err(no_toml(format!("{name} = {}", other.type_str()))),
        };
        table.into_iter().map(text_of).collect()
    }
}

/// What is wrong, and with which line; long ones are cut.
fn where_wrong(text: &str, error: &toml::de::Error) -> String {
    const LONGEST: usize = 60;
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let number = before.matches('\n').count();
    let line: String = text.lines().nth(number).unwrap_or_default().trim().chars().take(LONGEST).collect();
    format!("{message} in line {}, {line:?}", number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_lost_by_default_is_what_the_list_says() {
        assert_eq!(Needs::default().lost, LOST_BY_DEFAULT);
    }

    #[test]
    fn a_file_says_what_the_command_line_says() {
        let text = "lost = \"none\"\nmissed = \"0.5%\"\nworkers = 12\nnightly = true\nprice = \"redis=20/GiB-month\"\n";
        let mut needs = Needs::default();
        for (name, text) in Needs::read_file("needs.toml", text).unwrap() {
            needs.set("needs.toml", &name, &text).unwrap();
        }
        assert_eq!((needs.lost, needs.missed, needs.workers), (0.0, 0.005, 12));
        assert_eq!(needs.nightly, Nightly::Days(0));
        assert_eq!(needs.price, Prices { memory: 3.0, redis: 20.0, disk: 0.1 });
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_there_and_what_may_be() {
        let mut needs = Needs::default();
        for need in NEEDS {
            let error = needs.set("needs.toml", need.name, "x?").unwrap_err().to_string();
            let named = format!("needs.toml: {}: found \"x?\"; allowed is ", need.name);
            assert!(error.starts_with(&named), "{error}");
        }
        assert_eq!(needs, Needs::default());
        let unknown = needs.set("needs.toml", "speed", "1").unwrap_err().to_string();
        assert!(unknown.contains("\"speed\"") && unknown.contains("lost, missed"), "{unknown}");
        for (text, line) in [
            ("workers = 2\nlost = 1\nlost = 2\n", "line 3, \"lost = 2\""),
            ("workers = 2\n\nmissed = 1%\n", "line 3, \"missed = 1%\""),
        ] {
            let error = Needs::read_file("needs.toml", text).unwrap_err().to_string();
            assert!(error.starts_with("needs.toml: found ") && error.contains(line), "{error}");
        }
        for text in ["lost = ", "lost = [1]", "a b"] {
            let error = Needs::read_file("needs.toml", text).unwrap_err().to_string();
            assert!(error.starts_with("needs.toml: found ") && !error.contains('\n'), "{error}");
        }
    }
}
