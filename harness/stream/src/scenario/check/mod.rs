//! From the fields of a TOML file to a [`Scenario`]: everything that takes more than one field to see.

mod arrival;
mod clients;
mod fault;
mod lag;

use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use dedup_files::LONGEST;
use dedup_strategies::Timestamp;
use dedup_strategies::time::saturating_nanos;
use toml::Spanned;

use self::arrival::arrival;
use self::clients::{clients, condition};
use self::fault::faults;
use self::lag::lag;
use super::copies::Copies;
use super::error::{ScenarioError, Source};
use super::estimate;
use super::file::{BadIdTable, CopiesField, EventTimeTable, File, NightlyTable, PipelineTable, RepeatTable};
use super::lag::Lag;
use super::model::{
    BadIds, Deadlines, LagFrom, Length, NightlyConfig, Pick, PipelineConfig, Repeat, Scenario, Shape,
};
use super::units::Time;
use crate::clients::ClientsSpec;

/// 2026-01-01T00:00:00Z: midnight, so that day partitions are easy to see.
const DEFAULT_START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// More pings than a run could get through, and more copies than memory could hold.
const MOST_PINGS: f64 = 1e12;
const MOST_PENDING: f64 = 1e8;
/// Causes are numbered in one byte, and two numbers are taken: for first arrivals, and for redeliveries.
const MOST_CAUSES: usize = 254;

type Checked<T> = Result<T, ScenarioError>;

/// Reads and checks a whole file.
pub(crate) fn scenario(file_label: &str, text: &str) -> Checked<Scenario> {
    let source = Source { file: file_label, text };
    let file: File =
        toml::from_str(text).map_err(|error| ScenarioError::from_toml(file_label, text, &error))?;
    if file.about.get_ref().trim().is_empty() {
        return Err(source.refuse(file.about.span(), "about", "prose that says what the scenario is for"));
    }
    let length = length(&source, &file)?;
    let clients = file.clients.as_ref().map(|table| clients(&source, table)).transpose()?;
    let shape = Shape {
        key: file.key,
        start: file.start.map_or(DEFAULT_START, |start| start.into_inner().0),
        length,
        arrival: arrival(&source, &file.arrival)?,
        repeats: repeats(&source, &file.repeat, clients.as_ref())?,
        bad_ids: bad_ids(&source, file.bad_id.as_ref())?,
        skew: skew(&source, file.event_time.as_ref())?,
        // One in one is all of them.
        thin: file.thin.and_then(|thin| NonZeroU64::new(thin.0)).filter(|thin| thin.get() > 1),
        clients,
    };
    let scenario = Scenario {
        text: text.to_string(),
        name: name(file_label),
        about: file.about.get_ref().trim().to_string(),
        seed: file.seed.0,
        window: file.window.0,
        payload_bytes: file.payload.0,
        pipeline: pipeline(&file.pipeline),
        nightly: file.nightly.as_ref().map(|table| nightly(&source, table)).transpose()?,
        faults: Vec::new(),
        shape,
    };
    let faults = faults(&source, &file.fault, scenario.virtual_length())?;
    let scenario = Scenario { faults, ..scenario };
    let length_span = file.pings.as_ref().map(Spanned::span).or(file.duration.as_ref().map(Spanned::span));
    if let (Some(spec), Some(table)) = (&scenario.shape.clients, &file.clients) {
        self::clients::are_found(&source, spec, table, scenario.virtual_length())?;
    }
    fits(&source, &scenario, length_span.unwrap_or_default(), &file.repeat)?;
    Ok(scenario)
}

