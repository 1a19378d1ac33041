//! Programs in Java that are compiled when they are first needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::tool::{Tool, entries};
use crate::workspace::root;

/// Puts files of the project where they are in it.
fn copied(tool: &Tool, files: &[&str]) {
    for file in files {
        tool.write(file, fs::read(root().join(file)).unwrap());
    }
}

/// Writes a file that was last changed then.
fn changed(tool: &Tool, name: &str, text: &str, at: SystemTime) {
    let path = tool.write(name, text);
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

fn in_the_future() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// Runs a script in the shell with a compiler of Java that does this, and a Java that says with what it was called.
fn with_java(tool: &Tool, compiler: &str, script: &[&str]) -> (Option<i32>, String) {
    let work = tool.work();
    for (name, text) in [("javac", compiler), ("java", "echo runs \"$@\"")] {
        let path = tool.write(&format!("tools/{name}"), format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", work.join("tools").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.arg(work.join(script[0])).args(&script[1..]).current_dir(&work).stdin(Stdio::null());
    let output = command.env("PATH", path).env("TMPDIR", work.join("tmp")).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_job_of_flink_is_compiled_anew_for_what_its_sources_say_and_not_for_their_times() {
    let tool = Tool::new();
    let (start, source) = ("systems/flink.sh", "systems/flink/DedupFlink.java");
    let scripts = [start, "systems/flink/digest.sh", "systems/install.sh", "systems/flink/requirements.txt"];
    copied(&tool, &scripts);
    for source in [source, "systems/flink/ttl/Clock.java", "systems/clients/DedupFlow.java"] {
        tool.write(source, "first");
    }
    // As if the jars were there.
    tool.write("target/systems/flink/installed.txt", fs::read(root().join(scripts[3])).unwrap());
    let made = "mkdir -p \"$4\"; touch \"$4/DedupFlink.class\"";
    let install = |compiler: &str| with_java(&tool, compiler, &["systems/install.sh", "flink"]);
    let says = |said: &str| {
        let (_, told) = with_java(&tool, "exit 3", &[start, "first"]);
        assert!(told.contains(said), "{said}: {told}");
    };
    says("Flink 2.3.0 in target/systems/flink");
    assert!(install(made).1.contains("classes compiled"));
    says("runs ");
    changed(&tool, source, "first", in_the_future());
    says("runs ");
    assert!(install("exit 3").1.contains("classes is there"));
    changed(&tool, source, "second", SystemTime::UNIX_EPOCH);
    says("the job as it is now");
    assert_ne!(install("exit 3").0, Some(0));
    says("Flink 2.3.0 in target/systems/flink");
    assert!(install(made).1.contains("classes compiled"));
    says("runs ");
    tool.write("systems/flink/Another.java", "");
    says("the job as it is now");
}

#[test]
fn a_compilation_that_fails_leaves_nothing_and_a_checkout_that_cannot_be_written_is_no_hindrance() {
    let tool = Tool::new();
    let work = tool.work();
    let script = "systems/examples/java.sh";
    fs::create_dir(work.join("tmp")).unwrap();
    copied(&tool, &[script, "systems/clients/DedupSystem.java"]);
    tool.write("systems/examples/Mine.java", "");
    let java = |compiler: &str| with_java(&tool, compiler, &[script, "Mine"]);
    let made = "touch \"$2/Mine.class\"";
    let left = || [entries(&work.join("target")), entries(&work.join("tmp"))].map(|found| found.len());
    for (compiler, code) in [("exit 3", 3), ("kill -TERM $PPID", 130)] {
        assert_eq!((java(compiler).0, left()), (Some(code), [0, 0]), "{compiler}");
    }
    let (code, said) = java(made);
    assert!(
        code == Some(0) && said.contains("systems/examples/../../target/systems/examples Mine"),
        "{said}"
    );
    assert!(work.join("target/systems/examples/Mine.class").exists());
    assert_eq!(left(), [4, 0]);
    // Compiled anew for what its sources say, and not for their times.
    let source = "systems/examples/Mine.java";
    changed(&tool, source, "", in_the_future());
    assert_eq!(java("exit 3").0, Some(0));
    changed(&tool, source, "class Mine {}", SystemTime::UNIX_EPOCH);
    assert_eq!(java("exit 3").0, Some(3));
    fs::remove_dir_all(work.join("target")).unwrap();
    tool.write("target", "in the way");
    let (code, said) = java(made);
    assert!(code == Some(0) && said.contains(work.join("tmp").to_str().unwrap()), "{said}");
}
