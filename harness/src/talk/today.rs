//! What people run today: which systems stand beside the two sides of the talk, and on which streams.

use std::path::{Path, PathBuf};

use dedup_report::talk::{DENSE, SCENARIO, TODAY};
use dedup_strategies::Definition;
use dedup_stream::scenario::{Scenario, ScenarioError, find};

use super::plan::{Part, Scale, parts};
use crate::record::Pass;

/// A system of this part.
struct Member {
    /// Its file, from the directory of systems on.
    file: &'static str,
    /// One key in so many of the dense stream is enough of it: of a slow one the rest would take minutes.
    one_key_in: u32,
    /// Whether it is put through faults: who takes a second for a batch, or lets everything through, is not.
    faults: bool,
}

const fn member(file: &'static str) -> Member {
    Member { file, one_key_in: 1, faults: true }
}

const fn floor(file: &'static str) -> Member {
    Member { faults: false, ..member(file) }
}

/// What people run, and what pipes, clients and engines take by themselves: a row for each shape, so that nobody is charged for them.
const MEMBERS: &[Member] = &[
    floor("floor/noop-python.toml"),
    floor("floor/flow-python.toml"),
    floor("flink-floor.toml"),
    member("flink.toml"),
    Member { faults: false, ..member("spark.toml") },
    Member { faults: false, one_key_in: 16, ..member("beam.toml") },
    member("nats.toml"),
    member("redisbloom.toml"),
    member("postgres.toml"),
    member("memcached.toml"),
    Member { one_key_in: 4, ..member("clickhouse.toml") },
];

/// Of the talk's own strategies, the two sides at their best.
const SIDES: &[&str] = &["pubsubio", "redis-claim"];

/// Of the talk's faults, those of which people ask first: who dies, with what it knew, and before it has published.
const FAULTS: &[&str] =
    &["faults/restart-state-lost", "faults/store-killed", "faults/worker-crash-before-publish"];

/// At most so many first arrivals a second: whatever the talk's scale, engines of which each batch takes a second come to an end.
const MOST_PER_S: f64 = 0.5;

/// The files of the systems that are there.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    MEMBERS.iter().map(|member| directory.join(member.file)).filter(|file| file.is_file()).collect()
}

/// Strategies that are run on the same streams in the same passes.
#[derive(Clone, Debug)]
pub struct Group {
    /// The streams, and the passes, which they have in common.
    pub parts: Vec<Part>,
    /// The names of the strategies.
    pub strategies: Vec<&'static str>,
}

/// What is run, in this order, of systems read from `directory` and of the talk's own strategies; `is_chosen` says of which
/// faults.
pub fn groups(
    scale: Scale,
    directory: &Path,
    systems: &[Definition],
    own: &[&'static str],
    is_chosen: impl Fn(&str) -> bool,
) -> Result<Vec<Group>, ScenarioError> {
    let members: Vec<(&Member, &'static str)> =
        MEMBERS.iter().filter_map(|member| Some((member, named(member, directory, systems)?))).collect();
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let sides: Vec<&'static str> = SIDES.iter().filter(|name| own.contains(name)).copied().collect();
    let some = |wanted: &dyn Fn(&Member) -> bool| -> Vec<&'static str> {
        members.iter().filter(|(member, _)| wanted(member)).map(|(_, name)| *name).collect()
    };
    let dense = scenario(DENSE, scale)?;
    let faults =
        FAULTS.iter().filter(|name| is_chosen(name)).map(|name| find(name).map(|mut found| found.remove(0)));
    let faults: Vec<Scenario> = faults.collect::<Result<_, _>>()?;
    let mut groups = vec![
        Group {
            parts: with_passes([today(scale)?], &[Pass::Verify]),
            strategies: [&sides[..], &some(&|_| true)].concat(),
        },
        // Their memory there is the talk's own.
        Group { parts: with_passes([dense.clone()], &[Pass::Time]), strategies: sides },
    ];
    let mut thinned: Vec<u32> = members.iter().map(|(member, _)| member.one_key_in).collect();
    thinned.sort_unstable();
    thinned.dedup();
    for keys in thinned {
        groups.push(Group {
            parts: with_passes([dense.thinned(keys)?], &[Pass::Time, Pass::Weigh]),
            strategies: some(&|member| member.one_key_in == keys),
        });
    }
    groups.push(Group {
        parts: with_passes(faults, &[Pass::Verify]),
        strategies: some(&|member| member.faults),
    });
    groups.retain(|group| !group.parts.is_empty() && !group.strategies.is_empty());
    Ok(groups)
}

fn named(member: &Member, directory: &Path, systems: &[Definition]) -> Option<&'static str> {
    use dedup_strategies::Needs;
    let file = std::path::absolute(directory.join(member.file)).ok()?;
    let is_it = |system: &&Definition| matches!(system.needs, Needs::System { file: of, .. } if Path::new(of) == file);
    systems.iter().find(is_it).map(|system| system.name)
}

