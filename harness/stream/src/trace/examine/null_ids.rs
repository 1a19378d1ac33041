//! Ids that are likely to stand for none: nulls that became texts, and one id that too many pings have.

use std::collections::BTreeMap;

use dedup_strategies::PingKey;

use crate::stream::Id;
use crate::trace::id::id_of;

/// What programs write where there is nothing, in small letters.
pub const NULLS: [&str; 12] = [
    "\\n",
    "null",
    "(null)",
    "<null>",
    "none",
    "undefined",
    "nan",
    "nil",
    "n/a",
    "#n/a",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
];

/// With which bytes they begin.
static BEGINS: [bool; 256] = {
    let (mut begins, mut null) = ([false; 256], 0);
    while null < NULLS.len() {
        begins[NULLS[null].as_bytes()[0] as usize] = true;
        null += 1;
    }
    begins
};

/// Ids, or parts of them, that are nulls in disguise.
#[derive(Default)]
pub(super) struct Nulls {
    met: BTreeMap<String, u64>,
    /// Those that are taken for no id anyway.
    except: Vec<Id>,
}

impl Nulls {
    pub(super) fn except(null_ids: &[String]) -> Self {
        Nulls { met: BTreeMap::new(), except: null_ids.iter().map(|text| id_of(text)).collect() }
    }

    pub(super) fn see(&mut self, part: &str) {
        // White space hides none, as `--null-id` sees through it.
        let part = part.trim();
        // Few ids begin as a null does.
        let begins =
            part.as_bytes().first().is_some_and(|first| BEGINS[usize::from(first.to_ascii_lowercase())]);
        if !begins
            || !NULLS.iter().any(|null| null.eq_ignore_ascii_case(part))
            || self.except.contains(&id_of(part))
        {
            return;
        }
        match self.met.get_mut(part) {
            Some(count) => *count += 1,
            None => drop(self.met.insert(part.to_string(), 1)),
        }
    }

    /// Each spelling that was met, and how often.
    pub(super) fn met(&self) -> impl Iterator<Item = (&str, u64)> {
        self.met.iter().map(|(text, count)| (text.as_str(), *count))
    }
}

/// Lists over which ids are spread by their hash.
const LISTS: usize = 1 << 10;
/// An id that fewer pings have is nothing to wonder at.
const FEWEST: u64 = 50;
/// Nor is one of a smaller share of all pings.
const LEAST_SHARE: f64 = 0.01;
/// And it has so many times as many as the next that is not such an id itself.
const TIMES_THE_NEXT: u64 = 10;
/// Ids of which more are as heavy as each other are what the traffic is like.
const MOST: usize = 4;

/// Finds ids of a large share of all pings, in one look at one place a ping: of each list the id that has the majority in it
/// (Boyer and Moore, "MJRTY: A fast majority vote algorithm", 1981). Its count is too low by as many pings as the other ids of its list
/// have: a thousandth of all, on the mean. That of a heavy one is put right by how many its list has in all.
pub(super) struct Heaviest(Box<[Counter; LISTS]>);

#[derive(Clone, Copy)]
struct Counter {
    key: PingKey,
    count: u64,
    /// Pings of the list.
    seen: u64,
    first_line: u64,
}

impl Counter {
    /// How many pings have the id, if it was the heaviest of its list all along: each other one took one from its count.
    fn put_right(&self) -> u64 {
        (self.seen + self.count) / 2
    }
}

impl Default for Heaviest {
    fn default() -> Self {
        Heaviest(Box::new([Counter { key: PingKey([0; 16]), count: 0, seen: 0, first_line: 0 }; LISTS]))
    }
}

/// An id that an unlikely share of all pings have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heavy {
    pub(super) key: PingKey,
    pub(super) first_line: u64,
    /// At least so many.
    pub(super) count: u64,
}

impl Heaviest {
    /// Looks at a ping whose key has this hash.
    pub(super) fn see(&mut self, key: PingKey, hash: u64, line: u64) {
        let counter = &mut self.0[hash as usize % LISTS];
        counter.seen += 1;
        if counter.count == 0 {
            *counter = Counter { key, count: 1, first_line: line, ..*counter };
        } else if counter.key == key {
            counter.count += 1;
        } else {
            counter.count -= 1;
        }
    }

