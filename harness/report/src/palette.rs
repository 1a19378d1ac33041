//! How a strategy is drawn: the same in every chart, and as far as possible in every report.
//!
//! The colours are those of Okabe and Ito (2008), which people with the common kinds of colour blindness can tell
//! apart, darkened where they would be too faint on white; black gives way to a grey that shows on both grounds.
//! Dashes and marks repeat what colours say, so that nothing hangs on colour alone.

mod family;

use std::collections::{BTreeMap, BTreeSet};

pub use family::CATALOGUE;

/// Colours on a light ground.
pub(super) const LIGHT: [&str; COLOURS] =
    ["#0072b2", "#b34700", "#007a5a", "#a8487e", "#8a6d00", "#2b8cc4", "#595959", "#6a51a3"];

/// Colours on a dark ground.
pub(super) const DARK: [&str; COLOURS] =
    ["#56b4e9", "#ff9249", "#2fc79a", "#e79ac3", "#f0e442", "#9ad0f5", "#bdbdbd", "#b9a7f0"];

/// Dash patterns, in units of the drawing.
pub(super) const DASHES: [&str; 4] = ["none", "18 8", "5 7", "20 7 5 7"];

pub(super) const COLOURS: usize = 8;

/// The marks at points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// ●
    Circle,
    /// ■
    Square,
    /// ▲
    Triangle,
    /// ◆
    Diamond,
    /// ✚
    Plus,
}

const MARKS: [Mark; 5] = [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::Plus];

/// How one strategy is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which colour.
    pub colour: usize,
    /// Which dash pattern.
    pub dash: usize,
    /// Which mark.
    pub mark: Mark,
}

/// The strategies of a report and how each is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    names: Vec<String>,
    looks: Vec<Look>,
    quiet: BTreeSet<usize>,
}

impl Palette {
    /// For these names, in whichever order they come and however often.
    ///
    /// Its colour is that of its family and its mark its own, so that a strategy looks the same on every page. Of a name
    /// that no catalogue has, they follow from a hash of it; where two meet in one place, the later in the alphabet moves
    /// on to the next free one.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Palette {
        let names: Vec<String> = names.collect::<BTreeSet<_>>().into_iter().map(str::to_string).collect();
        let mut taken = BTreeMap::new();
        let mut looks: Vec<Option<Look>> = vec![None; names.len()];
        // Bare names first: what only has other settings takes no place of another strategy.
        for settled in [true, false] {
            for (name, place) in names.iter().zip(&mut looks) {
                if family::is_bare(name) == settled {
                    *place = Some(look(name, &mut taken));
                }
            }
        }
        let looks = looks.into_iter().flatten().collect();
        Palette { names, looks, quiet: BTreeSet::new() }
    }

    /// The index of a strategy.
    ///
    /// # Panics
    /// If it was not among the names.
    pub fn index(&self, name: &str) -> usize {
        self.names.binary_search_by(|have| have.as_str().cmp(name)).expect("every strategy is in the palette")
    }

    /// The strategies.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// With these in colour and by name, and all others grey.
    pub fn with_loud(self, loud: &BTreeSet<usize>) -> Palette {
        let quiet = (0..self.names.len()).filter(|index| !loud.contains(index)).collect();
        Palette { quiet, ..self }
    }

    /// Whether the strategy with this index is grey and without a name, until a reader chooses it.
    pub fn is_quiet(&self, index: usize) -> bool {
        self.quiet.contains(&index)
    }

    /// The families of its strategies in the order of the catalogue, each with its strategies.
    pub(super) fn families(&self) -> Vec<(&'static str, Vec<usize>)> {
        let of = |family: &'static str| {
            let own = (0..self.names.len()).filter(move |index| family::name(&self.names[*index]) == family);
            (family, own.collect::<Vec<usize>>())
        };
        family::NAMES.into_iter().map(of).filter(|(_, own)| !own.is_empty()).collect()
    }

    /// How the strategy with this index is drawn.
    pub fn look(&self, index: usize) -> Look {
        self.looks[index]
    }
}

/// That of its family where the catalogue has it; else the colour that is taken least often, searched from the name's own
/// place. Dash and mark tell apart those that share a colour.
fn look(name: &str, taken: &mut BTreeMap<usize, BTreeSet<usize>>) -> Look {
    let (colour, home) = family::place(name).unwrap_or_else(|| {
        let home = hash(name) as usize;
        let count = |colour: &usize| taken.get(colour).map_or(0, BTreeSet::len);
        let least = (0..COLOURS).map(|colour| count(&colour)).min().expect("there are colours");
        let colours = (0..COLOURS).map(|step| (home + step) % COLOURS);
        let colour = colours.clone().find(|colour| count(colour) == least).expect("one is taken least often");
        (colour, home / COLOURS)
    });
    // Every fourth has the dash of the first and every fifth its mark: twenty that share a colour are all unlike.
    let places = taken.entry(colour).or_default();
    let all = DASHES.len() * MARKS.len();
    let free = |place: &usize| !places.contains(place);
    let unlike = |place: &usize| places.iter().all(|other| other % DASHES.len() != place % DASHES.len());
    let near = || (0..all).map(|step| (home + step) % all);
    let own = Some(home % all).filter(|home| family::is_bare(name) && free(home));
    let place = own.or_else(|| near().find(unlike)).or_else(|| near().find(free)).unwrap_or(home % all);
    places.insert(place);
    Look { colour, dash: place % DASHES.len(), mark: MARKS[place % MARKS.len()] }
}

fn hash(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_strategy_looks_the_same_whatever_order_records_come_in() {
        let one = Palette::of(["redis", "exact", "bloom"].into_iter());
        let other = Palette::of(["bloom", "redis", "exact", "exact"].into_iter());
        assert_eq!(one, other);
    }

    #[test]
    fn a_strategy_looks_the_same_whoever_stands_beside_it() {
        let look = |names: &[&str], name: &str| {
            let palette = Palette::of(names.iter().copied());
            palette.look(palette.index(name))
        };
        let all: Vec<&str> = CATALOGUE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for name in &all {
            assert_eq!(look(&[name], name), look(&all, name), "{name}");
            assert_eq!(look(&[name], name).colour, look(&[name, &format!("{name}:window=1h")], name).colour);
        }
        let looks: BTreeSet<(usize, usize)> =
            all.iter().map(|name| look(&all, name)).map(|look| (look.colour, look.dash)).collect();
        let marks: BTreeSet<String> =
            all.iter().map(|name| look(&all, name)).map(|look| format!("{look:?}")).collect();
        assert_eq!(marks.len(), all.len(), "two look alike");
        assert!(looks.len() > all.len() / 2, "{looks:?}");
    }

    proptest! {
        #[test]
        fn thirty_two_strategies_all_look_different(names in proptest::collection::btree_set("[a-z]{1,12}", 1..=32)) {
            let palette = Palette::of(names.iter().map(String::as_str));
            let looks: BTreeSet<(usize, usize)> =
                (0..names.len()).map(|index| palette.look(index)).map(|look| (look.colour, look.dash)).collect();
            prop_assert_eq!(looks.len(), names.len());
        }
    }
}
