//! How often ids come, the heaviest of them, and pings over the day.

use super::dialect::Dialect;
use super::doubts::is_suspect;
use super::query::{Query, Step};
use crate::builder::HEAVIEST;
use crate::copies::{COPIES_BINS, copies_floor};

const MINUTE_US: &str = "60000000";
const HOUR_US: &str = "3600000000";
/// More than any number of pings.
const END: i64 = 1_000_000_000_000_000_000;

pub(super) fn steps(query: &Query) -> Vec<Step> {
    let dialect = query.dialect;
    let hours: Vec<Vec<i64>> = (0..24).map(|hour| vec![hour]).collect();
    vec![
        Step::new(
            "p_copy_bounds",
            "The bins of pings an id.",
            dialect.table(&["least_pings", "below_pings"], &copy_bounds()),
        ),
        Step::new(
            "p_copies",
            "Ids by how often they come.",
            "SELECT least_pings, SUM(ids_count) AS copies_ids, SUM(ids_count * id_pings) AS copies_pings\n\
             FROM (SELECT id_pings, COUNT(*) AS ids_count FROM p_ids GROUP BY id_pings) AS alike CROSS JOIN p_copy_bounds\n\
             WHERE id_pings >= least_pings AND id_pings < below_pings\nGROUP BY least_pings",
        ),
        Step::new("p_copy_list", "One row.", copy_list(dialect)),
        Step::new(
            "p_heaviest",
            "The ids that come most often.",
            format!(
                "SELECT id_pings, {} AS is_suspect FROM p_ids WHERE id_pings > 1 ORDER BY id_pings DESC LIMIT {HEAVIEST}",
                is_suspect(query)
            ),
        ),
        Step::new("p_heaviest_list", "One row.", heaviest_list(dialect)),
        Step::new("p_hours", "Those of a day.", dialect.table(&["day_hour"], &hours)),
        Step::new(
            "p_hourly",
            "Pings, and those that are no duplicates, by the hour of the day (UTC).",
            hourly(query),
        ),
        Step::new("p_hour_lists", "One row.", hour_lists(dialect)),
        Step::new(
            "p_busiest",
            "One row.",
            format!(
                "SELECT COALESCE(MAX(minute_pings), 0) AS busiest_count\n\
                 FROM (SELECT {} AS minute_number, COUNT(*) AS minute_pings FROM p_pings GROUP BY 1) AS minutes",
                dialect.divided("at_us", MINUTE_US)
            ),
        ),
    ]
}

fn copy_bounds() -> Vec<Vec<i64>> {
    let below = |bin| if bin + 1 == COPIES_BINS { END } else { copies_floor(bin + 1) as i64 };
    (0..COPIES_BINS).map(|bin| vec![copies_floor(bin) as i64, below(bin)]).collect()
}

fn copy_list(dialect: &dyn Dialect) -> String {
    let text = dialect.text();
    let object = format!(
        "'{{\"least\":' || CAST(least_pings AS {text}) || ',\"ids\":' || CAST(copies_ids AS {text})\n  \
         || ',\"pings\":' || CAST(copies_pings AS {text}) || '}}'"
    );
    format!("SELECT COALESCE({}, '') AS copies_objects\nFROM p_copies", dialect.list(&object, "least_pings"))
}

fn heaviest_list(dialect: &dyn Dialect) -> String {
    let real = dialect.real();
    let share = format!("CAST(id_pings AS {real}) / CAST(pings_count AS {real})");
    let list = dialect.list(&dialect.real_as_text(&share), "-id_pings");
    format!("SELECT COALESCE({list}, '') AS heaviest_shares\nFROM p_heaviest CROSS JOIN p_totals")
}

/// With a row for each hour that has no pings.
fn hourly(query: &Query) -> String {
    let hour = |at_us| format!("MOD({}, 24)", query.dialect.divided(at_us, HOUR_US));
    format!(
        "SELECT hour_number, SUM(hour_ping) AS hour_pings, SUM(hour_first) AS hour_firsts\nFROM (\n  \
         SELECT {} AS hour_number, 1 AS hour_ping, CASE WHEN {} THEN 0 ELSE 1 END AS hour_first FROM p_pings\n  \
         UNION ALL SELECT {}, 0, 1 FROM p_ids\n  UNION ALL SELECT day_hour, 0, 0 FROM p_hours\n) AS each_one\nGROUP BY hour_number",
        hour("at_us"),
        query.has_id(),
        hour("id_first_us"),
    )
}

fn hour_lists(dialect: &dyn Dialect) -> String {
    let list = |count: &str| dialect.list(&format!("CAST({count} AS {})", dialect.text()), "hour_number");
    format!(
        "SELECT {} AS pings_by_hour,\n  {} AS firsts_by_hour\nFROM p_hourly",
        list("hour_pings"),
        list("hour_firsts")
    )
}
