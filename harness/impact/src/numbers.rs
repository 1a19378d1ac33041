//! The numbers that people read, in one list.

use crate::shape::Shape;

/// A number that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    /// Pings of the day.
    Pings,
    /// Sessions of the day.
    Sessions,
    /// Crashes of the day.
    Crashes,
    /// Crashes an active client of the day.
    CrashRate,
    /// Clients active on the day.
    Dau,
    /// Clients active in the seven days that end with it.
    Wau,
    /// Clients active in the 28 days that end with it.
    Mau,
    /// Profiles that are new on the day.
    NewProfiles,
    /// Share of the profiles new `7 (week + 1) - 1` days before that were active in the last seven days; weeks are 1 to 3.
    Retention(u32),
    /// Pings of this step of the funnel, from 1, as a share of those of the step before.
    Step(usize),
}

/// What is to be known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The unit.
    pub unit: &'static str,
    /// How it is got.
    pub got: &'static str,
    /// What duplicates do to it.
    pub duplicates: &'static str,
    /// What losses do to it.
    pub losses: &'static str,
}

/// Every number that tables of this shape have.
pub fn numbers(shape: &Shape) -> Vec<Number> {
    use Number::*;
    let mut all = vec![Pings, Sessions, Crashes, CrashRate, Dau, Wau, Mau, NewProfiles];
    all.extend((1..=3).map(Retention));
    all.extend((1..shape.steps.len()).map(Step));
    all
}

impl Number {
    /// What it is called in tables; a step by its number.
    pub fn name(self) -> String {
        match self {
            Number::Pings => "pings".to_string(),
            Number::Sessions => "sessions".to_string(),
            Number::Crashes => "crashes".to_string(),
            Number::CrashRate => "crash-rate".to_string(),
            Number::Dau => "dau".to_string(),
            Number::Wau => "wau".to_string(),
            Number::Mau => "mau".to_string(),
            Number::NewProfiles => "new-profiles".to_string(),
            Number::Retention(week) => format!("retention-week-{week}"),
            Number::Step(step) => format!("funnel-step-{step}"),
        }
    }

    /// The number that is called so in tables.
    pub fn named(name: &str) -> Option<Number> {
        let counted = |prefix: &str| name.strip_prefix(prefix)?.parse::<u32>().ok();
        let plain = [Number::Pings, Number::Sessions, Number::Crashes, Number::CrashRate];
        let users = [Number::Dau, Number::Wau, Number::Mau, Number::NewProfiles];
        let of_week = counted("retention-week-").map(Number::Retention);
        let of_step = counted("funnel-step-").map(|step| Number::Step(step as usize));
        let all = plain.into_iter().chain(users).chain(of_week).chain(of_step);
        all.into_iter().find(|number| number.name() == name)
    }

    /// Days of which it is got.
    pub fn window_days(self) -> u32 {
        match self {
            Number::Wau | Number::Retention(_) => 7,
            Number::Mau => 28,
            _ => 1,
        }
    }

    /// What is to be known of it.
    pub fn about(self) -> About {
        let (unit, got, duplicates, losses) = match self {
            Number::Pings => ("pings", "rows of the day", "too many", "too few"),
            Number::Sessions => {
                ("sessions", "rows of the day that stand for a session", "too many", "too few")
            }
            Number::Crashes => ("crashes", "crash pings of the day", "too many", "too few"),
            Number::CrashRate => (
                "crashes an active client",
                "crashes of the day over clients active on it",
                "too high",
                "either way: crash pings and whole client-days are lost",
            ),
            Number::Dau => ("clients", "distinct clients of the day", NOTHING, FEW),
            Number::Wau => ("clients", "distinct clients of seven days", NOTHING, FEW),
            Number::Mau => ("clients", "distinct clients of 28 days", NOTHING, FEW),
            Number::NewProfiles => ("clients", "clients that are new on the day", NOTHING, "too few"),
            Number::Retention(_) => {
                ("share", "of the profiles of a day, those active in a week after it", NOTHING, "too low")
            }
            Number::Step(_) => (
                "share",
                "pings of a step over those of the step before",
                "bent where steps are retried differently",
                "bent where steps are lost differently",
            ),
        };
        About { unit, got, duplicates, losses }
    }
}

const NOTHING: &str = "nothing, unless a copy comes on a day on which its client was not active";
const FEW: &str = "too few, most where clients send little";
