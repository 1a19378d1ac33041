//! What no statement is made of.

use super::*;

fn of(change: impl Fn(&mut Query)) -> String {
    let mut query = query(first_day(), History::Rebuilt, Newcomers::ByPing);
    change(&mut query);
    let refused = [
        statements(Dialect::Duckdb, &query).unwrap_err(),
        tables(Dialect::Spark, &query).unwrap_err(),
        day(Dialect::Bigquery, &query).unwrap_err(),
        numbers(Dialect::Clickhouse, &query).unwrap_err(),
        numbers_by_dimension(Dialect::Duckdb, &query).unwrap_err(),
    ];
    refused.iter().for_each(|other| assert_eq!(other, &refused[0]));
    refused[0].to_string()
}

#[test]
fn columns_tables_and_days_that_cannot_be_are_one_clear_error() {
    let dimension =
        |name: &'static str| of(move |query| query.columns.dimensions.push(name.parse().unwrap()));
    assert_eq!(dimension("Country"), "dimension column: found \"Country\" twice; allowed is each once");
    let own = dimension("pings");
    assert!(
        own.starts_with("dimension column: found \"pings\"; allowed is any name but submission_date, "),
        "{own}"
    );
    let same = of(|query| query.tables.clients_daily = query.tables.source.clone());
    assert_eq!(same, "tables: found live, live, rebuilt, by_dimension; allowed are four different ones");
    let hidden = of(|query| query.tables.clients_daily = "Cells".parse().unwrap());
    assert!(hidden.starts_with("tables: found Cells; allowed is any name but days, of_day, "), "{hidden}");
    assert!(hidden.ends_with("or one with its data set: analysis.Cells"), "{hidden}");
    let far = of(|query| query.day = Day(i32::MAX));
    assert_eq!(far, "day: found day 2147483647; allowed are 1971-01-01 to 2099-12-31");
}

#[test]
fn a_name_that_could_mean_something_else_is_none() {
    let wrong = [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a.b.c.d",
        "1a",
        "-a",
        "a b",
        "a;b",
        "a'b",
        "a\"b",
        "a`b",
        "a\\b",
        "a\nb",
        "a--\nb",
        "ä",
        "a/*",
        "(a)",
        "a\u{202e}",
    ];
    for text in wrong {
        let table = text.parse::<TableName>().unwrap_err();
        assert!(table.contains("telemetry_live.main_v5"), "{text:?}: {table}");
        assert!(text.parse::<ColumnName>().is_err(), "{text:?}");
        assert!(
            text.parse::<TypeName>().is_err() || ["a.", "a..b", "a.b.c.d", "a/*"].contains(&text),
            "{text:?}"
        );
    }
    assert!("a/*".parse::<TypeName>().is_err() && "a".repeat(129).parse::<ColumnName>().is_err());
    assert!("a-b".parse::<ColumnName>().is_err() && "a.b".parse::<ColumnName>().is_err());
    for text in ["main_v5", "telemetry_live.main_v5", "my-project.telemetry.main"] {
        assert_eq!(text.parse::<TableName>().unwrap().to_string(), text);
    }
    let dialect = "postgres".parse::<Dialect>().unwrap_err();
    assert_eq!(dialect, "allowed are duckdb, bigquery, spark, clickhouse");
    Dialect::ALL.iter().for_each(|dialect| assert_eq!(dialect.name().parse(), Ok(*dialect)));
}
