//! A scenario whose stream has a profile: its text in TOML, in the language of `docs/SCENARIOS.md`.
//!
//! The rate over the day, ids that are missing, the lags from copy to copy, the number of copies and the heaviest ids go
//! into it; what does not is said in the text itself ([`NOT_CARRIED`]).

mod anytime;
mod heavy;
mod lags;

use std::fmt::{self, Write};
use std::time::Duration;

use crate::answers::Clock;
use crate::copies::copies_bin;
use crate::profile::{Profile, Times};

use anytime::Stretch;
use heavy::{Class, Heavy, Manner};

/// How a scenario is to differ from the traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// By what the rate is multiplied; windows, lags and the length of time stay.
    pub scale: f64,
    /// How far back copies should be recognised; what catches 99 % of them if not given.
    pub window: Option<Duration>,
}

/// Why there is no scenario of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoScenario {
    /// There is no first ping and a later last one.
    #[error(
        "its pings have no length of time, so there is no rate; allowed is a profile of pings at two times at least"
    )]
    NoLength,
    /// At this scale too little is left.
    #[error("at this scale less than one ping is left; allowed is a larger scale")]
    Nothing,
}

/// The least rate that a scenario may have: three pings a month.
const LEAST_RATE_PER_S: f64 = 1e-6;
/// Each ping of measured traffic has a time of its own, copies as well: what looks at times would judge other traffic without.
const FRESH: &str = "event_time = \"fresh\"";
/// Without an expectation, what a window is to be.
const USUAL_WINDOW: Duration = Duration::from_secs(600);

impl Profile {
    /// The text of a scenario whose stream has this profile.
    pub fn scenario(&self, wanted: Wanted) -> Result<String, NoScenario> {
        self.scenario_that_says(wanted, "")
    }

    /// The same, with a text of lines that says what came of it.
    pub fn scenario_that_says(&self, wanted: Wanted, found: &str) -> Result<String, NoScenario> {
        if self.span().is_zero() || self.pings_count < 2 {
            return Err(NoScenario::NoLength);
        }
        if self.pings_count as f64 * wanted.scale < 1.0 {
            return Err(NoScenario::Nothing);
        }
        let mut text = String::new();
        Scenario::of(self, wanted).write(&mut text, found).expect("a string takes whatever is written");
        Ok(text)
    }
}

/// What a scenario does not carry of a profile, in sentences.
pub const NOT_CARRIED: [&str; 5] = [
    "bursts within an hour, and differences between days",
    "whether late copies come at other hours than early ones",
    "whether ids that come often come sooner again than others, but for those that come all along",
    "pings that are out of order, and lines that cannot be read",
    "what a ping weighs",
];

struct Scenario<'a> {
    profile: &'a Profile,
    wanted: Wanted,
    heavy: Heavy,
    /// The causes of these at the scale that is wanted.
    causes: Vec<Vec<Class>>,
    repeated: Option<Repeated>,
    /// The same by when their first pings come, where they come at any time.
    stretches: Vec<Stretch>,
    /// Pings without an id that are no copies of such, if they come again as often as others do.
    missing: f64,
}

/// The ids that come again, but for the heaviest.
struct Repeated {
    /// The share of first arrivals.
    share: f64,
    /// Copies that a first arrival has on the mean within the traffic, with an id or without.
    copies_of_each: f64,
    /// Numbers of copies beyond the first, each with the ids that have so many.
    copies: Vec<(u64, u64)>,
    points: Vec<lags::Point>,
}

impl<'a> Scenario<'a> {
    fn of(profile: &'a Profile, wanted: Wanted) -> Self {
        let heavy = Heavy::of(profile);
        let repeated = repeated(profile, &heavy);
        let copies = repeated.as_ref().map_or(0.0, |repeated| repeated.copies_of_each);
        let missing = profile.without_id_count as f64 / (1.0 + copies);
        let causes = heavy.causes(wanted.scale);
        let stretches = anytime::stretches(profile, &heavy);
        Scenario { profile, wanted, heavy, causes, repeated, stretches, missing }
    }

    fn write(&self, text: &mut String, found: &str) -> fmt::Result {
        self.write_top(text, found)?;
        self.write_arrival(text)?;
        self.write_repeat(text)?;
        self.write_heavy(text)?;
        let missing = self.missing / self.ordinary_firsts().max(1.0);
        if missing > 0.0 {
            writeln!(text, "\n[bad_id]\nmissing = {}", number(missing.min(1.0)))?;
        }
        Ok(())
    }

