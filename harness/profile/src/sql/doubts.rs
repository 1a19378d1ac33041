//! What speaks against the ids of a table, in the sentences that a trace's survey has for it.

use super::dialect::Dialect;
use super::query::{Query, Step};
use crate::builder::MOST_DOUBTS;

/// An id that fewer pings have is nothing to wonder at, nor one of a smaller share than one in so many, nor one that has less
/// than ten times the pings of the next.
const FEWEST: u32 = 50;
const ONE_IN: u32 = 100;
const TIMES_THE_NEXT: u32 = 10;

pub(super) fn steps(query: &Query) -> Vec<Step> {
    let dialect = query.dialect;
    vec![
        Step::new(
            "p_suspected",
            "Ids, and parts of ids, that are likely to stand for none.",
            suspected(query),
        ),
        Step::new(
            "p_suspects",
            "One row for each spelling.",
            "SELECT suspect, COUNT(*) AS suspect_count FROM p_suspected GROUP BY suspect",
        ),
        Step::new(
            "p_ranked",
            "The heaviest ids by rank.",
            "SELECT id_pings, is_suspect, ROW_NUMBER() OVER (ORDER BY id_pings DESC, is_suspect DESC) AS id_rank FROM p_heaviest",
        ),
        Step::new("p_unlikely", "An id that comes far more often than any other.", unlikely()),
        Step::new("p_doubted", "Sentences.", doubted(dialect)),
        Step::new(
            "p_doubt_list",
            "One row.",
            format!(
                "SELECT COALESCE({}, '') AS doubt_texts\nFROM p_doubted",
                dialect.list("doubt", "-weight")
            ),
        ),
    ]
}

/// Whether an id of one part is one that stands for none; one of several parts is not by any of them alone.
pub(super) fn is_suspect(query: &Query) -> String {
    match query.ids.as_slice() {
        [_] => format!("CASE WHEN {} THEN 1 ELSE 0 END", is_listed(query, "id_1")),
        _ => "0".to_string(),
    }
}

fn is_listed(query: &Query, part: &str) -> String {
    let suspects: Vec<String> = query.suspects.iter().map(|text| query.dialect.literal(text)).collect();
    format!("LOWER({part}) IN ({})", suspects.join(", "))
}

fn suspected(query: &Query) -> String {
    // White space hides none, but a text that is taken for no id anyway is no suspect.
    let of = |part: String| {
        let bare = format!("bare_{part}");
        let listed = is_listed(query, &bare);
        format!("SELECT {bare} AS suspect FROM p_pings WHERE {part} IS NOT NULL AND {listed}")
    };
    query.parts().map(of).collect::<Vec<_>>().join("\nUNION ALL ")
}

fn unlikely() -> String {
    format!(
        "SELECT first_most AS unlikely_count\nFROM (\n  \
         SELECT MAX(CASE WHEN id_rank = 1 THEN id_pings ELSE 0 END) AS first_most,\n    \
         MAX(CASE WHEN id_rank = 1 THEN is_suspect ELSE 0 END) AS first_suspect,\n    \
         MAX(CASE WHEN id_rank = 2 THEN id_pings ELSE 1 END) AS second_most\n  FROM p_ranked\n) AS compared CROSS JOIN p_totals\n\
         WHERE first_suspect = 0 AND first_most >= {FEWEST} AND first_most * {ONE_IN} >= pings_count\n  \
         AND first_most >= {TIMES_THE_NEXT} * second_most"
    )
}

fn doubted(dialect: &dyn Dialect) -> String {
    let backslash = dialect.literal("\\");
    // As a message shows it and as JSON has that, and as a shell takes it.
    let shown = format!("REPLACE(suspect, {backslash}, {})", dialect.literal("\\\\\\\\"));
    let typed = format!("REPLACE(suspect, {backslash}, {})", dialect.literal("\\\\"));
    let quote = dialect.literal("'");
    format!(
        "SELECT weight, doubt\nFROM (\n  SELECT suspect_count AS weight, '\"' || {of} || CASE WHEN suspect_count = 1 THEN ' has ' ELSE ' have ' END\n  \
         || {shown} || ' for an id, or as a part of one: --null-id ' || {quote} || {typed} || {quote} || '\"' AS doubt\n  \
         FROM p_suspects CROSS JOIN p_totals\n  \
         UNION ALL SELECT unlikely_count, '\"' || {heavy} ||\n  \
         ' have one id, and no other comes nearly as often: --null-id TEXT if it stands for none\"'\n\
         FROM p_unlikely CROSS JOIN p_totals\n) AS each_one\nORDER BY weight DESC LIMIT {MOST_DOUBTS}",
        of = share(dialect, "suspect_count"),
        heavy = share(dialect, "unlikely_count"),
    )
}

/// `3 of 40 pings (7.50 %)`.
fn share(dialect: &dyn Dialect, count: &str) -> String {
    let as_text = |number: &str| format!("CAST({number} AS {})", dialect.text());
    let hundredths = dialect.divided(&format!("({count} * 20000 + pings_count)"), "(pings_count * 2)");
    let percent = dialect.divided(&hundredths, "100");
    let tenth = format!("MOD({}, 10)", dialect.divided(&hundredths, "10"));
    let hundredth = format!("MOD({hundredths}, 10)");
    format!(
        "{} || ' of ' || {} || ' pings (' || {}\n  || '.' || {} || {} || ' %)'",
        as_text(count),
        as_text("pings_count"),
        as_text(&percent),
        as_text(&tenth),
        as_text(&hundredth)
    )
}
