//! The settings that a file declares, and their values as the program is told them.

use std::collections::BTreeMap;
use std::ops::Range;

use dedup_strategies::protocol::hello::Value;
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{SettingDef, SettingDefault, SettingKind, Settings};
use toml::Spanned;

use crate::definition::kept;
use crate::file::{KindName, SettingTable};

const MOST: u64 = 1 << 40;

/// What is wrong with the declaration of a setting: the field, where its value stands if it is there, and what is allowed.
pub(crate) struct Unfit(pub(crate) &'static str, pub(crate) Option<Range<usize>>, pub(crate) String);

/// The declaration of a setting.
pub(crate) fn declared(name: &str, table: &SettingTable) -> Result<SettingDef, Unfit> {
    let kind = kind(table)?;
    let default = match table.default.get_ref().as_str() {
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
        false => Err(Unfit("default", Some(table.default.span()), allowed_default(kind))),
    }
}

fn allowed_default(kind: SettingKind) -> String {
    match kind {
        SettingKind::Time | SettingKind::TimeOrZero => {
            "a length of time such as \"10m\", or \"the scenario's window\"".into()
        }
        SettingKind::Count(_) => format!("{kind}, in quotes; \"ids in a window\" or \"ids in all\""),
        kind => kind.to_string(),
    }
}

fn kind(table: &SettingTable) -> Result<SettingKind, Unfit> {
    let words = table.words.as_ref().map(|words| words.get_ref().as_slice());
    let unfit = |field, place, allowed: &str| Err(Unfit(field, place, allowed.into()));
    let [most_place, words_place] =
        [table.most.as_ref().map(Spanned::span), table.words.as_ref().map(Spanned::span)];
    match (table.kind, table.most.as_ref().map(|most| *most.get_ref()), words) {
        (KindName::Count, Some(0), None) => unfit("most", most_place, "a number of at least 1"),
        (KindName::Count, most, None) => Ok(SettingKind::Count(most.unwrap_or(MOST))),
        (KindName::Time, None, None) => Ok(SettingKind::Time),
        (KindName::TimeOrZero, None, None) => Ok(SettingKind::TimeOrZero),
        (KindName::Share, None, None) => Ok(SettingKind::Share),
        (KindName::Word, None, Some(words @ [_, ..])) => {
            let words: Vec<&'static str> = words.iter().map(|word| kept(word)).collect();
            Ok(SettingKind::Word(words.leak()))
        }
        (KindName::Word, None, _) => unfit("words", words_place, "a list of at least one word"),
        (_, Some(_), _) if table.kind != KindName::Count => {
            unfit("most", most_place, "nothing: `most` is for the kind count alone")
        }
        _ => unfit("words", words_place, "nothing: `words` is for the kind word alone"),
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
