//! The impact pass with something besides: faults, and keys that are split among pipelines.

use serde_json::{Value, json};

use crate::tool::Tool;

const CLIENTS: &str = r#"
about = "Four days of clients, and a process that forgets all on the second."
duration = "4days"
window = "24h"

[arrival]
process = "constant"
rate = "0.05/s"

[[repeat]]
cause = "retry"
share = 0.2
lag.uniform = ["1m", "6h"]

[[fault]]
kind = "restart"
at = "36h"
state = "lost"

[clients]
count = 300
dimensions.country = { DE = 1, US = 3 }
"#;

fn numbers(tool: &Tool, strategy: &str, pipelines: &str) -> Value {
    let out = format!("{strategy}-{pipelines}");
    let asked = [
        "run",
        "-q",
        "-p",
        "impact",
        "-f",
        "clients.toml",
        "--batch",
        "1",
        "-o",
        &out,
        "--pipelines",
        pipelines,
    ];
    tool.prints(&[&asked[..], &["-s", &format!("^{strategy}$")]].concat());
    tool.records(&out)[1]["result"]["impact"].clone()
}

#[test]
fn a_fault_is_seen_in_the_numbers_of_its_day_and_said_wherever_they_are_shown() {
    let tool = Tool::new();
    tool.write("clients.toml", CLIENTS);
    let impact = numbers(&tool, "exact", "1");
    assert_eq!(
        (&impact["faults"][0]["kind"], &impact["faults"][0]["fired_count"]),
        (&json!("restart"), &json!(1))
    );
    let pings =
        impact["numbers"].as_array().unwrap().iter().find(|number| number["number"] == "pings").unwrap();
    // An empty list has nothing on any day.
    let too_many = |tables: &str, day: usize| pings[tables]["extra_count"][day].as_u64().unwrap_or(0);
    let live = [0, 1, 2].map(|day| too_many("live", day));
    assert!(live[0] == 0 && live[1] > 50 && live[2] == 0, "{live:?}");
    // The night finds those that came on the day of their first.
    assert!(too_many("stable", 1) < live[1] / 2, "{pings}");
    for shown in
        [&["impact", "exact-1"][..], &["compare", "exact-1"], &["compare", "exact-1", "--format", "markdown"]]
    {
        let text = tool.prints(shown);
        assert!(text.contains("2026-01-02: restart: restarted") && !text.contains("missed/lost"), "{text}");
    }
    // With figures of the verify pass it stands in the matrix, and its numbers below.
    tool.prints(&[
        "run",
        "-q",
        "-p",
        "impact",
        "-p",
        "verify",
        "-f",
        "clients.toml",
        "-s",
        "^exact$",
        "-o",
        "both",
    ]);
    let text = tool.prints(&["compare", "both"]);
    assert!(text.contains("under faults: missed/lost") && text.contains("(live tables)"), "{text}");
    // What has no pipeline is not run, and says so.
    tool.refuses(
        &["run", "-p", "time", "-f", "clients.toml", "-s", "^exact$"],
        &["clients has faults", "only verify and impact are run"],
    );
}

#[test]
fn several_pipelines_come_to_the_numbers_of_one() {
    let tool = Tool::new();
    tool.write(
        "clients.toml",
        CLIENTS.replace("[[fault]]\nkind = \"restart\"\nat = \"36h\"\nstate = \"lost\"\n", ""),
    );
    for strategy in ["noop", "pubsubio", "redis-mozilla"] {
        let one = numbers(&tool, strategy, "1");
        let mut three = numbers(&tool, strategy, "3");
        assert_eq!(three.as_object_mut().unwrap().remove("pipelines_count"), Some(json!(3)), "{strategy}");
        assert_eq!(three, one, "{strategy}");
    }
}
