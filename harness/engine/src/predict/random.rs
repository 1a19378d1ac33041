//! Random numbers of the theory's own.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A generator that depends on nothing but its seed.
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Exponential around 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }
}