fn name(file_label: &str) -> String {
    Path::new(file_label).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn length(source: &Source, file: &File) -> Checked<Length> {
    match (&file.pings, &file.duration) {
        (Some(pings), None) => Ok(Length::Pings(pings.get_ref().0)),
        (None, Some(duration)) => Ok(Length::Duration(duration.get_ref().0)),
        (Some(pings), Some(duration)) => Err(source.refuse_found(
            pings.span().start.max(duration.span().start)..pings.span().end,
            "pings, duration",
            "both",
            "one of the two: a number of pings, or a length of time",
        )),
        (None, None) => Err(ScenarioError {
            field: Some("pings, duration".into()),
            ..ScenarioError::whole(
                source.file,
                "neither",
                "one of the two: pings = 1_000_000, or duration = \"2h\"",
            )
        }),
    }
}

pub(super) fn pipeline(table: &PipelineTable) -> PipelineConfig {
    PipelineConfig {
        workers: table.workers.0,
        batch: table.batch.0,
        linger: table.linger.0,
        publish_latency: table.publish_latency.0,
        redelivery_delay: table.redelivery_delay.0,
        ack_deadline: table.ack_deadline.0,
        deadlines: match table.extend_deadlines {
            true => Deadlines::Extended,
            false => Deadlines::Fixed,
        },
        routed: table.routing,
        mark_lag: table.mark_lag.0,
    }
}

/// More days than a client keeps trying, and slices of half a minute.
const MOST_PRECEDING_DAYS: u32 = 366;
const MOST_SLICES: u32 = 2_880;

fn nightly(source: &Source, table: &NightlyTable) -> Checked<NightlyConfig> {
    let default = NightlyConfig::default();
    let preceding_days = match &table.preceding_days {
        Some(days) if *days.get_ref() > MOST_PRECEDING_DAYS => {
            return Err(source.refuse(days.span(), "nightly.preceding_days", "days from 0 to 366"));
        }
        days => days.as_ref().map_or(default.preceding_days, |days| *days.get_ref()),
    };
    let slices = match &table.slices {
        Some(slices) if !(1..=MOST_SLICES).contains(slices.get_ref()) => {
            return Err(source.refuse(slices.span(), "nightly.slices", "parts of a day, from 1 to 2880"));
        }
        slices => slices.as_ref().map_or(default.slices, |slices| *slices.get_ref()),
    };
    Ok(NightlyConfig { preceding_days, slices })
}

fn stretch(source: &Source, between: &Spanned<(Time, Time)>, field: &str) -> Checked<(u64, u64)> {
    let (from, to) = between.get_ref();
    if from >= to {
        return Err(source.refuse(
            between.span(),
            field,
            "two times from the start of the stream, the earlier first",
        ));
    }
    Ok((saturating_nanos(from.0), saturating_nanos(to.0)))
}

fn repeats(source: &Source, tables: &[RepeatTable], clients: Option<&ClientsSpec>) -> Checked<Vec<Repeat>> {
    if let Some(one_too_many) = tables.get(MOST_CAUSES) {
        return Err(source.refuse(
            one_too_many.cause.span(),
            "repeat",
            format!("at most {MOST_CAUSES} causes"),
        ));
    }
    let mut repeats: Vec<Repeat> = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let repeat = repeat(source, table, clients, &format!("repeat[{}]", index + 1))?;
        if repeats.iter().any(|other| other.cause == repeat.cause) {
            let field = format!("repeat[{}].cause", index + 1);
            return Err(source.refuse(table.cause.span(), field, "a name that no other cause has"));
        }
        repeats.push(repeat);
    }
    Ok(repeats)
}

fn repeat(
    source: &Source,
    table: &RepeatTable,
    clients: Option<&ClientsSpec>,
    path: &str,
) -> Checked<Repeat> {
    let cause = table.cause.get_ref();
    let named =
        !cause.is_empty() && cause.len() <= 40 && cause != "first" && !cause.contains(char::is_control);
    if !named {
        let allowed = "a name of 1 to 40 bytes that is not \"first\" (the name of first arrivals)";
        return Err(source.refuse(table.cause.span(), format!("{path}.cause"), allowed));
    }
    let pick = match (&table.share, &table.ids) {
        (Some(share), None) => Pick::Share(share.get_ref().0),
        (None, Some(ids)) => Pick::First(ids.get_ref().0),
        (share, ids) => {
            let found = if share.is_some() && ids.is_some() { "both" } else { "neither" };
            let field = format!("{path}.share, {path}.ids");
            let allowed = "one of the two: a share of unique pings, or a number of them";
            return Err(source.refuse_found(table.cause.span(), field, found, allowed));
        }
    };
    let lag_field = format!("{path}.lag");
    let lag = lag(source, table.lag.get_ref(), &lag_field)?;
    let steps_build_on_each_other = matches!(lag, Lag::Backoff { .. });
    let from = match &table.from {
        Some(from) if steps_build_on_each_other && *from.get_ref() == LagFrom::First => {
            let allowed = "\"previous\" where lag is a backoff: each wait begins at the copy before";
            return Err(source.refuse(from.span(), format!("{path}.from"), allowed));
        }
        Some(from) => *from.get_ref(),
        None if steps_build_on_each_other => LagFrom::Previous,
        None => LagFrom::First,
    };
    let between_ns = match &table.between {
        Some(between) => Some(stretch(source, between, &format!("{path}.between"))?),
        None => None,
    };
    Ok(Repeat {
        cause: cause.clone(),
        pick,
        between_ns,
        copies: copies(&table.copies),
        lag,
        from,
        event_time: table.event_time,
        submission: table.submission,
        identity: table.identity,
        only: table
            .only
            .as_ref()
            .map(|only| condition(source, only, clients, table.ids.is_some(), &format!("{path}.only")))
            .transpose()?,
    })
}

fn copies(field: &CopiesField) -> Copies {
    match field {
        CopiesField::Exactly(copies) => Copies::Exactly(*copies),
        CopiesField::Mean(mean) => Copies::Geometric { mean: *mean },
        CopiesField::Weights(weights) => Copies::weighted(weights),
    }
}

