//! What a file says, as the list of strategies has it.

use std::time::Duration;

use dedup_strategies::{Bound, Context, Memory, Needs, Sizing, UnderFaults, Window};

const FILE: &str = r#"
name = "shared-filter"
about = "a filter that all workers share"
operate = "a server: its memory"
command = ["no-such-program"]
install = "install the server"
routing = "any"
clock = "wall"

[promise]
remembers = "since-seen"
window = "keep"
lost = "rate"
missed = "unbounded"
capacity = "ids"
memory = "grows"
lost-under-faults = 0.5

[settings]
keep = { about = "how long", kind = "time", default = "the scenario's window" }
rate = { about = "how many are lost", kind = "share", default = "0.001" }
ids = { about = "for how many", kind = "count", default = "ids in a window", most = 5_000 }
mode = { about = "how", kind = "word", default = "fast", words = ["fast", "safe"] }
"#;

#[test]
fn a_file_becomes_a_line_of_the_list() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    std::fs::write(&path, FILE).unwrap();
    let definition = crate::load(&path).unwrap();
    assert_eq!((definition.name, definition.operation.what), ("shared-filter", "a server: its memory"));
    assert!(matches!(definition.needs, Needs::System { wall_clock: true, .. }));
    let names: Vec<&str> = definition.settings.iter().map(|setting| setting.name).collect();
    assert_eq!(names, ["ids", "keep", "mode", "rate"]);
    let sizing = Sizing { window: Duration::from_secs(60), ids_in_window: 600, ids_total: 600 };
    let given = [("rate".to_string(), "0.01".to_string())];
    let settings = definition.resolve(&given, &sizing).unwrap();
    let told = serde_json::to_value(crate::settings::told(definition.settings, &settings)).unwrap();
    assert_eq!(
        told,
        serde_json::json!({ "ids": 756, "keep": 60_000_000_000_u64, "mode": "fast", "rate": 0.01 })
    );
    let file: crate::file::File = toml::from_str(FILE).unwrap();
    let promised = crate::promise::Promised::read(file.promise.get_ref(), definition.settings);
    let promise = promised.map_err(|wrong| wrong.0).unwrap().with(&settings);
    assert_eq!(
        (promise.window, promise.lost),
        (Window::SinceSeen(Duration::from_secs(60)), Bound::AtMost(0.01))
    );
    assert_eq!(
        (promise.missed, promise.memory, promise.capacity),
        (Bound::Unbounded, Memory::Grows, Some(756))
    );
    let under = UnderFaults { missed: Bound::Unbounded, lost: Bound::AtMost(0.5) };
    assert_eq!(promise.under_faults, under);
    let context = Context { state_dir: directory.path().join("state"), ..Context::embedded(sizing) };
    let error = definition.open(&[], &context).err().unwrap().to_string();
    assert_eq!(
        error,
        "command: no program no-such-program beside the system's file, nor on the PATH: install the server"
    );
}
