//! The nightly job as a query, in real engines: each leaves what the harness leaves.

use serde_json::json;

use crate::profile_sql::{postgres, python};
use crate::tool::Tool;

const SCRIPT: &str = include_str!("compare.py");
const DAY: &str = "2026-01-02";

/// What is asked of each engine: looking back over cuts of the day, the last rows, and the last by a version.
const NIGHTS: [&[&str]; 3] = [
    &["--preceding-days", "1", "--slices", "3"],
    &["--keep", "last"],
    &["--keep", "last", "--version-column", "truth_unique"],
];

/// Does each night here and there.
fn is_done_alike(engine: &str, socket: Option<&std::path::Path>) {
    let tool = Tool::new();
    let live = crate::nights::write_live(&tool, 3_000);
    let night = |(number, options): (usize, &&[&str])| {
        let stable = format!("stable-{number}");
        tool.prints(&[&["nightly", "main_live", "--day", DAY, "--out", &stable], *options].concat());
        let emit = ["nightly", "--emit-sql", engine, "--day", DAY];
        let sql = tool.prints(&[&emit, *options].concat());
        json!({"name": options.join(" "), "sql": sql, "ours": tool.work().join(stable)})
    };
    let queries: Vec<_> = NIGHTS.iter().enumerate().map(night).collect();
    let asked = json!({"live": live, "day": DAY, "queries": queries, "socket": socket});
    let said = python::script(SCRIPT, &[engine], &asked.to_string());
    assert_eq!(said.lines().filter(|line| line.ends_with(" rows")).count(), NIGHTS.len(), "{said}");
}

#[test]
fn clickhouse_leaves_what_the_nightly_job_leaves() {
    if python::has("chdb") {
        is_done_alike("clickhouse", None);
    }
}

#[test]
fn postgres_leaves_what_the_nightly_job_leaves() {
    if let Some(server) = postgres::Server::of_debian().filter(|_| python::has("psycopg")) {
        is_done_alike("postgres", Some(&server.socket_directory()));
    }
}

#[test]
fn spark_leaves_what_the_nightly_job_leaves() {
    if python::has("pyspark") {
        is_done_alike("spark", None);
    }
}
