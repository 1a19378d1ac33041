//! What is left of a system once nobody needs it: nothing.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{WELCOME, conform, greeting, system};
use crate::tool::{Tool, entries, eventually};

#[test]
fn what_a_system_leaves_where_temporary_files_go_is_gone_with_it() {
    let tool = Tool::new();
    system(&tool, &format!("mktemp >&2; {}", greeting(WELCOME)), "exit 4");
    let (_, said) = conform(&tool, "./liar.toml");
    let ours = format!("it said: {}/", tool.tmp().display());
    assert!(said.contains(&ours), "{ours} in {said}");
    assert!(entries(&tool.tmp()).is_empty());
}

#[test]
fn a_system_that_is_waited_for_is_left_on_request_with_all_that_it_has_started() {
    let tool = Tool::new();
    // Its child is in a session of its own, where no signal to its group arrives.
    system(&tool, &greeting(WELCOME), "setsid sleep 1000 & exec sleep 2000");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("2s", "1h"));
    let mut child = tool.process(&["conform", "./liar.toml"]).spawn().unwrap();
    let sleeping = || tool.processes().iter().filter(|name| *name == "sleep").count();
    eventually("two that sleep", || sleeping() == 2);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("the end of every process", || tool.processes().is_empty());
    eventually("the end of every directory", || fs::read_dir(tool.tmp()).unwrap().next().is_none());
}

/// Hears nothing, and makes its directory anew as long as it lives.
const STUBBORN: &str =
    "trap '' TERM INT; here=$(pwd); while :; do mkdir -p \"$here/again\"; sleep 0.05; done";

/// Whatever ends us: the directory goes once a program that hears nothing is gone, which makes it anew until then.
#[test]
fn a_system_that_works_in_its_directory_to_the_last_leaves_none() {
    for signal in [Signal::TERM, Signal::KILL] {
        let tool = Tool::new();
        system(&tool, &greeting(WELCOME), STUBBORN);
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        tool.write("liar.toml", text.replace("2s", "1h"));
        let mut child = tool.process(&["conform", "./liar.toml"]).spawn().unwrap();
        eventually("its directory", || entries(&tool.tmp()).iter().any(|path| path.ends_with("again")));
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty(), "{signal:?}: {:?}", entries(&tool.tmp()));
    }
}

/// A cell that is stopped has a directory that goes with it, whatever its programs still put there.
#[test]
fn a_run_that_is_stopped_leaves_no_directory_of_a_system_that_writes_to_the_last() {
    let tool = Tool::with_tiny();
    system(&tool, &greeting(WELCOME), STUBBORN);
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("2s", "1h"));
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "./liar.toml", "-p", "verify"];
    let mut child = tool.process(&run).spawn().unwrap();
    eventually("its directory", || entries(&tool.tmp()).iter().any(|path| path.ends_with("again")));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
}

/// The overseers of a system's program, first the first.
fn overseers(tool: &Tool) -> Vec<Pid> {
    let tmp = tool.tmp().display().to_string();
    let words = |process: &Path, file: &str| {
        String::from_utf8_lossy(&fs::read(process.join(file)).unwrap_or_default()).into_owned()
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let ours = processes.filter(|process| words(process, "environ").contains(&tmp));
    let mut found: Vec<(String, i32)> = ours
        .map(|process| (words(&process, "cmdline"), process))
        .filter(|(command, _)| command.contains("__guard\0--talk") || command.contains("__guard\0--second"))
        .map(|(command, process)| (command, process.file_name().unwrap().to_str().unwrap().parse().unwrap()))
        .collect();
    found.sort_by_key(|(command, _)| command.contains("--second"));
    found.into_iter().map(|(_, id)| Pid::from_raw(id).unwrap()).collect()
}

#[test]
fn whichever_overseer_of_a_program_is_killed_the_program_ends_with_all_that_it_has_started() {
    for killed in [0, 1] {
        let tool = Tool::new();
        // Children in its group and out of it, which hear nothing.
        let child = "sh -c \"trap '' TERM HUP INT; sleep 1000 & wait\"";
        system(&tool, &greeting(WELCOME), &format!("{child} & setsid {child} & exec sleep 2000"));
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        tool.write("liar.toml", text.replace("2s", "1h"));
        let run = ["conform", "./liar.toml", "--law", "one verdict"];
        let child = tool.process(&run).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let sleeping = || tool.processes().iter().filter(|name| *name == "sleep").count();
        eventually("three that sleep", || sleeping() == 3);
        let overseers = overseers(&tool);
        assert_eq!(overseers.len(), 2);
        kill_process(overseers[killed], Signal::KILL).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(1) && said.contains("signal"), "{killed}: {said}");
        assert_eq!(said.matches("liar ended without an answer").count(), 1, "{killed}: {said}");
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
    }
}

