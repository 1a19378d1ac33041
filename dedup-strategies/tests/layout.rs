//! Who looks for a strategy finds it by its name.

use std::collections::BTreeSet;
use std::path::Path;

use dedup_strategies::STRATEGIES;

#[test]
fn every_strategy_has_a_file_of_its_name_and_every_file_is_a_strategy() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for definition in STRATEGIES {
        let file = format!("{}.rs", definition.name.trim_start_matches("redis-").replace('-', "_"));
        let folders = ["strategies", "redis"].map(|folder| source.join(folder).join(&file));
        assert!(folders.iter().any(|path| path.exists()), "no file for {}", definition.name);
    }
    let names: BTreeSet<String> =
        STRATEGIES.iter().map(|definition| definition.name.replace('-', "_")).collect();
    for entry in std::fs::read_dir(source.join("strategies")).expect("it is there") {
        let name = entry.expect("it can be listed").file_name();
        let name = name.to_str().expect("our names are text");
        let stem = name.trim_end_matches(".rs");
        assert!(
            ["mod", "common"].contains(&stem) || names.contains(stem),
            "strategies/{name} is no line of the list"
        );
    }
}
