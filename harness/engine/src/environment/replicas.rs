//! Workers as processes of their own, which share nothing in memory.

use dedup_strategies::strategies::noop::Noop;
use dedup_strategies::{
    BuildError, Context, Definition, Footprint, HeldPings, Needs, Promise, Routing, Settings, Strategy,
    Unavailable, Worker,
};
use dedup_stream::scenario::Routed;
use parking_lot::Mutex;

/// Builds a strategy. Where pings go to any worker, workers are replicas: state that they would share in the memory of one
/// process is there once for each of them.
pub(super) fn build(
    definition: &Definition,
    settings: &Settings,
    context: &Context,
    routed: Routed,
) -> Result<Box<dyn Strategy>, BuildError> {
    let strategy = (definition.build)(settings, context)?;
    let shares_memory = definition.needs == Needs::Nothing && strategy.routing() == Routing::Any;
    if routed == Routed::ByKey || !shares_memory {
        return Ok(strategy);
    }
    drop(strategy);
    let replica = |index| Replica::build(*definition, settings.clone(), context, index).map(Mutex::new);
    let replicas: Result<_, _> = (0..context.workers.get()).map(replica).collect();
    Ok(Box::new(Replicas(replicas?)))
}

/// A strategy as each worker has it for itself.
struct Replicas(Vec<Mutex<Replica>>);

struct Replica {
    definition: Definition,
    settings: Settings,
    context: Context,
    strategy: Box<dyn Strategy>,
    opened: bool,
}

impl Replica {
    fn build(
        definition: Definition,
        settings: Settings,
        context: &Context,
        index: usize,
    ) -> Result<Replica, BuildError> {
        let state_dir = context.state_dir.join(format!("replica-{index}"));
        std::fs::create_dir_all(&state_dir).map_err(BuildError::Io)?;
        let context = Context { workers: std::num::NonZeroUsize::MIN, state_dir, ..context.clone() };
        let strategy = (definition.build)(&settings, &context)?;
        Ok(Replica { definition, settings, context, strategy, opened: false })
    }

    fn worker(&mut self) -> Result<Box<dyn Worker>, Unavailable> {
        if self.opened {
            // Its process died, and another finds what it has kept on disk. The old one is gone before.
            self.strategy = Box::new(Noop);
            let built = (self.definition.build)(&self.settings, &self.context);
            self.strategy = built.map_err(Unavailable::because)?;
        }
        self.opened = true;
        self.strategy.worker(0)
    }
}

impl Replicas {
    fn one<T>(&self, ask: impl FnOnce(&dyn Strategy) -> T) -> T {
        ask(self.0[0].lock().strategy.as_ref())
    }
}

impl Strategy for Replicas {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        self.0[index].lock().worker()
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        self.one(|strategy| strategy.promise())
    }

    fn footprint(&self) -> Footprint {
        let each = self.0.iter().map(|replica| replica.lock().strategy.footprint());
        each.fold(Footprint::default(), |sum, one| Footprint {
            ids: sum.ids + one.ids,
            bytes: sum.bytes + one.bytes,
        })
    }

    fn held_pings(&self) -> HeldPings {
        self.one(|strategy| strategy.held_pings())
    }
}
