//! By what a table's counts are kept: its days, clients, dimensions and steps of a funnel. The same for all tables that are
//! compared.

use crate::day::Day;

/// Days that a table may have: ten years.
pub const MOST_DAYS: u32 = 3_660;

/// Values that a dimension may have.
pub const MOST_VALUES: usize = 1_000;

/// Steps that a funnel may have.
pub const MOST_STEPS: usize = 32;

/// By what counts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The first day.
    pub first_day: Day,
    /// How many days there are, without a gap.
    pub days: u32,
    /// How many clients there are; they are numbered from 0.
    pub clients: u32,
    /// What numbers are also counted by.
    pub dimensions: Vec<Dimension>,
    /// The steps of a funnel, in their order; none where there is none.
    pub steps: Vec<String>,
    /// How new profiles are told.
    pub newcomers: Newcomers,
}

/// Something by which numbers are split, such as the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its values; a ping says which by its place here.
    pub values: Vec<String>,
}

/// How new profiles are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newcomers {
    /// By the first ping of the kind [`Kind::NewProfile`](crate::Kind::NewProfile).
    ByPing,
    /// By the first ping of any kind. On the table's first day everybody would be new: that day has no new profiles.
    FirstSeen,
}

/// What a number is of: the whole, or a value of a dimension, by their places in the [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// The whole.
    All,
    /// A value of a dimension.
    Of {
        /// Which dimension.
        dimension: usize,
        /// Which of its values.
        value: usize,
    },
}

/// No table has such a shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: found {found}; allowed {allowed}")]
pub struct ShapeError {
    /// What is wrong.
    pub what: String,
    /// What it is.
    pub found: String,
    /// What it may be.
    pub allowed: String,
}

impl Shape {
    /// Sees that it can be counted by.
    pub fn check(&self) -> Result<(), ShapeError> {
        let within = |what: String, found: usize, least: usize, most: usize| match (least..=most)
            .contains(&found)
        {
            true => Ok(()),
            false => {
                Err(ShapeError { what, found: found.to_string(), allowed: format!("are {least} to {most}") })
            }
        };
        within("days".to_string(), self.days as usize, 1, MOST_DAYS as usize)?;
        within("steps of a funnel".to_string(), self.steps.len(), 0, MOST_STEPS)?;
        for Dimension { name, values } in &self.dimensions {
            within(format!("values of {name:?}"), values.len(), 1, MOST_VALUES)?;
        }
        Ok(())
    }

    /// The whole, then every value of every dimension.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let of = |(dimension, with): (usize, &Dimension)| {
            let values = 0..with.values.len();
            values.map(move |value| Cell::Of { dimension, value }).collect::<Vec<_>>()
        };
        std::iter::once(Cell::All).chain(self.dimensions.iter().enumerate().flat_map(of))
    }

    /// How many cells there are.
    pub fn cells_count(&self) -> usize {
        1 + self.dimensions.iter().map(|dimension| dimension.values.len()).sum::<usize>()
    }

    /// The place of a cell among [`Shape::cells`].
    pub fn place(&self, cell: Cell) -> usize {
        match cell {
            Cell::All => 0,
            Cell::Of { dimension, value } => {
                let before = self.dimensions[..dimension].iter().map(|dimension| dimension.values.len());
                1 + before.sum::<usize>() + value
            }
        }
    }

    /// What a cell is called: dimension and value; none of the whole.
    pub fn name(&self, cell: Cell) -> Option<(&str, &str)> {
        match cell {
            Cell::All => None,
            Cell::Of { dimension, value } => {
                let dimension = &self.dimensions[dimension];
                Some((&dimension.name, &dimension.values[value]))
            }
        }
    }

    /// The day with this number.
    pub fn day(&self, number: u32) -> Day {
        self.first_day.plus(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_places_in_their_order() {
        let dimension = |name: &str, values: &[&str]| Dimension {
            name: name.to_string(),
            values: values.iter().map(|value| value.to_string()).collect(),
        };
        let shape = Shape {
            first_day: Day(0),
            days: 1,
            clients: 1,
            dimensions: vec![dimension("country", &["DE", "US"]), dimension("channel", &["release"])],
            steps: Vec::new(),
            newcomers: Newcomers::ByPing,
        };
        let cells: Vec<Cell> = shape.cells().collect();
        assert_eq!(cells.len(), shape.cells_count());
        cells.iter().enumerate().for_each(|(place, cell)| assert_eq!(shape.place(*cell), place));
        assert_eq!(shape.name(cells[3]), Some(("channel", "release")));
        assert!(shape.check().is_ok());
        assert!(Shape { days: 0, ..shape.clone() }.check().is_err());
        let empty = Shape { dimensions: vec![dimension("x", &[])], ..shape };
        assert!(
            empty
                .check()
                .unwrap_err()
                .to_string()
                .contains("values of \"x\": found 0; allowed are 1 to 1000")
        );
    }
}
