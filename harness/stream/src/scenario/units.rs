//! Numbers with units as a scenario spells them. Each type refuses nonsense while it is read, so that the reader
//! knows the line and column.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use dedup_files::{parse_bytes, parse_time};
use dedup_strategies::Timestamp;

/// Begins every message that says what is allowed; the rest of the error (file, line, field, what was found) is
/// known to the reader of the whole file.
pub(crate) const ALLOWED: &str = "allowed is ";

/// One number, word or date.
#[derive(Debug)]
pub(crate) enum Scalar {
    Text(String),
    Integer(i128),
    Float(f64),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or text in quotes")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Scalar, E> {
        i128::try_from(value).map(Scalar::Integer).map_err(|_| E::custom("a number too big to be anything"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }

    /// A date without quotes reaches a reader as a map with one entry, under a name that the TOML library reserves.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        match map.next_key::<String>()? {
            Some(name) if name.starts_with("$__toml") => map.next_value().map(Scalar::Text),
            _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}

/// What is allowed, as an error.
#[derive(Debug)]
pub(crate) struct Allowed(&'static str);

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALLOWED}{}", self.0)
    }
}

/// A probability or part of a whole: above 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Share(pub f64);

impl TryFrom<Scalar> for Share {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        number(&scalar)
            .filter(|share| *share > 0.0 && *share <= 1.0)
            .map(Share)
            .ok_or(Allowed("a share above 0 and at most 1, such as 0.01"))
    }
}

/// A cumulated probability: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Cumulated(pub f64);

impl TryFrom<Scalar> for Cumulated {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        number(&scalar)
            .filter(|share| (0.0..=1.0).contains(share))
            .map(Cumulated)
            .ok_or(Allowed("a cumulated share from 0 to 1, such as 0.95"))
    }
}

/// A ratio above 0: a ramp's or a backoff's factor, a mean number of copies, a sigma.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Factor(pub f64);

impl TryFrom<Scalar> for Factor {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        number(&scalar)
            .filter(|factor| *factor > 0.0 && *factor <= 1e6)
            .map(Factor)
            .ok_or(Allowed("a number above 0 and at most 1000000, such as 2.5"))
    }
}

/// A count from 1 to 10^12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Count(pub u64);

impl TryFrom<Scalar> for Count {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        match scalar {
            Scalar::Integer(count @ 1..=1_000_000_000_000) => Ok(Count(count as u64)),
            _ => Err(Allowed("a whole number from 1 to 1000000000000, such as 1_000_000")),
        }
    }
}

/// Workers or pings a batch: from 1 to 65,536.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Few(pub std::num::NonZeroUsize);

impl TryFrom<Scalar> for Few {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        let few = match scalar {
            Scalar::Integer(count @ 1..=65_536) => std::num::NonZeroUsize::new(count as usize),
            _ => None,
        };
        few.map(Few).ok_or(Allowed("a whole number from 1 to 65536, such as 64"))
    }
}

/// A seed: any 64-bit number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Seed(pub u64);

impl TryFrom<Scalar> for Seed {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        match scalar {
            Scalar::Integer(seed) => u64::try_from(seed).ok(),
            _ => None,
        }
        .map(Seed)
        .ok_or(Allowed("a whole number from 0 to 18446744073709551615"))
    }
}

/// A length of time, zero included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Time(pub Duration);

impl TryFrom<Scalar> for Time {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        time(&scalar)
            .map(Time)
            .ok_or(Allowed("a length of time in quotes, at most 100 years, such as \"10m\" or \"1h 30m\""))
    }
}

/// A length of time above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct PositiveTime(pub Duration);

impl TryFrom<Scalar> for PositiveTime {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        time(&scalar).filter(|time| !time.is_zero()).map(PositiveTime).ok_or(Allowed(
            "a length of time in quotes, above zero and at most 100 years, such as \"10m\" or \"36h\"",
        ))
    }
}

/// Pings a second.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Rate(pub f64);

impl TryFrom<Scalar> for Rate {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        let rate = match &scalar {
            Scalar::Text(text) => rate_per_s(text),
            other => number(other),
        };
        rate.filter(|rate| *rate >= 1e-6 && *rate <= 1e9).map(Rate).ok_or(Allowed(
            "a rate above zero and at most 1e9 a second, such as 500 (a second), \"16_000/s\" or \"30/min\"",
        ))
    }
}

