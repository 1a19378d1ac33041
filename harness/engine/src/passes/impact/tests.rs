//! Numbers of a stream whose duplicates are known, with strategies that do as they should and one that does not.

use dedup_impact::{Number, numbers};
use dedup_strategies::{
    Context, Definition, Footprint, Ping, Promise, Routing, STRATEGIES, Strategy, Timestamp, Unavailable,
    Verdict, Window, Worker,
};
use dedup_stream::scenario::Scenario;
use dedup_stream::workload::Workload;

use super::*;
use crate::environment::{Environment, named};
use crate::nightly::Choice;
use crate::passes::Pipelines;
use crate::passes::liar::liar;
use crate::record::Tables;

/// Two days of 800 clients and 8,640 pings each, of which two of a hundred come once more an hour later.
const SCENARIO: &str = r#"
about = "Clients."
duration = "2days"
window = "24h"

[arrival]
process = "constant"
rate = "0.1/s"

[[repeat]]
cause = "retry"
share = 0.02
lag.fixed = "1h"

[clients]
count = 800
new_a_day = 40
types = { main = 8, crash = 1, ready = 1, installed = 1 }
funnel = ["ready", "installed"]
first_day = { new-profile = 0.3 }
dimensions.country = { DE = 1, US = 3 }
"#;

/// Drops one ping in so many, by its id, whatever came before.
struct Drops(u64);

const DROPS_A_TENTH: Definition = liar("drops", &|_, _: &Context| Ok(Box::new(Drops(10))));
const DROPS_ALL: Definition = liar("drops", &|_, _: &Context| Ok(Box::new(Drops(1))));

impl Strategy for Drops {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Drops(self.0)))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Forever)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: 0, bytes: 0 }
    }
}

impl Worker for Drops {
    fn judge(
        &mut self,
        pings: &[Ping],
        _: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let is_dropped =
            |ping: &Ping| u64::from_le_bytes(ping.key.0[..8].try_into().unwrap()).is_multiple_of(self.0);
        verdicts.extend(pings.iter().map(|ping| match is_dropped(ping) {
            true => Verdict::Duplicate,
            false => Verdict::New,
        }));
        Ok(())
    }
}

fn run_on(toml: &str, definition: Definition, memory_bytes: u64) -> Result<ImpactFigures, CellError> {
    run_in(toml, definition, memory_bytes, Pipelines::ONE)
}

fn run_in(
    toml: &str,
    definition: Definition,
    memory_bytes: u64,
    pipelines: Pipelines,
) -> Result<ImpactFigures, CellError> {
    let workload = Workload::Scenario(Box::new(Scenario::from_toml("small", toml).unwrap()));
    let directory = tempfile::tempdir().unwrap();
    let sizing = workload.sizing();
    let settings = definition.resolve(&[], &sizing).unwrap();
    let environment = Environment::new(definition, settings, 7, sizing, directory.path().into());
    let mut environment =
        Environment { memory_limit: memory_bytes, nightly: (Choice::Auto, None), ..environment };
    run(Bench { environment: &mut environment, workload: &workload, progress: &mut |_| {}, pipelines })
}

fn figures(strategy: &str) -> ImpactFigures {
    run_on(SCENARIO, *named(STRATEGIES, strategy).unwrap(), u64::MAX).unwrap()
}

fn relative(figures: &ImpactFigures, number: Number, tables: Tables) -> Option<f64> {
    let whole = figures.whole(number, tables).unwrap().whole();
    whole.and_then(|whole| whole.error()).map(|error| error.relative)
}

#[test]
fn what_knows_every_id_of_the_window_makes_no_number_wrong() {
    let figures = figures("exact");
    assert_eq!(figures.unique_count, 17_280);
    assert_eq!((figures.live.again_count, figures.stable.again_count), (0, 0));
    for number in &figures.numbers {
        for tables in [Tables::Live, Tables::Stable] {
            let series = number.series(tables).unwrap();
            assert_eq!(series.worst_day(), None, "{number:?}");
        }
    }
    assert!(figures.sentence().starts_with("adds nothing to ping counts"), "{}", figures.sentence());
}

