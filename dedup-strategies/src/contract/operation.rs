//! What it takes to have a strategy in production.

/// What somebody has to operate for a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What has to be run and watched over beside the pipeline's workers, in a few words: the cell of a table.
    pub what: &'static str,
    /// The system that this is a model of; its figures are not those of the system itself.
    pub model_of: Option<&'static str>,
    /// What a reader of its figures has to know: settings that are not its makers' defaults and why, what its window is.
    pub note: Option<&'static str>,
}

impl Operation {
    /// There is no state.
    pub const NOTHING: Operation = Operation::of("nothing");
    /// State in the workers' memory.
    pub const IN_WORKERS: Operation = Operation::of("nothing: state in the workers, and gone with them");
    /// State on the workers' disks.
    pub const ON_DISK: Operation = Operation::of("a disk of the process's own: its space, its syncs");
    /// State in Redis.
    pub const REDIS: Operation = Operation::of("a Redis: its memory, failover, eviction, connections");

    /// A strategy that is meant to be operated itself.
    pub const fn of(what: &'static str) -> Operation {
        Operation { what, model_of: None, note: None }
    }

    /// A strategy that shows what `system` does.
    pub const fn of_model(system: &'static str, what: &'static str) -> Operation {
        Operation { what, model_of: Some(system), note: None }
    }

    /// The same, with what a reader of its figures has to know.
    pub const fn noted(self, note: Option<&'static str>) -> Operation {
        Operation { note, ..self }
    }
}
