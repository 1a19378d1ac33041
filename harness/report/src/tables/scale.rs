//! Time and memory against ids held: a small table for each figure, strategies down and numbers of ids across.

use std::collections::BTreeSet;

use dedup_records::compare::{Block, Row};
use dedup_records::curve::CurvePoint;
use dedup_records::units::{duration, fixed, thousands};

use super::grid::Align;
use super::sheet::name;
use super::small::Small;
use super::text::{Text, Tone};

type Figure = (&'static str, fn(&CurvePoint) -> Option<String>);

const FIGURES: [Figure; 5] = [
    ("ids in a window: time a ping in steady state", |point| Some(nanos(point.steady_ns))),
    ("ids in a window: time a ping while the window fills", |point| Some(nanos(point.filling_ns))),
    ("ids in a window: p99 of a batch in steady state", |point| Some(nanos(point.steady_p99_ns))),
    ("ids in a window: bytes an id", |point| Some(fixed(point.bytes_per_id?, 1))),
    ("ids in a window: round trips a ping in steady state", |point| {
        Some(fixed(point.round_trips_per_ping?, 3))
    }),
];

/// A table for each figure that some strategy has.
pub(super) fn by_ids(block: &Block) -> Vec<Small> {
    let sizes: BTreeSet<u64> = block.rows.iter().flat_map(points).map(|point| point.ids_count).collect();
    FIGURES.iter().filter_map(|figure| sheet(block, &sizes, figure)).collect()
}

/// What was not reached, and why; copies that were not recognised, without which a time says little.
pub(super) fn notes(block: &Block) -> Vec<String> {
    let mut notes = Vec::new();
    for row in &block.rows {
        let Some(scale) = &row.summary.scale else { continue };
        if let Some(missing) = &scale.not_reached {
            let ids = thousands(missing.ids_count);
            notes.push(format!("{}: not measured from {ids} ids on: {}.", name(row, block), missing.because));
        }
        let least = scale.points.iter().filter_map(|point| point.recognised_ratio).reduce(f64::min);
        if let Some(least) = least.filter(|least| *least < 0.99) {
            let percent = fixed(100.0 * least, 1);
            notes.push(format!("{}: recognised as few as {percent} % of the copies.", name(row, block)));
        }
    }
    notes
}

fn points(row: &Row) -> &[CurvePoint] {
    row.summary.scale.as_ref().map_or(&[], |scale| &scale.points)
}

fn sheet(block: &Block, sizes: &BTreeSet<u64>, (title, figure): &Figure) -> Option<Small> {
    let at = |row: &Row, ids: u64| points(row).iter().find(|point| point.ids_count == ids).and_then(figure);
    let rows = block.rows.iter().filter(|row| sizes.iter().any(|ids| at(row, *ids).is_some()));
    let rows: Vec<Vec<Text>> = rows
        .map(|row| {
            let cells = sizes.iter().map(|ids| match at(row, *ids) {
                Some(figure) => Text::plain(figure),
                None => Text::new("-", Tone::Dim),
            });
            std::iter::once(Text::plain(name(row, block))).chain(cells).collect()
        })
        .collect();
    let sizes = sizes.iter().map(|ids| (size(*ids), Align::Right));
    let columns = std::iter::once(("strategy".to_string(), Align::Left)).chain(sizes).collect();
    (!rows.is_empty()).then(|| Small { title: title.to_string(), columns, rows })
}

fn nanos(time: f64) -> String {
    duration(time.round() as u64)
}

/// `2^20`, or `1,000`.
fn size(ids: u64) -> String {
    match ids.is_power_of_two() && ids >= 1 << 10 {
        true => format!("2^{}", ids.ilog2()),
        false => thousands(ids),
    }
}

#[cfg(test)]
mod tests {
    use dedup_records::compare::{Block, Comparison};
    use dedup_records::filter::Filter;
    use dedup_records::record::{CellResult, Pass, sample};

    use super::super::small::is_all;
    use super::*;

    fn blocks() -> Vec<Block> {
        let mut run = sample::run();
        run.cells = sample::scale();
        Comparison::from_runs(&[run], &Filter::default(), None).unwrap().blocks
    }

    #[test]
    fn every_figure_has_a_table_and_what_is_missing_is_said() {
        let block = &blocks()[0];
        assert!(is_all(block));
        let sheets = by_ids(block);
        let steady = &sheets[0];
        let titles: Vec<&str> = steady.columns.iter().map(|(title, _)| title.as_str()).collect();
        assert_eq!(titles, ["strategy", "2^14", "2^16"]);
        let text = |row: &[Text]| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
        assert_eq!(text(&steady.rows[0]), ["exact", "100 ns", "140 ns"]);
        assert_eq!(sheets.len(), 4, "nobody had a server");
        let notes = notes(block);
        assert!(notes[0].starts_with("exact: not measured from 262,144 ids on: "), "{notes:?}");
        assert!(notes[1].contains("as few as 50.0 % of the copies"), "{notes:?}");
    }

    #[test]
    fn other_passes_beside_it_keep_their_table() {
        let mut run = sample::run();
        run.cells.extend(sample::scale());
        let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
        assert!(!is_all(&comparison.blocks[0]) && !by_ids(&comparison.blocks[0]).is_empty());
        let scale = |cell: &&dedup_records::record::CellRecord| cell.pass == Pass::Scale;
        assert!(sample::scale().iter().filter(scale).all(|cell| matches!(cell.result, CellResult::Scale(_))));
    }
}
