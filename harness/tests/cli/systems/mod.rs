//! Systems: programs of their own that speak the protocol, good ones and liars.

mod clients;
mod compiled;
mod deaths;
mod definitions;
mod document;
mod endings;
mod flows;
mod judges;
mod products;
mod servers;

use std::fs;

use crate::tool::Tool;
use crate::workspace::root;

const WELCOME: &str = r#"{"dedup-protocol":1,"frames":"json"}"#;

/// A system in the shell: greets with `welcome`, and answers each request with what `answer` prints.
fn system(tool: &Tool, welcome: &str, answer: &str) {
    let script = format!("read -r hello\n{welcome}\nwhile read -r line; do\n{answer}\ndone\n");
    tool.write("liar.sh", script);
    file(tool, "command = [\"sh\", \"liar.sh\"]");
}

fn file(tool: &Tool, command: &str) {
    let text = format!(
        "name = \"liar\"\nabout = \"a\"\noperate = \"o\"\n{command}\ninstall = \"install it\"\n\
         reply-within = \"2s\"\nrouting = \"by-key\"\n[promise]\nremembers = \"nothing\"\n"
    );
    tool.write("liar.toml", text);
}

fn greeting(line: &str) -> String {
    format!("echo '{line}'")
}

/// How `conform` ends for a system, with all that it printed, each reason in one line.
fn conform(tool: &Tool, file: &str) -> (Option<i32>, String) {
    let output = tool.command(&["conform", file, "--law", "one verdict"]).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code(), said.replace("\n        ", " "))
}

/// A flow in the shell: does `pings` for the `$n`th batch of pings, and `marker` for the `$n`th marker.
fn flow(tool: &Tool, pings: &str, marker: &str) {
    let answer = format!("case \"$line\" in *'\"marker\":'*) {marker};; *) n=$((n + 1)); {pings};; esac");
    system(tool, &greeting(WELCOME), &answer);
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    let text = text.replace("routing = \"by-key\"", "[flow]\npings = 1000\nlinger = \"1s\"");
    tool.write("liar.toml", text);
}

/// A system of the project.
fn ours(file: &str) -> String {
    root().join("systems").join(file).display().to_string()
}