#[test]
fn what_lets_all_through_adds_the_copies_until_the_night() {
    let figures = figures("noop");
    let copies = figures.live.again_count as f64 / 17_280.0;
    assert!((copies - 0.02).abs() < 0.004, "{copies}");
    let of = |number, tables| relative(&figures, number, tables).unwrap();
    assert!((of(Number::Pings, Tables::Live) - copies).abs() < 1e-12);
    assert!(of(Number::Sessions, Tables::Live) > 0.0 && of(Number::CrashRate, Tables::Live) > 0.0);
    // What comes after midnight is in another day's partition, where the job does not look for the first.
    let left = of(Number::Pings, Tables::Stable);
    assert!(left > 0.0 && left < copies / 10.0, "{left}");
    // A prediction from shares alone is that of every count of pings.
    let predicted = figures.predicted.iter().find(|of| of.number == "pings" && of.tables == Tables::Live);
    assert!((predicted.unwrap().error_ratio - copies).abs() < 1e-12);
}

#[test]
fn losses_are_seen_in_users_as_theory_says() {
    // Ten times as many clients, of which each sends one or two a day.
    let figures = run_on(&SCENARIO.replace("count = 800", "count = 8000"), DROPS_A_TENTH, u64::MAX).unwrap();
    let of = |number, tables| relative(&figures, number, tables).unwrap();
    // Nothing brings back what was dropped, and new profiles are single pings.
    assert!((of(Number::Pings, Tables::Stable) + 0.1).abs() < 0.01);
    assert!((of(Number::NewProfiles, Tables::Stable) + 0.1).abs() < 0.1);
    let daily = of(Number::Dau, Tables::Stable);
    let is_daily = |of: &&crate::record::ImpactPrediction| of.number == "dau" && of.tables == Tables::Stable;
    let predicted = figures.predicted.iter().find(is_daily).unwrap().error_ratio;
    assert!(daily < 0.0 && (daily / predicted - 1.0).abs() < 0.2, "{daily} {predicted}");
    assert!(of(Number::Mau, Tables::Stable) >= daily);
}

#[test]
fn pings_that_are_lost_on_their_way_are_missed_in_every_table_by_who_sent_them() {
    // A quarter of the clients loses three pings of ten.
    let lost = "\n[[clients.lost]]\nshare = 0.3\nonly = { country = \"DE\" }\n";
    let toml = SCENARIO.replace("count = 800", "count = 8000") + lost;
    let figures = run_on(&toml, *named(STRATEGIES, "exact").unwrap(), u64::MAX).unwrap();
    assert_eq!(figures.unique_count, 17_280);
    // The truth is what would have been without losses.
    let without = run_on(
        &SCENARIO.replace("count = 800", "count = 8000"),
        *named(STRATEGIES, "exact").unwrap(),
        u64::MAX,
    );
    for (number, other) in figures.numbers.iter().zip(&without.unwrap().numbers) {
        assert_eq!(
            (&number.truth_count, &number.truth_of_count),
            (&other.truth_count, &other.truth_of_count)
        );
    }
    let of = |number: &str, value: &str| {
        let is_it =
            |of: &&crate::record::NumberFigures| of.number == number && of.value.as_deref() == Some(value);
        let series = figures.numbers.iter().find(is_it).unwrap().series(Tables::Live).unwrap();
        series.whole().unwrap()
    };
    assert_eq!((of("pings", "US").count.missing, of("dau", "US").count.missing), (0, 0));
    let in_de = of("pings", "DE");
    let (missing, all) = (in_de.count.missing as f64, in_de.truth.count as f64);
    assert_eq!(in_de.count.missing, figures.lost_on_the_way_count);
    assert!((missing / all - 0.3).abs() < 5.0 * (0.3f64 * 0.7 / all).sqrt(), "{missing} of {all}");
    // The two predictions: counts by the share of all, and client-days by the chance of each client.
    let predicted = |number: &str| {
        let is_it = |of: &&crate::record::ImpactPrediction| of.number == number && of.tables == Tables::Live;
        figures.predicted.iter().find(is_it).unwrap().error_ratio
    };
    assert!((predicted("pings") + missing / 17_280.0).abs() < 1e-12);
    let daily = figures.whole(Number::Dau, Tables::Live).unwrap().whole().unwrap();
    let (gone, active) = (daily.count.missing as f64, daily.truth.count as f64);
    // Of a client-day's pings each is lost by itself: the number of client-days that are is within a binomial's interval.
    let expected = -predicted("dau") * active;
    assert!((gone - expected).abs() < 5.0 * expected.sqrt(), "{gone} for {expected} of {active}");
    // With one share for all, fewer would be predicted: pings of a client are lost together.
    let pooled = -dedup_impact::predict::clients_of_poisson(8_640.0 / 8_040.0, missing / 17_280.0) * active;
    assert!(expected > 1.05 * pooled, "{expected} for {pooled}");
}

