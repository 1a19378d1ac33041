//! What a profile says to people: the answers first.

use std::fmt::{self, Write};
use std::time::Duration;

use dedup_profile::{Clock, IdsIn, Order, Origin, Profile, Reach, Times};

use super::curve::{self, Marks};
use super::words::{length, percent, rounded, wrapped};
use crate::units::{self, fixed, plural, thousands};

/// The shares of duplicates for which a window is told.
const SHARES: [f64; 5] = [0.9, 0.95, 0.99, 0.999, 0.9999];

/// The profile as text: what speaks against it, what it answers, what it is made of.
pub(super) fn text(profile: &Profile, marks: Marks) -> String {
    let mut text = String::new();
    write(profile, marks, &mut text).expect("a string takes whatever is written");
    text
}

fn write(profile: &Profile, marks: Marks, text: &mut String) -> fmt::Result {
    let short = profile.is_short().then(|| short(profile));
    for doubt in profile.doubts.iter().chain(&short) {
        writeln!(text, "{}", wrapped(&format!("doubtful: {doubt}")))?;
    }
    if !profile.doubts.is_empty() || short.is_some() {
        writeln!(text)?;
    }
    writeln!(text, "{}", answer(profile))?;
    if profile.duplicate_count > 0 {
        windows(profile, text)?;
        writeln!(text, "\nDuplicates that a window catches, by its length\n")?;
        text.push_str(&lags(profile, marks));
    }
    writeln!(text)?;
    facts(profile, text)
}

fn short(profile: &Profile) -> String {
    let length = rounded(profile.times, profile.span());
    format!("the traffic is only {length} long; take longer traffic, for later copies are not in it")
}

/// The one sentence to take away.
fn answer(profile: &Profile) -> String {
    let pings = plural(profile.pings_count, "ping");
    let known =
        |share: f64| profile.window_for(share, Clock::First).map(|window| length(profile.times, window));
    match (known(0.99), known(0.999)) {
        (Some(most), Some(nearly_all)) => format!(
            "{} of {pings} are duplicates. To catch 99 % of them keep ids for {most}, 99.9 % for {nearly_all}.",
            percent(profile.duplicate_share())
        ),
        _ => format!("None of {pings} is a duplicate."),
    }
}

/// A window a line. Where ids come more than twice, it matters from when a window counts.
fn windows(profile: &Profile, text: &mut String) -> fmt::Result {
    let differ = profile.lag_from_first != profile.lag_from_previous;
    let renewed = |first: &str| if differ { format!("{first:>18}") } else { String::new() };
    writeln!(
        text,
        "\n{:>9}{:>18}{}{:>16}{:>16}",
        "to catch",
        "keep ids for",
        renewed("if copies renew"),
        "ids, at most",
        "on the mean"
    )?;
    for share in SHARES {
        let (Some(first), Some(previous)) =
            (profile.window_for(share, Clock::First), profile.window_for(share, Clock::Previous))
        else {
            continue;
        };
        let IdsIn { peak, mean, reach } = profile.ids_in(first);
        let beyond = if reach == Reach::Beyond { "  (longer than what was seen)" } else { "" };
        let shown = format!("{} %", short_percent(share));
        writeln!(
            text,
            "{shown:>9}{:>18}{}{:>16}{:>16}{beyond}",
            length(profile.times, first),
            renewed(&length(profile.times, previous)),
            thousands(peak.ceil() as u64),
            thousands(mean.ceil() as u64),
        )?;
    }
    if differ {
        writeln!(
            text,
            "keep ids for: from the first ping on. If copies renew: from the latest, dropped or not."
        )?;
    }
    Ok(())
}

fn short_percent(share: f64) -> String {
    fixed(share * 100.0, 2).trim_end_matches('0').trim_end_matches('.').to_string()
}

fn lags(profile: &Profile, marks: Marks) -> String {
    let window = |share| profile.window_for(share, Clock::First).unwrap_or_default();
    // A decade of empty columns to either side says nothing.
    let (from, to) = (window(0.001) / 2, window(1.0).max(window(0.001) * 4));
    let share = |window| profile.caught(window, Clock::First);
    curve::draw((from, to), marks, share, |window| rounded(profile.times, window))
}

fn facts(profile: &Profile, text: &mut String) -> fmt::Result {
    let mut line = |label: &str, said: String| writeln!(text, "{label:<14}{said}");
    line("traffic", format!("{} ({})", profile.name, origin(profile)))?;
    line("span", span(profile))?;
    line("pings", pings(profile))?;
    line("duplicates", part(profile.duplicate_count, profile))?;
    line(
        "ids",
        format!("{}, {} without one", thousands(profile.ids_count), plural(profile.without_id_count, "ping")),
    )?;
    if let Some(copies) = copies(profile) {
        line("copies", copies)?;
    }
    if !profile.heaviest.is_empty() {
        let shares: Vec<_> = profile.heaviest.iter().take(3).map(|share| percent(*share)).collect();
        line("heaviest ids", format!("{} of all pings", shares.join(", ")))?;
    }
    if profile.unreadable_count > 0 {
        line("skipped", format!("{} that cannot be read", plural(profile.unreadable_count, "line")))?;
    }
    if profile.times != Times::Order {
        line("out of order", order(profile))?;
    }
    Ok(())
}

