//! The Poisson distribution, by which keys fall into blocks.

/// The mean of `value(i)` where i is Poisson distributed around `mean`.
pub fn poisson_mean(mean: f64, value: impl Fn(i32) -> f64) -> f64 {
    // Beyond fourteen standard deviations there is nothing that a double can tell.
    let last = (mean + 14.0 * mean.sqrt() + 40.0) as i32;
    let mut ln_probability = -mean;
    let mut sum = ln_probability.exp() * value(0);
    for at in 1..=last {
        ln_probability += (mean / f64::from(at)).ln();
        sum += ln_probability.exp() * value(at);
    }
    sum
}