/// Bytes, from 0 to 1 GB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Bytes(pub u64);

impl TryFrom<Scalar> for Bytes {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        let bytes = match &scalar {
            Scalar::Text(text) => parse_bytes(text),
            Scalar::Integer(bytes) => u64::try_from(*bytes).ok(),
            Scalar::Float(bytes) => {
                let whole = (0.0..=1e9).contains(bytes) && bytes.fract() == 0.0;
                whole.then_some(*bytes as u64)
            }
        };
        bytes.filter(|bytes| *bytes <= 1_000_000_000).map(Bytes).ok_or(Allowed(
            "a size of at most 1 GB, such as 4600, \"4.6KB\" (1000 bytes each) or \"8KiB\" (1024)",
        ))
    }
}

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Instant(pub Timestamp);

impl TryFrom<Scalar> for Instant {
    type Error = Allowed;

    fn try_from(scalar: Scalar) -> Result<Self, Allowed> {
        const LATEST: &str = "2400-01-01T00:00:00Z";
        let instant = match &scalar {
            Scalar::Text(text) => text.parse::<jiff::Timestamp>().ok(),
            _ => None,
        };
        instant
            .filter(|instant| *instant <= LATEST.parse().expect("a constant date is valid"))
            .and_then(|instant| u64::try_from(instant.as_nanosecond()).ok())
            .map(|nanos| Instant(Timestamp::from_nanos(nanos)))
            .ok_or(Allowed(
                "a date and time with zone (RFC 3339) from 1970 to 2400, such as 2026-01-01T00:00:00Z",
            ))
    }
}

fn number(scalar: &Scalar) -> Option<f64> {
    match scalar {
        Scalar::Integer(integer) => Some(*integer as f64),
        Scalar::Float(float) => Some(*float),
        Scalar::Text(_) => None,
    }
}

fn time(scalar: &Scalar) -> Option<Duration> {
    let Scalar::Text(text) = scalar else { return None };
    parse_time(text)
}

fn rate_per_s(text: &str) -> Option<f64> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "day" => 86_400.0,
        _ => return None,
    };
    Some(decimal(count)? / seconds)
}

fn decimal(text: &str) -> Option<f64> {
    text.trim().replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: TryFrom<Scalar>>(text: &str) -> Option<T> {
        T::try_from(Scalar::Text(text.to_string())).ok()
    }

    #[test]
    fn units_mean_what_they_say() {
        assert_eq!(text::<Bytes>("4.6KB"), Some(Bytes(4600)));
        assert_eq!(text::<Bytes>("8KiB"), Some(Bytes(8192)));
        assert_eq!(text::<Bytes>("4600"), Some(Bytes(4600)));
        assert_eq!(text::<Rate>("16_000/s"), Some(Rate(16_000.0)));
        assert_eq!(text::<Rate>("30/min"), Some(Rate(0.5)));
        assert_eq!(text::<Rate>("86400/day"), Some(Rate(1.0)));
        assert_eq!(text::<PositiveTime>("36h"), Some(PositiveTime(Duration::from_secs(36 * 3600))));
        assert_eq!(text::<Instant>("1970-01-02T00:00:00Z"), Some(Instant(Timestamp::from_secs(86_400))));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(text::<Bytes>("4.6 bananas").is_none() && text::<Bytes>("").is_none());
        assert!(text::<Bytes>("-1KB").is_none() && text::<Bytes>("9999999MiB").is_none());
        assert!(
            text::<Rate>("0/s").is_none() && text::<Rate>("nan/s").is_none() && text::<Rate>("5").is_none()
        );
        assert!(text::<PositiveTime>("0s").is_none() && text::<Time>("0s").is_some());
        assert!(text::<Time>("101years").is_none());
        assert!(text::<Instant>("2026-01-01").is_none() && text::<Instant>("1969-12-31T00:00:00Z").is_none());
        for wrong in [0.0, -0.1, 1.000001, f64::NAN, f64::INFINITY] {
            assert!(Share::try_from(Scalar::Float(wrong)).is_err(), "{wrong}");
        }
        assert!(Seed::try_from(Scalar::Integer(-1)).is_err());
        assert!(Seed::try_from(Scalar::Integer(u64::MAX.into())).is_ok());
    }
}
