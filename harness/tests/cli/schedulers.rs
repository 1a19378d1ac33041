//! The examples of docs/SCALE.md for schedulers, each carried out here as eight processes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::tool::{TINY, Tool};
use crate::workspace::root;

const SHARES: u32 = 8;

/// The block of docs/SCALE.md in this language that has these words in it.
fn example(language: &str, words: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/SCALE.md")).unwrap();
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language));
    let found: Vec<&str> = blocks.filter(|block| block.contains(words)).collect();
    assert_eq!(found.len(), 1, "{language} with {words:?}");
    found[0].trim_start().to_string()
}

/// Runs a script where the program is one of the commands.
fn shell(dir: &Path, script: &str, commands: &Path, variable: (&str, &str)) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_dedup-harness")).parent().unwrap();
    let path = std::env::join_paths([commands, program, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(dir).env("PATH", path).env(variable.0, variable.1);
    command
}

fn ended_well(output: Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a process for each share, all at once.
fn all_at_once(command: impl Fn(u32) -> Command) {
    let started: Vec<_> = (1..=SHARES)
        .map(|share| command(share).stderr(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    started.into_iter().for_each(|process| ended_well(process.wait_with_output().unwrap()));
}

/// The cell that the parts in `parts` are merged into is the one that a single machine makes.
fn are_the_whole(tool: &Tool) {
    let parts: Vec<String> = (1..=SHARES).map(|share| format!("parts/{share}")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    tool.prints(&[&["merge"], &parts[..], &["-o", "whole"]].concat());
    tool.prints(&[
        "run",
        "-q",
        "-p",
        "verify",
        "-f",
        "day.toml",
        "-s",
        "^exact$",
        "--pipelines",
        "64",
        "-o",
        "one",
    ]);
    let cell = |name: &str| tool.records(name)[1]["result"].clone();
    assert_eq!(cell("whole"), cell("one"));
    assert_eq!(cell("whole")["verify"]["pipelines_count"], Value::from(64));
}

fn tool() -> Tool {
    let tool = Tool::new();
    tool.write("day.toml", TINY);
    tool
}

#[test]
fn an_indexed_job_of_kubernetes_runs_the_parts_of_a_cell() {
    let tool = tool();
    let job = example("yaml", "completionMode: Indexed");
    let (_, args) = job.split_once(">-").unwrap();
    // Folded: its lines are one.
    let (args, _) = args.split_once("volumeMounts").unwrap();
    let script = args.split_whitespace().collect::<Vec<_>>().join(" ");
    let script = script.replace("/work/", &format!("{}/", tool.work().display()));
    all_at_once(|share| {
        let index = (share - 1).to_string();
        shell(&tool.work(), &script, &tool.work(), ("JOB_COMPLETION_INDEX", &index))
    });
    are_the_whole(&tool);
}

#[test]
fn an_array_of_slurm_runs_the_parts_of_a_cell() {
    let tool = tool();
    let script = example("sh", "SLURM_ARRAY_TASK_ID");
    assert!(script.contains("#SBATCH --array=1-8"));
    all_at_once(|share| {
        shell(&tool.work(), &script, &tool.work(), ("SLURM_ARRAY_TASK_ID", &share.to_string()))
    });
    are_the_whole(&tool);
}

#[test]
fn machines_that_ssh_reaches_run_the_parts_of_a_cell() {
    let tool = tool();
    let machines: Vec<String> = (1..=SHARES).map(|number| format!("machine-{number}")).collect();
    tool.write("machines", machines.join("\n"));
    for machine in &machines {
        tool.write(&format!("there/{machine}/work/day.toml"), TINY);
    }
    // What ssh and scp do, with a folder for each machine.
    tool.write("commands/ssh", "#!/bin/sh\ncd \"$THERE/$1\" && exec sh -c \"$2\"\n");
    tool.write("commands/scp", "#!/bin/sh\nexec cp -r \"$THERE/${2%%:*}/${2#*:}\" \"$3\"\n");
    for command in ["ssh", "scp"] {
        use std::os::unix::fs::PermissionsExt;
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(tool.work().join("commands").join(command), executable).unwrap();
    }
    let there = tool.work().join("there");
    let script = example("sh", "ssh \"$machine\"");
    let script = script.replace("dedup-harness merge parts/* -o whole", "");
    let variable = ("THERE", there.to_str().unwrap());
    ended_well(shell(&tool.work(), &script, &tool.work().join("commands"), variable).output().unwrap());
    are_the_whole(&tool);
}
