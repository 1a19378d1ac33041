//! What about this machine makes timings doubtful.

use std::path::Path;

use rustix::thread::{CpuSet, sched_getaffinity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Steal above this share of a core's time is worth a word.
const STEAL_SHARE: f64 = 0.01;

/// Running programs for each core, before the gate begins, above which it is not alone.
const LOAD_A_CORE: f64 = 0.5;

/// One thing about the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What was found, as a phrase.
    pub found: String,
    /// Whether it makes timings doubtful.
    pub doubtful: bool,
}

impl Fact {
    /// A fact that is all right.
    pub fn fine(name: &str, found: impl Into<String>) -> Fact {
        Fact { name: name.to_string(), found: found.into(), doubtful: false }
    }

    /// A fact that makes timings doubtful.
    pub fn doubtful(name: &str, found: impl Into<String>) -> Fact {
        Fact { name: name.to_string(), found: found.into(), doubtful: true }
    }
}

/// Where workers run, and what was there before them.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The core for both programs: the last that we may use, because interrupts tend to go to the first. None where the
    /// system does not say which there are.
    pub core: Option<usize>,
    cores: usize,
    before: Option<Ticks>,
    load: Option<f64>,
}

/// A core's time since the machine was started, in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

impl Watch {
    /// Begins to watch.
    pub fn begin() -> Watch {
        let allowed = sched_getaffinity(None).ok();
        let allowed: Vec<usize> = allowed
            .map(|set| (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect())
            .unwrap_or_default();
        let core = allowed.last().copied();
        let root = Path::new("/");
        Watch {
            core,
            cores: allowed.len(),
            before: core.and_then(|core| ticks(root, core)),
            load: load(root),
        }
    }

    /// What was found. `not_pinned` is why a worker could not stay on its core, where one could not.
    pub fn end(&self, not_pinned: Option<&str>) -> Vec<Fact> {
        let root = Path::new("/");
        let after = self.core.and_then(|core| ticks(root, core));
        vec![
            self.pinning(not_pinned),
            self.cores(),
            self.frequency(root),
            steal(self.before.zip(after)),
            self.load(),
        ]
    }

    fn pinning(&self, not_pinned: Option<&str>) -> Fact {
        match (self.core, not_pinned) {
            (Some(core), None) => Fact::fine("pinning", format!("both programs on core {core}")),
            (_, Some(why)) => {
                Fact::doubtful("pinning", format!("refused ({why}): the programs move between cores"))
            }
            (None, None) => {
                Fact::doubtful("pinning", "not possible: the system does not say which cores there are")
            }
        }
    }

    fn cores(&self) -> Fact {
        match self.cores {
            0 | 1 => Fact::doubtful("cores", "one: whatever else runs, runs between the slices"),
            cores => Fact::fine("cores", cores.to_string()),
        }
    }

    fn frequency(&self, root: &Path) -> Fact {
        let directory = root.join(format!("sys/devices/system/cpu/cpu{}/cpufreq", self.core.unwrap_or(0)));
        match std::fs::read_to_string(directory.join("scaling_governor")).map(|text| text.trim().to_string())
        {
            Ok(governor) if governor == "performance" => Fact::fine("frequency", "governor performance"),
            Ok(governor) => Fact::doubtful(
                "frequency",
                format!(
                    "governor {governor}: the core changes its speed (cpupower frequency-set -g performance)"
                ),
            ),
            Err(_) => Fact::fine("frequency", "not to be seen from here, as in most virtual machines"),
        }
    }

    fn load(&self) -> Fact {
        match self.load {
            Some(load) if load > LOAD_A_CORE * self.cores.max(1) as f64 => {
                Fact::doubtful("load", format!("{load:.1} programs were running before the gate began"))
            }
            Some(load) => Fact::fine("load", format!("{load:.1} before the gate began")),
            None => Fact::fine("load", "not known"),
        }
    }
}

/// How much of the measuring other programs disturbed.
pub fn disturbed_slices(slices: usize, disturbed: usize) -> Fact {
    let share = disturbed as f64 / slices.max(1) as f64;
    let found = format!(
        "{disturbed} of {slices} slices ({:.0} %) were set aside: other programs had the core",
        100.0 * share
    );
    match share > 0.1 {
        true => Fact::doubtful("disturbed slices", found),
        false => Fact::fine("disturbed slices", found),
    }
}

fn steal(ticks: Option<(Ticks, Ticks)>) -> Fact {
    let Some((before, after)) = ticks else { return Fact::fine("steal", "not known") };
    let (all, stolen) = (after.all.saturating_sub(before.all), after.stolen.saturating_sub(before.stolen));
    let share = stolen as f64 / all.max(1) as f64;
    let found = format!("{:.1} % of the core's time was taken by the hypervisor", 100.0 * share);
    if share > STEAL_SHARE { Fact::doubtful("steal", found) } else { Fact::fine("steal", found) }
}

/// From `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)).
fn ticks(root: &Path, core: usize) -> Option<Ticks> {
    let text = std::fs::read_to_string(root.join("proc/stat")).ok()?;
    let name = format!("cpu{core} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name))?;
    let numbers: Vec<u64> =
        line.split_ascii_whitespace().take(8).filter_map(|word| word.parse().ok()).collect();
    Some(Ticks { all: numbers.iter().sum(), stolen: *numbers.get(7)? })
}

fn load(root: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(root.join("proc/loadavg")).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with(file: &str, text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        root
    }

    fn watch(cores: usize, load: f64) -> Watch {
        Watch { core: Some(1), cores, before: None, load: Some(load) }
    }

    #[test]
    fn stolen_time_is_read_for_the_core_that_is_used() {
        let root = root_with("proc/stat", "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 10 0 20 60 0 0 3 7 0 0\n");
        let found = ticks(root.path(), 1);
        assert_eq!(found, Some(Ticks { all: 100, stolen: 7 }));
        assert_eq!(ticks(root.path(), 0), None);
        let later = Ticks { all: 200, stolen: 57 };
        let fact = steal(found.zip(Some(later)));
        assert!(fact.doubtful && fact.found.starts_with("50.0 %"), "{fact:?}");
        assert!(!steal(found.zip(found)).doubtful);
    }

    #[test]
    fn a_governor_that_saves_power_is_doubtful_and_performance_is_not() {
        let file = "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor";
        let of = |text| watch(2, 0.0).frequency(root_with(file, text).path());
        assert!(of("powersave\n").doubtful && !of("performance\n").doubtful);
        assert!(of("powersave\n").found.contains("powersave"));
        assert!(!watch(2, 0.0).frequency(Path::new("/nonexistent")).doubtful);
    }

    #[test]
    fn too_few_cores_a_load_and_a_refused_pin_are_named() {
        assert!(watch(1, 0.0).cores().doubtful && !watch(2, 0.0).cores().doubtful);
        assert!(watch(2, 1.5).load().doubtful && !watch(2, 0.4).load().doubtful);
        let refused = watch(2, 0.0).pinning(Some("Operation not permitted"));
        assert!(refused.doubtful && refused.found.contains("Operation not permitted"));
        assert!(!watch(2, 0.0).pinning(None).doubtful);
        assert!(
            disturbed_slices(100, 30).doubtful
                && !disturbed_slices(100, 3).doubtful
                && !disturbed_slices(0, 0).doubtful
        );
    }

    #[test]
    fn this_machine_has_a_core_and_every_fact_has_words() {
        let watch = Watch::begin();
        assert!(watch.core.is_some() && watch.cores > 0);
        assert!(watch.end(None).iter().all(|fact| !fact.found.is_empty()));
    }
}
