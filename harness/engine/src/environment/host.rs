//! A strategy that can be killed and built again.

use std::path::PathBuf;

use dedup_strategies::strategies::noop::Noop;
use dedup_strategies::{BuildError, Context, Definition, Forgets, Settings, Strategy, Unavailable};
use dedup_stream::scenario::Routed;

use super::beside_server::BesideServer;
use super::replicas;
use crate::faults::State;
use crate::pipeline::Host;
use crate::servers::{Notes, StoreControl};

/// What it takes to build a strategy again.
pub(super) struct Rebuild {
    definition: Definition,
    settings: Settings,
    context: Context,
    routed: Routed,
    /// Of the server beside it.
    notes: Option<Notes>,
    restarts: u32,
    round_trips: u64,
    emitted_twice: u64,
}

impl Rebuild {
    pub(super) fn new(
        definition: Definition,
        settings: Settings,
        context: Context,
        routed: Routed,
        notes: Option<Notes>,
    ) -> Rebuild {
        Rebuild {
            definition,
            settings,
            context,
            routed,
            notes,
            restarts: 0,
            round_trips: 0,
            emitted_twice: 0,
        }
    }

    /// Builds it, the first time or again.
    pub(super) fn build(&self) -> Result<Box<dyn Strategy>, BuildError> {
        let built = replicas::build(&self.definition, &self.settings, &self.context, self.routed)?;
        Ok(match &self.notes {
            Some(notes) => Box::new(BesideServer::new(built, notes.clone())),
            None => built,
        })
    }

    /// The strategy's name.
    pub(super) fn name(&self) -> &'static str {
        self.definition.name
    }

    /// As the definition says, with these settings and in this context.
    pub(super) fn forgets(&self) -> Forgets {
        (self.definition.forgets)(&self.settings, &self.context)
    }

    /// Of the strategies that are gone.
    pub(super) fn round_trips_before(&self) -> u64 {
        self.round_trips
    }

    /// Of the strategies that are gone.
    pub(super) fn emitted_twice_before(&self) -> u64 {
        self.emitted_twice
    }

    fn empty_directory(&mut self) -> std::io::Result<()> {
        self.restarts += 1;
        let directory: PathBuf = self.context.state_dir.join(format!("after-restart-{}", self.restarts));
        std::fs::create_dir_all(&directory)?;
        self.context.state_dir = directory;
        Ok(())
    }
}

/// An instance's strategy, and what can be done to it.
pub struct Hosted<'a> {
    strategy: &'a mut Box<dyn Strategy>,
    rebuild: &'a mut Rebuild,
    control: Option<Box<dyn StoreControl + 'a>>,
}

impl<'a> Hosted<'a> {
    pub(super) fn new(
        strategy: &'a mut Box<dyn Strategy>,
        rebuild: &'a mut Rebuild,
        control: Option<Box<dyn StoreControl + 'a>>,
    ) -> Self {
        Hosted { strategy, rebuild, control }
    }
}

impl Host for Hosted<'_> {
    fn strategy(&self) -> &dyn Strategy {
        self.strategy.as_ref()
    }

    fn restart(&mut self, state: State) -> Result<(), Unavailable> {
        self.rebuild.round_trips += self.strategy.round_trips().unwrap_or(0);
        self.rebuild.emitted_twice += self.strategy.emitted_twice().unwrap_or(0);
        // The old one is gone before the new one opens the same files.
        *self.strategy = Box::new(Noop);
        if state == State::Lost {
            self.rebuild.empty_directory().map_err(Unavailable::because)?;
        }
        *self.strategy = self.rebuild.build().map_err(Unavailable::because)?;
        Ok(())
    }

    fn store(&mut self) -> Option<&mut (dyn StoreControl + '_)> {
        match &mut self.control {
            Some(control) => Some(control.as_mut()),
            None => None,
        }
    }
}
