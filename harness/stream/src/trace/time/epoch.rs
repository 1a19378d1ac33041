//! Numbers that count since 1970.

use super::TimeUnit;

/// A number of units of `nanos` nanoseconds each, whole or with a fraction, exact but for what is below a nanosecond.
pub(super) fn epoch(text: &str, nanos: u64) -> Option<u64> {
    if let Some(whole) = plain(text.as_bytes()) {
        return whole.checked_mul(nanos);
    }
    let text = text.trim();
    if text.contains(['e', 'E']) {
        return exponent(text, nanos);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole)?.checked_mul(nanos)?.checked_add(fraction_of(fraction, nanos)?)
}

/// The unit that the magnitude of `number` tells, which is taken for a time after 1973.
pub(super) fn unit_of(number: u64) -> Option<TimeUnit> {
    match number {
        0..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(TimeUnit::S),
        100_000_000_000..100_000_000_000_000 => Some(TimeUnit::Ms),
        100_000_000_000_000..100_000_000_000_000_000 => Some(TimeUnit::Us),
        _ => Some(TimeUnit::Ns),
    }
}

/// The unit that the name of a field ends in.
pub(super) fn unit_in_name(field: &str) -> Option<TimeUnit> {
    // Longer endings first: "milliseconds" ends in "seconds" as well.
    const ENDINGS: [(&str, TimeUnit); 21] = [
        ("milliseconds", TimeUnit::Ms),
        ("microseconds", TimeUnit::Us),
        ("nanoseconds", TimeUnit::Ns),
        ("seconds", TimeUnit::S),
        ("millis", TimeUnit::Ms),
        ("Millis", TimeUnit::Ms),
        ("micros", TimeUnit::Us),
        ("Micros", TimeUnit::Us),
        ("nanos", TimeUnit::Ns),
        ("Nanos", TimeUnit::Ns),
        ("Nano", TimeUnit::Ns),
        ("_nano", TimeUnit::Ns),
        ("_ms", TimeUnit::Ms),
        ("Ms", TimeUnit::Ms),
        ("_us", TimeUnit::Us),
        ("Us", TimeUnit::Us),
        ("_ns", TimeUnit::Ns),
        ("Ns", TimeUnit::Ns),
        ("_sec", TimeUnit::S),
        ("_secs", TimeUnit::S),
        ("_s", TimeUnit::S),
    ];
    ENDINGS.iter().find(|(ending, _)| field.ends_with(ending)).map(|(_, unit)| *unit)
}

/// The number of a few digits alone, as nearly all times since 1970 are written.
fn plain(text: &[u8]) -> Option<u64> {
    // So many digits never overflow.
    const MOST_DIGITS: usize = 19;
    if text.is_empty() || text.len() > MOST_DIGITS {
        return None;
    }
    text.iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

fn digits(text: &str) -> Option<u64> {
    // A sign, which `parse` would take, is no digit.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn fraction_of(text: &str, nanos: u64) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = &text[..text.len().min(9)];
    Some(kept.parse::<u64>().ok()? * nanos / 10u64.pow(kept.len() as u32))
}

/// `1.5e9`, as some languages print large numbers; exact to 53 bits.
fn exponent(text: &str, nanos: u64) -> Option<u64> {
    let value = text.parse::<f64>().ok()? * nanos as f64;
    (value >= 0.0 && value < u64::MAX as f64).then_some(value as u64)
}
