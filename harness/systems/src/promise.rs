//! What a file promises, for the settings of a run.

use dedup_strategies::{Bound, Memory, Promise, SettingDef, SettingKind, Settings, UnderFaults, Window};

use crate::definition::kept;
use crate::file::{BoundValue, MemoryValue, PromiseTable, Remembers};

/// A promise whose figures are settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promised {
    remembers: Remembers,
    window: Option<&'static str>,
    missed: Given,
    lost: Given,
    capacity: Option<&'static str>,
    memory: Memory,
    under_faults: [Given; 2],
}

/// A bound, or the setting that is one.
#[derive(Clone, Copy, Debug)]
enum Given {
    Bound(Bound),
    Setting(&'static str),
}

/// What is wrong with a promise: the field, what was found, what is allowed.
pub(crate) struct Wrong(pub(crate) &'static str, pub(crate) String, pub(crate) String);

impl Promised {
    /// The promise of `table`, by settings that are `declared`.
    pub(crate) fn read(table: &PromiseTable, declared: &[SettingDef]) -> Result<Promised, Wrong> {
        let has_length = !matches!(table.remembers, Remembers::Nothing | Remembers::Forever);
        let is_time = |kind| matches!(kind, SettingKind::Time);
        let window = match (&table.window, has_length) {
            (Some(name), true) => Some(setting("window", name.get_ref(), declared, is_time)?),
            (None, false) => None,
            (None, true) => {
                let allowed = "the setting that is the window's length, of the kind time";
                return Err(Wrong("window", "nothing".into(), allowed.into()));
            }
            (Some(name), false) => {
                let allowed = "nothing, where nothing is forgotten or remembered";
                return Err(Wrong("window", format!("{:?}", name.get_ref()), allowed.into()));
            }
        };
        let is_count = |kind| matches!(kind, SettingKind::Count(_));
        let capacity = table.capacity.as_ref();
        let bound = |field, given: &Option<toml::Spanned<BoundValue>>, otherwise| match given {
            Some(value) => read_bound(field, value.get_ref(), declared),
            None => Ok(Given::Bound(otherwise)),
        };
        Ok(Promised {
            remembers: table.remembers,
            window,
            missed: bound("missed", &table.missed, Bound::Never)?,
            lost: bound("lost", &table.lost, Bound::Never)?,
            capacity: capacity
                .map(|name| setting("capacity", name.get_ref(), declared, is_count))
                .transpose()?,
            memory: table.memory.as_ref().map_or(Ok(Memory::Bounded), |value| memory(value.get_ref()))?,
            under_faults: [
                bound("missed-under-faults", &table.missed_under_faults, Bound::Unbounded)?,
                bound("lost-under-faults", &table.lost_under_faults, Bound::Unbounded)?,
            ],
        })
    }

    /// The same for the settings of a run.
    pub(crate) fn with(&self, settings: &Settings) -> Promise {
        let length = self.window.map(|name| settings.time(name)).unwrap_or_default();
        let window = match self.remembers {
            Remembers::Nothing => Window::Nothing,
            Remembers::Forever => Window::Forever,
            Remembers::SinceFirst => Window::Since(length),
            Remembers::SinceSeen => Window::SinceSeen(length),
            Remembers::SinceMarked => Window::SinceMarked(length),
            Remembers::Tumbling => Window::Tumbling(length),
        };
        let bound = |given| match given {
            Given::Bound(bound) => bound,
            Given::Setting(name) => Bound::AtMost(settings.share(name)),
        };
        let [missed, lost] = self.under_faults.map(bound);
        Promise {
            missed: bound(self.missed),
            lost: bound(self.lost),
            capacity: self.capacity.map(|name| settings.count(name)),
            memory: self.memory,
            under_faults: UnderFaults { missed, lost },
            ..Promise::remembering(window)
        }
    }
}

fn memory(value: &MemoryValue) -> Result<Memory, Wrong> {
    let found = match value {
        MemoryValue::Word(word) if word == "bounded" => return Ok(Memory::Bounded),
        MemoryValue::Word(word) if word == "grows" => return Ok(Memory::Grows),
        MemoryValue::Word(other) => other,
        MemoryValue::Budget { budget } => match dedup_files::parse_bytes(budget) {
            Some(bytes) if bytes > 0 => return Ok(Memory::Budgeted(bytes)),
            _ => budget,
        },
    };
    let allowed = "bounded, grows, or what it fills first: { budget = \"256MiB\" }";
    Err(Wrong("memory", format!("{found:?}"), allowed.into()))
}

fn read_bound(field: &'static str, value: &BoundValue, declared: &[SettingDef]) -> Result<Given, Wrong> {
    match value {
        BoundValue::Share(share) if *share > 0.0 && *share < 1.0 => Ok(Given::Bound(Bound::AtMost(*share))),
        BoundValue::Share(other) => {
            Err(Wrong(field, other.to_string(), "a share above 0 and below 1, or \"never\"".into()))
        }
        BoundValue::Word(word) if word == "never" => Ok(Given::Bound(Bound::Never)),
        BoundValue::Word(word) if word == "unbounded" => Ok(Given::Bound(Bound::Unbounded)),
        BoundValue::Word(name) => {
            let is_share = |kind| matches!(kind, SettingKind::Share);
            setting(field, name, declared, is_share).map(Given::Setting).map_err(|Wrong(field, found, _)| {
                let allowed = "never, unbounded, a share, or the name of a setting of the kind share";
                Wrong(field, found, allowed.into())
            })
        }
    }
}

/// The setting of this name, if its kind is right.
fn setting(
    field: &'static str,
    name: &str,
    declared: &[SettingDef],
    is_right: fn(SettingKind) -> bool,
) -> Result<&'static str, Wrong> {
    let fitting = || declared.iter().filter(|def| is_right(def.kind));
    if fitting().any(|def| def.name == name) {
        return Ok(kept(name));
    }
    let names: Vec<&str> = fitting().map(|def| def.name).collect();
    let allowed = match names[..] {
        [] => "the name of a setting of the right kind, and [settings] has none".to_string(),
        _ => format!("the name of a setting: {}", names.join(", ")),
    };
    Err(Wrong(field, format!("{name:?}"), allowed))
}
