//! The line of JSON, of what the steps before have found.

use super::query::Query;
use crate::builder::{LONGEST_NAME, cut};
use crate::profile::VERSION;

/// Tables of one row each.
const FROM: &str = "p_totals CROSS JOIN p_refused CROSS JOIN p_lag_lists CROSS JOIN p_copy_list CROSS JOIN p_heaviest_list\n  \
                    CROSS JOIN p_hour_lists CROSS JOIN p_busiest CROSS JOIN p_window_list CROSS JOIN p_doubt_list";

pub(super) fn select(query: &Query) -> String {
    let name = serde_json::to_string(&cut(&query.name, LONGEST_NAME)).expect("a text is JSON");
    let head = format!("{{\"profile\":{VERSION},\"name\":{name},\"origin\":\"sql\",\"times\":\"given\"");
    let number =
        |field: &str, value: &str| format!("',\"{field}\":' || CAST({value} AS {})", query.dialect.text());
    let lags = |field: &str, of: &str| {
        let text = query.dialect.text();
        format!(
            "',\"{field}\":{{\"below_1ms_count\":' || CAST({of}_below AS {text}) || ',\"bins\":[' || {of}_bins || ']}}'"
        )
    };
    let list = |field: &str, items: &str| format!("',\"{field}\":[' || {items} || ']'");
    let parts = [
        query.dialect.literal(&head),
        number("first_at_us", "first_at_us"),
        number("last_at_us", "last_at_us"),
        number("pings_count", "pings_count"),
        number("without_id_count", "without_id_count"),
        number("ids_count", "(pings_count - without_id_count - duplicate_count)"),
        number("duplicate_count", "duplicate_count"),
        number("unreadable_count", "refused_count"),
        lags("lag_from_previous", "previous"),
        lags("lag_from_first", "first"),
        list("copies", "copies_objects"),
        "',\"by_hour\":{\"pings\":[' || pings_by_hour || '],\"firsts\":[' || firsts_by_hour || ']}'"
            .to_string(),
        number("busiest_minute_count", "busiest_count"),
        list("windows", "window_objects"),
        list("heaviest", "heaviest_shares"),
        // A table has no order of arrival.
        "',\"order\":null'".to_string(),
        list("doubts", "doubt_texts"),
        "'}'".to_string(),
    ];
    format!("SELECT {} AS profile\nFROM {FROM};\n", parts.join("\n  || "))
}
