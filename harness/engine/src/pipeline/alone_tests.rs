//! Pings that are taken through alone, beside the same pings by the long way: nobody can tell which it was.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dedup_strategies::strategies::noop::Noop;
use dedup_strategies::{Footprint, Hears, Promise, Routing, Window, Worker};
use dedup_stream::scenario::{Deadlines, Routed, Scenario};
use proptest::prelude::{Just, ProptestConfig, any};
use proptest::strategy::Strategy as Cases;
use proptest::{prop_assert_eq, prop_oneof, proptest};

use super::tests::Script;
use super::*;

/// Judges by the toss of a coin that falls the same for the same delivery, and writes down all that it is asked.
#[derive(Clone)]
struct Whim {
    worker: usize,
    routing: Routing,
    hears: Hears,
    /// How many of 256 tosses are other than new, and of them how many of 8 are no mere duplicates.
    moods: (u8, u8),
    said: Arc<Mutex<Vec<String>>>,
    held: Arc<Mutex<Vec<Ping>>>,
    /// Those whose settlement has failed.
    not_told: Arc<Mutex<BTreeSet<DeliveryId>>>,
}

impl Whim {
    fn toss(&self, delivery: DeliveryId, salt: u64) -> u8 {
        (chance::drawn(delivery, salt) * 256.0) as u8
    }

    fn verdict(&self, ping: &Ping) -> Verdict {
        if self.toss(ping.delivery, 1) >= self.moods.0 {
            return Verdict::New;
        }
        match self.toss(ping.delivery, 2) {
            toss if toss % 8 >= self.moods.1 => Verdict::Duplicate,
            toss if toss < 64 => Verdict::Late,
            toss if toss < 128 && self.hears.advance => Verdict::Held,
            toss if toss < 192 => Verdict::InFlight,
            _ => Verdict::Unjudged,
        }
    }

    /// Whether the store is away when it is asked about this one.
    fn is_away(&self, delivery: DeliveryId, salt: u64) -> bool {
        self.moods.1 > 4 && self.toss(delivery, salt) < 4
    }

    fn say(&self, what: String) {
        self.said.lock().unwrap().push(what);
    }
}

