//! Runs the binary in directories of its own, and looks at what it did.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

#[path = "../common/home.rs"]
mod home;

pub(crate) use home::{TINY, eventually};

/// The binary, a directory to run it in, and one for its temporary files.
pub(crate) struct Tool {
    home: TempDir,
}

impl Tool {
    pub(crate) fn new() -> Tool {
        let home = tempfile::tempdir().unwrap();
        for dir in ["work", "tmp"] {
            std::fs::create_dir(home.path().join(dir)).unwrap();
        }
        Tool { home }
    }

    /// One that has `tiny.toml` in its directory.
    pub(crate) fn with_tiny() -> Tool {
        let tool = Tool::new();
        tool.write("tiny.toml", TINY);
        tool
    }

    /// Where it is run.
    pub(crate) fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Where its temporary files go.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    /// Puts a file into its directory.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command, not yet started.
    pub(crate) fn process(&self, args: &[impl AsRef<OsStr>]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dedup-harness"));
        command.args(args).current_dir(self.work()).env("TMPDIR", self.tmp()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    /// The command, to assert on; one that hangs is ended and fails.
    pub(crate) fn command(&self, args: &[impl AsRef<OsStr>]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(self.process(args));
        command.timeout(Duration::from_secs(300));
        command
    }

    /// Runs it to its end.
    pub(crate) fn output(&self, args: &[impl AsRef<OsStr>]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it with room for no file beyond `kib` KiB, as a full disk has none: the same errors come from the same calls.
    pub(crate) fn with_room(&self, kib: u32, args: &[&str]) -> Output {
        let mut command = assert_cmd::Command::new("bash");
        command.args(["-c", "ulimit -f \"$1\"; shift; exec \"$@\"", "bash", &kib.to_string()]);
        command.arg(env!("CARGO_BIN_EXE_dedup-harness")).args(args);
        command.current_dir(self.work()).env("TMPDIR", self.tmp()).output().unwrap()
    }

    /// Runs it, expects that all is well, and returns what it printed.
    pub(crate) fn prints(&self, args: &[impl AsRef<OsStr>]) -> String {
        let output = self.command(args).assert().success().get_output().clone();
        assert_eq!(entries(&self.tmp()), BTreeSet::new(), "temporary files are left behind");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it and expects exit code 2 and one error that says all of `said`, with nothing printed and nothing left
    /// behind.
    pub(crate) fn refuses(&self, args: &[impl AsRef<OsStr>], said: &[&str]) {
        self.refuses_with(2, args, said);
    }

    /// The same with another exit code.
    pub(crate) fn refuses_with(&self, code: i32, args: &[impl AsRef<OsStr>], said: &[&str]) {
        let words: Vec<_> = args.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        let before = entries(&self.work());
        let output = self.output(args);
        let error = String::from_utf8(output.stderr).unwrap();
        let context = format!("{words:?}\n{error}");
        assert_eq!(output.status.code(), Some(code), "{context}");
        assert!(output.stdout.is_empty(), "{context}");
        assert_eq!(error.matches("error:").count(), 1, "{context}");
        assert!(error.starts_with("error: "), "{context}");
        assert!(!error.contains("panicked") && !error.contains("RUST_BACKTRACE"), "{context}");
        assert!(!error.contains(|letter: char| letter.is_control() && letter != '\n'), "{context}");
        said.iter().for_each(|part| assert!(error.contains(part), "{part:?} is not said by {context}"));
        assert_eq!(entries(&self.work()), before, "{context}");
        assert_eq!(entries(&self.tmp()), BTreeSet::new(), "{context}");
    }

    /// The records of a run, one JSON value a line.
    pub(crate) fn records(&self, directory: &str) -> Vec<Value> {
        let path = self.work().join(directory).join("records.jsonl");
        json_lines(&std::fs::read_to_string(path).unwrap())
    }

    /// Processes that run for this tool.
    pub(crate) fn processes(&self) -> Vec<String> {
        home::processes(self.home.path())
    }
}

/// Every path below `directory`.
pub(crate) fn entries(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    // A directory that is going away while we look is as good as gone.
    for path in std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(entries(&path));
        }
        found.insert(path);
    }
    found
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
