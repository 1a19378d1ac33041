//! What a table does to the numbers, in a sentence.

use crate::interval::Compared;

/// What a table makes of two numbers over all its days; none where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// [`Number::Pings`](crate::Number::Pings).
    pub pings: Option<Compared>,
    /// [`Number::Mau`](crate::Number::Mau).
    pub monthly: Option<Compared>,
}

/// What live and stable tables do to counts of pings, and to monthly users: "adds 1.1 % to ping counts until the nightly job has
/// run, 0.3 % after; monthly users are right to 0.001 %".
pub fn sentence(live: Whole, stable: Option<Whole>) -> String {
    let relative = |compared: Option<Compared>| compared?.error().map(|error| error.relative);
    let pings = match (relative(live.pings), stable.map(|stable| relative(stable.pings))) {
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
    let monthly = match relative(stable.unwrap_or(live).monthly) {
        None => "there are no monthly users".to_string(),
        Some(0.0) => "monthly users are right".to_string(),
        Some(error) => format!("monthly users are right to {}", percent(error)),
    };
    format!("{pings}; {monthly}")
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

    #[test]
    fn a_share_has_two_digits_that_count() {
        let said = [0.011, -0.003, 0.000_01, 0.5, 2.345, 0.0].map(percent);
        assert_eq!(said, ["1.1 %", "0.3 %", "0.001 %", "50 %", "235 %", "0 %"]);
    }
}
