//! Figures of pipelines added up. Nothing is averaged, and in whichever order they are added the sum is the same.

use super::{
    CauseFigures, FaultlessFigures, HistogramError, LagFigures, Latency, OverTime, StableFigures,
    TimeFigures, VerifyFigures, merged,
};

/// Pipelines that do not add up to one cell.
#[derive(Debug, thiserror::Error)]
pub enum SumError {
    /// A distribution cannot be read.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// Something that is the same for all pipelines of a cell is not.
    #[error("{0} differ: these are no pipelines of one cell")]
    Unlike(&'static str),
    /// One of them is there twice.
    #[error("number {0} is there twice; give each part once")]
    Twice(u32),
    /// More than can be counted.
    #[error("its counts and those of the others are more than 64 bits hold: one of the records was altered")]
    TooMany,
    /// A whole cell, or one of an older record.
    #[error("this is no part of a cell; parts are made with --partition, and --pipelines or --start-at")]
    NoPart,
}

impl VerifyFigures {
    /// Adds the figures of other pipelines of the same cell. The digest and the judgement are for whoever has all of them.
    pub fn add(&mut self, other: &VerifyFigures) -> Result<(), SumError> {
        self.add_part(other)?;
        let counts: [(&mut u64, u64); 15] = [
            (&mut self.pings_count, other.pings_count),
            (&mut self.unique_count, other.unique_count),
            (&mut self.duplicate_count, other.duplicate_count),
            (&mut self.missed_count, other.missed_count),
            (&mut self.duplicate_in_window_count, other.duplicate_in_window_count),
            (&mut self.missed_in_window_count, other.missed_in_window_count),
            (&mut self.lost_count, other.lost_count),
            (&mut self.lost_shared_key_count, other.lost_shared_key_count),
            (&mut self.delayed_count, other.delayed_count),
            (&mut self.late_count, other.late_count),
            (&mut self.stalled_count, other.stalled_count),
            (&mut self.error_count, other.error_count),
            (&mut self.unjudged_count, other.unjudged_count),
            (&mut self.refused_unique_count, other.refused_unique_count),
            (&mut self.redelivered_count, other.redelivered_count),
        ];
        for (sum, count) in counts {
            *sum = sum.checked_add(count).ok_or(SumError::TooMany)?;
        }
        self.ids_in_window_count += other.ids_in_window_count;
        self.by_cause = causes(&self.by_cause, &other.by_cause)?;
        self.by_lag = lags(&self.by_lag, &other.by_lag);
        self.over_time.add(&other.over_time)?;
        self.held_ns = both(&self.held_ns, &other.held_ns)?;
        self.waited_ns = both(&self.waited_ns, &other.waited_ns)?;
        self.stable = match (self.stable.take(), &other.stable) {
            (Some(one), Some(other)) => Some(stable(one, other)?),
            (None, None) => None,
            _ => return Err(SumError::Unlike("nightly jobs")),
        };
        self.faultless = self.faultless.zip(other.faultless).map(|(one, other)| faultless(one, other));
        self.round_trips_count = sum(self.round_trips_count, other.round_trips_count);
        self.emitted_twice_count = sum(self.emitted_twice_count, other.emitted_twice_count);
        Ok(())
    }

    /// Which pipelines there are, in the order of their numbers, and their faults as they begin.
    fn add_part(&mut self, other: &VerifyFigures) -> Result<(), SumError> {
        let (Some(own), Some(others)) = (&mut self.part, &other.part) else { return Err(SumError::NoPart) };
        if self.pipelines_count != other.pipelines_count {
            return Err(SumError::Unlike("numbers of pipelines"));
        }
        if self.virtual_ns != other.virtual_ns {
            return Err(SumError::Unlike("lengths of the stream"));
        }
        if (own.missed, own.lost, &own.void) != (others.missed, others.lost, &others.void) {
            return Err(SumError::Unlike("promises"));
        }
        if own.foreseen != others.foreseen {
            return Err(SumError::Unlike("predictions"));
        }
        own.pipelines.extend(others.pipelines.iter().cloned());
        own.pipelines.sort_by_key(|pipeline| pipeline.number);
        let twice = own.pipelines.windows(2).find(|pair| pair[0].number == pair[1].number);
        if let Some([one, _]) = twice {
            return Err(SumError::Twice(one.number));
        }
        self.faults.extend(other.faults.iter().cloned());
        self.faults.sort_by(|one, other| {
            (one.at_ns, &one.kind, one.for_ns).cmp(&(other.at_ns, &other.kind, other.for_ns))
        });
        Ok(())
    }

