//! Systems beside the strategies of the list: a file in the place of a name.

use std::path::Path;

use dedup_strategies::Definition;

use crate::cell;
use crate::exit::{Exit, OrExit};

/// The system that this process, a cell, was told of.
pub(crate) fn of_cell() -> anyhow::Result<Option<Definition>> {
    let told = std::env::var_os(cell::SYSTEM);
    told.map(|file| dedup_systems::load(Path::new(&file)).or_exit(Exit::Usage)).transpose()
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
            let name = added(&mut all, definitions, file)?;
            Ok(if settings.is_empty() { format!("^{name}$") } else { format!("{name}{settings}") })
        }
    });
    let named = named.collect::<anyhow::Result<Vec<_>>>()?;
    Ok((all, named))
}

/// The name of the system in `file`, which is added to `all` if it is not there yet.
fn added(all: &mut Vec<Definition>, listed: &[Definition], file: &str) -> anyhow::Result<&'static str> {
    let system = dedup_systems::load(Path::new(file)).or_exit(Exit::Usage)?;
    let taken = || {
        anyhow::anyhow!(
            "{file}: name: found {:?}, which another strategy has; allowed is another name",
            system.name
        )
    };
    let is_listed = listed.iter().any(|one| one.name == system.name);
    let other = all.iter().find(|one| one.name == system.name);
    match other {
        Some(other) if is_listed || other.needs != system.needs => Err(taken()).or_exit(Exit::Usage),
        Some(_) => Ok(system.name),
        None => {
            all.push(system);
            Ok(system.name)
        }
    }
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