fn bad_ids(source: &Source, table: Option<&Spanned<BadIdTable>>) -> Checked<BadIds> {
    let Some(spanned) = table else { return Ok(BadIds::default()) };
    let table = spanned.get_ref();
    let share = |share: Option<super::units::Share>| share.map_or(0.0, |share| share.0);
    let bad = BadIds {
        missing: share(table.missing),
        not_an_id: share(table.not_an_id),
        short: share(table.short),
        upper_case: share(table.upper_case),
    };
    let sum = bad.unusable();
    if sum > 1.0 {
        let found = format!("shares of broken ids that sum to {sum}");
        return Err(source.refuse_found(spanned.span(), "bad_id", found, "a sum of at most 1"));
    }
    Ok(bad)
}

fn skew(source: &Source, table: Option<&EventTimeTable>) -> Checked<Option<Lag>> {
    let Some(table) = table else { return Ok(None) };
    let span = table.skew.span();
    match lag(source, table.skew.get_ref(), "event_time.skew")? {
        Lag::Backoff { .. } => {
            let allowed = "fixed, uniform, exponential, lognormal or cdf: a delay is no series of retries";
            Err(source.refuse(span, "event_time.skew", allowed))
        }
        skew => Ok(Some(skew)),
    }
}

/// Refuses streams that would never end, or whose pending copies could not be held.
fn fits(source: &Source, scenario: &Scenario, length: Range<usize>, repeats: &[RepeatTable]) -> Checked<()> {
    let shape = &scenario.shape;
    let (field, seconds) = match shape.length {
        Length::Pings(pings) => ("pings", estimate::seconds(shape, pings)),
        Length::Duration(duration) => ("duration", duration.as_secs_f64()),
    };
    if seconds > LONGEST.as_secs_f64() {
        let years = seconds / 86_400.0 / 365.0;
        let found = format!("about {years:.0} years of virtual time at this rate");
        return Err(source.refuse_found(length, field, found, "at most 100 years of virtual time"));
    }
    let pings = match shape.length {
        Length::Pings(pings) => pings as f64,
        Length::Duration(_) => estimate::pings(shape, seconds),
    };
    if pings > MOST_PINGS {
        let found = format!("about {pings:.0} pings at this rate");
        return Err(source.refuse_found(length, field, found, "at most 1000000000000 pings"));
    }
    for (index, repeat) in shape.repeats.iter().enumerate() {
        let table = &repeats[index];
        comes_in_time(source, shape, repeat, seconds, table, &format!("repeat[{}]", index + 1))?;
        let pending = estimate::pending(shape, repeat, seconds);
        if pending > MOST_PENDING {
            let found = format!("about {pending:.0} pings waiting to be repeated at the same time");
            let allowed = "at most 100000000: lower the rate, the share or the lag";
            let field = format!("repeat[{}]", index + 1);
            return Err(source.refuse_found(table.cause.span(), field, found, allowed));
        }
    }
    Ok(())
}

/// Refuses a cause of which no copy, or next to none, comes before the stream ends, after about `seconds`.
fn comes_in_time(
    source: &Source,
    shape: &Shape,
    repeat: &Repeat,
    seconds: f64,
    table: &RepeatTable,
    field: &str,
) -> Checked<()> {
    // Where pings are counted, chance has a say in when the last one comes.
    let end_s = match shape.length {
        Length::Duration(_) => seconds,
        Length::Pings(_) => 1.1 * seconds,
    };
    let shown = |seconds: f64| humantime::format_duration(Duration::from_secs(seconds as u64)).to_string();
    let from_s = repeat.between_ns.map_or(0.0, |(from, _)| from as f64 / 1e9);
    let about = shown(seconds);
    let longer = match shape.length {
        Length::Duration(_) => "a longer duration",
        Length::Pings(_) => "more pings",
    };
    if let Some(between) = table.between.as_ref().filter(|_| from_s >= end_s) {
        let allowed = format!(
            "a stretch that begins before the stream ends, which is after about {about}, or {longer}"
        );
        return Err(source.refuse(between.span(), format!("{field}.between"), allowed));
    }
    // The shortest lag of a billion.
    let least_s = repeat.lag.quantile(1e-9, 0).as_secs_f64();
    let expected = estimate::expected(shape, repeat, end_s);
    let found = if from_s + least_s >= end_s {
        format!("no lag below {}, so that no copy comes before the stream ends", shown(least_s))
    } else if expected.is_practically_none() {
        let (in_time, ever) = (expected.in_time.ceil().max(1.0), expected.ever.round());
        format!("lags so long that of {ever} copies fewer than {in_time} come before the stream ends")
    } else {
        return Ok(());
    };
    let allowed = format!("a lag shorter than the stream, which ends after about {about}, or {longer}");
    Err(source.refuse_found(table.lag.span(), format!("{field}.lag"), found, allowed))
}
