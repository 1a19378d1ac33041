//! Sizes and times as people type them: one reader for options, scenarios and requirements.

use std::time::Duration;

/// A hundred years, as they are typed (365.25 days each): longer than any stream, window or lag makes sense, and far from overflowing 64-bit nanoseconds.
pub const LONGEST: Duration = Duration::from_secs(36_525 * 86_400);

/// Longer units first: `B` ends them all.
const UNITS: [(&str, f64); 10] = [
    ("KiB", 1024.0),
    ("MiB", 1048576.0),
    ("GiB", 1073741824.0),
    ("TiB", 1099511627776.0),
    ("KB", 1e3),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("B", 1.0),
];

/// The bytes that a text such as `4600`, `4.6KB` (1000 bytes each), `500 MB` or `4GiB` (1024) means, rounded; `_` may
/// separate digits. None where it means none, or more than 64 bits.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (count, factor) = unit.unwrap_or((text, 1.0));
    let bytes = count.trim().replace('_', "").parse::<f64>().ok()? * factor;
    (0.0..u64::MAX as f64).contains(&bytes).then_some(bytes.round() as u64)
}

/// The length of time that a text such as `10m`, `1h 30m` or `1500ms` means; none where it means none, or more than a
/// hundred years.
pub fn parse_time(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok().filter(|time| *time <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_every_unit_that_people_use() {
        for (text, bytes) in [
            ("12", 12),
            ("1_000", 1000),
            ("1e3", 1000),
            ("7B", 7),
            ("4.6KB", 4600),
            ("4.6kB", 4600),
            ("500 MB", 500_000_000),
            ("2GB", 2_000_000_000),
            ("1.5TB", 1_500_000_000_000),
            (" 8KiB ", 8192),
            ("1_024 MiB", 1 << 30),
            ("0.5GiB", 1 << 29),
            ("2TiB", 2 << 40),
            ("0", 0),
        ] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "B", "-1KB", "4 pounds", "4gb", "NaN", "inf", "infKB", "1e30GB", "0x10", "1,5KB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn times_end_after_a_hundred_years() {
        assert_eq!(parse_time("1h 30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_time(" 1500ms "), Some(Duration::from_millis(1500)));
        assert_eq!(parse_time("0s"), Some(Duration::ZERO));
        for text in ["", "soon", "5", "-1s", "101years"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
