//! Lets everything through: the floor under every other figure.

use crate::contract::{
    Bound, Definition, Footprint, Forgets, Hears, Needs, Operation, Ping, Promise, Prospect, Role, Routing,
    Strategy, Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker,
};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "noop",
    about: "lets every ping through; its figures are the harness's own floor",
    role: Role::Floor,
    settings: &[],
    needs: Needs::Nothing,
    operation: Operation::NOTHING,
    forgets: |_, _| Forgets::AtOnce,
    estimate: None,
    prospect: Some(|_, _| Prospect::in_process(PROMISE, Routing::Any, 0)),
    build: &|_, _| Ok(Box::new(Noop)),
};

const PROMISE: Promise = Promise {
    missed: Bound::Unbounded,
    under_faults: UnderFaults::LOSES_NOTHING,
    ..Promise::remembering(Window::Nothing)
};

/// Judges every ping [`Verdict::New`].
#[derive(Clone, Copy, Debug)]
pub struct Noop;

impl Strategy for Noop {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Noop))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        PROMISE
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Noop {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        verdicts.resize(verdicts.len() + pings.len(), Verdict::New);
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::NONE
    }
}
