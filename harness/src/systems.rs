//! Systems beside the strategies of the list: a file in the place of a name, or a directory of them.

use std::path::{Path, PathBuf};

use clap::Args;

use dedup_strategies::Definition;

use crate::cell;
use crate::exit::{Exit, OrExit};

/// The system that this process, a cell, was told of.
pub(crate) fn of_cell() -> anyhow::Result<Option<Definition>> {
    let told = std::env::var_os(cell::SYSTEM);
    told.map(|file| dedup_systems::load(Path::new(&file)).or_exit(Exit::Usage)).transpose()
}

/// Directories of systems.
#[derive(Clone, Debug, Default, Args)]
pub struct SystemsArgs {
    /// Take the systems of this directory into the list: every .toml in it (repeatable)
    #[arg(long = "systems", value_name = "DIR")]
    pub directories: Vec<PathBuf>,
}

impl SystemsArgs {
    /// The list with their systems behind it, in the order of their files' names.
    pub(crate) fn with(&self, definitions: &[Definition]) -> anyhow::Result<Vec<Definition>> {
        let mut all = definitions.to_vec();
        for directory in &self.directories {
            for file in files(directory).or_exit(Exit::Usage)? {
                added(&mut all, &file.display().to_string())?;
            }
        }
        Ok(all)
    }
}

/// The files of a directory that can be systems; one at least.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = directory.display();
    let unreadable = |error| anyhow::anyhow!("--systems {shown}: {error}; allowed is a directory of systems");
    let entries = std::fs::read_dir(directory).map_err(unreadable)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    anyhow::ensure!(
        !paths.is_empty(),
        "--systems {shown}: found no .toml in it; allowed is a directory of systems"
    );
    paths.sort();
    Ok(paths)
}

/// The list with the systems whose files `patterns` name, and the patterns with the systems' names in their places.
///
/// `./mine.toml` is a file, and so is `./mine.toml:window=10m`; any other pattern stays as it is.
pub(crate) fn with_systems(
    definitions: &[Definition],
    patterns: &[String],
) -> anyhow::Result<(Vec<Definition>, Vec<String>)> {
    let mut all = definitions.to_vec();
    let named = patterns.iter().map(|pattern| match file_of(pattern) {
        None => Ok(pattern.clone()),
        Some((file, settings)) => {
            let name = added(&mut all, file)?;
            Ok(if settings.is_empty() { format!("^{name}$") } else { format!("{name}{settings}") })
        }
    });
    let named = named.collect::<anyhow::Result<Vec<_>>>()?;
    Ok((all, named))
}

/// The name of the system in `file`, which is added to `all` if it is not there yet.
fn added(all: &mut Vec<Definition>, file: &str) -> anyhow::Result<&'static str> {
    let system = dedup_systems::load(Path::new(file)).or_exit(Exit::Usage)?;
    let taken = || {
        anyhow::anyhow!(
            "{file}: name: found {:?}, which another strategy has; allowed is another name",
            system.name
        )
    };
    let other = all.iter().find(|one| one.name == system.name);
    match other {
        // Of the same file it is the same system: it may be named by itself and by its directory.
        Some(other) if other.needs != system.needs => Err(taken()).or_exit(Exit::Usage),
        Some(_) => Ok(system.name),
        None => {
            all.push(system);
            Ok(system.name)
        }
    }
}

/// Whether a pattern names the file of a system.
pub(crate) fn is_system(pattern: &str) -> bool {
    file_of(pattern).is_some()
}

/// The file that a pattern names, and what follows it.
fn file_of(pattern: &str) -> Option<(&str, &str)> {
    const END: &str = ".toml";
    let at = pattern.find(".toml:").or_else(|| pattern.ends_with(END).then(|| pattern.len() - END.len()))?;
    Some(pattern.split_at(at + END.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_a_pattern_and_from_its_settings() {
        assert_eq!(file_of("./a/mine.toml"), Some(("./a/mine.toml", "")));
        assert_eq!(file_of("mine.toml:window=10m,mode=a"), Some(("mine.toml", ":window=10m,mode=a")));
        assert_eq!(file_of("lru:capacity=5"), None);
        assert_eq!(file_of("^toml$"), None);
    }
}
