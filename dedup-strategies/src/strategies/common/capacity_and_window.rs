//! The settings of strategies that keep a bounded number of ids, each for a window.

use crate::contract::{SettingDef, SettingDefault, SettingKind};

/// The settings of every strategy that keeps a bounded number of ids, each for a window.
pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "capacity",
        about: "most ids kept; with fewer than arrive in a window, the least recently seen are forgotten early",
        kind: SettingKind::Count(1 << 40),
        default: SettingDefault::IdsInWindow,
    },
    SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through; a hit does not prolong it",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    },
];
