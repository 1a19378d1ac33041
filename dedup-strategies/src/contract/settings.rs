//! Settings of a strategy as given on the command line: `name:key=value,key=value`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::sizing::Sizing;

/// Declares one setting.
#[derive(Clone, Copy, Debug)]
pub struct SettingDef {
    /// Its name.
    pub name: &'static str,
    /// What it means and what follows from a larger or smaller value.
    pub about: &'static str,
    /// The values that are allowed.
    pub kind: SettingKind,
    /// What it is where it is not given.
    pub default: SettingDefault,
}

/// The values that a setting allows.
#[derive(Clone, Copy, Debug)]
pub enum SettingKind {
    /// A whole number from 1 to this; `_` may separate digits.
    Count(u64),
    /// A length of time above zero, as in `10m`, `24h`, `1500ms`.
    Time,
    /// A length of time, zero allowed.
    TimeOrZero,
    /// A number above 0 and below 1.
    Share,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Where a default comes from.
#[derive(Clone, Copy, Debug)]
pub enum SettingDefault {
    /// This text, read like a given value.
    Text(&'static str),
    /// The window that the scenario asks for.
    ScenarioWindow,
    /// The ids that the scenario expects within the window, and a tenth more.
    IdsInWindow,
    /// The ids that the scenario expects in all, and a tenth more.
    IdsTotal,
}

/// The settings of one strategy: every declared setting has a checked value.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    strategy: &'static str,
    values: BTreeMap<&'static str, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Count(u64),
    Time(Duration),
    Share(f64),
    Word(&'static str),
}

/// A setting that cannot be used: names the strategy, the setting, what was found and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such setting.
    #[error("strategy {strategy}: unknown setting {found:?}; it takes {allowed}")]
    Unknown {
        /// The strategy's name.
        strategy: &'static str,
        /// What was given.
        found: String,
        /// The settings that it takes.
        allowed: String,
    },
    /// The same setting twice.
    #[error("strategy {strategy}: setting {setting} is given twice; give it once")]
    Twice {
        /// The strategy's name.
        strategy: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A value that is not allowed.
    #[error("strategy {strategy}: setting {setting}: found {found:?}, allowed is {allowed}")]
    Value {
        /// The strategy's name.
        strategy: &'static str,
        /// The setting.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What is allowed.
        allowed: String,
    },
}

impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingKind::Count(max) => write!(f, "a whole number from 1 to {max}, such as 1_000_000"),
            SettingKind::Time => f.write_str("a length of time above zero, such as 10m, 24h or 1500ms"),
            SettingKind::TimeOrZero => f.write_str("a length of time, such as 0s, 30s or 10m"),
            SettingKind::Share => f.write_str("a number above 0 and below 1, such as 0.001"),
            SettingKind::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

impl fmt::Display for SettingDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SettingDefault::Text(text) => text,
            SettingDefault::ScenarioWindow => "the scenario's window",
            SettingDefault::IdsInWindow => "ids expected in a window + 10 %",
            SettingDefault::IdsTotal => "ids expected in all + 10 %",
        })
    }
}

impl Settings {
    /// Checks the given `(name, text)` pairs against what `strategy` declares and fills in defaults.
    pub(super) fn resolve(
        strategy: &'static str,
        declared: &'static [SettingDef],
        given: &[(String, String)],
        sizing: &Sizing,
    ) -> Result<Settings, SettingError> {
        let mut values = BTreeMap::new();
        for (name, text) in given {
            let Some(def) = declared.iter().find(|def| def.name == name) else {
                let allowed = match declared {
                    [] => "none".to_string(),
                    some => some.iter().map(|def| def.name).collect::<Vec<_>>().join(", "),
                };
                return Err(SettingError::Unknown { strategy, found: name.clone(), allowed });
            };
            if values.insert(def.name, parse(strategy, def, text)?).is_some() {
                return Err(SettingError::Twice { strategy, setting: def.name });
            }
        }
        for def in declared {
            if !values.contains_key(def.name) {
                values.insert(def.name, default_value(strategy, def, sizing)?);
            }
        }
        Ok(Settings { strategy, values })
    }

