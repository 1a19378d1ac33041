//! Records of CSV that go on over several lines: fields may hold line ends, and two stray quotes make a field that does.

use super::doubt::{Doubt, DoubtKind};

/// Where fewer records than one of so many go on over several lines, they are likelier to be a slip than the file's way.
const FEW: u64 = 100;

/// So many records of which most lines could be records are doubted, or one of [`FEW`] of those over lines: in text with
/// line breaks a few are such by chance.
const SEVERAL: u64 = 3;

/// A record that goes on over several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    /// How many, at least two.
    pub(crate) lines: u64,
    pub(crate) alike: Alike,
}

/// How many of its lines, blank ones aside, have as many columns as the file, as if they were records of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alike {
    Every,
    /// More than half.
    Most,
    Few,
}

/// Those that were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoldedRecords {
    records: u64,
    every: u64,
    most: u64,
    longest: u64,
    first: Option<Place>,
    first_alike: Option<Place>,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The number of its file, from 1, where there are several.
    file: Option<usize>,
    line: u64,
}

impl FoldedRecords {
    /// Takes in the record that begins in `line`.
    pub(crate) fn see(&mut self, line: u64, folded: Folded) {
        let here = Place { file: None, line };
        self.records += 1;
        self.longest = self.longest.max(folded.lines);
        self.first.get_or_insert(here);
        match folded.alike {
            Alike::Every => self.every += 1,
            Alike::Most => self.most += 1,
            Alike::Few => return,
        }
        self.first_alike.get_or_insert(here);
    }

    /// Adds those of one of several files, its number being from 1.
    pub(crate) fn take_in(&mut self, other: &FoldedRecords, file: Option<usize>) {
        let there = |place: Place| Place { file, ..place };
        self.records += other.records;
        self.every += other.every;
        self.most += other.most;
        self.longest = self.longest.max(other.longest);
        self.first = self.first.or(other.first.map(there));
        self.first_alike = self.first_alike.or(other.first_alike.map(there));
    }

    /// What was met among so many pings, as a sentence; none where each record is a line.
    pub(crate) fn said(&self, pings: u64) -> Option<String> {
        let first = self.first_alike.or(self.first)?;
        let hold = if self.records == 1 { "records holds" } else { "records hold" };
        let longest = if self.records == 1 { "" } else { "the longest " };
        let alike = match (self.every, self.most) {
            (0, 0) => String::new(),
            (count, 0) if count == self.records => {
                ", and every line of them could be a record of its own".to_string()
            }
            (count, 0) => format!(", and in {count} every line could be a record of its own"),
            (every, most) if every + most == self.records => {
                ", and most lines of them could be records of their own".to_string()
            }
            (every, most) => format!(", and in {} most lines could be records of their own", every + most),
        };
        let file = first.file.map_or(String::new(), |number| format!(" of file {number}"));
        let of = if self.first_alike.is_some() { "the first such is" } else { "the first is" };
        let of = if self.records == 1 { "it is" } else { of };
        Some(format!(
            "{} of {pings} {hold} line breaks inside quotes, {longest}over {} lines{alike}; {of} at line {}{file}",
            self.records, self.longest, first.line
        ))
    }

    /// What is to be said where lines may have been taken into a field that are records of their own.
    pub(crate) fn doubt(&self, pings: u64) -> Option<Doubt> {
        let is_few = self.records.saturating_mul(FEW) < pings;
        let are_most = self.most > 0 && (self.most >= SEVERAL || self.most * FEW >= self.records);
        let said = self.said(pings).filter(|_| self.every > 0 || are_most || is_few)?;
        let text = format!("{said}: a stray quote takes all lines up to the next quote into its field");
        let remedy =
            "look at it, and if it is several records, write the quotes twice (\"\") or take them out";
        Some(Doubt::new(DoubtKind::Form, text).with_remedy(remedy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Alike::{Every, Few, Most};

    fn met(folded: &[(u64, Alike)]) -> FoldedRecords {
        let mut records = FoldedRecords::default();
        folded.iter().enumerate().for_each(|(at, &(lines, alike))| {
            records.see(10 * (at as u64 + 1), Folded { lines, alike });
        });
        records
    }

    #[test]
    fn a_handful_among_lines_is_doubted_and_a_habit_is_not() {
        let (few, none) = (met(&[(3, Few), (7, Few)]), FoldedRecords::default());
        let text = few.doubt(1000).unwrap().text;
        let start = "2 of 1000 records hold line breaks inside quotes, the longest over 7 lines; the first is at line 10";
        assert!(text.starts_with(start), "{text}");
        assert_eq!((few.doubt(100), none.doubt(1000), none.said(1000)), (None, None, None));
        assert!(few.said(100).is_some());
    }

    #[test]
    fn lines_that_could_be_records_are_doubted_however_many_they_are() {
        let text = met(&[(3, Few), (2, Every)]).doubt(2).unwrap().text;
        assert!(
            text.contains("in 1 every line could be a record of its own; the first such is at line 20"),
            "{text}"
        );
        let text = met(&[(2, Every)]).doubt(2).unwrap().text;
        assert!(
            text.contains("1 of 2 records holds line breaks inside quotes, over 2 lines, and every line"),
            "{text}"
        );
    }

    #[test]
    fn records_of_which_most_lines_could_be_records_are_doubted_as_soon_as_they_are_several() {
        let many = |most: usize| {
            let few = std::iter::repeat_n((2, Few), 400);
            met(&std::iter::repeat_n((4, Most), most).chain(few).collect::<Vec<_>>())
        };
        assert_eq!(many(2).doubt(1000), None);
        let text = many(3).doubt(1000).unwrap().text;
        assert!(text.contains("in 3 most lines could be records of their own"), "{text}");
        let text = met(&[(3, Most)]).doubt(2).unwrap().text;
        assert!(
            text.contains("over 3 lines, and most lines of them could be records of their own"),
            "{text}"
        );
    }

    #[test]
    fn of_several_files_the_number_is_said() {
        let mut all = FoldedRecords::default();
        all.take_in(&FoldedRecords::default(), Some(1));
        all.take_in(&met(&[(2, Few)]), Some(2));
        assert!(all.said(5).unwrap().ends_with("it is at line 10 of file 2"));
    }
}
