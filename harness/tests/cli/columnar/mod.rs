//! Traces that name their clients, in Parquet and Avro as maintained libraries write them.

use crate::own_clients::{PINGS, csv, impact, ndjson};
use crate::profile_sql::python;
use crate::tool::Tool;

/// A tool whose directory has the pings in every form; none where there is no library that could write them.
fn tool() -> Option<Tool> {
    if !python::has("fastavro") || !python::has("pyarrow") {
        return None;
    }
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    tool.write("pings.ndjson", ndjson());
    let pings: Vec<_> =
        ndjson().lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect();
    let folder = tool.work();
    python::script(
        include_str!("write.py"),
        &[folder.to_str().unwrap()],
        &serde_json::to_string(&pings).unwrap(),
    );
    Some(tool)
}

#[test]
fn numbers_are_the_same_of_csv_ndjson_parquet_and_avro() {
    let Some(tool) = tool() else { return };
    let of = |trace: &str| impact(&tool, &format!("{trace}-out"), &["--trace", trace]);
    let first = of("pings.csv");
    assert_eq!((&first["clients_count"], &first["unique_count"]), (&3.into(), &6.into()));
    let others =
        ["text", "dictionary", "bytes"].map(|kind| [format!("{kind}.parquet"), format!("{kind}.avro")]);
    for trace in others.as_flattened().iter().map(String::as_str).chain(["pings.ndjson"]) {
        assert_eq!(of(trace), first, "{trace}");
    }
    // Clients and sessions that are numbers are told apart as their texts are.
    for kind in ["number", "double"] {
        for form in ["parquet", "avro"] {
            assert_eq!(of(&format!("{kind}.{form}")), first, "{kind}.{form}");
        }
    }
}

#[test]
fn columns_of_a_wrong_type_are_one_error_and_nothing_is_written() {
    let Some(tool) = tool() else { return };
    let refused = |trace: &str, field: &[&str], said: &[&str]| {
        let run =
            ["run", "-q", "-p", "impact", "--id-field", "id", "--trace", trace, "-s", "^noop$", "-o", "out"];
        tool.refuses(&[&run, field].concat(), said);
    };
    let client = ["--time-field", "at", "--client-field", "client"];
    let dimension = ["--time-field", "at", "--client-field", "id", "--dimension-field", "client"];
    for (field, flag) in [(&client[..], "--client-field client"), (&dimension, "--dimension-field client")] {
        for (kind, column, value) in [
            (
                "boolean",
                "the column is true or false; allowed is text",
                "the value is a boolean; allowed is text",
            ),
            ("list", "the column is a list; allowed is text", "the value is an array; allowed is text"),
            (
                "group",
                "the column is a group of columns; allowed is text",
                "the value is an object; allowed is text",
            ),
        ] {
            let [parquet, avro] = ["parquet", "avro"].map(|form| format!("{kind}.{form}"));
            refused(&parquet, field, &[&parquet, flag, column]);
            refused(&avro, field, &[&avro, flag, "9 of 9 records that cannot be read", "line 1", value]);
        }
        for form in ["parquet", "avro"] {
            let trace = format!("half.{form}");
            refused(
                &trace,
                field,
                &[&trace, flag, "line 1", "1.5, which is not whole", "allowed is text or a whole number"],
            );
        }
    }
    for form in ["parquet", "avro"] {
        let trace = format!("nobody.{form}");
        refused(&trace, &client, &[&trace, "line 1", "found nothing; allowed is a client in every record"]);
        let missing = ["--time-field", "at", "--client-field", "cleint"];
        refused(&format!("text.{form}"), &missing, &["--client-field", "cleint", "client"]);
    }
    // A time column that says no time says no day.
    let untimed = ["--time-field", "client", "--client-field", "client"];
    refused(
        "text.parquet",
        &untimed,
        &["text.parquet", "times from client", "line 1: the time is c1; allowed is"],
    );
    assert!(!tool.work().join("out").exists());
}
