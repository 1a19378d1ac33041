//! Streams of few ids a window: chance is large there, and a strategy's least size is divided by few.

use crate::tool::Tool;

/// `per_second` pings, and windows of ten minutes.
fn thin(per_second: f64, hours: u32) -> Tool {
    let tool = Tool::new();
    let text = format!(
        "about = \"thin\"\nseed = 5\nduration = \"{hours}h\"\nwindow = \"10m\"\n\
         [arrival]\nprocess = \"poisson\"\nrate = {per_second}\n\
         [[repeat]]\ncause = \"redelivery\"\nshare = 0.1\nlag.uniform = [\"1s\", \"5m\"]\n"
    );
    tool.write("thin.toml", text);
    tool
}

#[test]
fn chance_alone_makes_no_strategy_void_that_is_sized_by_default() {
    let tool = thin(0.5, 16);
    let sized = "^(lru|lru-exact|bloom-rotating|split-block|apbf|apbf-time|cuckoo)$";
    let table = tool.prints(&["run", "-q", "-f", "thin.toml", "-s", sized, "-p", "verify"]);
    assert_eq!(table.lines().filter(|line| line.trim_end().ends_with(" kept")).count(), 7, "{table}");
    assert!(!table.contains("void"), "{table}");
}

#[test]
fn a_least_size_divided_by_few_ids_is_marked_and_what_grows_with_ids_is_not() {
    let tool = thin(2.5, 1);
    let table = tool.prints(&["run", "-q", "-f", "thin.toml", "-s", "^(exact|pubsubio)$", "-p", "weigh"]);
    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    assert!(line("pubsubio ").contains("+ "), "{table}");
    assert!(!line("exact ").contains('+'), "{table}");
    assert!(table.contains("pubsubio: + mem is mostly the least that it takes"), "{table}");
}
