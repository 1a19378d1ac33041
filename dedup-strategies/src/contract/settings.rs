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
    /// The ids that the scenario expects within the window, and headroom: a tenth more, and for few ids what chance asks.
    IdsInWindow,
    /// The ids that the scenario expects in all, and headroom as above.
    IdsTotal,
}

/// The settings of one strategy, resolved: every declared setting has a checked value.
///
/// Made once, by [`Definition::resolve`](crate::Definition::resolve), from what was typed; from there on the values travel,
/// to another process too (feature `serde`), and no text is read again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    strategy: String,
    values: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Value {
    Count(u64),
    Time(Duration),
    Share(#[cfg_attr(feature = "serde", serde(with = "bits"))] f64),
    Word(String),
}

/// A share travels as its bits: a reader of decimal numbers need not find the very same one.
#[cfg(feature = "serde")]
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(share: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(share.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
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
            SettingKind::Count(max) => write!(f, "a whole number from 1 to {}", grouped(*max)),
            SettingKind::Time => f.write_str("a length of time above zero and up to 584y"),
            SettingKind::TimeOrZero => f.write_str("a length of time from 0s to 584y"),
            SettingKind::Share => f.write_str("a number above 0 and below 1"),
            SettingKind::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

impl SettingDef {
    /// Which values it takes, with one of them as an example where that helps: `a whole number from 1 to 64, such as 4`.
    pub fn allowed(&self) -> String {
        let example = match (self.kind, self.default) {
            (SettingKind::Word(_), _) => return self.kind.to_string(),
            (_, SettingDefault::Text(text)) => text,
            (SettingKind::Time | SettingKind::TimeOrZero, _) => "10m",
            (SettingKind::Share, _) => "0.001",
            (SettingKind::Count(max), _) if max < 1_000_000 => "1",
            (SettingKind::Count(_), _) => "1_000_000",
        };
        format!("{}, such as {example}", self.kind)
    }
}

/// `1_000_000`: a number as a setting may be typed.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push('_');
        }
        shown.push(digit);
    }
    shown
}

impl fmt::Display for SettingDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SettingDefault::Text(text) => text,
            SettingDefault::ScenarioWindow => "the scenario's window",
            SettingDefault::IdsInWindow => "ids expected in a window + 10 % or more",
            SettingDefault::IdsTotal => "ids expected in all + 10 % or more",
        })
    }
}

