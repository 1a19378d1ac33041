//! What a table holds, by the numbers of the unique pings that its rows carry.
//!
//! Nearly every row is the first of its ping, on the day on which that came: then the table holds what the truth holds. Only what
//! is there besides is counted row by row, and what is missing by counting once more what is there.

use dedup_impact::Counts;

use super::sent::Sent;
use crate::bits::Bits;
use crate::nightly::{NightlyError, Table, each_unique};
use crate::record::RowsFigures;

/// A table, counted.
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) rows: RowsFigures,
}

/// Reads every row of tables that are parts of one, and holds it against the truth.
pub(super) fn count<'a>(
    tables: impl Iterator<Item = &'a Table>,
    sent: &Sent,
    truth: &Counts,
) -> Result<Counted, NightlyError> {
    let mut rows = RowsFigures::default();
    let (mut seen, mut on_its_day) = (Bits::default(), Bits::default());
    let mut besides = Counts::new(sent.shape().clone());
    let mut there = 0;
    for path in tables.flat_map(|table| table.days.values().flatten()) {
        each_unique(path, |micros, unique| {
            let day = sent.day(micros);
            let again = !seen.insert(unique);
            rows.rows_count += 1;
            rows.again_count += u64::from(again);
            if again || !sent.came_on(unique, day) {
                sent.count(&mut besides, unique, day, again);
            } else {
                on_its_day.insert(unique);
                there += 1;
            }
        })?;
    }
    let mut counts = match there == sent.arrived() && sent.lost() == 0 {
        true => truth.clone(),
        false => sent.count_those(|unique| on_its_day.has(unique)),
    };
    counts.merge(&besides).expect("they have one shape");
    rows.outside_count = counts.outside();
    Ok(Counted { counts, rows })
}
