//! Figures with what they are worth beside them.

use dedup_records::record::RunRecord;
use dedup_records::stats::{Spread, rule_of_three, wilson_95};
use dedup_records::units::{duration, short, thousands};

/// A share in per cent with few digits: `0.075 %`.
pub(super) fn percent(share: f64) -> String {
    match share {
        share if share >= 1.0 => "100 %".to_string(),
        share if share > 0.9995 => ">99.9 %".to_string(),
        // Two digits would make it all.
        share if share > 0.99 => format!("{} %", dedup_records::units::fixed(share * 100.0, 1)),
        share => format!("{} %", short(share * 100.0)),
    }
}

/// What was counted, with its interval: `31 of 41,290 = 0.075 % (0.053–0.11)`; for none `0 of 41,290 (below 0.0073 %)`.
pub(super) fn counted(count: u64, of: u64) -> String {
    match (count, of) {
        (_, 0) => "none to count".to_string(),
        (0, of) => format!("0 of {} (below {})", thousands(of), percent(rule_of_three(of))),
        (count, of) => {
            let (low, high) = wilson_95(count, of);
            format!(
                "{} of {} = {} ({})",
                thousands(count),
                thousands(of),
                percent(count as f64 / of as f64),
                interval(low * 100.0, high * 100.0)
            )
        }
    }
}

/// An interval with as many digits as tell its ends apart, and at least two.
pub(super) fn interval(low: f64, high: f64) -> String {
    let digits = |number: f64, digits: i32| match number <= 0.0 || number >= 100.0 {
        true => short(number),
        false => {
            let decimals = (digits - 1 - number.log10().floor() as i32).clamp(0, 12) as usize;
            dedup_records::units::fixed(number, decimals)
        }
    };
    let told = (2..7).find(|some| digits(low, *some) != digits(high, *some)).unwrap_or(2);
    format!("{}–{}", digits(low, told), digits(high, told))
}

/// A figure over rounds: `22.7 (21.9–23.1) M/s`, or the figure alone where there was one round.
pub(super) fn spread(spread: Spread, show: impl Fn(f64) -> String) -> String {
    let [middle, low, high] = [spread.median, spread.min, spread.max].map(&show);
    let unit = |text: &'_ str| text.split_once(' ').map_or(String::new(), |(_, unit)| unit.to_string());
    let bare = |text: &str| text.split(' ').next().unwrap_or("").to_string();
    match spread.rounds_count {
        0 | 1 => middle,
        _ if low == high => middle,
        _ if unit(&middle) == unit(&low) && unit(&low) == unit(&high) && !unit(&low).is_empty() => {
            format!("{} ({}–{}) {}", bare(&middle), bare(&low), bare(&high), unit(&middle))
        }
        _ => format!("{middle} ({low}–{high})"),
    }
}

/// Pings a second: `22.7 M/s`.
pub(super) fn rate(per_s: f64) -> String {
    match per_s {
        // What would round to a thousand of one unit is one of the next.
        r if r >= 999_500.0 => format!("{} M/s", three(r / 1e6)),
        r if r >= 999.5 => format!("{} k/s", three(r / 1e3)),
        r => format!("{}/s", three(r)),
    }
}

/// A small number in letters.
pub(super) fn number(count: usize) -> String {
    const NAMES: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    NAMES.get(count).map_or_else(|| thousands(count as u64), |name| name.to_string())
}

/// Three significant digits.
pub(super) fn three(number: f64) -> String {
    match number {
        n if n >= 100.0 => dedup_records::units::fixed(n, 0),
        n if n >= 10.0 => dedup_records::units::fixed(n, 1),
        n => dedup_records::units::fixed(n, 2),
    }
}

/// Nanoseconds that may be a fraction.
pub(super) fn nanos(ns: f64) -> String {
    duration(ns.round().max(0.0) as u64)
}

/// Bytes that may be a fraction.
pub(super) fn memory(bytes: f64) -> String {
    dedup_records::units::bytes(bytes.round().max(0.0) as u64)
}