    /// The counts of each cause in their order, those of which none came left out: what a whole cell has.
    pub fn without_idle_causes(&mut self) {
        self.by_cause.retain(|cause| cause.duplicate_count + cause.missed_count > 0);
        if let Some(stable) = &mut self.stable {
            let there = &self.by_cause;
            stable.by_cause.retain(|cause| there.iter().any(|live| live.cause == cause.cause));
        }
    }
}

impl TimeFigures {
    /// Adds the figures of other clients that loaded the same store at the same time.
    pub fn add(&mut self, other: &TimeFigures) -> Result<(), SumError> {
        if self.clients.is_empty() || other.clients.is_empty() {
            return Err(SumError::NoPart);
        }
        if self.clients_count != other.clients_count {
            return Err(SumError::Unlike("numbers of clients"));
        }
        self.clients.extend(&other.clients);
        self.clients.sort_unstable();
        if let Some(pair) = self.clients.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SumError::Twice(pair[0]));
        }
        self.judged_count += other.judged_count;
        self.threads_count += other.threads_count;
        self.throughput_per_s += other.throughput_per_s;
        self.offered_per_s += other.offered_per_s;
        self.achieved_per_s += other.achieved_per_s;
        self.warm_up_count = sum(self.warm_up_count, other.warm_up_count);
        self.start_ns = self.start_ns.max(other.start_ns);
        self.threads_ns = sum(self.threads_ns, other.threads_ns);
        self.threads_ran_ns = sum(self.threads_ran_ns, other.threads_ran_ns);
        for (sum, other) in
            [(&mut self.latency_ns, &other.latency_ns), (&mut self.service_ns, &other.service_ns)]
        {
            *sum = merged([&*sum, other])?.expect("there are two");
        }
        Ok(())
    }

    /// Whose figures these are need not be said once they are those of all.
    pub(super) fn whole(&mut self) {
        if self.clients.len() == self.clients_count as usize {
            self.clients.clear();
        }
    }
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one + other)
}

fn both(one: &Option<Latency>, other: &Option<Latency>) -> Result<Option<Latency>, HistogramError> {
    merged(one.iter().chain(other))
}

/// Every pipeline has every cause, in the same order.
fn causes(one: &[CauseFigures], other: &[CauseFigures]) -> Result<Vec<CauseFigures>, SumError> {
    let same = one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.cause == other.cause);
    let added = |(one, other): (&CauseFigures, &CauseFigures)| CauseFigures {
        cause: one.cause.clone(),
        duplicate_count: one.duplicate_count + other.duplicate_count,
        missed_count: one.missed_count + other.missed_count,
    };
    if !same {
        return Err(SumError::Unlike("causes of duplicates"));
    }
    Ok(one.iter().zip(other).map(added).collect())
}

fn lags(one: &[LagFigures], other: &[LagFigures]) -> Vec<LagFigures> {
    let mut sum = one.to_vec();
    for lag in other {
        match sum.iter_mut().find(|own| own.up_to_ns == lag.up_to_ns) {
            Some(own) => {
                own.duplicate_count += lag.duplicate_count;
                own.missed_count += lag.missed_count;
            }
            None => sum.push(lag.clone()),
        }
    }
    sum.sort_by_key(|lag| lag.up_to_ns.unwrap_or(u64::MAX));
    sum
}

impl OverTime {
    fn add(&mut self, other: &OverTime) -> Result<(), SumError> {
        if self.slice_ns != other.slice_ns {
            return Err(SumError::Unlike("slices of the stream"));
        }
        let series = [
            (&mut self.pings_count, &other.pings_count),
            (&mut self.missed_count, &other.missed_count),
            (&mut self.dropped_first_count, &other.dropped_first_count),
        ];
        for (sum, other) in series {
            sum.resize(sum.len().max(other.len()), 0);
            sum.iter_mut().zip(other).for_each(|(sum, count)| *sum += count);
        }
        Ok(())
    }
}

fn stable(one: StableFigures, other: &StableFigures) -> Result<StableFigures, SumError> {
    if (&one.job, one.preceding_days) != (&other.job, other.preceding_days) {
        return Err(SumError::Unlike("nightly jobs"));
    }
    Ok(StableFigures {
        days_count: one.days_count.max(other.days_count),
        live_rows_count: one.live_rows_count + other.live_rows_count,
        stable_rows_count: one.stable_rows_count + other.stable_rows_count,
        missed_count: one.missed_count + other.missed_count,
        lost_count: one.lost_count + other.lost_count,
        dropped_without_id_count: one.dropped_without_id_count + other.dropped_without_id_count,
        by_cause: causes(&one.by_cause, &other.by_cause)?,
        ..one
    })
}

fn faultless(one: FaultlessFigures, other: FaultlessFigures) -> FaultlessFigures {
    FaultlessFigures {
        missed_count: one.missed_count + other.missed_count,
        missed_in_window_count: one.missed_in_window_count + other.missed_in_window_count,
        lost_count: one.lost_count + other.lost_count,
        lost_shared_key_count: one.lost_shared_key_count + other.lost_shared_key_count,
        waited_count: one.waited_count + other.waited_count,
    }
}
