//! Numbers that were met, a bit each.

/// Numbers that were met, such as those of unique pings: they begin at 0 and have few gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Whether the number is new.
    #[inline]
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize((word + 1).next_power_of_two(), 0);
        }
        let before = self.0[word];
        self.0[word] |= bit;
        before & bit == 0
    }

    /// Whether it was met.
    #[inline]
    pub(crate) fn has(&self, number: u64) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }
}