    /// The ids of an unlikely share, the heaviest first: few, none of them light, and any other far lighter.
    pub(super) fn unlikely(&self, pings: u64) -> Vec<Heavy> {
        let mut counters: Vec<&Counter> = self.0.iter().collect();
        counters.sort_by_key(|counter| std::cmp::Reverse(counter.count));
        let is_heavy = |counter: &Counter| {
            let count = counter.put_right();
            count >= FEWEST && count as f64 >= LEAST_SHARE * pings as f64
        };
        let stands_out = |few: &usize| {
            counters[*few - 1].put_right() >= TIMES_THE_NEXT * counters[*few].count
                && counters[..*few].iter().all(|counter| is_heavy(counter))
        };
        let few = (1..=MOST).find(stands_out).unwrap_or(0);
        let heavy = |counter: &&Counter| Heavy {
            key: counter.key,
            first_line: counter.first_line,
            count: counter.count,
        };
        counters[..few].iter().map(heavy).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash;
    use super::*;

    fn heavy_of(keys: impl Iterator<Item = u128>) -> Vec<Heavy> {
        let mut heaviest = Heaviest::default();
        let mut pings = 0;
        for key in keys {
            pings += 1;
            let key = PingKey::from_u128(key);
            heaviest.see(key, hash(key), pings);
        }
        heaviest.unlikely(pings)
    }

    #[test]
    fn one_id_with_a_share_far_above_all_others_is_found_among_many() {
        let keys = (0..100_000u128).map(|n| if n % 20 == 7 { 0 } else { n });
        let found = heavy_of(keys);
        let [heavy] = &found[..] else { panic!("{found:?}") };
        assert_eq!(heavy.key, PingKey::from_u128(0));
        assert!((4_600..=5_001).contains(&heavy.count), "{heavy:?}");
    }

    #[test]
    fn which_list_an_id_is_in_makes_no_difference_to_its_being_found() {
        // One of twenty of a thousand is as few as are wondered at.
        for heavy in 1_000_000..1_000_300u128 {
            let found = heavy_of((0..1_000).map(|n| if n % 20 == 7 { heavy } else { n }));
            let keys: Vec<_> = found.iter().map(|heavy| heavy.key).collect();
            assert_eq!(keys, [PingKey::from_u128(heavy)]);
        }
    }

    #[test]
    fn a_few_ids_that_are_heavy_are_found_beside_each_other() {
        let few = |several: u128| {
            heavy_of((0..20_000u128).map(|n| if n % 5 == 0 { n / 5 % several } else { n + 100 }))
        };
        for several in 1..=4 {
            assert_eq!(few(several).len(), several as usize);
        }
        assert_eq!(few(5), []);
    }

    #[test]
    fn ids_that_come_about_as_often_as_each_other_are_likely() {
        assert_eq!(heavy_of((0..10_000).map(|n| n % 10)), []);
        assert_eq!(heavy_of(0..10_000), []);
        assert_eq!(heavy_of((0..40).map(|_| 1)), []);
    }

    #[test]
    fn white_space_hides_no_null() {
        let mut nulls = Nulls::except(&["none".to_string()]);
        for part in [" NULL", "NULL\t", "NULL", "null ", " none", " a ", " "] {
            nulls.see(part);
        }
        assert_eq!(nulls.met().collect::<Vec<_>>(), [("NULL", 3), ("null", 1)]);
    }

    #[test]
    fn nulls_are_known_in_any_case_of_letters() {
        let mut nulls = Nulls::default();
        for part in ["NULL", "null", "\\N", "None", "NaN", "a", "nullable", "null", "nul\u{130}"] {
            nulls.see(part);
        }
        let met: Vec<_> = nulls.met().collect();
        assert_eq!(met, [("NULL", 1), ("NaN", 1), ("None", 1), ("\\N", 1), ("null", 2)]);
    }
}
