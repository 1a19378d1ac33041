//! Where a command reads and where it writes.

use std::path::{Path, PathBuf};

use anyhow::bail;

/// Refuses to write over what is read, and one output over the other. `written` are options with the file of each, where it
/// was given.
pub(super) fn refuse_one_place<'a>(
    read: impl IntoIterator<Item = &'a Path>,
    written: &[(&'static str, Option<&Path>)],
) -> anyhow::Result<()> {
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut taken: Vec<(&str, PathBuf)> =
        read.into_iter().map(|file| ("what is read", place(file))).collect();
    for (option, path) in written.iter().filter_map(|(option, path)| Some((*option, (*path)?))) {
        let place = place(path);
        if let Some((what, _)) = taken.iter().find(|(_, other)| *other == place) {
            bail!("{option}: found {}, which is {what}; allowed is another file", path.display());
        }
        taken.push((option, place));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_by_whichever_way_it_is_named_and_outputs_are_not_one_either() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        std::fs::write(named("read"), "").unwrap();
        std::os::unix::fs::symlink("read", named("link")).unwrap();
        let refused = |output: &str, other: Option<&str>| {
            let (output, other) = (named(output), other.map(named));
            let written = [("--output", Some(output.as_path())), ("--scenario", other.as_deref())];
            refuse_one_place([named("./read").as_path()], &written).map_err(|error| error.to_string()).err()
        };
        assert_eq!(refused("new", None), None);
        assert_eq!(refused("new", Some("other")), None);
        assert!(refused("link", None).is_some_and(|said| said.contains("which is what is read")));
        assert!(refused("new", Some("read")).is_some_and(|said| said.starts_with("--scenario: found ")));
        assert!(refused("new", Some("new")).is_some_and(|said| said.contains("which is --output")));
    }
}