    fn write_top(&self, text: &mut String, found: &str) -> fmt::Result {
        let Profile { pings_count, duplicate_count, .. } = self.profile;
        writeln!(text, "about = \"\"\"")?;
        writeln!(text, "A stream that has the profile of measured traffic ({}):", plain(&self.profile.name))?;
        writeln!(text, "{pings_count} pings, {duplicate_count} of them duplicates.")?;
        writeln!(
            text,
            "Written by dedup-harness profile --scenario, at {} times the rate.",
            number(self.wanted.scale)
        )?;
        writeln!(text, "\nIt does not carry:")?;
        NOT_CARRIED.iter().try_for_each(|what| writeln!(text, "- {what}"))?;
        found.lines().try_for_each(|line| writeln!(text, "{}", plain(line)))?;
        writeln!(text, "\"\"\"\n")?;
        let window = self.wanted.window.or_else(|| self.profile.window_for(0.99, Clock::First));
        writeln!(text, "duration = \"{}\"", time(self.profile.span()))?;
        writeln!(text, "window = \"{}\"", time(rounded_up(window.unwrap_or(USUAL_WINDOW))))?;
        if self.profile.times != Times::Order {
            writeln!(text, "start = {}", start(self.profile.first_at_us))?;
        }
        Ok(())
    }

    fn write_arrival(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "\n[arrival]")?;
        let at_start = self.causes.iter().flatten().map(|class| class.ids).sum::<u64>();
        if at_start > 0 {
            writeln!(text, "at_start = {at_start}")?;
        }
        // There has to be a rate, also where no other first arrivals are left: then of next to none.
        let rate = self.ordinary_firsts() * self.wanted.scale / self.profile.span().as_secs_f64();
        let rate = rate.max(LEAST_RATE_PER_S);
        match self.hours() {
            None if self.profile.times == Times::Order => {
                writeln!(text, "process = \"constant\"\nrate = {}", number(rate))
            }
            None => writeln!(text, "process = \"poisson\"\nrate = {}", number(rate)),
            Some(hours) => {
                let mean = hours.iter().sum::<f64>() / 24.0;
                writeln!(
                    text,
                    "process = \"hourly\"\nrate = {}",
                    number((mean * self.wanted.scale).max(LEAST_RATE_PER_S))
                )?;
                let hours: Vec<String> = hours.iter().map(|hour| number(hour / mean)).collect();
                writeln!(text, "hours = [{}]", hours.join(", "))
            }
        }
    }

    /// First arrivals a second in each hour of the day; in an hour that was not seen, as on the mean. None where the
    /// traffic is too short for hours to differ.
    fn hours(&self) -> Option<[f64; 24]> {
        const TWO_HOURS: Duration = Duration::from_secs(7200);
        if self.profile.times == Times::Order || self.profile.span() < TWO_HOURS {
            return None;
        }
        let mut firsts = self.profile.by_hour.firsts;
        let first_hour = (self.profile.first_at_us / 3_600_000_000 % 24) as usize;
        firsts[first_hour] = firsts[first_hour].saturating_sub(self.heavy.ids());
        let counted: f64 = firsts.iter().map(|count| *count as f64).sum();
        if counted < 1.0 {
            return None;
        }
        let mean = self.ordinary_firsts() / self.profile.span().as_secs_f64();
        let seconds = self.profile.seconds_by_hour();
        let of_hour = |hour: usize| match seconds[hour] {
            // Of some seconds at either end of the traffic, a rate says nothing.
            few if few < 60.0 => mean,
            seconds => firsts[hour] as f64 / counted * self.ordinary_firsts() / seconds,
        };
        Some(std::array::from_fn(of_hour))
    }

    fn write_repeat(&self, text: &mut String) -> fmt::Result {
        if !self.stretches.is_empty() {
            return self
                .stretches
                .iter()
                .enumerate()
                .try_for_each(|(at, stretch)| write_stretch(text, at + 1, stretch));
        }
        let Some(repeated) = &self.repeated else { return Ok(()) };
        writeln!(text, "\n[[repeat]]\ncause = \"measured\"\nshare = {}", number(repeated.share))?;
        writeln!(text, "{FRESH}")?;
        if repeated.copies.iter().any(|(copies, _)| *copies > 1) {
            let weights = repeated.copies.iter().map(|(copies, ids)| format!("{copies} = {ids}"));
            writeln!(text, "copies = {{ {} }}", weights.collect::<Vec<_>>().join(", "))?;
            writeln!(text, "from = \"previous\"")?;
        }
        write_cdf(text, &repeated.points)
    }

    /// A cause for each class of the ids that come at the start, which are a microsecond apart.
    fn write_heavy(&self, text: &mut String) -> fmt::Result {
        let span = time(self.profile.span());
        let mut before = 0;
        for classes in &self.causes {
            let ids: u64 = classes.iter().map(|class| class.ids).sum();
            let name = match ids {
                1 => format!("heavy id {}", before + 1),
                _ => format!("heavy ids {} to {}", before + 1, before + ids),
            };
            writeln!(text, "\n[[repeat]]\ncause = \"{name}\"\nids = {ids}\n{FRESH}")?;
            match classes.as_slice() {
                [only] => writeln!(text, "copies = {}", only.copies)?,
                several => {
                    let weights =
                        several.iter().rev().map(|class| format!("{} = {}", class.copies, class.ids));
                    writeln!(text, "copies = {{ {} }}", weights.collect::<Vec<_>>().join(", "))?;
                }
            }
            writeln!(text, "between = [\"{}\", \"{span}\"]", time(Duration::from_micros(before)))?;
            match self.heavy.manner {
                Manner::Spread => writeln!(text, "lag.uniform = [\"0s\", \"{span}\"]")?,
                Manner::Paced => {
                    let most = classes.iter().map(|class| class.copies).max().unwrap_or(1);
                    writeln!(text, "from = \"previous\"")?;
                    write_cdf(text, &lags::points_of_pace(self.profile, most))?;
                }
                Manner::AsOthers => write_cdf(text, &lags::points_from_first(self.profile))?,
            }
            before += ids;
        }
        Ok(())
    }

    /// First arrivals of the traffic, with an id and without, but for those at the start.
    fn ordinary_firsts(&self) -> f64 {
        (self.profile.ids_count - self.heavy.ids().min(self.profile.ids_count)) as f64 + self.missing
    }
}

