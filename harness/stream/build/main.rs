//! Embeds every TOML file under `scenarios/`, so that the binary works from any directory.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes `scenarios.rs` into `OUT_DIR`: a sorted list `EMBEDDED` of names and texts.
fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets this")).join("../../scenarios");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)
        .unwrap_or_else(|error| panic!("the scenarios in {} cannot be listed: {error}", root.display()));
    let mut entries: Vec<(String, String)> = files.iter().map(|file| entry(&root, file)).collect();
    entries.sort();
    let lines: String =
        entries.iter().map(|(name, path)| format!("    ({name:?}, include_str!({path:?})),\n")).collect();
    let code = format!("const EMBEDDED: &[(&str, &str)] = &[\n{lines}];\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets this")).join("scenarios.rs");
    fs::write(&out, code).unwrap_or_else(|error| panic!("{} cannot be written: {error}", out.display()));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The name of a scenario, with `/` between folders on every system, and its absolute path.
fn entry(root: &Path, file: &Path) -> (String, String) {
    let below = file.strip_prefix(root).expect("the file was found below the root").with_extension("");
    let name: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let path = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    (name.join("/"), path.to_string_lossy().into_owned())
}