    /// The strategy that these settings are for.
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// The value of a [`SettingKind::Count`] setting. Panics if the definition does not declare one of that name.
    pub fn count(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Count(count) => count,
            other => panic!("setting {name} is not a count but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Time`] or [`SettingKind::TimeOrZero`] setting. Panics if none of that name is declared.
    pub fn time(&self, name: &str) -> Duration {
        match self.value(name) {
            Value::Time(time) => time,
            other => panic!("setting {name} is not a time but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Share`] setting. Panics if the definition does not declare one of that name.
    pub fn share(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Share(share) => share,
            other => panic!("setting {name} is not a share but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Word`] setting. Panics if the definition does not declare one of that name.
    pub fn word(&self, name: &str) -> &'static str {
        match self.value(name) {
            Value::Word(word) => word,
            other => panic!("setting {name} is not a word but {other:?}"),
        }
    }

    /// Every setting and its value as text, in the order of their names: what a record keeps.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.values.iter().map(|(name, value)| (*name, value.to_string()))
    }

    fn value(&self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value) => *value,
            None => panic!("strategy {} declares no setting {name}", self.strategy),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => write!(f, "{count}"),
            Value::Time(time) => write!(f, "{}", humantime::format_duration(*time)),
            Value::Share(share) => write!(f, "{share}"),
            Value::Word(word) => f.write_str(word),
        }
    }
}

fn default_value(strategy: &'static str, def: &SettingDef, sizing: &Sizing) -> Result<Value, SettingError> {
    let with_headroom = |ids: u64| ids.saturating_add(ids / 10).max(1);
    Ok(match def.default {
        SettingDefault::Text(text) => parse(strategy, def, text)?,
        SettingDefault::ScenarioWindow => Value::Time(sizing.window),
        SettingDefault::IdsInWindow => Value::Count(with_headroom(sizing.ids_in_window)),
        SettingDefault::IdsTotal => Value::Count(with_headroom(sizing.ids_total)),
    })
}

fn parse(strategy: &'static str, def: &SettingDef, text: &str) -> Result<Value, SettingError> {
    read(def.kind, text.trim()).ok_or_else(|| SettingError::Value {
        strategy,
        setting: def.name,
        found: text.to_string(),
        allowed: def.kind.to_string(),
    })
}

fn read(kind: SettingKind, text: &str) -> Option<Value> {
    match kind {
        SettingKind::Count(max) => {
            let count: u64 = text.replace('_', "").parse().ok()?;
            (1..=max).contains(&count).then_some(Value::Count(count))
        }
        SettingKind::Time => read_time(text).filter(|time| !time.is_zero()).map(Value::Time),
        SettingKind::TimeOrZero => read_time(text).map(Value::Time),
        SettingKind::Share => {
            let share: f64 = text.parse().ok()?;
            (share > 0.0 && share < 1.0).then_some(Value::Share(share))
        }
        SettingKind::Word(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
    }
}

/// Times are held in 64-bit nanoseconds: what does not fit is refused rather than cut.
fn read_time(text: &str) -> Option<Duration> {
    let time = humantime::parse_duration(text).ok()?;
    u64::try_from(time.as_nanos()).is_ok().then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &[SettingDef] = &[
        SettingDef {
            name: "capacity",
            about: "",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::IdsInWindow,
        },
        SettingDef {
            name: "window",
            about: "",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "rate",
            about: "",
            kind: SettingKind::Share,
            default: SettingDefault::Text("0.001"),
        },
        SettingDef {
            name: "late",
            about: "",
            kind: SettingKind::Word(&["drop", "pass"]),
            default: SettingDefault::Text("drop"),
        },
    ];

    const SIZING: Sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 5000 };

    fn resolve(given: &[(&str, &str)]) -> Result<Settings, SettingError> {
        let given: Vec<_> = given.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Settings::resolve("sample", DECLARED, &given, &SIZING)
    }

    #[test]
    fn defaults_come_from_the_scenario() {
        let settings = resolve(&[]).unwrap();
        assert_eq!(settings.count("capacity"), 1100);
        assert_eq!(settings.time("window"), Duration::from_secs(600));
        assert_eq!(settings.share("rate"), 0.001);
        assert_eq!(settings.word("late"), "drop");
    }

    #[test]
    fn given_values_win_and_digits_may_be_grouped() {
        let settings = resolve(&[("capacity", "1_000_000"), ("window", "24h"), ("late", "pass")]).unwrap();
        assert_eq!(settings.count("capacity"), 1_000_000);
        assert_eq!(settings.time("window"), Duration::from_secs(86_400));
        assert_eq!(settings.word("late"), "pass");
    }

    #[test]
    fn nonsense_is_refused_with_what_is_allowed() {
        for (name, text) in [
            ("capacity", "0"),
            ("capacity", "-1"),
            ("capacity", "99999999999999999999999"),
            ("window", "0s"),
            ("window", "ten minutes"),
            ("window", "9999999999y"),
            ("rate", "1"),
            ("rate", "0"),
            ("rate", "NaN"),
            ("late", "maybe"),
        ] {
            let error = resolve(&[(name, text)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(text) && error.contains("allowed"), "{error}");
        }
    }

    #[test]
    fn unknown_and_repeated_settings_are_refused() {
        assert!(resolve(&[("size", "1")]).unwrap_err().to_string().contains("capacity, window, rate, late"));
        assert!(resolve(&[("rate", "0.1"), ("rate", "0.2")]).unwrap_err().to_string().contains("twice"));
    }
}
