//! Systems that people run, as the project has them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::ours;
use crate::profile_sql::python;
use crate::tool::{Tool, eventually};
use crate::workspace::root;

/// A system with a server says its version, is weighed, keeps its promise, and leaves nothing behind. What it missed,
/// and what an exact table did.
fn is_judged(name: &str, system: &str, version: &str) -> [String; 2] {
    let tool = Tool::with_tiny();
    let run =
        ["run", "-f", "tiny.toml", "-s", system, "-s", "^exact$", "-p", "verify", "-p", "weigh", "-o", "out"];
    let table = in_time(&tool, &run);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    let records = tool.records("out");
    assert!(records[0].to_string().contains(version), "its version is in the record: {}", records[0]);
    let weighed = records.iter().any(|record| record.to_string().contains("\"server_used_bytes\":"));
    assert!(weighed, "its server is weighed");
    eventually("the end of every process", || tool.processes().is_empty());
    let ours = row(name);
    assert!(ours.contains("kept"), "{table}");
    [ours, row("exact")].map(|row| row.split_whitespace().nth(1).unwrap_or_default().to_string())
}

/// The table of a run that has kept up with the wall's clock: a busy machine may be too slow for as much squeezing as is usual, and
/// what was judged then was another stream. It is squeezed less until it is not.
fn in_time(tool: &Tool, run: &[&str]) -> String {
    for squeeze in [&[][..], &["--time-factor", "30"], &["--time-factor", "8"]] {
        let output = tool.output(&[run, squeeze, &["--force"]].concat());
        let table = String::from_utf8(output.stdout).unwrap();
        if !table.contains("fell behind") {
            assert!(output.status.success(), "{table}");
            return table;
        }
    }
    panic!("it falls behind at the slowest of paces");
}

#[test]
fn postgresql_finds_the_duplicates_that_an_exact_table_finds() {
    let missed = is_judged("postgres", &(ours("postgres.toml") + ":durability=async"), "PostgreSQL 1");
    assert_eq!(missed[0], missed[1]);
}

#[test]
fn memcached_keeps_its_promise() {
    is_judged("memcached", &ours("memcached.toml"), "memcached 1.");
}

/// Where a table is too small for a window, what was seen longest ago goes first: the same ids in both.
#[test]
fn the_lru_of_this_crate_decides_as_that_of_pythons_cachetools() {
    if python::has("cachetools") {
        let tool = Tool::with_tiny();
        for settings in ["", ":capacity=500"] {
            let (ours, theirs) = (format!("lru-exact{settings}"), ours("cachetools.toml") + settings);
            let said = tool.prints(&["conform", &theirs, "--against", &ours, "-f", "tiny.toml"]);
            assert!(said.contains("got the same verdict from both (100.0000 %)"), "{settings}: {said}");
        }
    }
}

/// A Python without libraries, as a reader has it who has installed nothing.
#[test]
fn who_misses_a_library_of_python_is_left_out_with_what_to_install_and_the_others_run() {
    let tool = Tool::with_tiny();
    tool.write("bare.sh", "#!/bin/sh\nexec python3 -S \"$@\"\n");
    let bare = tool.work().join("bare.sh");
    fs::set_permissions(&bare, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, library) in [
        ("cachetools", "cachetools==6.2.6"),
        ("clickhouse", "chdb-core==26.9.0"),
        ("spark", "pyspark==4.3.0"),
    ] {
        let system = ours(&format!("{name}.toml"));
        let run = ["run", "-f", "tiny.toml", "-s", &system, "-s", "^exact$", "-p", "verify"];
        let output = tool.command(&run).env("DEDUP_PYTHON", &bare).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            output.status.success() && words.contains(&format!("skipped: {name}: ModuleNotFoundError")),
            "{said}"
        );
        assert!(words.contains(library), "{said}");
    }
}

