//! Which files a trace is: paths, patterns and folders as a user names them.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glob::GlobError;

use super::error::TraceError;

/// The files that `named` lead to: a path that is there is meant as it is; `*`, `?` and `[...]` in another are a
/// pattern; a folder means all files in it and below, but for those whose names begin with `.` or `_`, as engines name
/// what is no data. Numbers in names count as numbers: `part-2` is before `part-10`.
pub fn find_files(named: &[PathBuf]) -> Result<Vec<PathBuf>, TraceError> {
    let mut found = Vec::new();
    let mut known = HashSet::new();
    for path in named {
        let each_once = once(files_of(path)?);
        if let Some((path, _)) = each_once.iter().find(|(_, file)| known.contains(file)) {
            let (path, what) = (path.display().to_string(), "is named twice");
            return Err(TraceError::Files { path, what, allowed: "each file once" });
        }
        for (path, file) in each_once {
            found.push(path);
            known.insert(file);
        }
    }
    if found.len() > 1 && found.iter().any(|path| path == Path::new("-")) {
        let (path, what) = ("-".to_string(), "standard input is beside other files");
        return Err(TraceError::Files { path, what, allowed: "files, or standard input alone" });
    }
    Ok(found)
}

/// What tells files apart, whatever leads to them.
#[derive(PartialEq, Eq, Hash)]
enum FileId {
    /// Device and inode.
    Inode(u64, u64),
    /// Of what cannot be looked at, or is not there: that is said where it is opened.
    Path(PathBuf),
}

impl FileId {
    fn of(path: &Path) -> FileId {
        match fs::metadata(path) {
            Ok(file) => FileId::Inode(file.dev(), file.ino()),
            Err(_) => FileId::Path(path.to_path_buf()),
        }
    }
}

