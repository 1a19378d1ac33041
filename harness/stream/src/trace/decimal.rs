//! Decimal numbers and floating ones as text, every digit as it is.

/// The text of an unscaled whole number, big end first and of two's complement, with `scale` digits behind the point;
/// none where it is longer than any decimal should be.
pub(crate) fn decimal_of_bytes(bytes: &[u8], scale: u32) -> Option<String> {
    const LONGEST: usize = 16;
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let filler = if negative { 0xff } else { 0 };
    let spare = bytes.iter().take_while(|byte| **byte == filler).count();
    let significant = &bytes[spare.min(bytes.len().saturating_sub(LONGEST))..];
    if significant.len() > LONGEST {
        return None;
    }
    let mut whole = [filler; LONGEST];
    whole[LONGEST - significant.len()..].copy_from_slice(significant);
    decimal(i128::from_be_bytes(whole), scale)
}

/// The text of an unscaled whole number with `scale` digits behind the point, none of which is a useless zero.
pub(crate) fn decimal(unscaled: i128, scale: u32) -> Option<String> {
    const MOST_DIGITS: u32 = 100;
    if scale > MOST_DIGITS {
        return None;
    }
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let fraction = fraction.trim_end_matches('0');
    let sign = if unscaled < 0 { "-" } else { "" };
    Some(match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

/// Whether a floating number is whole and so small that no other whole number is rounded to it.
pub(crate) fn is_exact_whole(value: f64) -> bool {
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    value.fract() == 0.0 && value.abs() < EXACT_BELOW
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_have_all_their_digits_and_no_useless_zero() {
        for (unscaled, scale, text) in [
            (12345, 2, "123.45"),
            (12300, 2, "123"),
            (5, 3, "0.005"),
            (-5, 1, "-0.5"),
            (0, 4, "0"),
            (-12300, 0, "-12300"),
            (i128::MAX, 0, "170141183460469231731687303715884105727"),
        ] {
            assert_eq!(decimal(unscaled, scale).as_deref(), Some(text));
        }
        assert_eq!(decimal(1, 101), None);
        assert_eq!(decimal_of_bytes(&[1; 17], 0), None);
        assert_eq!(decimal_of_bytes(&[], 0).as_deref(), Some("0"));
    }

    #[test]
    fn a_float_is_a_whole_number_below_the_largest_that_is_exact() {
        for value in [0.0, -0.0, 17.0, -17.0, 9_007_199_254_740_991.0] {
            assert!(is_exact_whole(value), "{value}");
        }
        for value in [0.5, 9_007_199_254_740_992.0, f64::NAN, f64::INFINITY, 4.959034e55] {
            assert!(!is_exact_whole(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_width_are_the_number_that_they_hold(value: i64, more in 0usize..9) {
            let filler = if value < 0 { 0xff } else { 0 };
            let bytes = [vec![filler; more], value.to_be_bytes().to_vec()].concat();
            prop_assert_eq!(decimal_of_bytes(&bytes, 0), Some(value.to_string()));
        }
    }
}
