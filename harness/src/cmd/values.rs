//! Values of options: each reader says what is allowed when it refuses one.

use std::fmt::Display;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use dedup_report::tables::Format;

use crate::cell::LEAST_MEMORY_BYTES;
use crate::suite::Partition;
use crate::units::{parse_bytes, parse_time};

/// One of the formats of a comparison.
pub(crate) fn format() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|(_, name, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(values).map(|given| {
        let (format, ..) =
            Format::ALL.into_iter().find(|(_, name, _)| given == *name).expect("one of the values");
        format
    })
}

/// A whole number from `least` to `most`; `_` may separate digits.
pub(crate) fn whole<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Copy,
{
    move |text| {
        let number = text.replace('_', "").parse::<T>().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("allowed is a whole number from {least} to {most}"))
    }
}

/// A whole number from 1 to `most`: of things of which there is at least one.
pub(crate) fn count(most: usize) -> impl Fn(&str) -> Result<NonZeroUsize, String> + Clone {
    let number = whole(1, most);
    move |text| number(text).map(|number| NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN))
}

/// Any seed.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    whole(0, u64::MAX)(text)
}

/// A number of pipelines. Each draws the whole stream and has a thread's stack and a directory: beyond some thousands, a cell
/// would be busy with that alone.
pub(crate) fn pipelines(text: &str) -> Result<NonZeroU32, String> {
    whole(1, 4_096u32)(text).map(|number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
}

/// One of several shares of a run.
pub(crate) fn partition(text: &str) -> Result<Partition, String> {
    text.parse()
}

/// A share of a whole.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    bounded(text, 0.0, 1.0, "a share from 0 to 1, such as 0.01")
}

/// Pings a second, or seconds a second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    bounded(text, 1e-3, 1e9, "a number from 0.001 to 1e9")
}

/// By what a rate is multiplied.
pub(crate) fn scale(text: &str) -> Result<f64, String> {
    bounded(text, 1e-9, 1e6, "a factor from 0.000000001 to 1000000, such as 0.01")
}

/// A moment within the next day, in nanoseconds since 1970.
pub(crate) fn start_at(text: &str) -> Result<u64, String> {
    let now = jiff::Timestamp::now();
    let moment = text.parse::<jiff::Timestamp>().ok();
    let moment = moment.filter(|moment| (now..now + jiff::SignedDuration::from_hours(24)).contains(moment));
    moment
        .and_then(|moment| u64::try_from(moment.as_nanosecond()).ok())
        .ok_or_else(|| format!("allowed is a moment within the next day, such as {now:.0}"))
}

/// Seconds that something may take.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    bounded(text, 0.01, 86_400.0, "seconds from 0.01 to 86400")
}

fn bounded(text: &str, least: f64, most: f64, allowed: &str) -> Result<f64, String> {
    let value = text.replace('_', "").parse::<f64>().ok().filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| format!("allowed is {allowed}"))
}

/// A length of time.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let time = parse_time(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "allowed is a time above zero and up to 100y, such as 10m, 24h or 1500ms".to_string())
}

/// A change as a ratio: `2%` or `0.02`.
pub(crate) fn ratio(text: &str) -> Result<f64, String> {
    ratio_to(text, 1.0).ok_or_else(|| "allowed is a share from 0 to 1, such as 2% or 0.02".to_string())
}

fn ratio_to(text: &str, most: f64) -> Option<f64> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (text, 1.0),
    };
    number.parse::<f64>().ok().map(|number| number * unit).filter(|value| (0.0..=most).contains(value))
}

/// A strategy and by how much to slow it down: `exact=5%`.
pub(crate) fn slow_down(text: &str) -> Result<(String, f64), String> {
    let (strategy, share) = text.rsplit_once('=').ok_or("allowed is STRATEGY=SHARE, such as exact=5%")?;
    let share = ratio_to(share, 10.0).ok_or("allowed is a share from 0 to 10, such as 5% or 400%")?;
    Ok((strategy.to_string(), share))
}

/// A number of bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).filter(|bytes| *bytes > 0).ok_or_else(|| {
        "allowed is a number of bytes above zero, such as 500MB, 4GiB or 1073741824".to_string()
    })
}

