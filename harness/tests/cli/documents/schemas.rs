//! The JSON Schemas in the documents against the types that they are generated from.

use dedup_harness::gate::verdict;
use dedup_harness::record;

use super::root;

#[test]
fn every_published_schema_is_that_of_its_types() {
    let schemas = [
        ("gate.schema.json", verdict::json_schema()),
        ("profile.schema.json", dedup_profile::json_schema()),
        ("results.schema.json", record::json_schema()),
    ];
    for (name, schema) in schemas {
        let path = root().join("docs").join(name);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == schema,
            "docs/{name} is not up to date; rewrite it with: UPDATE_SCHEMA=1 cargo test --workspace published_schema"
        );
    }
}
