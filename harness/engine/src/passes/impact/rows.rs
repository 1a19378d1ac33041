//! What a table holds, by the numbers of the unique pings that its rows carry.

use dedup_impact::Counts;

use super::known::Known;
use crate::nightly::{NightlyError, Seen, Table, each_row};
use crate::record::RowsFigures;

/// A table, counted.
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) rows: RowsFigures,
}

/// Reads every row of a table.
pub(super) fn count(table: &Table, known: &Known) -> Result<Counted, NightlyError> {
    let mut counted =
        Counted { counts: Counts::new(known.truth.shape().clone()), rows: RowsFigures::default() };
    let mut seen = Seen::default();
    for path in table.days.values().flatten() {
        each_row(path, |row| {
            let unique = row.unique as u64;
            let again = !seen.insert(unique);
            counted.rows.rows_count += 1;
            counted.rows.again_count += u64::from(again);
            known.count(&mut counted.counts, unique, row.time, again);
        })?;
    }
    counted.rows.outside_count = counted.counts.outside();
    Ok(counted)
}
