//! What no query can be made of.

use crate::tool::Tool;

const USUAL: [&str; 9] =
    ["profile", "--emit-sql", "duckdb", "--table", "pings", "--id-field", "id", "--time-field", "at"];

#[test]
fn what_no_query_can_be_made_of_is_refused_with_what_is_allowed() {
    let tool = Tool::new();
    tool.prints(&USUAL);
    let without = |option: &str| -> Vec<&str> {
        let place = USUAL.iter().position(|word| *word == option).unwrap();
        [&USUAL[..place], &USUAL[place + 2..]].concat()
    };
    let with = |more: &[&'static str]| [&USUAL[..], more].concat();
    let instead = |option: &str, value: &'static str| {
        let mut words = USUAL.to_vec();
        words[USUAL.iter().position(|word| *word == option).unwrap() + 1] = value;
        words
    };
    for (args, said) in [
        (
            instead("--emit-sql", "oracle"),
            &["'oracle'", "bigquery, snowflake, redshift, spark, clickhouse, duckdb, postgres"][..],
        ),
        (without("--table"), &["--table <TABLE>"]),
        (without("--emit-sql"), &["--emit-sql <ENGINE>"]),
        (without("--id-field"), &["--id-field is missing", "name of the column"]),
        (without("--time-field"), &["--time-field is missing", "have no order"]),
        (instead("--table", ""), &["--table", "parts joined by dots"]),
        (instead("--table", "a..b"), &["--table", "parts joined by dots"]),
        (instead("--id-field", ""), &["--id-field", "an empty name"]),
        (instead("--id-field", "a.b"), &["--id-field", "\"a.b\"", "without dots"]),
        (instead("--time-field", ""), &["--time-field", "name of a column"]),
        (instead("--time-field", "a`b"), &["--time-field", "backticks"]),
        (with(&["--id-field", "id"]), &["--id-field", "id more than once"]),
        (with(&["--time-unit", "rfc3339"]), &["--time-unit", "s, ms, us and ns", "view"]),
        (with(&["--null-id", "a\nb"]), &["--null-id", "without control characters"]),
        (with(&["pings.csv"]), &["--emit-sql <ENGINE>", "[TRACE]"]),
        (with(&["--sort"]), &["--emit-sql <ENGINE>", "--sort"]),
        (with(&["-o", "p.json"]), &["--emit-sql <ENGINE>", "--output"]),
        (vec!["profile"], &["TRACE"]),
    ] {
        tool.refuses(&args, said);
    }
}
