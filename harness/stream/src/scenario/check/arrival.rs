//! Checks the arrival process: which fields go with which.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use toml::Spanned;

use super::{Checked, stretch};
use crate::scenario::arrival::{Arrival, Process, Ramp};
use crate::scenario::error::Source;
use crate::scenario::file::{ArrivalTable, ProcessName};
use crate::scenario::units::{PositiveTime, Rate, Time};

pub(super) fn arrival(source: &Source, table: &ArrivalTable) -> Checked<Arrival> {
    let process = table.process;
    let given = [
        (ProcessName::Daily, "amplitude", table.amplitude.as_ref().map(Spanned::span)),
        (ProcessName::Daily, "peak", table.peak.as_ref().map(Spanned::span)),
        (ProcessName::Hourly, "hours", table.hours.as_ref().map(Spanned::span)),
        (ProcessName::Bursts, "burst_rate", table.burst_rate.as_ref().map(Spanned::span)),
        (ProcessName::Bursts, "every", table.every.as_ref().map(Spanned::span)),
        (ProcessName::Bursts, "for", table.lasts.as_ref().map(Spanned::span)),
    ];
    for (owner, field, span) in given {
        let field = format!("arrival.{field}");
        match span {
            Some(span) if owner != process => {
                let allowed = format!("this field with process = \"{}\" only", word(owner));
                return Err(source.refuse(span, field, allowed));
            }
            None if owner == process => {
                let allowed = format!("a value: process = \"{}\" needs this field", word(owner));
                return Err(source.refuse_found(table.rate.span(), field, "nothing", allowed));
            }
            _ => {}
        }
    }
    let process = match (process, &table.burst_rate, &table.every, &table.lasts) {
        (ProcessName::Bursts, Some(rate), Some(every), Some(lasts)) => bursts(source, rate, every, lasts)?,
        (ProcessName::Daily, ..) => Process::Daily {
            amplitude: table.amplitude.as_ref().map_or(0.0, |share| share.get_ref().0),
            peak_ns: table.peak.as_ref().map_or(Ok(0), |peak| peak_hour(source, peak))?,
        },
        (ProcessName::Hourly, ..) => {
            let given = table.hours.as_ref().map(|given| hours(source, given)).transpose()?;
            Process::Hourly { hours: given.unwrap_or([1.0; 24]) }
        }
        (ProcessName::Constant, ..) => Process::Constant,
        _ => Process::Poisson,
    };
    let ramp = match &table.ramp {
        None => None,
        Some(ramp) => {
            let (from_ns, to_ns) = stretch(source, &ramp.between, "arrival.ramp.between")?;
            Some(Ramp { factor: ramp.factor.0, from_ns, to_ns })
        }
    };
    let at_start = table.at_start.map_or(0, |count| count.0);
    Ok(Arrival { process, rate_per_s: table.rate.get_ref().0, ramp, at_start })
}

fn word(process: ProcessName) -> &'static str {
    match process {
        ProcessName::Constant => "constant",
        ProcessName::Poisson => "poisson",
        ProcessName::Daily => "daily",
        ProcessName::Hourly => "hourly",
        ProcessName::Bursts => "bursts",
    }
}

fn bursts(
    source: &Source,
    rate: &Spanned<Rate>,
    every: &Spanned<PositiveTime>,
    lasts: &Spanned<PositiveTime>,
) -> Checked<Process> {
    if lasts.get_ref() >= every.get_ref() {
        return Err(source.refuse(lasts.span(), "arrival.for", "a time shorter than arrival.every"));
    }
    Ok(Process::Bursts {
        burst_rate_per_s: rate.get_ref().0,
        every_ns: saturating_nanos(every.get_ref().0),
        lasts_ns: saturating_nanos(lasts.get_ref().0),
    })
}

/// The hours' rates, of which only the proportions count: `rate` is their mean.
fn hours(source: &Source, given: &Spanned<Vec<f64>>) -> Checked<[f64; 24]> {
    let hours = <[f64; 24]>::try_from(given.get_ref().as_slice()).ok();
    let fine = |hours: &[f64; 24]| {
        hours.iter().all(|hour| (0.0..=1e9).contains(hour)) && hours.iter().sum::<f64>() > 0.0
    };
    let Some(hours) = hours.filter(fine) else {
        let allowed =
            "24 numbers from 0 to 1e9, not all 0: the rates of the hours of a day (UTC) in proportion";
        return Err(source.refuse(given.span(), "arrival.hours", allowed));
    };
    let mean = hours.iter().sum::<f64>() / 24.0;
    Ok(hours.map(|hour| hour / mean))
}

fn peak_hour(source: &Source, peak: &Spanned<Time>) -> Checked<u64> {
    let time = peak.get_ref().0;
    if time >= Duration::from_secs(86_400) {
        return Err(source.refuse(
            peak.span(),
            "arrival.peak",
            "a time of day (UTC), \"0s\" to under \"24h\"",
        ));
    }
    Ok(saturating_nanos(time))
}
