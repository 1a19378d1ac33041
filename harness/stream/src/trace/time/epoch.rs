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

/// The unit that the name of a field ends in, in whatever letters: `time_ms`, `TIME_MS`, `timeMs`, `timeMS`, `ms`.
pub(super) fn unit_in_name(field: &str) -> Option<TimeUnit> {
    // Longer endings first: "milliseconds" ends in "seconds" as well.
    const ENDINGS: [(&str, TimeUnit); 7] = [
        ("milliseconds", TimeUnit::Ms),
        ("microseconds", TimeUnit::Us),
        ("nanoseconds", TimeUnit::Ns),
        ("seconds", TimeUnit::S),
        ("millis", TimeUnit::Ms),
        ("micros", TimeUnit::Us),
        ("nanos", TimeUnit::Ns),
    ];
    // Too short to be told from the end of another word, as of ITEMS.
    const WORDS: [(&str, TimeUnit); 7] = [
        ("nano", TimeUnit::Ns),
        ("ms", TimeUnit::Ms),
        ("us", TimeUnit::Us),
        ("ns", TimeUnit::Ns),
        ("sec", TimeUnit::S),
        ("secs", TimeUnit::S),
        ("s", TimeUnit::S),
    ];
    let (small, word) = (field.to_ascii_lowercase(), last_word(field));
    let ending = ENDINGS.iter().find(|(ending, _)| small.ends_with(ending));
    let found = ending.or_else(|| WORDS.iter().find(|(unit, _)| word.eq_ignore_ascii_case(unit)));
    found.map(|(_, unit)| *unit)
}

/// The last word of a name: of letters and digits, and from where large letters begin after small ones or digits, or from
/// the last large letter before small ones.
fn last_word(field: &str) -> &str {
    let word =
        field.rsplit(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or("");
    let begins = |pair: &[u8]| !pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase();
    let humps = |three: &[u8]| {
        three[0].is_ascii_uppercase() && three[1].is_ascii_uppercase() && three[2].is_ascii_lowercase()
    };
    let bytes = word.as_bytes();
    let after_small = bytes.windows(2).rposition(begins).map_or(0, |at| at + 1);
    let before_small = bytes.windows(3).rposition(humps).map_or(0, |at| at + 1);
    &word[after_small.max(before_small)..]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_a_unit_in_whatever_letters() {
        for (names, unit) in [
            (
                &[
                    "uptime_ms",
                    "UPTIME_MS",
                    "uptimeMS",
                    "uptimeMs",
                    "UPTIMEMs",
                    "ms",
                    "MS",
                    "a.ms",
                    "at-MS",
                    "t1Ms",
                    "time (ms)",
                ][..],
                TimeUnit::Ms,
            ),
            (&["TIME_MILLIS", "timeMillis", "Milliseconds", "TIMEMILLISECONDS"], TimeUnit::Ms),
            (&["timeSeconds", "TIME_SECONDS", "Seconds", "time_S", "timeSec", "SECS"], TimeUnit::S),
            (&["timeUS", "TIME_MICROS", "us"], TimeUnit::Us),
            (&["TIME_NS", "timeNano", "NANOS", "ns"], TimeUnit::Ns),
        ] {
            for name in names {
                assert_eq!(unit_in_name(name), Some(unit), "{name}");
            }
        }
        for name in [
            "ITEMS",
            "items",
            "status",
            "STATUS",
            "times",
            "Times",
            "publishTimes",
            "AtMsg",
            "MS_AGO",
            "h2s",
            "Zeitäs",
            "",
        ] {
            assert_eq!(unit_in_name(name), None, "{name}");
        }
    }
}