fn origin(profile: &Profile) -> String {
    match (profile.origin, &profile.sampling) {
        (Origin::Sql, _) => "made by a query".to_string(),
        (_, None) => "every ping looked at".to_string(),
        (_, Some(sampling)) => {
            let error =
                sampling.duplicates_error.map(|error| format!(", duplicates to within {}", percent(error)));
            format!("one id in {} looked at{}", units::short(1.0 / sampling.rate), error.unwrap_or_default())
        }
    }
}

fn span(profile: &Profile) -> String {
    match profile.times {
        Times::Order => "no times: a window is a number of pings".to_string(),
        Times::Given | Times::Clock => format!(
            "{} to {} ({}{})",
            rfc3339(profile.first_at_us),
            rfc3339(profile.last_at_us),
            rounded(profile.times, profile.span()),
            if profile.times == Times::Clock { ", by the clock when lines were read" } else { "" }
        ),
    }
}

fn pings(profile: &Profile) -> String {
    let count = thousands(profile.pings_count);
    match profile.times {
        Times::Order => count,
        Times::Given | Times::Clock => format!(
            "{count}: {} a second on the mean, {} in the busiest minute",
            units::short(profile.rate_per_s()),
            units::short(profile.busiest_per_s())
        ),
    }
}

/// How often duplicated ids come.
fn copies(profile: &Profile) -> Option<String> {
    let again: u64 = profile.copies.iter().filter(|copies| copies.least > 1).map(|copies| copies.ids).sum();
    let twice: u64 = profile.copies.iter().filter(|copies| copies.least == 2).map(|copies| copies.ids).sum();
    (again > 0).then(|| {
        let share = percent(twice as f64 / again as f64);
        format!("{} come again, {share} of them once", plural(again, "id"))
    })
}

fn order(profile: &Profile) -> String {
    match profile.order {
        None => "not known: a table has no order of arrival, so pings count by their times".to_string(),
        Some(Order { back_count: 0, .. }) => "no ping".to_string(),
        Some(Order { back_count, furthest_back_us }) => {
            let back = Duration::from_micros(furthest_back_us);
            format!("{}, by up to {}", part(back_count, profile), rounded(profile.times, back))
        }
    }
}

fn part(count: u64, profile: &Profile) -> String {
    let share = percent(count as f64 / profile.pings_count.max(1) as f64);
    format!("{} of {} ({share})", thousands(count), plural(profile.pings_count, "ping"))
}

fn rfc3339(at_us: u64) -> String {
    let time = i64::try_from(at_us).ok().and_then(|at_us| jiff::Timestamp::from_microsecond(at_us).ok());
    time.map_or_else(|| format!("{at_us} µs"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use dedup_profile::{Arrival, Memory, ProfileBuilder};

    use super::*;

    /// An hour of ten pings a second, one in a hundred of which comes again after a minute, and a few after half an hour.
    fn profile(times: Times) -> Profile {
        let mut builder = ProfileBuilder::new("pings.ndjson", times, Memory::Unbounded);
        for ping in 0..36_000u64 {
            let own_at_us = match times {
                Times::Given | Times::Clock => 1_772_323_200_000_000 + ping * 100_000,
                Times::Order => ping * 1000,
            };
            let copy = ping % 100 == 50 && ping > 600;
            let late = ping % 2500 == 51 && ping > 18_600;
            let key = if copy {
                ping - 601
            } else if late {
                ping - 18_002
            } else {
                ping
            };
            builder.count(Arrival { key: Some(u128::from(key)), own_at_us });
        }
        builder.profile()
    }

    #[test]
    fn a_profile_reads_well() {
        insta::assert_snapshot!(text(&profile(Times::Given), Marks::Unicode));
    }

    #[test]
    fn without_times_windows_are_numbers_of_pings() {
        let said = text(&profile(Times::Order), Marks::Ascii);
        assert!(said.is_ascii() && said.contains("no times: a window is a number of pings"), "{said}");
        assert!(said.contains("90 %         627 pings"), "{said}");
    }

    #[test]
    fn doubts_come_first_and_nothing_is_said_of_windows_without_duplicates() {
        let mut builder = ProfileBuilder::new("x", Times::Given, Memory::Unbounded);
        builder.doubt("this may not be the key", None);
        builder.count(Arrival { key: Some(1), own_at_us: 0 });
        let said = text(&builder.profile(), Marks::Ascii);
        assert!(
            said.starts_with("doubtful: this may not be the key\n\nNone of 1 ping is a duplicate.\n"),
            "{said}"
        );
        assert!(!said.contains("to catch"), "{said}");
    }

    #[test]
    fn a_window_is_never_rounded_down() {
        for (seconds, said) in [
            (93_601.0, "27 h"),
            (172_801.0, "49 h"),
            (400_000.0, "4.7 d"),
            (3.61, "3.7 s"),
            (0.0011, "1.1 ms"),
        ] {
            assert_eq!(length(Times::Given, Duration::from_secs_f64(seconds)), said);
        }
    }
}
