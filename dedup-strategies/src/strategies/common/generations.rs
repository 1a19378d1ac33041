//! Settings of filters that forget a whole generation at a time.

use crate::contract::{SettingDef, SettingDefault, SettingKind};

/// How long an id is remembered.
pub(crate) const WINDOW: SettingDef = SettingDef {
    name: "window",
    about: "how long an id is remembered at least after the copy that was let through",
    kind: SettingKind::Time,
    default: SettingDefault::ScenarioWindow,
};

/// What a filter is sized for that remembers all ids for as long, and errs more where there are more.
#[cfg(any(feature = "bloomfilter", feature = "redis"))]
pub(crate) const IDS: SettingDef = SettingDef {
    name: "ids",
    about: "distinct ids in any one window that it is sized for; beyond them more uniques are lost",
    kind: SettingKind::Count(1 << 40),
    default: SettingDefault::IdsInWindow,
};

/// How much it may err.
pub(crate) const RATE: SettingDef = SettingDef {
    name: "rate",
    about: "largest share of uniques that may be lost, over all generations together",
    kind: SettingKind::Share,
    default: SettingDefault::Text("0.001"),
};

/// How many generations there are in a window.
#[cfg(any(feature = "bloomfilter", feature = "redis"))]
pub(crate) const fn generations(default: &'static str) -> SettingDef {
    SettingDef {
        name: "generations",
        about: "slices of a window; an id is forgotten up to one slice late: more are sharper, larger and slower",
        kind: SettingKind::Count(64),
        default: SettingDefault::Text(default),
    }
}
