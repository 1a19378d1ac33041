//! What is left of a system once nobody needs it: nothing.

use std::fs;

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
