//! Commit, compiler and profile, as environment variables for `env!`.

use std::process::Command;

/// Sets `DEDUP_COMMIT` (empty outside a checkout), `DEDUP_DIRTY`, `DEDUP_RUSTC` and `DEDUP_PROFILE`.
fn main() {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
    let dirty =
        output("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
    let rustc = output(&std::env::var("RUSTC").unwrap_or("rustc".into()), &["--version"]).unwrap_or_default();
    let profile = format!(
        "{}, opt-level {}",
        std::env::var("PROFILE").unwrap_or_default(),
        std::env::var("OPT_LEVEL").unwrap_or_default()
    );
    println!("cargo::rustc-env=DEDUP_COMMIT={commit}");
    println!("cargo::rustc-env=DEDUP_DIRTY={dirty}");
    println!("cargo::rustc-env=DEDUP_RUSTC={rustc}");
    println!("cargo::rustc-env=DEDUP_PROFILE={profile}");
    // What decides whether the build is dirty: any source.
    for sources in [
        "decide",
        "engine",
        "files",
        "profile",
        "records",
        "report",
        "src",
        "stream",
        "Cargo.toml",
        "../dedup-strategies/src",
        "../dedup-strategies/Cargo.toml",
        "../scenarios",
        "../Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={sources}");
    }
    // The reflog grows with every commit and checkout, so the recorded commit is never an old one.
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