/// Each file once: a link to one of them, which a folder or a pattern may have, would count its pings twice.
fn once(paths: Vec<PathBuf>) -> Vec<(PathBuf, FileId)> {
    let mut known = HashSet::new();
    paths
        .into_iter()
        .filter(|path| known.insert(FileId::of(path)))
        .map(|path| {
            let file = FileId::of(&path);
            (path, file)
        })
        .collect()
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, TraceError> {
    if path.is_dir() {
        return in_folder(path);
    }
    let text = path.to_string_lossy();
    if path.exists() || path == Path::new("-") || !text.contains(['*', '?', '[']) {
        return Ok(vec![path.to_path_buf()]);
    }
    let wrong =
        |what| TraceError::Files { path: text.to_string(), what, allowed: "a pattern of existing files" };
    let matches = glob::glob(&text).map_err(|_| wrong("is no pattern that can be understood"))?;
    // What cannot be looked into may hold files that are meant, too.
    let unreadable = |error: GlobError| TraceError::Open {
        path: error.path().display().to_string(),
        source: error.into(),
    };
    let found: Result<Vec<_>, _> = matches.collect();
    let mut found: Vec<_> = found.map_err(unreadable)?.into_iter().filter(|path| !path.is_dir()).collect();
    if found.is_empty() {
        return Err(wrong("no file matches"));
    }
    found.sort_by(|one, other| natural(one, other));
    Ok(found)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, TraceError> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let unreadable = |source| TraceError::Open { path: folder.display().to_string(), source };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
                continue;
            }
            // A link to a folder is not followed: it may lead back.
            match entry.file_type().map_err(unreadable)? {
                kind if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    if found.is_empty() {
        let path = folder.display().to_string();
        let (what, allowed) = ("is a folder without files", "a folder with files of one form");
        return Err(TraceError::Files { path, what, allowed });
    }
    found.sort_by(|one, other| natural(one, other));
    Ok(found)
}

/// Compares names so that numbers in them count as numbers.
fn natural(one: &Path, other: &Path) -> Ordering {
    let (one, other) = (one.to_string_lossy(), other.to_string_lossy());
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let ordering = match (left.first(), right.first()) {
            (None, None) => return one.cmp(&other),
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (a, b) = (number(&mut left), number(&mut right));
                a.len().cmp(&b.len()).then(a.cmp(b))
            }
            (a, b) => {
                (left, right) = (left.get(1..).unwrap_or_default(), right.get(1..).unwrap_or_default());
                a.cmp(&b)
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// Takes the digits from the start of `text`; gives them without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(folder: &Path, named: &[&str]) -> Result<Vec<String>, String> {
        let named: Vec<_> = named.iter().map(|name| folder.join(name)).collect();
        let files = find_files(&named).map_err(|error| error.to_string())?;
        let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        Ok(files.iter().map(name).collect())
    }

    #[test]
    fn patterns_and_folders_are_their_files_with_numbers_in_order() {
        let names =
            ["part-10.csv", "part-2.csv", "part-02b.csv", "x.csv", "dt=1/b", "dt=1/a", "_SUCCESS", ".crc"];
        let folder = folder(&names);
        let parts = ["part-2.csv", "part-02b.csv", "part-10.csv"];
        assert_eq!(found(folder.path(), &["part-*.csv"]).unwrap(), parts);
        assert_eq!(found(folder.path(), &["x.csv", "dt=1"]).unwrap(), ["x.csv", "dt=1/a", "dt=1/b"]);
        let all = ["dt=1/a", "dt=1/b", "part-2.csv", "part-02b.csv", "part-10.csv", "x.csv"];
        assert_eq!(found(folder.path(), &[""]).unwrap(), all);
        // What is not there is said where it is opened.
        assert_eq!(found(folder.path(), &["none"]).unwrap(), ["none"]);
    }

    #[test]
    fn a_file_that_is_linked_counts_once_and_is_refused_where_both_are_named() {
        let folder = folder(&["a.csv", "b.csv", "in/c.csv"]);
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink(at("a.csv"), at("latest.csv")).unwrap();
        fs::hard_link(at("b.csv"), at("in/d.csv")).unwrap();
        std::os::unix::fs::symlink(at("gone"), at("in/e.csv")).unwrap();
        assert_eq!(found(folder.path(), &["*.csv"]).unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(found(folder.path(), &[""]).unwrap(), ["a.csv", "b.csv", "in/c.csv", "in/e.csv"]);
        for (named, twice) in [
            (["a.csv", "latest.csv"], "latest.csv"),
            (["in", "b.csv"], "b.csv"),
            (["b.csv", "in"], "in/d.csv"),
            (["in", "./in"], "in/c.csv"),
        ] {
            let error = found(folder.path(), &named).unwrap_err();
            assert!(error.contains(&format!("{twice}: is named twice")), "{error}");
        }
    }

    /// Root may look into everything: then there is nothing to be told.
    #[test]
    fn a_pattern_leaves_nothing_out_that_it_may_not_look_into() {
        let folder = folder(&["a/x.csv", "b/x.csv"]);
        let locked = folder.path().join("b");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let expected = match fs::read_dir(&locked) {
            Ok(_) => Ok(vec!["a/x.csv".to_string(), "b/x.csv".to_string()]),
            Err(error) => Err(format!("trace {}: cannot be opened: {error}", locked.display())),
        };
        assert_eq!(found(folder.path(), &["*/*.csv"]), expected);
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn what_leads_to_no_file_or_to_one_twice_is_refused() {
        let folder = folder(&["a.csv", "empty/_x"]);
        for (named, said) in [
            (&["none-*"][..], "no file matches"),
            (&["empty"], "is a folder without files"),
            (&["a.csv", "a*"], "a.csv: is named twice"),
            (&["a**"], "is no pattern"),
        ] {
            let error = found(folder.path(), named).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let error = find_files(&["-".into(), folder.path().join("a.csv")]).unwrap_err().to_string();
        assert!(error.contains("standard input alone"), "{error}");
        fs::write(folder.path().join("[x].csv"), "").unwrap();
        assert_eq!(found(folder.path(), &["[x].csv"]).unwrap(), ["[x].csv"]);
    }
}
