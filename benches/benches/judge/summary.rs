//! The tables at the end: what an id took, for each contestant and case.

use std::collections::BTreeMap;
use std::fmt;

use super::contestant::SET;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) size: &'static str,
    pub(crate) duplicates: u64,
    pub(crate) batch: usize,
}

/// Nanoseconds a ping of every sample.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    names: Vec<&'static str>,
    samples: BTreeMap<(&'static str, Case), Vec<f64>>,
}

impl Summary {
    pub(crate) fn add(&mut self, name: &'static str, case: Case, nanos: f64) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        self.samples.entry((name, case)).or_default().push(nanos);
    }

    fn nanos(&self, name: &'static str, case: Case) -> Option<f64> {
        let mut samples = self.samples.get(&(name, case))?.clone();
        samples.sort_by(f64::total_cmp);
        Some(samples[samples.len() / 2])
    }

    fn sizes(&self) -> Vec<&'static str> {
        let mut sizes = Vec::new();
        for (size, _) in super::super::WINDOWS {
            if self.samples.keys().any(|(_, case)| case.size == size) {
                sizes.push(size);
            }
        }
        sizes
    }

    fn table(&self, size: &'static str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = super::super::WINDOWS.iter().find(|(name, _)| *name == size).map_or(0, |(_, ids)| *ids);
        let cases: Vec<Case> = super::super::DUPLICATES
            .into_iter()
            .flat_map(|duplicates| super::super::BATCHES.map(|batch| Case { size, duplicates, batch }))
            .collect();
        writeln!(
            f,
            "\n{size}: {ids} ids in a window; ns a ping (median), and how often as fast as the {SET}"
        )?;
        write!(f, "{:<24}", "")?;
        cases.iter().try_for_each(|case| write!(f, "  {:>10}", format!("{} % dup", case.duplicates)))?;
        write!(f, "\n{:<24}", "batch of")?;
        cases.iter().try_for_each(|case| write!(f, "  {:>10}", case.batch))?;
        writeln!(f)?;
        for name in &self.names {
            if cases.iter().all(|case| self.nanos(name, *case).is_none()) {
                continue;
            }
            write!(f, "{name:<24}")?;
            for case in &cases {
                write!(f, "  {:>10}", self.cell(name, *case))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    /// `41.2 2.9x`, or nothing where it was not measured.
    fn cell(&self, name: &'static str, case: Case) -> String {
        let Some(nanos) = self.nanos(name, case) else { return "-".to_string() };
        match self.nanos(SET, case) {
            Some(set) if name != SET => format!("{nanos:.0} {:.2}x", set / nanos),
            _ => format!("{nanos:.0}"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sizes().into_iter().try_for_each(|size| self.table(size, f))
    }
}