fn repeated(profile: &Profile, heavy: &Heavy) -> Option<Repeated> {
    let (points, seen) = lags::points(profile, heavy)?;
    let mut copies: Vec<(u64, u64)> = Vec::new();
    for bin in profile.copies.iter().filter(|bin| bin.least > 1) {
        let ids = bin.ids - heavy.in_bin(copies_bin(bin.least)).min(bin.ids);
        if ids > 0 {
            // The mean of a bin, of which 1 is the first.
            let of_each = (bin.pings as f64 / bin.ids as f64).round() as u64 - 1;
            copies.push((of_each.clamp(1, 1_000_000_000), ids));
        }
    }
    let ids: u64 = copies.iter().map(|(_, ids)| ids).sum();
    let of_ids = ids as f64 / profile.ids_count.saturating_sub(heavy.ids()).max(1) as f64;
    let mean = copies.iter().map(|(copies, ids)| *copies as f64 * *ids as f64).sum::<f64>() / ids as f64;
    let share = (of_ids / seen).min(1.0);
    (ids > 0).then_some(Repeated { share, copies_of_each: of_ids * mean, copies, points })
}

/// Copies of ids whose first ping comes in this stretch.
fn write_stretch(text: &mut String, number: usize, stretch: &Stretch) -> fmt::Result {
    let Stretch { between: [from, to], share, copies, until } = stretch;
    let weights: Vec<String> = copies.iter().map(|(copies, weight)| format!("{copies} = {weight}")).collect();
    writeln!(text, "\n[[repeat]]\ncause = \"measured, stretch {number}\"\nshare = {}", self::number(*share))?;
    writeln!(text, "between = [\"{}\", \"{}\"]\n{FRESH}", time(*from), time(*to))?;
    writeln!(text, "copies = {{ {} }}", weights.join(", "))?;
    writeln!(text, "lag.uniform = [\"0s\", \"{}\"]", time(*until))
}

fn write_cdf(text: &mut String, points: &[lags::Point]) -> fmt::Result {
    writeln!(text, "lag.cdf = [")?;
    for line in points.chunks(6) {
        let points = line.iter().map(|(lag_us, share)| {
            format!("[\"{}\", {}]", time(Duration::from_micros(*lag_us)), number(*share))
        });
        writeln!(text, "  {},", points.collect::<Vec<_>>().join(", "))?;
    }
    writeln!(text, "]")
}

/// A name that can stand in TOML's text of many lines.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_control() || letter == '"' || letter == '\\' { '?' } else { letter })
        .collect()
}

/// To nine digits, and never in exponents.
fn number(value: f64) -> String {
    let decimals = (8 - value.abs().max(1e-12).log10().floor() as i32).clamp(1, 20) as usize;
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0');
    if text.ends_with('.') { format!("{text}0") } else { text.to_string() }
}

/// A window as one would set it: no finer than a thousandth or so.
fn rounded_up(window: Duration) -> Duration {
    let to = match window.as_secs() {
        0 => 1_000,
        1..60 => 100_000,
        60..3_600 => 1_000_000,
        _ => 60_000_000,
    };
    Duration::from_micros((window.as_micros() as u64).div_ceil(to) * to)
}

/// A length of time, to a microsecond.
fn time(length: Duration) -> String {
    match length.as_micros() {
        0 => "0s".to_string(),
        micros => humantime::format_duration(Duration::from_micros(micros as u64)).to_string(),
    }
}

fn start(at_us: u64) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_micros(std::time::UNIX_EPOCH + Duration::from_micros(at_us))
}
