//! Decimal numbers and floating ones as text, every digit as it is.

/// Digits that are read at most, behind the point and before it: more than any engine writes.
const MOST_DIGITS: u32 = 100;

/// The text of an unscaled whole number, big end first and of two's complement, with `scale` digits behind the point;
/// none where it is longer than any decimal should be.
pub(crate) fn decimal_of_bytes(bytes: &[u8], scale: u32) -> Option<String> {
    const LONGEST: usize = 32;
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let filler = if negative { 0xff } else { 0 };
    let spare = bytes.iter().take_while(|byte| **byte == filler).count();
    let significant = &bytes[spare.min(bytes.len().saturating_sub(LONGEST))..];
    if significant.len() > LONGEST {
        return None;
    }
    // One byte more than the longest: what is below zero may be as large as can be.
    let mut whole = [filler; LONGEST + 1];
    whole[LONGEST + 1 - significant.len()..].copy_from_slice(significant);
    if negative {
        negate(&mut whole);
    }
    pointed(digits_of(&mut whole), negative, scale)
}

/// The text of an unscaled whole number with `scale` digits behind the point, none of which is a useless zero.
pub(crate) fn decimal(unscaled: i128, scale: u32) -> Option<String> {
    pointed(unscaled.unsigned_abs().to_string(), unscaled < 0, scale)
}

/// `digits` with the point before the last `scale` of them.
fn pointed(digits: String, negative: bool, scale: u32) -> Option<String> {
    if scale > MOST_DIGITS {
        return None;
    }
    let digits = format!("{digits:0>width$}", width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative { "-" } else { "" };
    Some(match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

/// The two's complement of a number, big end first.
fn negate(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

/// The decimal digits of a number without a sign, big end first: it is divided until nothing is left.
fn digits_of(number: &mut [u8]) -> String {
    const AT_ONCE: usize = 16;
    const DIVISOR: u64 = 10u64.pow(AT_ONCE as u32);
    let mut digits = String::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in number.iter_mut() {
            let dividend = rest << 8 | u64::from(*byte);
            // Below 256, as what was left before is below the divisor.
            *byte = (dividend / DIVISOR) as u8;
            rest = dividend % DIVISOR;
        }
        digits = format!("{rest:0AT_ONCE$}{digits}");
    }
    match digits.trim_start_matches('0') {
        "" => "0".to_string(),
        digits => digits.to_string(),
    }
}

/// A whole number that was written with a point, as `7.0`: a program that keeps whole numbers as floating ones writes them
/// so. None where it is not whole, or so large that another one may have been rounded to it.
pub(crate) fn whole_of_pointed(text: &str) -> Option<&str> {
    let (whole, zeros) = text.split_once('.')?;
    let is_whole = !zeros.is_empty() && zeros.bytes().all(|zero| zero == b'0');
    let is_exact = whole.parse::<f64>().is_ok_and(is_exact_whole);
    (is_whole && is_exact).then_some(if whole == "-0" { "0" } else { whole })
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
        assert_eq!(decimal_of_bytes(&[1; 33], 0), None);
        assert_eq!(decimal_of_bytes(&[], 0).as_deref(), Some("0"));
    }

    #[test]
    fn decimals_of_256_bits_have_all_their_digits() {
        let power = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        let least = [vec![0x80], vec![0; 31]].concat();
        assert_eq!(decimal_of_bytes(&least, 0), Some(format!("-{power}")));
        let beyond_128 = [vec![0; 14], vec![1], vec![0; 17]].concat();
        let text = "87112285931760246646623899502532662132736";
        assert_eq!(decimal_of_bytes(&beyond_128, 0).as_deref(), Some(text));
        assert_eq!(
            decimal_of_bytes(&beyond_128, 38).as_deref(),
            Some("871.12285931760246646623899502532662132736")
        );
        assert_eq!(decimal_of_bytes(&[0xff; 32], 2).as_deref(), Some("-0.01"));
    }

    #[test]
    fn a_whole_number_with_a_point_is_that_number_as_long_as_it_was_not_rounded() {
        for (text, whole) in [
            ("7.0", Some("7")),
            ("-7.000", Some("-7")),
            ("-0.0", Some("0")),
            ("9007199254740991.0", Some("9007199254740991")),
            ("9007199254740992.0", None),
            ("7.5", None),
            ("7.", None),
            ("7", None),
            ("7.0e1", None),
        ] {
            assert_eq!(whole_of_pointed(text), whole, "{text}");
        }
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

        #[test]
        fn a_number_of_128_bits_is_written_as_the_machine_writes_it(value: i128, more in 0usize..17) {
            let filler = if value < 0 { 0xff } else { 0 };
            let bytes = [vec![filler; more], value.to_be_bytes().to_vec()].concat();
            prop_assert_eq!(decimal_of_bytes(&bytes, 0), Some(value.to_string()));
        }
    }
}