#[test]
fn where_nothing_is_delivered_the_tables_are_empty_and_every_count_is_too_low_by_all() {
    let figures = run_on(SCENARIO, DROPS_ALL, u64::MAX).unwrap();
    assert_eq!((figures.live.rows_count, figures.stable.rows_count), (0, 0));
    for number in [Number::Pings, Number::Dau, Number::Mau] {
        assert_eq!(relative(&figures, number, Tables::Stable), Some(-1.0), "{number:?}");
    }
    assert!(figures.sentence().starts_with("takes 100 % from ping counts"), "{}", figures.sentence());
}

#[test]
fn every_number_stands_for_the_whole_and_for_each_value() {
    let figures = figures("noop");
    let shape = shape::shape(
        &Workload::Scenario(Box::new(Scenario::from_toml("small", SCENARIO).unwrap())),
        &Who::Clients(Scenario::from_toml("small", SCENARIO).unwrap().clients(7).unwrap()),
        u64::MAX,
    )
    .unwrap();
    assert_eq!(figures.numbers.len(), numbers(&shape).len() * 3);
    assert_eq!(figures.steps, ["ready", "installed"]);
    // Values of a dimension add up to the whole.
    let truth = |value: Option<&str>| {
        let of = |figures: &&crate::record::NumberFigures| {
            figures.number == "pings" && figures.value.as_deref() == value
        };
        figures.numbers.iter().find(of).unwrap().truth_count.clone()
    };
    let added: Vec<u64> =
        truth(Some("DE")).iter().zip(truth(Some("US"))).map(|(one, other)| one + other).collect();
    assert_eq!(added, truth(None));
    assert_eq!(truth(None).iter().sum::<u64>(), figures.unique_count);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let [one, other] = [(); 2].map(|()| serde_json::to_string(&figures("pubsubio")).unwrap());
    assert_eq!(one, other);
}

#[test]
fn the_tables_of_several_pipelines_hold_what_that_of_one_does() {
    // Nothing here depends on which pings are judged together; bad ids and losses are of the whole stream, too.
    let toml = format!(
        "{SCENARIO}\n[[clients.lost]]\nshare = 0.3\nonly = {{ country = \"DE\" }}\n\n[bad_id]\nmissing = 0.01\n"
    );
    for definition in [*named(STRATEGIES, "noop").unwrap(), DROPS_A_TENTH] {
        let split = |of: u32| {
            let pipelines = Pipelines { of: of.try_into().unwrap(), own: 0..of };
            run_in(&toml, definition, u64::MAX, pipelines).unwrap()
        };
        let [one, three] = [split(1), split(3)];
        assert_eq!((one.pipelines_count, three.pipelines_count), (1, 3));
        assert!(one.live.again_count > 0 || one.numbers[0].live.missing_count.iter().any(|count| *count > 0));
        assert_eq!(ImpactFigures { pipelines_count: 1, ..three }, one, "{}", definition.name);
    }
}

#[test]
fn what_a_restart_forgets_is_too_much_on_that_day_until_the_night() {
    let fault = "\n[[fault]]\nkind = \"restart\"\nat = \"30h\"\nstate = \"lost\"\n";
    let figures =
        run_on(&format!("{SCENARIO}{fault}"), *named(STRATEGIES, "exact").unwrap(), u64::MAX).unwrap();
    let [restart] = &figures.faults[..] else { panic!("{:?}", figures.faults) };
    assert_eq!(
        (restart.kind.as_str(), restart.at_ns, restart.fired_count),
        ("restart", 108_000_000_000_000, 1)
    );
    let pings = |tables| figures.whole(Number::Pings, tables).unwrap();
    let extra = |tables| [0, 1].map(|day| pings(tables).of_day(day).unwrap().count.extra);
    // The copies of the hour before.
    let [before, after] = extra(Tables::Live);
    assert!(before == 0 && (1..=20).contains(&after), "{after}");
    assert_eq!(extra(Tables::Stable), [0, 0]);
}

#[test]
fn a_stream_without_clients_is_left_out_and_too_many_clients_are_refused() {
    let nobody = SCENARIO.split("[clients]").next().unwrap();
    let skipped = run_on(nobody, *named(STRATEGIES, "noop").unwrap(), u64::MAX);
    assert!(matches!(&skipped, Err(CellError::Skipped { remedy, .. }) if remedy.contains("[clients]")));
    let refused = run_on(SCENARIO, *named(STRATEGIES, "noop").unwrap(), 100_000);
    let Err(CellError::Refused(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("clients: 880 over 2 days") && reason.contains("allowed are fewer"), "{reason}");
}
