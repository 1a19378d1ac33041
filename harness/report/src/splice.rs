//! Puts a text between two markers of a file, and never loses what is around them.

use std::path::{Path, PathBuf};

use dedup_files::{AtFault, Fault, Folder, FolderError, NEVER, Unreadable, Unwritable};

/// A file into which nothing can be spliced. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum SpliceError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// It cannot be written; what was there is still there.
    #[error("{0}; the file is as it was")]
    Write(#[source] Unwritable),
    /// Somebody else writes beside it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A marker is missing, twice there, or the closing one comes first.
    #[error("{}: {what}; put <!-- {marker} --> and <!-- /{marker} --> on lines of their own, once each, around what is to be replaced", path.display())]
    Markers {
        /// The file.
        path: PathBuf,
        /// The markers' name.
        marker: String,
        /// What is wrong with them.
        what: String,
    },
}

impl AtFault for SpliceError {
    fn fault(&self) -> Fault {
        match self {
            SpliceError::Read { source, .. } => source.fault(),
            SpliceError::Write(error) => error.fault(),
            SpliceError::Folder(error) => error.fault(),
            SpliceError::Markers { .. } => Fault::Path,
        }
    }
}

/// Replaces what stands between the lines `<!-- marker -->` and `<!-- /marker -->` of the file at `path` by `text`.
pub fn splice(path: &Path, marker: &str, text: &str) -> Result<(), SpliceError> {
    // What another puts between other markers meanwhile would be lost.
    let _alone = Folder::around(path)?;
    let old = dedup_files::read_to_string(path)
        .map_err(|source| SpliceError::Read { path: path.into(), source })?;
    let new = spliced(&old, marker, text).map_err(|what| SpliceError::Markers {
        path: path.into(),
        marker: marker.into(),
        what,
    })?;
    dedup_files::write(path, new.as_bytes(), &NEVER).map_err(SpliceError::Write)
}

fn spliced(old: &str, marker: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let after_begin = only(old, &begin)?.1;
    let before_end = only(old, &end)?.0;
    if before_end < after_begin {
        return Err(format!("{end} comes before {begin}"));
    }
    Ok(format!("{}{}\n{}", &old[..after_begin], text.trim_end_matches('\n'), &old[before_end..]))
}

/// Where the only line that is `marker` begins, and where the next one does.
fn only(text: &str, marker: &str) -> Result<(usize, usize), String> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim() == marker {
            found.push((at, at + line.len(), line.ends_with('\n')));
        }
        at += line.len();
    }
    match found.as_slice() {
        [] => Err(format!("has no line {marker}")),
        // A marker at the very end has no line to put the text on, unless it is the closing one.
        [(_, _, false)] if !marker.starts_with("<!-- /") => Err(format!("ends in {marker}")),
        [(from, to, _)] => Ok((*from, *to)),
        several => Err(format!("has {} lines {marker}", several.len())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use proptest::prelude::*;

    const PAGE: &str = "# A\n\n<!-- report -->\nold\n<!-- /report -->\n\nmore\n";

    #[test]
    fn what_is_between_the_markers_is_replaced_and_nothing_else() {
        let new = spliced(PAGE, "report", "new\n\n").unwrap();
        assert_eq!(new, "# A\n\n<!-- report -->\nnew\n<!-- /report -->\n\nmore\n");
        assert_eq!(spliced(&new, "report", "new").unwrap(), new);
    }

    #[test]
    fn without_markers_nothing_is_written() {
        for (text, expected) in [
            ("no marker\n", "has no line <!-- report -->"),
            ("<!-- report -->\n", "has no line <!-- /report -->"),
            ("<!-- /report -->\n<!-- report -->\n", "comes before"),
            ("<!-- report -->\n<!-- report -->\n<!-- /report -->\n", "has 2 lines"),
            ("text <!-- report -->\n<!-- /report -->\n", "has no line <!-- report -->"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("README.md");
            fs::write(&path, text).unwrap();
            let error = splice(&path, "report", "new").unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("README.md"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_splice_keeps_permissions_and_leaves_no_other_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("README.md");
        fs::write(&path, PAGE).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        splice(&path, "report", "new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    proptest! {
        #[test]
        fn text_around_the_markers_is_never_lost(before in "[a-z\n]{0,60}", after in "[a-z\n]{0,60}", text in ".{0,40}") {
            let page = format!("{before}\n<!-- report -->\nold\n<!-- /report -->\n{after}");
            let new = spliced(&page, "report", &text).unwrap();
            let (head, tail) = (format!("{before}\n<!-- report -->\n"), format!("<!-- /report -->\n{after}"));
            prop_assert!(new.starts_with(&head) && new.ends_with(&tail));
        }
    }
}
