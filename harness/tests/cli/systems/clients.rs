//! The files that speak the protocol for a system in Python and Java.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use dedup_harness::strategies::protocol::Welcome;

use super::ours;
use crate::tool::Tool;
use crate::workspace::root;

/// Texts with commas, braces, escapes and letters of other languages; a setting goes before a field of its name.
#[test]
fn the_clients_for_java_read_the_greeting_as_it_is() {
    let tool = Tool::new();
    for client in ["DedupSystem", "DedupFlow"] {
        let told = format!(
            "public final class Told {{ public static void main(String[] names) throws Exception {{
                java.io.PrintStream out = new java.io.PrintStream(System.out, true, \"UTF-8\");
                {client} system = new {client}();
                for (String name : names) {{ out.println(system.told(name)); }}
            }} }}"
        );
        tool.write("Told.java", told);
        let java = |program: &str| {
            let mut command = Command::new(program);
            command.current_dir(tool.work());
            command
        };
        let file = ours(&format!("clients/{client}.java"));
        assert!(java("javac").args(["-d", ".", &file, "Told.java"]).status().unwrap().success());
        let mut told = java("java");
        let told = told.args(["-cp", ".", "Told", "seed", "worker", "state_dir", "word", "time_factor"]);
        let mut told = told.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let greeting = r#"{"worker":3,"seed":7,"state_dir":"/tmp/a,b} ü \"x\" \\ \u0041","time_factor":1.5,"settings":{"seed":9,"word":"n"}}"#;
        writeln!(told.stdin.take().unwrap(), "{greeting}").unwrap();
        let said = String::from_utf8(told.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(said.lines().collect::<Vec<_>>(), ["9", "3", r#"/tmp/a,b} ü "x" \ A"#, "n", "1.5"]);
    }
}

/// What a judge has no method for it is not asked, and it may say less than it has methods for.
#[test]
fn the_clients_for_judges_ask_for_what_a_system_acts_on() {
    let tool = Tool::new();
    let hello = r#"{"dedup-protocol":1,"worker":0,"settings":{"window":1}}"#;
    let welcome = |command: &mut Command| {
        let command = command.current_dir(tool.work()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{hello}").unwrap();
        let said = child.wait_with_output().unwrap().stdout;
        let welcome: Welcome = serde_json::from_slice(&said).unwrap();
        (welcome.calls.settle, welcome.calls.advance)
    };
    tool.write("dedup_system.py", fs::read(ours("clients/dedup_system.py")).unwrap());
    let settle = "public void settle(DedupSystem.Settled[] s, long now) {}";
    let advance = "public long[] advance(long now) { return new long[0]; }";
    let less = "public DedupSystem.Hears hears() { return new DedupSystem.Hears(false, true); }";
    for (java, python, asked) in [
        ("", "pass", (false, false)),
        (settle, "settle = print", (true, false)),
        (advance, "advance = print", (false, true)),
        (&format!("{settle} {advance}"), "settle = advance = print", (true, true)),
        (&format!("{settle} {advance} {less}"), "settle, advance = None, print", (false, true)),
    ] {
        let judge = format!(
            "public final class Mine implements DedupSystem.Judge {{
                public byte[] judge(DedupSystem.Ping[] pings, long now) {{ return null; }}
                public long[] footprint() {{ return null; }}
                {java}
                public static void main(String[] none) throws Exception {{ new DedupSystem().serve(\"a\", new Mine()); }}
            }}"
        );
        tool.write("Mine.java", judge);
        let mut compile = Command::new("javac");
        let compile = compile.current_dir(tool.work()).args(["-d", ".", &ours("clients/DedupSystem.java")]);
        assert!(compile.arg("Mine.java").status().unwrap().success(), "{java}");
        assert_eq!(welcome(Command::new("java").args(["-cp", ".", "Mine"])), asked, "{java}");
        let mine = format!("from dedup_system import *\nclass Mine(System):\n    {python}\nserve(Mine)\n");
        tool.write("mine.py", mine);
        assert_eq!(welcome(Command::new("python3").arg("mine.py")), asked, "{python}");
    }
}

#[test]
fn the_client_for_java_obeys_the_laws_as_well() {
    let file = root().join("systems/examples/map-window.toml");
    let tool = Tool::with_tiny();
    let file = file.to_str().unwrap();
    let said = tool.prints(&["conform", file, "--law", "verdict"]);
    assert!(said.contains("map-window obeys the 2 laws asked for"), "{said}");
    tool.prints(&["run", "-f", "tiny.toml", "-s", file, "-s", "^exact$", "-p", "verify", "-o", "out"]);
    let records = tool.records("out").iter().map(ToString::to_string).collect::<String>();
    assert!(
        records.contains("\"map-window\":\"Java 1") || records.contains("\"map-window\":\"Java 2"),
        "{records}"
    );
    assert!(!records.contains("broken"), "{records}");
}