#[test]
fn nats_jetstream_keeps_its_promise() {
    is_judged("nats-jetstream", &ours("nats.toml"), "nats-server 2.");
    is_judged("nats-jetstream-2-15", &ours("nats-2.15.toml"), "nats-server 2.15.1");
}

#[test]
fn the_filters_of_redisbloom_keep_their_promises_and_a_full_one_says_that_it_is() {
    is_judged("redisbloom", &ours("redisbloom.toml"), "RedisBloom 2.");
    is_judged("redis-cuckoo", &ours("redis-cuckoo.toml"), "RedisBloom 2.");
    let tool = Tool::with_tiny();
    let full = ours("redisbloom.toml") + ":full=refuses,ids=100";
    let run = ["run", "-f", "tiny.toml", "-s", &full, "-s", "^exact$", "-p", "verify", "-o", "out"];
    let output = tool.command(&run).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("store unavailable: redisbloom ERR non scaling filter is full"), "{said}");
}

#[test]
fn clickhouse_finds_the_duplicates_that_an_exact_table_finds() {
    let missed = is_judged("clickhouse", &ours("clickhouse.toml"), "ClickHouse 26.");
    assert_eq!(missed[0], missed[1]);
}

#[test]
fn clickhouse_deduplicates_by_itself_where_readers_say_final_and_not_before_its_merges() {
    let tool = Tool::with_tiny();
    let file = |read: &str| ours("clickhouse-replacing.toml") + ":read=" + read;
    let files = ["final", "merged", "unmerged"].map(file);
    let [read_final, merged, unmerged] = &files;
    let run = [
        "run",
        "-f",
        "tiny.toml",
        "-s",
        read_final,
        "-s",
        merged,
        "-s",
        unmerged,
        "-p",
        "verify",
        "-o",
        "out",
    ];
    tool.command(&run).assert().code(4);
    let missed = |at: usize| tool.records("out")[at]["result"]["verify"]["missed_count"].as_u64().unwrap();
    assert_eq!((missed(1), missed(2)), (0, 0));
    assert!(missed(3) > 100, "only copies inside one insert are found: {}", missed(3));
}

#[test]
fn every_system_is_in_the_list_of_systems() {
    let list = fs::read_to_string(root().join("systems/README.md")).unwrap();
    for folder in ["", "examples", "floor"] {
        for entry in fs::read_dir(root().join("systems").join(folder)).unwrap() {
            let path = Path::new(folder).join(entry.unwrap().file_name());
            let is_listed = list.contains(&format!("({})", path.display()));
            assert!(path.extension().is_none_or(|end| end != "toml") || is_listed, "{}", path.display());
        }
        // None is refused, installed or not.
        let folder = root().join("systems").join(folder);
        Tool::new().prints(&["list", "strategies", "--systems", folder.to_str().unwrap()]);
    }
}

#[test]
fn whatever_a_check_of_systems_asks_for_is_there_with_its_settings() {
    let script = fs::read_to_string(root().join("systems/check.sh")).unwrap();
    let words = script.split(|letter: char| letter.is_whitespace() || "\";".contains(letter));
    let named: BTreeSet<&str> =
        words.filter(|word| word.starts_with("systems/") && word.contains(".toml")).collect();
    assert!(named.len() > 10, "{named:?}");
    let tool = Tool::new();
    for word in named {
        let (file, settings) = word.split_once(':').unwrap_or((word, ""));
        // What a loop fills in is a file or a word of each turn.
        if word.contains('$') {
            continue;
        }
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{word}: {error}"));
        if file.starts_with("systems/check/") {
            tool.prints(&["stream", root().join(file).to_str().unwrap(), "--limit", "1"]);
        }
        for (name, value) in settings.split(',').filter_map(|setting| setting.split_once('=')) {
            assert!(text.contains(&format!("[settings.{name}]")), "{word}: no setting {name}");
            let is_word = value.bytes().all(|byte| byte.is_ascii_alphabetic());
            assert!(!is_word || text.contains(&format!("\"{value}\"")), "{word}: {name} is not {value}");
        }
    }
}