/// `a, b and c`; beyond `most`, how many more there are.
pub(super) fn list(names: &[String], most: usize) -> String {
    let quoted: Vec<String> = names.iter().take(most).map(|name| clip(name, 60)).collect();
    match (quoted.as_slice(), names.len().saturating_sub(most)) {
        ([], _) => "none".to_string(),
        ([one], 0) => one.clone(),
        ([some @ .., last], 0) => format!("{} and {last}", some.join(", ")),
        (some, more) => format!("{} and {more} more", some.join(", ")),
    }
}

/// The text with its first letter as a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The middle of a long name left out, so that what differs at its end stays.
pub(super) fn clip(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_string();
    }
    let tail = most / 3;
    let head = most - tail - 1;
    let text = |part: &[char]| part.iter().collect::<String>();
    format!("{}…{}", text(&letters[..head]), text(&letters[letters.len() - tail..]))
}

/// A system and its version, which may begin with its name itself: `Flink 2.3.0` of `flink`.
pub(super) fn system(name: &str, version: &str) -> String {
    match version.to_lowercase().starts_with(name) {
        true => version.to_string(),
        false => format!("{name} {version}"),
    }
}

/// The program and the date of a run: `dedup-harness 0.1.0 (f9d5e37a78a3), seed 1, 2026-11-24`.
pub(super) fn program(run: &RunRecord) -> String {
    let commit = match (run.tool.commit.as_str(), run.tool.dirty) {
        ("", _) => String::new(),
        (commit, false) => format!(" ({commit})"),
        (commit, true) => format!(" ({commit}, uncommitted changes)"),
    };
    let servers: String =
        run.servers.iter().map(|(name, version)| format!(", {}", system(name, version))).collect();
    format!("dedup-harness {}{commit}{servers}, seed {}, {}", run.tool.version, run.seed, run.started_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::share_cell;

    #[test]
    fn nothing_seen_comes_with_its_bound_and_something_with_its_interval() {
        assert_eq!(counted(0, 41_290), "0 of 41,290 (below 0.0073 %)");
        assert_eq!(counted(31, 41_290), "31 of 41,290 = 0.075 % (0.053–0.11)");
        assert_eq!(share_cell(93_111, 122_139).text, "76 % (76.0–76.5)");
        assert_eq!(counted(0, 0), "none to count");
        assert_eq!(share_cell(0, 300).text, "0 (<1 %)");
    }

    #[test]
    fn a_figure_over_rounds_has_its_range_and_its_unit_once() {
        let of = |values: [f64; 3]| Spread::of(values).unwrap();
        assert_eq!(spread(of([2.09e7, 2.16e7, 2.21e7]), rate), "21.6 (20.9–22.1) M/s");
        assert_eq!(spread(of([5e2, 1.5e3, 2e6]), nanos), "1.5 µs (500 ns–2 ms)");
        assert_eq!(spread(of([3.0, 3.0, 3.0]), three), "3.00");
        assert_eq!(spread(Spread::of([7e6]).unwrap(), rate), "7.00 M/s");
    }

    #[test]
    fn not_all_is_never_shown_as_all() {
        assert_eq!(percent(0.999_99), ">99.9 %");
        assert_eq!(percent(0.9983), "99.8 %");
        assert_eq!(percent(1.0), "100 %");
    }

    #[test]
    fn a_system_is_named_once() {
        assert_eq!(system("flink", "Flink 2.3.0"), "Flink 2.3.0");
        assert_eq!(system("redis", "7.0.15"), "redis 7.0.15");
        assert_eq!(system("flink-floor", "Flink 2.3.0"), "flink-floor Flink 2.3.0");
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(clip("lru-exact:capacity=1000,window=10m", 16), "lru-exact:…w=10m");
        assert_eq!(clip("🦀🦀🦀", 3), "🦀🦀🦀");
        let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(list(&names, 5), "a, b and c");
        assert_eq!(list(&names, 2), "a, b and 1 more");
    }
}
