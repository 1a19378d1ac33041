//! `clients_daily`: what a client did on a day.

use super::Query;
use super::dialect::Dialect;
use super::partition::Rows;

/// A row a client. Columns of raw rows are given names of ours first: whatever they are called, nothing is taken for something else.
pub(super) fn rows(dialect: Dialect, query: &Query) -> Rows {
    let columns = &query.columns;
    let [time, client, session, kind] = [&columns.time, &columns.client, &columns.session, &columns.kind]
        .map(|column| format!("live.{}", column.within(dialect)));
    let mut given = vec![
        format!("{client} AS client_id"),
        format!("{time} AS sent_at"),
        format!("{session} AS session_id"),
        format!("{kind} AS kind"),
        format!("MAX({time}) OVER (PARTITION BY {client}) AS last_at"),
    ];
    let mut counted: Vec<(String, String)> = [
        ("raw.client_id", "client_id"),
        ("COUNT(*)", "pings"),
        // A session is one, however many pings of it came.
        ("COUNT(DISTINCT raw.session_id)", "sessions"),
    ]
    .map(|(expression, name)| (expression.to_string(), name.to_string()))
    .to_vec();
    let of_type = |name: String| format!("COUNT(CASE WHEN raw.kind = {name} THEN 1 END)");
    counted.push((of_type(query.types.crash.literal()), "crashes".to_string()));
    counted.push((format!("{} > 0", of_type(query.types.new_profile.literal())), "new_profile".to_string()));
    for dimension in &columns.dimensions {
        let name = dimension.within(dialect);
        given.push(format!("live.{name} AS {name}"));
        // Of several at the latest time the greatest, so that it is the same one in every run.
        counted.push((format!("MAX(CASE WHEN raw.sent_at = raw.last_at THEN raw.{name} END)"), name));
    }
    let from = format!(
        "FROM (\n  SELECT\n    {}\n  FROM {} AS live\n  WHERE {time} >= {} AND {time} < {}\n) AS raw\nGROUP BY raw.client_id",
        given.join(",\n    "),
        query.tables.source.within(dialect),
        dialect.start_of(query.day),
        dialect.start_of(query.day.plus(1)),
    );
    Rows { date: dialect.date(query.day), columns: counted, from, of_itself: false }
}