/// A range of numbers of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The fewest.
    pub fewest: u64,
    /// The most.
    pub most: u64,
}

/// From how many ids to how many: `2^14..2^27`, `1_000..64_000`.
pub(crate) fn ids(text: &str) -> Result<Ids, String> {
    let number = |text: &str| match text.trim().split_once('^') {
        Some((base, power)) => base.parse::<u64>().ok()?.checked_pow(power.parse().ok()?),
        None => text.trim().replace('_', "").parse().ok(),
    };
    let (fewest, most) = text.split_once("..").unwrap_or((text, text));
    let allowed = 2..=1 << 32;
    let both = number(fewest).zip(number(most));
    let both =
        both.filter(|(fewest, most)| fewest <= most && allowed.contains(fewest) && allowed.contains(most));
    both.map(|(fewest, most)| Ids { fewest, most }).ok_or_else(|| {
        "allowed is FEWEST..MOST, both from 2 to 2^32, such as 2^14..2^27 or 1_000..64_000".to_string()
    })
}

/// Time and memory that something may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The time.
    pub time: Option<Duration>,
    /// The memory.
    pub bytes: Option<u64>,
}

/// A time, a number of bytes, or both, in any order: `10m,8GiB`.
pub(crate) fn budget(text: &str) -> Result<Budget, String> {
    let add = |budget: Option<Budget>, part: &str| {
        let budget = budget?;
        match (time(part.trim()), bytes(part.trim())) {
            (Ok(time), _) if budget.time.is_none() => Some(Budget { time: Some(time), ..budget }),
            (_, Ok(bytes)) if budget.bytes.is_none() => Some(Budget { bytes: Some(bytes), ..budget }),
            _ => None,
        }
    };
    text.split(',').fold(Some(Budget::default()), add).ok_or_else(|| {
        "allowed is a time, a number of bytes, or both, such as 10m, 8GiB or 10m,8GiB".to_string()
    })
}

/// Memory for a cell: no less than its process takes whatever the strategy.
pub(crate) fn cell_memory(text: &str) -> Result<u64, String> {
    let given = bytes(text)?;
    if given < LEAST_MEMORY_BYTES {
        let least = LEAST_MEMORY_BYTES >> 20;
        return Err(format!(
            "allowed are {least}MiB and more: less is too little for any strategy's process"
        ));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ids_may_be_written_in_powers() {
        let range = |fewest, most| Ok(Ids { fewest, most });
        assert_eq!(ids("2^14..2^27"), range(1 << 14, 1 << 27));
        assert_eq!(ids("1_000 .. 64_000"), range(1_000, 64_000));
        assert_eq!(ids("2^10"), range(1 << 10, 1 << 10));
        for text in ["", "..", "1..2", "9..8", "2..2^33", "2^..3", "2^99..2^99", "x..y", "-2..3"] {
            assert!(ids(text).unwrap_err().contains("2^14..2^27"), "{text}");
        }
    }

    #[test]
    fn a_budget_is_of_time_or_memory_or_both() {
        let (minute, gib) = (Some(Duration::from_secs(60)), Some(1 << 30));
        assert_eq!(budget("1m"), Ok(Budget { time: minute, bytes: None }));
        assert_eq!(budget("1GiB"), Ok(Budget { time: None, bytes: gib }));
        assert_eq!(budget("1GiB, 1m"), Ok(Budget { time: minute, bytes: gib }));
        for text in ["", "1m,", "1m,2m", "1GiB,2GiB", "1m,1GiB,1m", "much"] {
            assert!(budget(text).unwrap_err().contains("10m,8GiB"), "{text}");
        }
    }

    #[test]
    fn whole_numbers_may_be_grouped_and_nothing_else_is_taken_for_one() {
        let number = whole(1, 1_000_000);
        assert_eq!(number("1_000_000"), Ok(1_000_000));
        for text in ["", "0", "1000001", "-1", "1.5", "1e3", "0x10", "99999999999999999999999", "ten"] {
            assert_eq!(number(text), Err("allowed is a whole number from 1 to 1000000".into()), "{text}");
        }
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
    }
}
