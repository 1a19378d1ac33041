//! Which cells have several pipelines, and which of these are run here.

use std::num::NonZeroU32;
use std::time::Duration;

use dedup_strategies::Needs;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::Routed;
use dedup_stream::workload::Workload;

use super::cell::Turn;
use super::plan::Plan;
use super::task::Place;
use crate::cell::Work;
use crate::environment::PassOptions;
use crate::passes::Pipelines;
use crate::passes::time::slot;
use crate::record::Pass;
use crate::select::Selected;

impl Plan {
    /// The pipelines of a cell, and which of them are run here.
    pub(super) fn pipelines_at(&self, place: Place, work: Work) -> Pipelines {
        if let Some(partition) = self.partition.filter(|_| self.is_loaded(place, work)) {
            return partition.client();
        }
        let has_several = match work {
            Work::Faultless => true,
            Work::Measure(pass, _) => pass.has_pipeline(),
            // Of the others a strategy with all ids has to fit.
            Work::Build => self.passes_of(place.workload).all(Pass::has_pipeline),
        };
        if !has_several || !self.is_split(place) {
            return Pipelines::ONE;
        }
        let of = self.pipelines;
        // The numbers of an impact cell do not add up from parts: the share that has the cell has all of it.
        let parted = self.partition.filter(|_| !matches!(work, Work::Measure(Pass::Impact, _)));
        let own = parted.map_or(0..of.get(), |partition| partition.part_of(of.get()));
        Pipelines { of, own }
    }

    /// Whether a turn is of a cell whose pipelines are shared out, so that each share has some of it.
    pub(super) fn is_in_parts(&self, place: Place, turn: Turn) -> bool {
        let is_split = turn.pass == Pass::Verify && self.is_split(place);
        self.partition.is_some()
            && (is_split || self.is_loaded(place, Work::Measure(turn.pass, self.options)))
    }

    /// Whether all shares load the store of a cell together.
    pub(super) fn is_loaded(&self, place: Place, work: Work) -> bool {
        let is_timed = matches!(work, Work::Measure(Pass::Time, _));
        let needs_store = self.at(place).1.definition.needs == Needs::Redis;
        is_timed && needs_store && self.options.time.start_at_ns.is_some()
    }

    /// What the passes are told in a cell that is the `nth` to be loaded; in one that is not, no moment to begin at.
    pub(super) fn options_of(&self, nth: Option<u32>) -> PassOptions {
        let mut options = self.options;
        let slot = slot(Duration::from_secs_f64(options.time.seconds));
        let later = |start: u64, nth: u32| start.saturating_add(saturating_nanos(slot * nth));
        options.time.start_at_ns = options.time.start_at_ns.zip(nth).map(|(start, nth)| later(start, nth));
        options
    }

    fn is_split(&self, place: Place) -> bool {
        self.pipelines > NonZeroU32::MIN && self.why_whole(place).is_none()
    }

    /// Why the cells of a place have one pipeline, however many were asked for.
    fn why_whole(&self, place: Place) -> Option<&'static str> {
        let (workload, strategy) = self.at(place);
        let redis = self.redis.under(workload.faults());
        match strategy.definition.needs {
            _ if workload.pipeline().routed == Routed::Random => {
                Some("its scenario sends a ping to any worker, whatever its key")
            }
            Needs::System { .. } => Some("it is a program of its own, which splits keys as it pleases"),
            needs if redis.keeps_wall_time(needs) => {
                Some("its store keeps its own time, and would have the load of all at once")
            }
            Needs::Nothing | Needs::Redis => None,
        }
    }

    /// What is run in one pipeline although more were asked for, each with the reason.
    pub fn not_split(&self) -> Vec<String> {
        if self.pipelines == NonZeroU32::MIN || !self.passes.iter().copied().any(Pass::has_pipeline) {
            return Vec::new();
        }
        let places = self.places().into_iter();
        let named = |(workload, strategy): (&Workload, &Selected)| {
            format!("{}, {}", workload.name(), strategy.label())
        };
        places
            .filter_map(|place| {
                Some(format!("{}: one pipeline: {}", named(self.at(place)), self.why_whole(place)?))
            })
            .collect()
    }
}