impl Settings {
    /// Checks the given `(name, text)` pairs against what `strategy` declares and fills in defaults.
    pub(super) fn resolve(
        strategy: &'static str,
        declared: &[SettingDef],
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
            if values.insert(def.name.to_string(), parse(strategy, def, text)?).is_some() {
                return Err(SettingError::Twice { strategy, setting: def.name });
            }
        }
        Settings::with_defaults(strategy, declared, values, sizing)
    }

    /// The settings of `strategy`, which is a part of the one that these are for: the same values where it declares and
    /// allows them, and defaults for the rest.
    pub(super) fn for_part(
        &self,
        strategy: &'static str,
        declared: &[SettingDef],
        sizing: &Sizing,
    ) -> Result<Settings, SettingError> {
        let ours = |def: &SettingDef| Some((def.name.to_string(), self.values.get(def.name)?.clone()));
        let allowed = declared.iter().filter_map(|def| ours(def).filter(|(_, value)| def.kind.allows(value)));
        Settings::with_defaults(strategy, declared, allowed.collect(), sizing)
    }

    /// For one of several instances that share the ids out: what is a number of ids, given or not, becomes its share of them.
    pub fn for_share(&self, declared: &[SettingDef], share: impl Fn(u64) -> u64) -> Settings {
        let mut settings = self.clone();
        for def in declared {
            let is_ids = matches!(def.default, SettingDefault::IdsInWindow | SettingDefault::IdsTotal);
            if let (true, Some(Value::Count(ids))) = (is_ids, settings.values.get_mut(def.name)) {
                *ids = share(*ids);
            }
        }
        settings
    }

    fn with_defaults(
        strategy: &'static str,
        declared: &[SettingDef],
        mut values: BTreeMap<String, Value>,
        sizing: &Sizing,
    ) -> Result<Settings, SettingError> {
        for def in declared {
            if !values.contains_key(def.name) {
                values.insert(def.name.to_string(), default_value(strategy, def, sizing)?);
            }
        }
        Ok(Settings { strategy: strategy.to_string(), values })
    }

    /// The strategy that these settings are for.
    pub fn strategy(&self) -> &str {
        &self.strategy
    }

    /// The value of a [`SettingKind::Count`] setting. Panics if the definition does not declare one of that name.
    pub fn count(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Count(count) => *count,
            other => panic!("setting {name} is not a count but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Time`] or [`SettingKind::TimeOrZero`] setting. Panics if none of that name is declared.
    pub fn time(&self, name: &str) -> Duration {
        match self.value(name) {
            Value::Time(time) => *time,
            other => panic!("setting {name} is not a time but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Share`] setting. Panics if the definition does not declare one of that name.
    pub fn share(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Share(share) => *share,
            other => panic!("setting {name} is not a share but {other:?}"),
        }
    }

    /// The value of a [`SettingKind::Word`] setting. Panics if the definition does not declare one of that name.
    pub fn word(&self, name: &str) -> &str {
        match self.value(name) {
            Value::Word(word) => word,
            other => panic!("setting {name} is not a word but {other:?}"),
        }
    }

    /// Every setting and its value as text, in the order of their names: what a record keeps.
    pub fn entries(&self) -> impl Iterator<Item = (&str, String)> + '_ {
        self.values.iter().map(|(name, value)| (name.as_str(), value.to_string()))
    }

    fn value(&self, name: &str) -> &Value {
        match self.values.get(name) {
            Some(value) => value,
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

impl SettingKind {
    /// Whether text is a value of this kind.
    pub fn reads(self, text: &str) -> bool {
        read(self, text.trim()).is_some()
    }

    /// Whether a setting of this kind may have this value.
    fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (SettingKind::Count(max), Value::Count(count)) => (1..=*max).contains(count),
            (SettingKind::Time, Value::Time(time)) => !time.is_zero(),
            (SettingKind::TimeOrZero, Value::Time(_)) => true,
            (SettingKind::Share, Value::Share(share)) => *share > 0.0 && *share < 1.0,
            (SettingKind::Word(words), Value::Word(word)) => words.contains(&word.as_str()),
            _ => false,
        }
    }
}

fn default_value(strategy: &'static str, def: &SettingDef, sizing: &Sizing) -> Result<Value, SettingError> {
    Ok(match def.default {
        SettingDefault::Text(text) => parse(strategy, def, text)?,
        SettingDefault::ScenarioWindow => Value::Time(sizing.window),
        SettingDefault::IdsInWindow => Value::Count(with_headroom(sizing.ids_in_window)),
        SettingDefault::IdsTotal => Value::Count(with_headroom(sizing.ids_total)),
    })
}

/// `ids` that are expected, and headroom: a tenth, and at least what chance alone brings now and then.
///
/// The ids of a window are Poisson distributed. That they exceed their mean m by `sqrt(2 m L) + L / 3` has a chance of
/// `e^-L` at most (Bernstein's inequality). With L = 18 that is `6 sqrt(m) + 6`, and happens in one window of sixty
/// million: in no stream that is run here, however many windows it has. From about 3,800 ids on a tenth is more.
pub(crate) fn with_headroom(ids: u64) -> u64 {
    let chance = 6 * (ids.isqrt() + 1) + 6;
    ids.saturating_add(chance.max(ids / 10))
}

fn parse(strategy: &'static str, def: &SettingDef, text: &str) -> Result<Value, SettingError> {
    read(def.kind, text.trim()).ok_or_else(|| SettingError::Value {
        strategy,
        setting: def.name,
        found: text.to_string(),
        allowed: def.allowed(),
    })
}

fn read(kind: SettingKind, text: &str) -> Option<Value> {
    let value = match kind {
        SettingKind::Count(_) => Value::Count(text.replace('_', "").parse().ok()?),
        SettingKind::Time | SettingKind::TimeOrZero => Value::Time(read_time(text)?),
        SettingKind::Share => Value::Share(text.parse().ok()?),
        SettingKind::Word(_) => Value::Word(text.to_string()),
    };
    kind.allows(&value).then_some(value)
}

/// Times are held in 64-bit nanoseconds, 584 years: what does not fit is refused rather than cut.
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
    fn headroom_is_a_tenth_of_many_ids_and_what_chance_brings_of_few() {
        assert_eq!([4_000, 16_000, 1_000_000].map(with_headroom), [4_400, 17_600, 1_100_000]);
        assert_eq!(with_headroom(u64::MAX), u64::MAX);
        for mean in [0_u64, 1, 2, 10, 100, 1_000, 3_000, 3_779, 3_780] {
            // The share of Poisson distributed counts above it, summed term by term.
            let planned = with_headroom(mean);
            let term = |count: u64| {
                let log_factorial: f64 = (1..=count).map(|k| (k as f64).ln()).sum();
                (count as f64 * (mean as f64).ln() - mean as f64 - log_factorial).exp()
            };
            let above: f64 = (planned + 1..planned + 200).map(term).sum();
            assert!(above < (-18_f64).exp(), "{above} of {mean} above {planned}");
        }
    }

    #[test]
    fn defaults_come_from_the_scenario() {
        let settings = resolve(&[]).unwrap();
        assert_eq!(settings.count("capacity"), 1000 + 6 * 32 + 6);
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
    fn a_number_is_grouped_as_it_may_be_typed() {
        assert_eq!([1, 64, 1000, 1 << 40].map(grouped), ["1", "64", "1_000", "1_099_511_627_776"]);
    }

    #[test]
    fn unknown_and_repeated_settings_are_refused() {
        assert!(resolve(&[("size", "1")]).unwrap_err().to_string().contains("capacity, window, rate, late"));
        assert!(resolve(&[("rate", "0.1"), ("rate", "0.2")]).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn a_part_has_the_values_that_it_declares_and_allows_and_defaults_for_the_rest() {
        const PART: &[SettingDef] = &[
            SettingDef {
                name: "window",
                about: "",
                kind: SettingKind::Time,
                default: SettingDefault::Text("1s"),
            },
            SettingDef {
                name: "late",
                about: "",
                kind: SettingKind::Word(&["keep"]),
                default: SettingDefault::Text("keep"),
            },
            SettingDef {
                name: "depth",
                about: "",
                kind: SettingKind::Count(9),
                default: SettingDefault::Text("3"),
            },
            SettingDef {
                name: "capacity",
                about: "",
                kind: SettingKind::Count(9),
                default: SettingDefault::Text("4"),
            },
        ];
        let whole = resolve(&[("window", "24h"), ("capacity", "10")]).unwrap();
        let part = whole.for_part("part", PART, &SIZING).unwrap();
        assert_eq!(part.strategy(), "part");
        assert_eq!(part.time("window"), Duration::from_secs(86_400));
        assert_eq!((part.word("late"), part.count("depth"), part.count("capacity")), ("keep", 3, 4));
        assert_eq!(part.entries().count(), 4);
    }
}
