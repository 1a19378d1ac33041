//! The design against simulated noise: how often it cries wolf, how often it misses one.
//!
//! The model of one timing, in logarithms: a slow drift and a fast one (first-order autoregressive, 0.98 and 0.5),
//! white noise, bursts in which everything takes longer (a two-state Markov chain), and single spikes (exponential). A
//! round is the difference of two neighbouring timings. *Typical* is a shared virtual machine: differences have a
//! standard deviation of 5 to 7 % and a robust one of about 3 %.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::design::{Decision, Design, Limits};

const METRICS: usize = 40;
const LIMITS: Limits = Limits { tolerated_ratio: 0.02, unacceptable_ratio: 0.05 };

/// Shares of a timing by which each kind of noise moves it.
#[derive(Clone, Copy)]
struct Noise {
    slow: f64,
    fast: f64,
    white: f64,
    burst: f64,
    spike: f64,
}

const TYPICAL: Noise = Noise { slow: 0.03, fast: 0.015, white: 0.017, burst: 0.10, spike: 0.12 };
const HOSTILE: Noise = Noise { slow: 0.06, fast: 0.05, white: 0.06, burst: 0.35, spike: 0.4 };

/// One metric's timings, one after the other.
struct Machine {
    noise: Noise,
    rng: Xoshiro256PlusPlus,
    slow: f64,
    fast: f64,
    in_burst: bool,
}

impl Machine {
    fn new(noise: Noise, rng: &mut impl Rng) -> Machine {
        let rng = Xoshiro256PlusPlus::seed_from_u64(rng.random());
        Machine { noise, rng, slow: 0.0, fast: 0.0, in_burst: false }
    }

    fn timing(&mut self) -> f64 {
        const SLOW: f64 = 0.98;
        const FAST: f64 = 0.5;
        let step = |share: f64, keeps: f64| share * (1.0 - keeps * keeps).sqrt();
        self.slow = SLOW * self.slow + step(self.noise.slow, SLOW) * self.normal();
        self.fast = FAST * self.fast + step(self.noise.fast, FAST) * self.normal();
        // A burst begins at one timing in 50 and lasts for five.
        self.in_burst = self.rng.random::<f64>() < if self.in_burst { 0.8 } else { 0.02 };
        let burst = if self.in_burst { self.noise.burst * self.rng.random::<f64>() } else { 0.0 };
        let spiked = self.rng.random::<f64>() < 0.03;
        let spike: f64 = if spiked { Exp1.sample(&mut self.rng) } else { 0.0 };
        self.slow + self.fast + self.noise.white * self.normal() + burst + self.noise.spike * spike
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.rng)
    }

    /// The log ratio of a round whose candidate is slower by `change`; which of the two goes first is left to chance.
    fn round(&mut self, change: f64) -> f64 {
        let difference = self.timing() - self.timing();
        change.ln_1p() + if self.rng.random() { difference } else { -difference }
    }

    fn rounds(&mut self, count: usize, change: f64) -> Vec<f64> {
        (0..count).map(|_| self.round(change)).collect()
    }
}

/// One whole gate, in which the metrics differ by `changes`.
fn gate(design: &Design, noise: Noise, changes: &[f64], rng: &mut impl Rng) -> Vec<Decision> {
    let mut machines: Vec<Machine> = changes.iter().map(|_| Machine::new(noise, rng)).collect();
    let mut screened = |index: usize| {
        let rounds = machines[index].rounds(design.screen_rounds, changes[index]);
        design.passes_screen(LIMITS, &rounds)
    };
    let open: Vec<usize> = (0..changes.len()).filter(|index| !screened(*index)).collect();
    let mut decisions = vec![Decision::Pass; changes.len()];
    for index in &open {
        decisions[*index] = confirmed(design, open.len(), &mut machines[*index], changes[*index]);
    }
    decisions
}

fn confirmed(design: &Design, metrics: usize, machine: &mut Machine, change: f64) -> Decision {
    let mut rounds = Vec::new();
    for look in &design.looks {
        rounds.extend(machine.rounds(look - rounds.len(), change));
        if let Some(decision) = design.confirm(LIMITS, metrics, &rounds).and_then(|look| look.decision) {
            return decision;
        }
    }
    Decision::Inconclusive
}

/// The share of `gates` with any failure among metrics that did not change, and that in which the first metric,
/// slower by `change`, fails.
fn shares(noise: Noise, change: f64, gates: usize) -> (f64, f64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20_260_101);
    let design = Design::default();
    let mut changes = [0.0; METRICS];
    changes[0] = change;
    let (mut false_alarms, mut seen) = (0, 0);
    for _ in 0..gates {
        let decisions = gate(&design, noise, &changes, &mut rng);
        let unchanged = if change == 0.0 { &decisions[..] } else { &decisions[1..] };
        false_alarms += usize::from(unchanged.contains(&Decision::Fail));
        seen += usize::from(decisions[0] == Decision::Fail);
    }
    println!(
        "{gates} gates of {METRICS} metrics, the first slower by {change}: a false alarm in {false_alarms}, the first \
         failed in {seen}"
    );
    (false_alarms as f64 / gates as f64, seen as f64 / gates as f64)
}

#[test]
fn typical_noise_is_as_wide_as_on_a_shared_machine() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut rounds: Vec<f64> =
        (0..200).flat_map(|_| Machine::new(TYPICAL, &mut rng).rounds(100, 0.0)).collect();
    let sd = (rounds.iter().map(|d| d * d).sum::<f64>() / rounds.len() as f64).sqrt();
    rounds.iter_mut().for_each(|d| *d = d.abs());
    rounds.sort_by(f64::total_cmp);
    let robust = rounds[rounds.len() / 2] * 1.4826;
    assert!((0.05..0.07).contains(&sd), "{sd}");
    assert!((0.029..0.037).contains(&robust), "{robust}");
}

#[test]
fn of_2000_gates_of_identical_programs_at_most_one_in_100_fails() {
    let (false_alarms, _) = shares(TYPICAL, 0.0, 2_000);
    assert!(false_alarms <= 0.01, "{false_alarms}");
}

#[test]
fn five_percent_slower_is_seen_19_times_in_20() {
    let (false_alarms, seen) = shares(TYPICAL, 0.05, 1_000);
    assert!(seen >= 0.95, "{seen}");
    assert!(false_alarms <= 0.01, "{false_alarms}");
}

#[test]
fn hostile_noise_makes_no_false_alarms_either() {
    let (false_alarms, seen) = shares(HOSTILE, 0.10, 200);
    assert!(false_alarms <= 0.01, "{false_alarms}");
    assert!(seen > 0.3, "a change of 10 % should be seen now and then: {seen}");
}

/// Everything exactly at the tolerance is the worst that a program can be without being worse than tolerated.
#[test]
fn at_the_border_of_what_is_tolerated_alarms_keep_to_alpha() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let design = Design::default();
    let failed =
        (0..300).filter(|_| gate(&design, TYPICAL, &[0.02; METRICS], &mut rng).contains(&Decision::Fail));
    assert!(failed.count() <= 9, "more than 3 % of gates where alpha is 1 %");
}
