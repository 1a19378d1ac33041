//! What a table does to the numbers, in a sentence.

use crate::series::Series;

/// What a table makes of two numbers, as shares; none where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Whole {
    /// [`Number::Pings`](crate::Number::Pings), over all days.
    pub pings: Option<f64>,
    /// The same on the day on which it is most wrong.
    pub pings_at_worst: Option<f64>,
    /// [`Number::Mau`](crate::Number::Mau), on the day on which it is most wrong.
    pub monthly_at_worst: Option<f64>,
}

impl Whole {
    /// Of these numbers day by day.
    pub fn of(pings: Option<&Series>, monthly: Option<&Series>) -> Whole {
        let whole = |series: &Series| Some(series.whole()?.error()?.relative);
        let at_worst = |series: &Series| {
            whole(series).map(|_| series.worst_day().map_or(0.0, |(_, error)| error.relative))
        };
        Whole {
            pings: pings.and_then(whole),
            pings_at_worst: pings.and_then(at_worst),
            monthly_at_worst: monthly.and_then(at_worst),
        }
    }
}

/// How many times as wrong as over all days the worst day has to be for a sentence to say so. Where an error is the same every day,
/// chance alone makes no such day; where it is of a day, or what is too much on one makes up for what is missing on another, it does.
const FAR_WORSE: f64 = 3.0;

/// What live and stable tables do to counts of pings, and to monthly users: "adds 1.1 % to ping counts until the nightly job has
/// run, 0.3 % after; monthly users are right to 0.001 %". Of pings it is all days, and the worst if that is far worse; monthly users are
/// right to what they are wrong by on the worst.
pub fn sentence(live: Whole, stable: Option<Whole>) -> String {
    let pings = match (live.pings, stable.map(|stable| stable.pings)) {
        (None, _) => "has no pings to count".to_string(),
        (Some(live), None) => format!("{} ping counts", does(live)),
        (Some(live), Some(stable)) => {
            let after = stable.map_or_else(
                || "of nothing".to_string(),
                |stable| match stable < 0.0 && live >= 0.0 {
                    true => format!("{} too few", percent(stable)),
                    false => percent(stable),
                },
            );
            format!("{} ping counts until the nightly job has run, {after} after", does(live))
        }
    };
    let monthly = match stable.unwrap_or(live).monthly_at_worst {
        None => "there are no monthly users".to_string(),
        Some(0.0) => "monthly users are right".to_string(),
        Some(error) => format!("monthly users are right to {}", percent(error)),
    };
    format!("{pings}{}; {monthly}", far_worse(live, stable))
}

/// What is to be said of the worst day, before and after the night; nothing where it is like the others.
fn far_worse(live: Whole, stable: Option<Whole>) -> String {
    let tables = || [Some(live), stable].into_iter().flatten();
    let worst = tables()
        .filter_map(|table| table.pings_at_worst)
        .reduce(|worst, other| if other.abs() > worst.abs() { other } else { worst });
    let whole = tables().filter_map(|table| table.pings).fold(0.0, |most: f64, other| most.max(other.abs()));
    match worst {
        Some(worst) if worst.abs() > FAR_WORSE * whole => {
            let which = if worst > 0.0 { "many" } else { "few" };
            format!(", on the worst day {} too {which}", percent(worst))
        }
        _ => String::new(),
    }
}

fn does(relative: f64) -> String {
    match relative {
        0.0 => "adds nothing to".to_string(),
        more if more > 0.0 => format!("adds {} to", percent(more)),
        less => format!("takes {} from", percent(less)),
    }
}

/// A share in per cent with two digits that count, without a sign: `1.1 %`.
pub fn percent(share: f64) -> String {
    let percent = share.abs() * 100.0;
    if percent == 0.0 {
        return "0 %".to_string();
    }
    let digits = (1.0 - libm::floor(libm::log10(percent))).clamp(0.0, 9.0) as usize;
    let fixed = format!("{percent:.digits$}");
    let short = if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
    format!("{short} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pings: f64, pings_at_worst: f64, monthly_at_worst: f64) -> Whole {
        let [pings, pings_at_worst, monthly_at_worst] = [pings, pings_at_worst, monthly_at_worst].map(Some);
        Whole { pings, pings_at_worst, monthly_at_worst }
    }

    #[test]
    fn a_day_that_is_far_worse_is_told_and_one_like_the_others_is_not() {
        let alike = sentence(table(0.011, 0.014, 0.000_01), Some(table(0.003, 0.004, 0.000_01)));
        let whole = "adds 1.1 % to ping counts until the nightly job has run, 0.3 % after";
        assert_eq!(alike, format!("{whole}; monthly users are right to 0.001 %"));
        // A tenth too many on one day, and 14 % too few on another.
        let burst = sentence(table(-0.0009, -0.14, -0.0005), Some(table(-0.0056, -0.14, -0.0005)));
        let (pings, monthly) = burst.split_once("; ").unwrap();
        assert!(pings.ends_with("0.56 % after, on the worst day 14 % too few"), "{burst}");
        assert_eq!(monthly, "monthly users are right to 0.05 %");
        // What makes up for each other over all days is wrong on each.
        let balanced = sentence(table(0.0, 0.05, 0.01), None);
        let said =
            "adds nothing to ping counts, on the worst day 5 % too many; monthly users are right to 1 %";
        assert_eq!(balanced, said);
    }

    #[test]
    fn a_share_has_two_digits_that_count() {
        let said = [0.011, -0.003, 0.000_01, 0.5, 2.345, 0.0].map(percent);
        assert_eq!(said, ["1.1 %", "0.3 %", "0.001 %", "50 %", "235 %", "0 %"]);
    }
}
