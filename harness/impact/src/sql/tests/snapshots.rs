//! What the statements read like.

use super::*;

fn texts(history: History) -> String {
    let mut query = query("2026-03-01".parse().unwrap(), history, Newcomers::ByPing);
    let [source, daily, last_seen] =
        ["telemetry_stable.main_v5", "usage.clients_daily_v1", "my-project.usage.clients_last_seen_v1"];
    query.tables = Tables {
        source: source.parse().unwrap(),
        clients_daily: daily.parse().unwrap(),
        clients_last_seen: last_seen.parse().unwrap(),
        clients_by_dimension: "usage.clients_by_dimension_v1".parse().unwrap(),
    };
    let one = |dialect: Dialect| format!("==== {dialect}\n{}", text(&statements(dialect, &query).unwrap()));
    Dialect::ALL.map(one).join("\n")
}

#[test]
fn the_statements_read_as_they_should() {
    insta::assert_snapshot!("incremental", texts(History::Incremental));
    insta::assert_snapshot!("rebuilt", texts(History::Rebuilt));
}
