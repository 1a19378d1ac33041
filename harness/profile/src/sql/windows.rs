//! Distinct ids in windows of many lengths.

use super::dialect::Dialect;
use super::query::Step;
use crate::builder::SLICES;
use crate::profile::WINDOW_LENGTHS_S;

/// Slices that are summed up by themselves, so that no worker has to hold all of a table's.
const STRETCH: &str = "4096";

pub(super) fn steps(dialect: &dyn Dialect) -> Vec<Step> {
    let wide = dialect.wide();
    let stretch = dialect.divided("slice", STRETCH);
    vec![
        Step::new(
            "p_window_lengths",
            "Windows, the slices that they are counted in, and which end of an id's stay: 1 where it begins, -1 where it ends.",
            dialect.table(&["length_us", "slice_us", "edge"], &lengths()),
        ),
        Step::new(
            "p_spans",
            "Those shorter than the traffic.",
            "SELECT length_us, slice_us, edge, first_at_us, last_at_us\nFROM p_window_lengths CROSS JOIN p_totals\n\
             WHERE length_us < last_at_us - first_at_us",
        ),
        Step::new(
            "p_neighbours",
            "Each ping, and the one of the same id towards that end.",
            "SELECT length_us, slice_us, edge, first_at_us, last_at_us, at_us,\n  \
             CASE WHEN edge = 1 THEN previous_us ELSE next_us END AS other_us\nFROM p_seen CROSS JOIN p_spans",
        ),
        Step::new(
            "p_touched",
            "Ids that come into the window or leave it, and for how long windows hold a ping.",
            touched(dialect),
        ),
        Step::new(
            "p_slices",
            "The same by slice; a row for each length, should there be no id.",
            format!(
                "SELECT length_us, slice, SUM(step) AS change, SUM(CAST(held_us AS {wide})) AS held\nFROM (\n  \
                 SELECT length_us, slice, step, held_us FROM p_touched\n  \
                 UNION ALL SELECT length_us, 0, 0, 0 FROM p_spans\n) AS each_one\nGROUP BY length_us, slice"
            ),
        ),
        Step::new(
            "p_active",
            "Ids in the window, since the stretch began.",
            format!(
                "SELECT length_us, {stretch} AS stretch, change, held,\n  \
                 SUM(change) OVER (PARTITION BY length_us, {stretch} ORDER BY slice\n    \
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS active_ids\nFROM p_slices"
            ),
        ),
        Step::new(
            "p_stretches",
            "The most of them in a stretch, and what is left of them at its end.",
            "SELECT length_us, stretch, MAX(active_ids) AS most, SUM(change) AS net, SUM(held) AS stretch_held\n\
             FROM p_active\nGROUP BY length_us, stretch",
        ),
        Step::new(
            "p_peaks",
            "With those that the stretch began with.",
            "SELECT length_us, stretch_held, most - net + SUM(net) OVER (PARTITION BY length_us ORDER BY stretch\n  \
             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS peak\nFROM p_stretches",
        ),
        Step::new("p_windows", "One row for each length.", windows(dialect)),
        Step::new("p_window_list", "One row.", list(dialect)),
    ]
}

fn lengths() -> Vec<Vec<i64>> {
    let of = |length_s: &u64| {
        let length_us = (length_s * 1_000_000) as i64;
        [1, -1].map(|edge| vec![length_us, length_us / SLICES as i64, edge])
    };
    WINDOW_LENGTHS_S.iter().flat_map(of).collect()
}

/// A window touches one slice more than fit into it: an id whose pings are further apart has left it between them.
fn touched(dialect: &dyn Dialect) -> String {
    let (slice, other) = (dialect.divided("at_us", "slice_us"), dialect.divided("other_us", "slice_us"));
    format!(
        "SELECT length_us, {slice} + CASE WHEN edge = 1 THEN 0 ELSE {} END AS slice,\n  \
         CASE WHEN other_us IS NULL OR ABS({other} - {slice}) > {SLICES} THEN edge ELSE 0 END AS step,\n  \
         CASE WHEN edge = 1 THEN 0 ELSE GREATEST(0, LEAST(COALESCE(other_us, last_at_us), at_us + length_us)\n    \
         - GREATEST(at_us, first_at_us + length_us)) END AS held_us\nFROM p_neighbours",
        SLICES + 1
    )
}

fn windows(dialect: &dyn Dialect) -> String {
    let real = dialect.real();
    format!(
        "SELECT length_us, MAX(peak) AS peak_ids,\n  \
         CAST(SUM(stretch_held) AS {real}) / CAST(MAX(last_at_us - first_at_us) - length_us AS {real}) AS mean_ids\n\
         FROM p_peaks CROSS JOIN p_totals\nGROUP BY length_us"
    )
}

fn list(dialect: &dyn Dialect) -> String {
    let text = dialect.text();
    let length_s = dialect.divided("length_us", "1000000");
    let object = format!(
        "'{{\"length_s\":' || CAST({length_s} AS {text}) || ',\"peak_ids\":' || CAST(peak_ids AS {text})\n  \
         || ',\"mean_ids\":' || {} || '}}'",
        dialect.real_as_text("mean_ids")
    );
    format!("SELECT COALESCE({}, '') AS window_objects\nFROM p_windows", dialect.list(&object, "length_us"))
}
