//! The TOML of a scenario, field by field, as it is written. Defaults stand here.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::clients::ClientsTable;
use super::model::{EventTime, Identity, KeyField, LagFrom, Routed, Submission};
use super::units::{
    ALLOWED, Bytes, Count, Cumulated, Factor, Few, Instant, PositiveTime, Rate, Seed, Share, Time,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) about: Spanned<String>,
    #[serde(default = "default_seed")]
    pub(crate) seed: Seed,
    pub(crate) pings: Option<Spanned<Count>>,
    pub(crate) duration: Option<Spanned<PositiveTime>>,
    pub(crate) window: PositiveTime,
    #[serde(default)]
    pub(crate) key: KeyField,
    #[serde(default = "default_payload")]
    pub(crate) payload: Bytes,
    pub(crate) start: Option<Spanned<Instant>>,
    pub(crate) thin: Option<Count>,
    pub(crate) arrival: ArrivalTable,
    #[serde(default)]
    pub(crate) pipeline: PipelineTable,
    #[serde(default)]
    pub(crate) repeat: Vec<RepeatTable>,
    pub(crate) bad_id: Option<Spanned<BadIdTable>>,
    pub(crate) event_time: Option<EventTimeTable>,
    pub(crate) nightly: Option<NightlyTable>,
    pub(crate) clients: Option<Spanned<ClientsTable>>,
    #[serde(default)]
    pub(crate) fault: Vec<FaultTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NightlyTable {
    pub(crate) preceding_days: Option<Spanned<u32>>,
    pub(crate) slices: Option<Spanned<u32>>,
}

