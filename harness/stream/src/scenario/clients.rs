//! The TOML of `[clients]`, as it is written. Defaults stand here.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::units::{ALLOWED, Count, Factor, PositiveTime, Scalar, Share};

/// Values with their weights.
pub(crate) type WeightsTable = Spanned<BTreeMap<String, Factor>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientsTable {
    pub(crate) count: Count,
    pub(crate) new_a_day: Option<Count>,
    pub(crate) lifetime: Option<PositiveTime>,
    #[serde(default = "always")]
    pub(crate) active: Spanned<Active>,
    pub(crate) sessions: Option<Spanned<Factor>>,
    pub(crate) heavy: Option<Spanned<HeavyTable>>,
    pub(crate) wrong_clock: Option<WrongClockTable>,
    pub(crate) shared: Option<Share>,
    pub(crate) types: Option<WeightsTable>,
    pub(crate) first_day: Option<Spanned<BTreeMap<String, Share>>>,
    pub(crate) funnel: Option<Spanned<Vec<String>>>,
    pub(crate) dimensions: Option<Spanned<BTreeMap<String, WeightsTable>>>,
    #[serde(default)]
    pub(crate) lost: Vec<Spanned<LostTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LostTable {
    pub(crate) share: Share,
    pub(crate) only: Option<Spanned<BTreeMap<String, String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeavyTable {
    pub(crate) share: Share,
    pub(crate) pings: Share,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrongClockTable {
    pub(crate) share: Share,
    pub(crate) by: PositiveTime,
}

/// A share of days, or one for each weekday from Monday on.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub(crate) struct Active(pub(crate) [f64; 7]);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<f64>),
    One(Scalar),
}

impl TryFrom<OneOrMany> for Active {
    type Error = String;

    fn try_from(found: OneOrMany) -> Result<Active, String> {
        let days = match found {
            OneOrMany::One(one) => Share::try_from(one).ok().map(|share| [share.0; 7]),
            OneOrMany::Many(many) => <[f64; 7]>::try_from(many).ok(),
        };
        let all_are_shares = |days: &[f64; 7]| days.iter().all(|day| *day > 0.0 && *day <= 1.0);
        days.filter(all_are_shares).map(Active).ok_or_else(|| {
            format!("{ALLOWED}a share of days above 0 and at most 1, or seven of them, of Monday to Sunday")
        })
    }
}

fn always() -> Spanned<Active> {
    Spanned::new(0..0, Active([1.0; 7]))
}