impl Strategy for Whim {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Whim { worker: index, ..self.clone() }))
    }

    fn routing(&self) -> Routing {
        self.routing
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Forever)
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Whim {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.say(format!("{} judges {pings:?} at {now}", self.worker));
        if self.is_away(pings[0].delivery, 3) {
            return Err(Unavailable("away".into()));
        }
        for ping in pings {
            let verdict = self.verdict(ping);
            if verdict == Verdict::Held {
                self.held.lock().unwrap().push(*ping);
            }
            verdicts.push(verdict);
        }
        Ok(())
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.say(format!("{} is told of {settled:?} at {now}", self.worker));
        // Once: a second job tries again with the same deliveries.
        let first = settled[0].ping.delivery;
        if self.is_away(first, 4) && self.not_told.lock().unwrap().insert(first) {
            return Err(Unavailable("away".into()));
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.say(format!("{} is told that it is {now}", self.worker));
        released.append(&mut self.held.lock().unwrap());
        Ok(())
    }

    fn hears(&self) -> Hears {
        self.hears
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    pings_per_s: f64,
    poisson: bool,
    config: PipelineConfig,
    by_key: bool,
    hears: Hears,
    moods: (u8, u8),
    window: Window,
    limit: u64,
}

impl Case {
    fn scenario(&self) -> Scenario {
        let (process, rate) = (if self.poisson { "poisson" } else { "constant" }, self.pings_per_s);
        let text = format!(
            r#"
            about = "Some come again, some by another's id, some without a whole one."
            pings = 600
            window = "10s"
            arrival = {{ process = "{process}", rate = {rate} }}
            bad_id = {{ missing = 0.02, not_an_id = 0.02 }}
            [[repeat]]
            cause = "retry"
            share = 0.1
            lag.uniform = ["1ms", "20s"]
            [[repeat]]
            cause = "twin"
            share = 0.05
            identity = "distinct"
            lag.uniform = ["1ms", "5s"]
            "#
        );
        Scenario::from_toml("case.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// All that can be seen of a run.
    fn run(&self, goes_alone: bool) -> Vec<String> {
        let (scenario, said) = (self.scenario(), Arc::<Mutex<Vec<String>>>::default());
        let whim = Whim {
            worker: 0,
            routing: if self.by_key { Routing::ByKey } else { Routing::Any },
            hears: self.hears,
            moods: self.moods,
            said: Arc::clone(&said),
            held: Arc::default(),
            not_told: Arc::default(),
        };
        let mut stream = scenario.stream(self.seed);
        let truth =
            Truth::new(self.window, stream.causes().len(), scenario.start(), scenario.virtual_length());
        let mut pipeline =
            Pipeline::new(&self.config, &whim, truth, Box::new(Free), scenario.start()).unwrap();
        if !goes_alone {
            pipeline.alone = None;
        }
        let mut outcome = Ok(true);
        while matches!(outcome, Ok(true)) {
            outcome = pipeline.run(&mut stream, self.limit);
        }
        let ended = outcome.and_then(|_| pipeline.finish());
        let seen = match ended {
            Err(error) => error.to_string(),
            Ok(ended) => format!(
                "{:?} {:?} {:?} {:?} {} {} {}",
                ended.truth,
                ended.truth.by_cause(stream.causes()),
                ended.truth.by_lag(),
                ended.truth.over_time(),
                ended.digest,
                told(&ended.held_ns),
                told(&ended.waited_ns),
            ),
        };
        let mut said = said.lock().unwrap().clone();
        said.push(seen);
        said
    }
}

fn told(histogram: &Histogram<u64>) -> String {
    let recorded = histogram.iter_recorded();
    format!(
        "{:?}",
        recorded.map(|value| (value.value_iterated_to(), value.count_at_value())).collect::<Vec<_>>()
    )
}

fn cases() -> impl Cases<Value = Case> {
    let millis = |from: u64, to: u64| (from..to).prop_map(Duration::from_millis);
    let windows = prop_oneof![
        Just(Window::Nothing),
        Just(Window::Forever),
        millis(1, 30_000).prop_map(Window::Since),
        millis(1, 30_000).prop_map(Window::SinceSeen),
        millis(1, 30_000).prop_map(Window::SinceMarked),
        millis(1, 30_000).prop_map(Window::Tumbling),
    ];
    let config = (1..4usize, 1..4usize, millis(0, 400), millis(0, 400), any::<bool>(), any::<bool>());
    let config = config.prop_map(|(workers, batch, linger, publish_latency, random, second_job)| {
        let some = |count| NonZeroUsize::new(count).unwrap();
        PipelineConfig {
            workers: some(workers),
            batch: some(batch),
            linger,
            publish_latency,
            redelivery_delay: Duration::from_secs(3),
            ack_deadline: Duration::from_secs(2),
            deadlines: Deadlines::Extended,
            routed: if random { Routed::Random } else { Routed::ByKey },
            mark_lag: Duration::from_millis(if second_job { 300 } else { 0 }),
        }
    });
    let hears = (any::<bool>(), any::<bool>()).prop_map(|(settle, advance)| Hears { settle, advance });
    let strategy = (any::<bool>(), hears, (0..200u8, 0..8u8), windows);
    let stream = (any::<u64>(), 0.2..8.0f64, any::<bool>(), 1..300u64);
    (config, strategy, stream).prop_map(|(config, strategy, (seed, pings_per_s, poisson, limit))| {
        let (by_key, hears, moods, window) = strategy;
        Case { seed, pings_per_s, poisson, config, by_key, hears, moods, window, limit }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_can_tell_whether_a_ping_went_alone(case in cases()) {
        let (alone, long) = (case.run(true), case.run(false));
        prop_assert_eq!(alone.len(), long.len());
        for (alone, long) in alone.iter().zip(&long) {
            prop_assert_eq!(alone, long);
        }
    }
}

/// At one ping a second all but the last of those that are asked of the source at once go alone: nobody knows yet when
/// the one after it comes. The long way gives two signs of life a ping, this one gives one.
#[test]
fn at_one_ping_a_second_nearly_every_ping_goes_alone() {
    static SIGNS: AtomicUsize = AtomicUsize::new(0);
    let signs = |goes_alone: bool| {
        let before = SIGNS.load(Ordering::Relaxed);
        let config = PipelineConfig::default();
        let truth = Truth::new(Window::Nothing, 1, Timestamp::ZERO, Duration::from_secs(640));
        let mut pipeline = Pipeline::new(&config, &Noop, truth, Box::new(Free), Timestamp::ZERO).unwrap();
        pipeline = pipeline.with_sign_of_life(|| {
            SIGNS.fetch_add(1, Ordering::Relaxed);
        });
        if !goes_alone {
            pipeline.alone = None;
        }
        let mut script = Script::keys(5 * FILL as u128);
        while pipeline.run(&mut script, u64::MAX).unwrap() {}
        assert_eq!(pipeline.finish().unwrap().truth.counts().delivered, 5 * FILL as u64);
        SIGNS.load(Ordering::Relaxed) - before
    };
    let (alone, long) = (signs(true), signs(false));
    assert_eq!(long - alone, 5 * (FILL - 1));
}
