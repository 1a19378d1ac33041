//! How a strategy is drawn: the same in every chart, and as far as possible in every report.
//!
//! The colours are those of Okabe and Ito (2008), which people with the common kinds of colour blindness can tell
//! apart, darkened where they would be too faint on white; black gives way to a grey that shows on both grounds.
//! Dashes and marks repeat what colours say, so that nothing hangs on colour alone.

use std::collections::BTreeSet;

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
}

impl Palette {
    /// For these names, in whichever order they come and however often.
    ///
    /// A name's place follows from a hash of it, so that a strategy keeps its look when others join; where two meet
    /// in one place, the later in the alphabet moves on to the next free one.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Palette {
        let names: Vec<String> = names.collect::<BTreeSet<_>>().into_iter().map(str::to_string).collect();
        let mut taken = vec![0_usize; COLOURS];
        let looks = names.iter().map(|name| look(name, &mut taken)).collect();
        Palette { names, looks }
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

    /// How the strategy with this index is drawn.
    pub fn look(&self, index: usize) -> Look {
        self.looks[index]
    }
}

/// The colour that is taken least often, searched from the name's own place; dash and mark tell apart those that share one.
fn look(name: &str, taken: &mut [usize]) -> Look {
    let home = hash(name) as usize;
    let least = *taken.iter().min().expect("there are colours");
    let colour = (0..COLOURS)
        .map(|step| (home + step) % COLOURS)
        .find(|colour| taken[*colour] == least)
        .expect("one is taken least often");
    let dash = taken[colour] % DASHES.len();
    taken[colour] += 1;
    Look { colour, dash, mark: MARKS[(home / COLOURS + taken[colour]) % MARKS.len()] }
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
