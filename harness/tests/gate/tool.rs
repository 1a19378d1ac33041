//! Runs this executable as the harness, in a directory of its own.

use std::path::PathBuf;
use std::process::Command;

#[path = "../common/home.rs"]
mod home;

pub(crate) use home::TINY;

pub(crate) struct Tool {
    home: tempfile::TempDir,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Tool {
    pub(crate) fn new() -> Tool {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        let tool = Tool { home };
        tool.write("tiny.toml", TINY);
        tool
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A program of a few lines of shell.
    pub(crate) fn script(&self, name: &str, lines: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(name, &format!("#!/bin/sh\n{lines}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// `gate` with these words, split at blanks, and environment, not yet started.
    pub(crate) fn command(&self, words: &str, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("gate").args(words.split_whitespace()).current_dir(self.home.path());
        command.env("TMPDIR", self.path("tmp")).env("NO_COLOR", "1");
        for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        command
    }

    /// Runs `gate` with these words, split at blanks, and environment.
    pub(crate) fn gate_with(&self, words: &str, environment: &[(&str, &str)]) -> Ended {
        let output = self.command(words, environment).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ended.err.contains("panicked at"), "{}", ended.err);
        let left: Vec<_> = std::fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "left behind by {words}: {left:?}");
        // A guard stops its servers after whoever started them has ended.
        let ended_all = || home::processes(self.home.path()).is_empty();
        home::eventually(&format!("the end of all that {words} started"), ended_all);
        ended
    }

    pub(crate) fn gate(&self, words: &str) -> Ended {
        self.gate_with(words, &[])
    }

    /// Expects this code and one error that says all of `said`.
    pub(crate) fn refuses(&self, words: &str, code: i32, said: &[&str]) {
        let ended = self.gate(words);
        assert_eq!(ended.code, Some(code), "{words}\n{}\n{}", ended.out, ended.err);
        assert_eq!(ended.err.matches("error: ").count(), 1, "{words}\n{}", ended.err);
        for part in said {
            assert!(ended.err.contains(part), "{part:?} is not said by\n{}", ended.err);
        }
    }

    pub(crate) fn git(&self, directory: &str, words: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path(directory)).args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "init.defaultBranch=main",
        ]);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        let output = git.args(words).output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