fn with_passes(scenarios: impl IntoIterator<Item = Scenario>, passes: &[Pass]) -> Vec<Part> {
    scenarios.into_iter().map(|scenario| Part { scenario, passes: passes.to_vec() }).collect()
}

fn scenario(name: &str, scale: Scale) -> Result<Scenario, ScenarioError> {
    let found = parts(scale)?.into_iter().find(|part| part.scenario.name == name);
    Ok(found.expect("it is one of the talk's").scenario)
}

/// The day and a half, thinned further, with batches that wait long enough.
fn today(scale: Scale) -> Result<Scenario, ScenarioError> {
    let rate = format!("{}/s", scale.rate_per_s().min(MOST_PER_S));
    scenario(SCENARIO, scale)?.with(
        TODAY,
        &[
            ("arrival.rate", rate.into()),
            ("pipeline.linger", "15m".into()),
            ("pipeline.ack_deadline", "1h".into()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../systems")
    }

    fn systems() -> Vec<Definition> {
        files(&here()).iter().map(|file| dedup_systems::load(file).unwrap()).collect()
    }

    #[test]
    fn every_file_of_the_list_is_there_and_each_shape_has_a_floor() {
        assert_eq!(files(&here()).len(), MEMBERS.len());
        let floors: Vec<Definition> =
            systems().into_iter().filter(|system| system.role == dedup_strategies::Role::Floor).collect();
        let is_flow = |system: &&Definition| system.needs.batching().is_some();
        assert_eq!(floors.iter().filter(is_flow).count(), 2);
        assert_eq!(floors.len(), 3);
    }

    #[test]
    fn all_stand_on_one_stream_and_who_has_fewer_keys_has_a_stream_of_another_name() {
        let groups = groups(Scale::OneIn(8000), &here(), &systems(), &["redis-claim"], |_| true).unwrap();
        let (first, rest) = groups.split_first().unwrap();
        assert_eq!(first.parts[0].scenario.name, TODAY);
        assert_eq!(first.strategies.len(), MEMBERS.len() + 1);
        assert!(first.parts[0].scenario.expected_pings() < 70_000);
        for group in rest {
            for part in &group.parts {
                let thinned = part.scenario.shape.thin.is_some();
                assert_eq!(thinned, part.scenario.name.contains(":thin="), "{}", part.scenario.name);
            }
        }
        let beam = rest.iter().find(|group| group.strategies == ["beam"]).unwrap();
        assert_eq!(beam.parts[0].scenario.name, "talk-dense:thin=16");
        assert!(groups.iter().all(|group| !group.strategies.contains(&"noop")));
    }

    #[test]
    fn without_a_system_nothing_is_run() {
        assert!(groups(Scale::Full, &here(), &[], &["redis-claim"], |_| true).unwrap().is_empty());
        assert!(files(Path::new("/nowhere")).is_empty());
    }
}
