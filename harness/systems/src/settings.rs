//! The settings that a file declares, and their values as the program is told them.

use std::collections::BTreeMap;

use dedup_strategies::protocol::hello::Value;
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{SettingDef, SettingDefault, SettingKind, Settings};

use crate::definition::kept;
use crate::file::{KindName, SettingTable};

const MOST: u64 = 1 << 40;

/// The declaration of a setting, or what is wrong with it: the field, and what is allowed.
pub(crate) fn declared(name: &str, table: &SettingTable) -> Result<SettingDef, (&'static str, String)> {
    let kind = kind(table)?;
    let default = match table.default.as_str() {
        "the scenario's window" => SettingDefault::ScenarioWindow,
        "ids in a window" => SettingDefault::IdsInWindow,
        "ids in all" => SettingDefault::IdsTotal,
        text => SettingDefault::Text(kept(text)),
    };
    let is_right = match default {
        SettingDefault::ScenarioWindow => matches!(kind, SettingKind::Time | SettingKind::TimeOrZero),
        SettingDefault::IdsInWindow | SettingDefault::IdsTotal => matches!(kind, SettingKind::Count(_)),
        SettingDefault::Text(text) => kind.reads(text),
    };
    let def = SettingDef { name: kept(name), about: kept(&table.about), kind, default };
    match is_right {
        true => Ok(def),
        false => Err(("default", allowed_default(kind))),
    }
}

fn allowed_default(kind: SettingKind) -> String {
    match kind {
        SettingKind::Time | SettingKind::TimeOrZero => {
            "a length of time such as \"10m\", or \"the scenario's window\"".into()
        }
        SettingKind::Count(_) => "a number such as \"1_000\", \"ids in a window\" or \"ids in all\"".into(),
        kind => kind.to_string(),
    }
}

fn kind(table: &SettingTable) -> Result<SettingKind, (&'static str, String)> {
    match (table.kind, table.most, table.words.as_deref()) {
        (KindName::Count, most, None) => Ok(SettingKind::Count(most.unwrap_or(MOST))),
        (KindName::Time, None, None) => Ok(SettingKind::Time),
        (KindName::TimeOrZero, None, None) => Ok(SettingKind::TimeOrZero),
        (KindName::Share, None, None) => Ok(SettingKind::Share),
        (KindName::Word, None, Some(words @ [_, ..])) => {
            let words: Vec<&'static str> = words.iter().map(|word| kept(word)).collect();
            Ok(SettingKind::Word(words.leak()))
        }
        (KindName::Word, None, _) => Err(("words", "a list of at least one word".into())),
        (_, Some(_), _) => Err(("most", "only for the kind count".into())),
        (_, _, Some(_)) => Err(("words", "only for the kind word".into())),
    }
}

/// What the program is told: times in nanoseconds.
pub(crate) fn told(declared: &[SettingDef], settings: &Settings) -> BTreeMap<String, Value> {
    let value = |def: &SettingDef| match def.kind {
        SettingKind::Count(_) => Value::Whole(settings.count(def.name)),
        SettingKind::Time | SettingKind::TimeOrZero => {
            Value::Whole(saturating_nanos(settings.time(def.name)))
        }
        SettingKind::Share => Value::Share(settings.share(def.name)),
        SettingKind::Word(_) => Value::Word(settings.word(def.name).to_string()),
    };
    declared.iter().map(|def| (def.name.to_string(), value(def))).collect()
}
