//! A number beside what it should be, and how sure its error is.
//!
//! The interval is one of 95 % over the stream's randomness: what is too much is a Poisson count (limits by Byar's
//! approximation: Breslow and Day 1987, section 2.3), what is missing a share of what there is (Wilson's score interval, 1927), and the two
//! are put together by recovering variances (MOVER: Zou and Donner, Statistics in Medicine 27, 2008); a quotient likewise, on
//! logarithms. It takes events for independent: where a fault loses them in bursts, the truth is wider.

const Z: f64 = 1.959_963_984_540_054;

/// A count, or a count of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// The count.
    pub count: u64,
    /// Of how many, where it is a quotient.
    pub of: Option<u64>,
}

impl Measured {
    /// The number; none where it is a quotient of nothing.
    pub fn value(self) -> Option<f64> {
        match self.of {
            None => Some(self.count as f64),
            Some(0) => None,
            Some(of) => Some(self.count as f64 / of as f64),
        }
    }

    pub(crate) fn plus(self, other: Measured) -> Measured {
        let of = self.of.map(|of| of + other.of.unwrap_or(0));
        Measured { count: self.count + other.count, of }
    }
}

/// In what two counts differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is there and should not be.
    pub extra: u64,
    /// What should be there and is not.
    pub missing: u64,
}

impl Difference {
    pub(crate) fn plus(self, other: Difference) -> Difference {
        Difference { extra: self.extra + other.extra, missing: self.missing + other.missing }
    }
}

/// A number beside what it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// What it should be.
    pub truth: Measured,
    /// What it is.
    pub seen: Measured,
    /// In what the counts differ.
    pub count: Difference,
    /// In what that of which they are differs, of a quotient.
    pub of: Difference,
    /// How often each event is in the counts: 1, but where the days of one window were added up, or rounds of the same pings.
    pub weight: u32,
}

/// How wrong a number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    /// In the number's own unit; negative where it is too low.
    pub absolute: f64,
    /// As a share of what it should be.
    pub relative: f64,
    /// 95 % interval of the relative error.
    pub interval: [f64; 2],
}

impl Compared {
    /// What two days come to together.
    pub(crate) fn plus(self, other: Compared) -> Compared {
        Compared {
            truth: self.truth.plus(other.truth),
            seen: self.seen.plus(other.seen),
            count: self.count.plus(other.count),
            of: self.of.plus(other.of),
            weight: self.weight,
        }
    }

    /// By how much it is off, in the number's own unit, also where it should be nothing; none where either cannot be told.
    pub fn absolute(&self) -> Option<f64> {
        Some(self.seen.value()? - self.truth.value()?)
    }

    /// How wrong it is; none where what it should be is nothing, or either cannot be told.
    pub fn error(&self) -> Option<Error> {
        let (truth, seen) = (self.truth.value()?, self.seen.value()?);
        if truth == 0.0 {
            return None;
        }
        let counted = self.share(self.truth.count, self.count);
        let interval = match self.truth.of {
            None => [counted[1], counted[2]],
            Some(of) => quotient(counted, self.share(of, self.of)),
        };
        Some(Error { absolute: seen - truth, relative: (seen - truth) / truth, interval })
    }

    /// The relative difference of a count, and its limits.
    fn share(&self, truth: u64, difference: Difference) -> [f64; 3] {
        let weight = f64::from(self.weight.max(1));
        let [truth, extra, missing] =
            [truth, difference.extra, difference.missing].map(|count| count as f64 / weight);
        let (extra_low, extra_high) = poisson(extra);
        let (missing_low, missing_high) = lost(missing, truth);
        let net = extra - missing;
        let low = net - libm::hypot(extra - extra_low, missing_high - missing);
        let high = net + libm::hypot(extra_high - extra, missing - missing_low);
        [net / truth, (low / truth).max(-1.0), high / truth]
    }
}

/// Byar's limits of a Poisson count.
fn poisson(count: f64) -> (f64, f64) {
    let limit = |count: f64, z: f64| {
        let root = 1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt());
        count * root * root * root
    };
    let low = if count > 0.0 { limit(count, -Z).max(0.0) } else { 0.0 };
    (low, limit(count + 1.0, Z))
}

/// Wilson's limits of what is missing of so many.
fn lost(missing: f64, of: f64) -> (f64, f64) {
    if of <= 0.0 {
        return (0.0, 0.0);
    }
    let share = (missing / of).min(1.0);
    let scale = 1.0 + Z * Z / of;
    let centre = share + Z * Z / (2.0 * of);
    let half = Z * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
    let low = if share == 0.0 { 0.0 } else { (centre - half) / scale * of };
    let high = if share == 1.0 { of } else { (centre + half) / scale * of };
    (low, high)
}

/// The relative error of a quotient from those of what is above and below.
fn quotient(above: [f64; 3], below: [f64; 3]) -> [f64; 2] {
    let log = |share: f64| libm::log1p(share.max(-1.0 + 1e-12));
    let [[above, above_low, above_high], [below, below_low, below_high]] =
        [above, below].map(|limits| limits.map(log));
    let difference = above - below;
    let low = difference - libm::hypot(above - above_low, below_high - below);
    let high = difference + libm::hypot(above_high - above, below - below_low);
    [libm::expm1(low), libm::expm1(high)]
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    use super::*;

    #[test]
    fn the_limits_of_a_count_are_close_to_the_exact_ones() {
        let quantile = |freedom: f64, share: f64| ChiSquared::new(freedom).unwrap().inverse_cdf(share) / 2.0;
        for count in [1.0, 2.0, 5.0, 20.0, 1000.0] {
            let (low, high) = poisson(count);
            // Garwood's, 1936.
            let exact = (quantile(2.0 * count, 0.025), quantile(2.0 * count + 2.0, 0.975));
            assert!(
                (low - exact.0).abs() < 0.02 * count.max(1.0) && (high / exact.1 - 1.0).abs() < 0.01,
                "{count}"
            );
        }
    }

    #[test]
    fn an_error_lies_within_its_interval_and_nothing_wrong_is_no_error() {
        let counts = |truth: u64, extra: u64, missing: u64| Compared {
            truth: Measured { count: truth, of: None },
            seen: Measured { count: truth + extra - missing, of: None },
            count: Difference { extra, missing },
            of: Difference::default(),
            weight: 1,
        };
        for (truth, extra, missing) in [(1000, 11, 3), (1000, 0, 1000), (10, 0, 0), (1_000_000, 11_000, 0)] {
            let error = counts(truth, extra, missing).error().unwrap();
            assert!(error.interval[0] <= error.relative && error.relative <= error.interval[1], "{error:?}");
        }
        assert_eq!(counts(1000, 0, 0).error().unwrap().relative, 0.0);
        assert_eq!((counts(0, 5, 0).error(), counts(0, 5, 0).absolute()), (None, Some(5.0)));
    }
}