/// Nothing is waited for here: what the command has started is gone when it is.
fn is_left_without_a_trace(tool: &Tool, mut child: Child, signal: Signal) -> String {
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert_eq!(tool.processes(), Vec::<String>::new());
    assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
    said
}

#[test]
fn whoever_stops_while_systems_are_tried_is_told_so_in_one_line_and_nothing_is_left() {
    for signal in [Signal::INT, Signal::TERM] {
        for asked in [
            &["run", "-f", "tiny.toml", "-s", "./liar.toml"][..],
            &["gate", "check", "--baseline", "b.json", "--update", "-f", "tiny.toml", "-s", "./liar.toml"],
            &["conform", "./liar.toml"],
        ] {
            let tool = Tool::with_tiny();
            system(&tool, "trap '' TERM INT; sleep 1000 & wait", "");
            let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
            tool.write("liar.toml", text.replace("2s", "1h"));
            let child = tool.process(asked).stderr(Stdio::piped()).spawn().unwrap();
            eventually("one that sleeps", || tool.processes().iter().any(|name| name == "sleep"));
            let said = is_left_without_a_trace(&tool, child, signal);
            assert!(said.starts_with("interrupted") && said.lines().count() == 1, "{asked:?}: {said}");
        }
    }
}

/// The program is there, and is waited for in the middle of the first cell.
#[test]
fn whoever_stops_a_gate_in_the_middle_is_told_how_far_it_was_in_one_line_and_nothing_is_left() {
    for signal in [Signal::INT, Signal::TERM] {
        let tool = Tool::with_tiny();
        system(&tool, &greeting(WELCOME), "trap '' TERM INT; sleep 1000 & wait");
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        tool.write("liar.toml", text.replace("2s", "1h"));
        let asked = [
            "gate",
            "check",
            "-q",
            "--baseline",
            "b.json",
            "--update",
            "-f",
            "tiny.toml",
            "-s",
            "./liar.toml",
        ];
        let child = tool.process(&asked).stderr(Stdio::piped()).spawn().unwrap();
        eventually("one that sleeps", || tool.processes().iter().any(|name| name == "sleep"));
        let said = is_left_without_a_trace(&tool, child, signal);
        assert_eq!(said, "interrupted: 0 of 2 cells were done\n");
        assert!(!tool.work().join("b.json").exists());
    }
}

/// A server that hears nothing, and a program that is waited for.
#[test]
fn a_run_that_is_stopped_ends_after_its_servers_and_their_directories() {
    let server = "[server]\ncommand = [\"sh\", \"server.sh\", \"{dir}\"]\nsocket = \"s\"\n[promise]";
    let listens = "trap '' TERM INT; python3 -c 'import socket, sys, time\ns = socket.socket(socket.AF_UNIX)\n\
                   s.bind(sys.argv[1] + \"/s\"); s.listen(); time.sleep(1000)' \"$1\"";
    for asked in [
        &["run", "-q", "-f", "tiny.toml", "-s", "./liar.toml", "-p", "verify"][..],
        &["conform", "./liar.toml"],
    ] {
        let tool = Tool::with_tiny();
        system(&tool, &greeting(WELCOME), "sleep 1000");
        tool.write("server.sh", listens);
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        tool.write("liar.toml", text.replace("2s", "1h").replace("[promise]", server));
        let child = tool.process(asked).stderr(Stdio::piped()).spawn().unwrap();
        eventually("one that sleeps", || tool.processes().iter().any(|name| name == "sleep"));
        is_left_without_a_trace(&tool, child, Signal::INT);
    }
}
