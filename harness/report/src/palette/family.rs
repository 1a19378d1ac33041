//! Which strategies are of one kind, and so of one colour.

/// The families by their colours, and the names of each: the order gives each its mark and its dash.
///
/// Records do not say it, and old ones have to look like new ones; a test of the harness holds this to its catalogue.
pub const CATALOGUE: [(usize, &[&str]); 6] = [
    // What is there to compare with: grey.
    (6, &["noop"]),
    // Ids in Redis: blue.
    (0, &["redis-mozilla", "redis-claim", "redis-lease", "tiered", "redis-bloom"]),
    // Ids in the worker: green.
    (2, &["exact", "exact-compact", "fingerprint-64", "lru", "lru-exact", "lru-tinylfu", "window-batch"]),
    // Filters in the worker: purple.
    (
        7,
        &[
            "split-block",
            "bloom",
            "bloom-rotating",
            "cuckoo",
            "apbf",
            "apbf-time",
            "stable-bloom",
            "bsbf",
            "rlbsbf",
        ],
    ),
    // State that a runner keeps: pink.
    (3, &["pubsubio", "pubsubio-direct", "pubsubio-flink", "beam-deduplicate"]),
    // Ids on a disk: ochre.
    (4, &["durable", "bloom-verified"]),
];

/// What the families of the catalogue are called, in its order, but for the first, which stands last beside what no catalogue
/// has.
pub(super) const NAMES: [&str; CATALOGUE.len()] =
    ["ids in Redis", "ids in the worker", "filters", "a runner's state", "on a disk", "others"];

/// The name of the family of a strategy.
pub(super) fn name(strategy: &str) -> &'static str {
    let family = CATALOGUE[1..].iter().position(|(_, names)| names.contains(&bare(strategy)));
    NAMES[family.unwrap_or(NAMES.len() - 1)]
}

/// The colour of a strategy and its place in its family; none where the catalogue does not have it.
pub(super) fn place(name: &str) -> Option<(usize, usize)> {
    CATALOGUE.iter().find_map(|(colour, names)| {
        let place = names.iter().position(|have| *have == bare(name))?;
        Some((*colour, place))
    })
}

/// A name without its settings and its run.
fn bare(name: &str) -> &str {
    name.split([':', ' ']).next().unwrap_or(name)
}

/// Whether it is a name of the catalogue and nothing else.
pub(super) fn is_bare(name: &str) -> bool {
    CATALOGUE.iter().any(|(_, names)| names.contains(&name))
}
