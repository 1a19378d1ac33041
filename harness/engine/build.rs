//! Compiles the preload library that puts a server on the run's own clock.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Its source: a crate of its own, so that the harness itself stays free of `unsafe`.
const SOURCE: &str = "src/servers/preload/virtual_clock.rs";

/// Writes the shared object into `OUT_DIR` as `virtual_clock.so`: an empty file where the library does not apply.
///
/// Only the Rust compiler at hand is used: no C compiler, no crate, no step before `cargo build`.
fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let object = Path::new(&required("OUT_DIR")).join("virtual_clock.so");
    if applies() {
        compile_to(&object);
    } else {
        std::fs::write(&object, []).expect("OUT_DIR is writable");
    }
}

/// Preloading is the same on other Unix systems, but numbers and structures of the C library are not; and a shared
/// object against musl cannot be loaded by a server that runs on glibc.
fn applies() -> bool {
    let target = |key| env::var(key).unwrap_or_default();
    target("CARGO_CFG_TARGET_OS") == "linux"
        && target("CARGO_CFG_TARGET_ENV") == "gnu"
        && ["x86_64", "aarch64"].contains(&target("CARGO_CFG_TARGET_ARCH").as_str())
        && target("CARGO_CFG_TARGET_POINTER_WIDTH") == "64"
}

fn compile_to(object: &Path) {
    let mut rustc = Command::new(required("RUSTC"));
    rustc
        .args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "virtual_clock"])
        .args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols", "--cap-lints", "warn"])
        .arg("--target")
        .arg(required("TARGET"))
        .arg("-o")
        .arg(object)
        .arg(SOURCE);
    if required("PROFILE") == "debug" {
        rustc.args(["-C", "debug-assertions=yes"]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = OsString::from("linker=");
        option.push(linker);
        rustc.arg("-C").arg(option);
    }
    let status = rustc.status().unwrap_or_else(|error| panic!("cannot run {rustc:?}: {error}"));
    assert!(status.success(), "{SOURCE} does not compile: {rustc:?} ended with {status}");
}

fn required(key: &str) -> OsString {
    env::var_os(key).unwrap_or_else(|| panic!("cargo sets {key} for a build script"))
}
