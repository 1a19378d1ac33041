//! Numbers as people read them: thousands apart, one unit, no digit more than is known. How people type them is read in
//! `dedup_files`, for those too that know no record.

pub use dedup_files::{parse_bytes, parse_time};

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 round`, `3 rounds`.
pub fn plural(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{} {noun}s", thousands(count)),
    }
}

/// `1234.5` as `1,234.50`, with this many decimals. Not a number is `?`.
pub fn fixed(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return "?".to_string();
    }
    let text = format!("{:.decimals$}", number.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if number < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "-" } else { "" };
    // A float beyond u64 has lost its last digits anyway.
    format!("{sign}{}{rest}", whole.parse().map_or_else(|_| whole.to_string(), thousands))
}

/// Two or three significant digits, in plain notation: `0.0024`, `3.1`, `294`.
pub fn short(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return fixed(number, 0);
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = (1 - magnitude).clamp(0, 12) as usize;
    let text = fixed(number, decimals);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// A length of time in the unit that leaves one to three digits: `92 ns`, `3.1 µs`, `4.9 min`, `24 h`.
pub fn duration(nanos: u64) -> String {
    const UNITS: [(u64, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "µs"),
        (1, "ns"),
    ];
    // A day is said as 24 h, an hour as 60 min only where the larger unit has no whole number of them.
    let fits = |scale: u64| match scale {
        86_400_000_000_000 => nanos >= 2 * scale,
        _ => nanos >= scale,
    };
    let (scale, unit) = UNITS.into_iter().find(|(scale, _)| fits(*scale)).unwrap_or((1, "ns"));
    format!("{} {unit}", short(nanos as f64 / scale as f64))
}

/// Memory in binary units: `7.8 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(scale, _)| bytes >= *scale) {
        Some((scale, unit)) => format!("{} {unit}", short(bytes as f64 / scale as f64)),
        None => format!("{bytes} B"),
    }
}

/// A unit for a whole column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// What stands in the header.
    pub name: &'static str,
    /// Base units in one of it.
    pub scale: f64,
    /// Digits after the point.
    pub decimals: usize,
}

impl Unit {
    /// `value`, given in base units.
    pub fn show(&self, value: f64) -> String {
        fixed(value / self.scale, self.decimals)
    }

    /// For rates of which the smallest is this: millions a second where that leaves a digit, else thousands.
    pub fn of_rates(smallest: f64) -> Unit {
        match smallest {
            s if s >= 1e7 => Unit { name: "M id/s", scale: 1e6, decimals: 1 },
            s if s >= 1e5 => Unit { name: "M id/s", scale: 1e6, decimals: 2 },
            s if s >= 1e4 => Unit { name: "k id/s", scale: 1e3, decimals: 0 },
            s if s >= 1e2 => Unit { name: "k id/s", scale: 1e3, decimals: 2 },
            _ => Unit { name: "id/s", scale: 1.0, decimals: 1 },
        }
    }

    /// For times of which the smallest is this many nanoseconds.
    pub fn of_times(smallest: f64) -> Unit {
        match smallest {
            s if s >= 1e7 => Unit { name: "ms", scale: 1e6, decimals: 0 },
            s if s >= 1e4 => Unit { name: "µs", scale: 1e3, decimals: 0 },
            _ => Unit { name: "ns", scale: 1.0, decimals: 0 },
        }
    }
}

/// Shares as percentages with so many decimals that the smallest keeps two digits (five at most). Nothing and
/// everything are exact, and written without decimals; what is smaller than the last decimal is never shown as 0.
pub fn percentages(shares: &[Option<f64>]) -> Vec<String> {
    let partial = shares.iter().flatten().copied().filter(|share| *share > 0.0 && *share < 1.0);
    let smallest = partial.fold(f64::INFINITY, f64::min) * 100.0;
    let decimals = match smallest.is_finite() {
        true => (1.0 - smallest.log10().floor()).clamp(1.0, 5.0) as usize,
        false => 0,
    };
    let least = 10_f64.powi(-(decimals as i32));
    let show = |share: f64| match share * 100.0 {
        percent if share <= 0.0 || share >= 1.0 => fixed(percent, 0),
        percent if percent < least => format!("<{least:.decimals$}"),
        // Not everything must not be rounded to everything.
        percent => fixed(percent.min(100.0 - least), decimals),
    };
    shares.iter().map(|share| share.map_or_else(|| "-".to_string(), show)).collect()
}

/// `+1,234`, `-5`, `+0`: a difference of counts.
pub fn signed(difference: i64) -> String {
    let sign = if difference < 0 { "-" } else { "+" };
    format!("{sign}{}", thousands(difference.unsigned_abs()))
}

/// `+1.25`: a difference that is no count.
pub fn signed_short(difference: f64) -> String {
    let sign = if difference < 0.0 { "-" } else { "+" };
    format!("{sign}{}", short(difference.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(fixed(1_234.567, 1), "1,234.6");
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(f64::NAN, 1), "?");
    }

    #[test]
    fn times_choose_the_unit_that_leaves_few_digits() {
        let times =
            [6, 3_100, 999_999, 1_500_000_000, 294_000_000_000, 86_400_000_000_000, 200_000_000_000_000];
        assert_eq!(times.map(duration), ["6 ns", "3.1 µs", "1,000 µs", "1.5 s", "4.9 min", "24 h", "2.3 d"]);
        assert_eq!(duration(600_000_000_000), "10 min");
        assert_eq!(duration(0), "0 ns");
    }

    #[test]
    fn memory_is_in_binary_units() {
        assert_eq!([12, 8 << 30, 1_610_612_736].map(bytes), ["12 B", "8 GiB", "1.5 GiB"]);
    }

    #[test]
    fn a_share_that_is_not_zero_is_never_shown_as_zero_and_one_that_is_not_all_never_as_all() {
        let shown = percentages(&[Some(0.0), Some(1e-9), Some(0.5), Some(0.999_999_999), Some(1.0), None]);
        assert_eq!(shown, ["0", "<0.00001", "50.00000", "99.99999", "100", "-"]);
    }

    #[test]
    fn the_smallest_share_keeps_two_digits() {
        assert_eq!(percentages(&[Some(0.00312), Some(0.31)]), ["0.31", "31.00"]);
        assert_eq!(percentages(&[Some(0.0), Some(1.0)]), ["0", "100"]);
    }

    #[test]
    fn one_unit_fits_all_rates_of_a_column() {
        let unit = Unit::of_rates(87_000.0);
        assert_eq!([unit.show(87_000.0), unit.show(1.502e8)], ["87", "150,200"]);
        assert_eq!(Unit::of_rates(9.1e5).show(9.1e5), "0.91");
    }

    #[test]
    fn differences_have_a_sign() {
        assert_eq!([0, 1_234, -5].map(signed), ["+0", "+1,234", "-5"]);
        assert_eq!([0.0, 0.5, -12.0].map(signed_short), ["+0", "+0.5", "-12"]);
    }
}
