//! The fields of one record, each with a digest of its value: what copies are compared by.
//!
//! A value's digest is that of its text, so that a record has the same fields in every form: text as it is, numbers in
//! their shortest decimal spelling (`1`, `1.0` and `1e0` are one), `true` and `false`. What is absent, null or empty is no
//! field. Fields of inner objects go by their path, and objects have no digest of their own.

use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_seed};

/// The fields of a record.
pub(crate) trait Fields {
    /// Calls `visit` with the dotted path of each field that has a value, and a digest of the value.
    fn each(&self, visit: &mut dyn FnMut(&str, u128));
}

/// Digest of a text.
pub(crate) fn of_text(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

/// Digest of a number, whichever way it is spelled.
pub(crate) fn of_number(text: &str) -> u128 {
    shortest(text).map_or_else(|| of_text(text), |text| of_text(&text))
}

/// Digest of a list of values.
pub(crate) fn of_list(values: impl Iterator<Item = u128>) -> u128 {
    let mut hash = Xxh3::with_seed(1);
    values.for_each(|value| hash.update(&value.to_le_bytes()));
    hash.digest128()
}

/// Digest of a field with its path.
pub(crate) fn of_field(path: &str, value: u128) -> u128 {
    xxh3_128_with_seed(&[of_text(path).to_le_bytes(), value.to_le_bytes()].concat(), 2)
}

/// The number in decimal without needless digits; with an exponent only where it would take many zeros. None for what is
/// no number, or one whose exponent is beyond counting.
fn shortest(text: &str) -> Option<String> {
    const MOST_ZEROS: i64 = 40;
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = all.trim_start_matches('0');
    let bare = digits.trim_end_matches('0');
    if bare.is_empty() {
        return Some("0".to_string());
    }
    let dropped = (digits.len() - bare.len()) as i64;
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?.checked_add(dropped)?;
    let point = exponent.checked_add(bare.len() as i64)?;
    Some(match exponent {
        0..=MOST_ZEROS => format!("{sign}{bare}{}", "0".repeat(exponent as usize)),
        _ if exponent < 0 && (1..bare.len() as i64).contains(&point) => {
            let (whole, fraction) = bare.split_at(point as usize);
            format!("{sign}{whole}.{fraction}")
        }
        _ if exponent < 0 && (-MOST_ZEROS..=0).contains(&point) => {
            format!("{sign}0.{}{bare}", "0".repeat(point.unsigned_abs() as usize))
        }
        _ => format!("{sign}{bare}e{exponent}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, short) in [
            ("1", "1"),
            ("1.0", "1"),
            ("10e-1", "1"),
            ("-0.0", "0"),
            ("0e5", "0"),
            ("100", "100"),
            ("1E2", "100"),
            ("1.50", "1.5"),
            ("15e-1", "1.5"),
            ("0.0015", "0.0015"),
            ("-1.5e-3", "-0.0015"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1e300", "1e300"),
            ("10e299", "1e300"),
            ("1e-300", "1e-300"),
        ] {
            assert_eq!(shortest(text).as_deref(), Some(short), "{text}");
        }
        assert_eq!(shortest("1e99999999999999999999"), None);
        assert_eq!(shortest("NaN"), None);
    }

    proptest! {
        #[test]
        fn spelling_a_number_shorter_does_not_change_it(mantissa: i64, exponent in -60i32..60) {
            let text = format!("{mantissa}e{exponent}");
            let short = shortest(&text).unwrap();
            prop_assert_eq!(text.parse::<f64>().unwrap(), short.parse::<f64>().unwrap());
            prop_assert_eq!(shortest(&short), Some(short));
        }
    }
}