/// A fault: its kind says which fields it has.
pub(crate) type FaultTable = Spanned<BTreeMap<String, Spanned<toml::Value>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivalTable {
    pub(crate) process: ProcessName,
    pub(crate) rate: Spanned<Rate>,
    pub(crate) amplitude: Option<Spanned<Share>>,
    pub(crate) peak: Option<Spanned<Time>>,
    pub(crate) hours: Option<Spanned<Vec<f64>>>,
    pub(crate) burst_rate: Option<Spanned<Rate>>,
    pub(crate) every: Option<Spanned<PositiveTime>>,
    #[serde(rename = "for")]
    pub(crate) lasts: Option<Spanned<PositiveTime>>,
    pub(crate) ramp: Option<RampTable>,
    pub(crate) at_start: Option<Count>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProcessName {
    Constant,
    Poisson,
    Daily,
    Hourly,
    Bursts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RampTable {
    pub(crate) factor: Factor,
    pub(crate) between: Spanned<(Time, Time)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PipelineTable {
    pub(crate) workers: Few,
    pub(crate) batch: Few,
    pub(crate) linger: Time,
    pub(crate) publish_latency: Time,
    pub(crate) redelivery_delay: Time,
    pub(crate) ack_deadline: PositiveTime,
    pub(crate) extend_deadlines: bool,
    pub(crate) routing: Routed,
    pub(crate) mark_lag: Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepeatTable {
    pub(crate) cause: Spanned<String>,
    pub(crate) share: Option<Spanned<Share>>,
    pub(crate) ids: Option<Spanned<Count>>,
    #[serde(default)]
    pub(crate) copies: CopiesField,
    pub(crate) lag: Spanned<LagTable>,
    pub(crate) from: Option<Spanned<LagFrom>>,
    pub(crate) between: Option<Spanned<(Time, Time)>>,
    #[serde(default)]
    pub(crate) event_time: EventTime,
    #[serde(default, rename = "submission_timestamp")]
    pub(crate) submission: Submission,
    #[serde(default)]
    pub(crate) identity: Identity,
    pub(crate) only: Option<Spanned<BTreeMap<String, String>>>,
}

/// Read as a table of fields rather than as an enum, so that an error in one of them is at its place.
#[derive(Debug, Deserialize)]
#[serde(try_from = "LagFields")]
pub(crate) enum LagTable {
    Fixed(Time),
    Uniform(Spanned<(Time, Time)>),
    Exponential(PositiveTime),
    Lognormal(LognormalTable),
    Cdf(Spanned<Points>),
    Backoff(BackoffTable),
}

/// The points of a cumulative distribution, as they are written.
type Points = Vec<Spanned<(Time, Cumulated)>>;

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table with one distribution of times, such as { fixed = \"10m\" }"
)]
struct LagFields {
    fixed: Option<Time>,
    uniform: Option<Spanned<(Time, Time)>>,
    exponential: Option<PositiveTime>,
    lognormal: Option<LognormalTable>,
    cdf: Option<Spanned<Points>>,
    backoff: Option<BackoffTable>,
}

impl TryFrom<LagFields> for LagTable {
    type Error = String;

    fn try_from(fields: LagFields) -> Result<LagTable, String> {
        let given = [
            ("fixed", fields.fixed.map(LagTable::Fixed)),
            ("uniform", fields.uniform.map(LagTable::Uniform)),
            ("exponential", fields.exponential.map(LagTable::Exponential)),
            ("lognormal", fields.lognormal.map(LagTable::Lognormal)),
            ("cdf", fields.cdf.map(LagTable::Cdf)),
            ("backoff", fields.backoff.map(LagTable::Backoff)),
        ];
        let all = given.each_ref().map(|(name, _)| *name).join(", ");
        let mut named: Vec<_> = given.into_iter().filter_map(|(name, one)| Some((name, one?))).collect();
        match (named.pop(), named.is_empty()) {
            (Some((_, only)), true) => Ok(only),
            (None, _) => Err(format!("invalid value: no distribution, expected exactly one of {all}")),
            (Some((last, _)), false) => {
                let others: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
                let found = format!("{} and {last}", others.join(", "));
                Err(format!("invalid value: {found}, expected exactly one of {all}"))
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LognormalTable {
    pub(crate) median: PositiveTime,
    pub(crate) sigma: Factor,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackoffTable {
    pub(crate) first: PositiveTime,
    pub(crate) factor: Spanned<Factor>,
    pub(crate) max: Spanned<PositiveTime>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BadIdTable {
    pub(crate) missing: Option<Share>,
    pub(crate) not_an_id: Option<Share>,
    pub(crate) short: Option<Share>,
    pub(crate) upper_case: Option<Share>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventTimeTable {
    pub(crate) skew: Spanned<LagTable>,
}

/// `3`, `{ mean = 2.5 }`, or weights `{ 1 = 2243, 2 = 38 }`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CopiesField {
    Exactly(u32),
    Mean(f64),
    Weights(Vec<(u32, f64)>),
}

impl Default for PipelineTable {
    fn default() -> Self {
        let few = |count| Few(std::num::NonZeroUsize::new(count).expect("defaults are not zero"));
        PipelineTable {
            workers: few(4),
            batch: few(64),
            linger: Time(Duration::from_millis(10)),
            publish_latency: Time(Duration::from_millis(50)),
            redelivery_delay: Time(Duration::from_secs(60)),
            ack_deadline: PositiveTime(Duration::from_secs(60)),
            extend_deadlines: true,
            routing: Routed::ByKey,
            mark_lag: Time(Duration::ZERO),
        }
    }
}

impl Default for CopiesField {
    fn default() -> Self {
        CopiesField::Exactly(1)
    }
}

fn default_seed() -> Seed {
    Seed(1)
}

/// About what Mozilla's pipeline carried a message: 70 MiB a second at 16,000 pings a second.
fn default_payload() -> Bytes {
    Bytes(4_600)
}

const COPIES: &str = "copies such as 3, { mean = 2.5 } (at least 1), or weights by number of copies { 1 = 95, 2 = 5 }, up to 1000000000";
const MOST_COPIES: u32 = 1_000_000_000;

impl<'de> Deserialize<'de> for CopiesField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CopiesVisitor)
    }
}

struct CopiesVisitor;

impl<'de> Visitor<'de> for CopiesVisitor {
    type Value = CopiesField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COPIES)
    }

    fn visit_i64<E: de::Error>(self, copies: i64) -> Result<CopiesField, E> {
        u32::try_from(copies)
            .ok()
            .filter(|copies| (1..=MOST_COPIES).contains(copies))
            .map(CopiesField::Exactly)
            .ok_or_else(|| E::custom(format!("{ALLOWED}{COPIES}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CopiesField, A::Error> {
        let refused = || de::Error::custom(format!("{ALLOWED}{COPIES}"));
        let mut weights: Vec<(u32, f64)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let Factor(value) = map.next_value()?;
            if name == "mean" {
                let alone = weights.is_empty() && map.next_key::<String>()?.is_none();
                return (alone && value >= 1.0).then_some(CopiesField::Mean(value)).ok_or_else(refused);
            }
            let copies: u32 = name.parse().map_err(|_| refused())?;
            if !(1..=MOST_COPIES).contains(&copies) || weights.iter().any(|(there, _)| *there == copies) {
                return Err(refused());
            }
            weights.push((copies, value));
        }
        weights.sort_by_key(|(copies, _)| *copies);
        if weights.is_empty() { Err(refused()) } else { Ok(CopiesField::Weights(weights)) }
    }
}
