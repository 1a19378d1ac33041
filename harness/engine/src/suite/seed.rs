//! Seeds of rounds.

/// The seed of a round: the first has the one that was asked for, the others follow from it, so that no two rounds
/// share an id. The mixing step is SplitMix64's (Steele, Lea and Flood, 2014).
pub fn seed_of(seed: u64, round: u32) -> u64 {
    if round == 0 {
        return seed;
    }
    let mut mixed = seed.wrapping_add(u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_has_a_seed_of_its_own_and_the_first_has_the_given_one() {
        let seeds: std::collections::BTreeSet<u64> = (0..1000).map(|round| seed_of(7, round)).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(seed_of(7, 0), 7);
    }
}
