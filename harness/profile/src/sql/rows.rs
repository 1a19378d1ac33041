//! From the rows of the table to pings, with what came before and after each of the same id.

use super::query::{Query, Step, TimeColumn};

/// The end of all times that a profile can hold: that of nanoseconds in 64 bits, in the year 2554.
const END_US: u64 = u64::MAX / 1000;

pub(super) fn steps(query: &Query) -> Vec<Step> {
    let (id, has_id) = (query.id(), query.has_id());
    vec![
        Step::new(
            "p_texts",
            "Times in microseconds, ids as texts, and without the white space around them.",
            texts(query),
        ),
        Step::new(
            "p_given",
            "The same, with UUIDs in one spelling, and ids that stand for none taken for none.",
            given(query),
        ),
        Step::new(
            "p_pings",
            "Rows without a time that can be are no pings.",
            format!("SELECT * FROM p_given WHERE at_us >= 0 AND at_us < {END_US}"),
        ),
        Step::new(
            "p_totals",
            "One row.",
            format!(
                "SELECT COUNT(*) AS pings_count, COUNT(CASE WHEN NOT {has_id} THEN 1 END) AS without_id_count,\n  \
                 COALESCE(MIN(at_us), 0) AS first_at_us, COALESCE(MAX(at_us), 0) AS last_at_us\nFROM p_pings"
            ),
        ),
        Step::new(
            "p_refused",
            "One row.",
            format!(
                "SELECT COUNT(*) AS refused_count FROM p_given WHERE at_us IS NULL OR at_us < 0 OR at_us >= {END_US}"
            ),
        ),
        Step::new(
            "p_ids",
            "One row for each id.",
            format!(
                "SELECT {id}, MIN(at_us) AS id_first_us, COUNT(*) AS id_pings\nFROM p_pings\nWHERE {has_id}\nGROUP BY {id}"
            ),
        ),
        Step::new(
            "p_seen",
            "Pings with an id, and the one before and after each. Of equal times any may come first: no figure changes.",
            format!(
                "SELECT at_us, MIN(at_us) OVER (PARTITION BY {id}) AS first_us,\n  \
                 LAG(at_us) OVER (PARTITION BY {id} ORDER BY at_us) AS previous_us,\n  \
                 LEAD(at_us) OVER (PARTITION BY {id} ORDER BY at_us) AS next_us\nFROM p_pings\nWHERE {has_id}"
            ),
        ),
    ]
}

fn texts(query: &Query) -> String {
    let part = |(column, part): (&String, String)| {
        let text = format!("CAST(p_table.{column} AS {})", query.dialect.text());
        format!(",\n  {text} AS text_of_{part},\n  {} AS bare_{part}", query.dialect.trimmed(&text))
    };
    let parts: String = query.ids.iter().zip(query.parts()).map(part).collect();
    format!("SELECT {} AS at_us{parts}\nFROM {} AS p_table", micros(query), query.table)
}

fn given(query: &Query) -> String {
    let part = |part: String| format!(",\n  {} AS {part}, bare_{part}", id(query, &part));
    format!("SELECT at_us{}\nFROM p_texts", query.parts().map(part).collect::<String>())
}

/// A part of an id; NULL where it stands for none, as it is or without the white space around it.
fn id(query: &Query, part: &str) -> String {
    let text = format!("text_of_{part}");
    let spelled = |text: &str| in_one_spelling(query, text);
    let nulls = query.null_ids.iter().map(|null| query.dialect.literal(&uuid_in_one_spelling(null)));
    let nulls: Vec<String> = nulls.collect();
    match nulls.is_empty() {
        true => format!("NULLIF({}, '')", spelled(&text)),
        false => {
            let (nulls, id, bare) = (nulls.join(", "), spelled(&text), spelled(&format!("bare_{part}")));
            format!("CASE WHEN {id} IN ('', {nulls}) OR {bare} IN ({nulls}) THEN NULL ELSE {id} END")
        }
    }
}

/// A UUID with hyphens or without, in letters of either case.
const UUID: &str =
    "^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$";

/// A text, and of a UUID its digits in small letters: what our reader takes for one is one here.
fn in_one_spelling(query: &Query, text: &str) -> String {
    // To some engines what ends a text may come before its last line end. Few texts are as long as a UUID, besides.
    format!(
        "CASE WHEN LENGTH({text}) IN (32, 36) AND {} THEN LOWER(REPLACE({text}, '-', '')) ELSE {text} END",
        query.dialect.fits(text, UUID)
    )
}

/// The same of a text that is given.
fn uuid_in_one_spelling(text: &str) -> String {
    let digits = text.replace('-', "").to_ascii_lowercase();
    let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let is_uuid = digits.len() == 32
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        && (hyphens.is_empty() || hyphens == [8, 13, 18, 23]);
    if is_uuid { digits } else { text.to_string() }
}

/// Whole microseconds; NULL, or what is no time, where there is none.
fn micros(query: &Query) -> String {
    let (dialect, time) = (query.dialect, &format!("p_table.{}", query.time));
    let (real, whole) = (dialect.real(), dialect.whole());
    // A floating number holds all whole microseconds until the year 2255.
    let times = |factor: u64| {
        format!(
            "CASE WHEN {time} >= 0 AND {time} < {} THEN CAST(ROUND(CAST({time} AS {real}) * {factor}) AS {whole}) END",
            END_US / factor
        )
    };
    match query.unit {
        TimeColumn::Timestamps => dialect.micros(time),
        TimeColumn::Seconds => times(1_000_000),
        TimeColumn::Millis => times(1_000),
        TimeColumn::Micros => times(1),
        TimeColumn::Nanos => {
            format!(
                "CASE WHEN {time} >= 0 THEN {} END",
                dialect.divided(&format!("CAST({time} AS {whole})"), "1000")
            )
        }
    }
}
