//! Lets each event pass once: reads lines that begin with a UUID, and writes those not seen in the last ten minutes.

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use dedup_strategies::strategies::exact_compact;
use dedup_strategies::{Context, DeliveryId, Outcome, Ping, PingKey, Settled, Sizing, Timestamp, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    // What to expect: it sets the defaults of the strategy's settings. Here it grows by itself if more ids come.
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1_000_000, ids_total: 1_000_000 };
    let context = Context::embedded(sizing);
    let strategy = exact_compact::DEFINITION.open(&[], &context)?;
    let mut worker = strategy.worker(0)?;

    // A strategy reads no clock. This one cannot jump back, as the system's may.
    let (epoch, began) = (SystemTime::UNIX_EPOCH.elapsed()?, Instant::now());
    let (mut output, mut verdicts) = (io::stdout().lock(), Vec::new());
    for (number, line) in (0..).zip(io::stdin().lines()) {
        let line = line?;
        let Some(key) = key_of(&line) else {
            eprintln!("line {}: it begins with no UUID, and passes unchecked: {line:?}", number + 1);
            writeln!(output, "{line}")?;
            continue;
        };
        let now = Timestamp::ZERO.plus(epoch + began.elapsed());
        let ping = Ping { key, event_time: now, arrival: now, delivery: DeliveryId(number) };
        verdicts.clear();
        worker.judge(&[ping], now, &mut verdicts)?;
        if verdicts == [Verdict::New] {
            writeln!(output, "{line}")?;
            worker.settle(&[Settled { ping, outcome: Outcome::Delivered }], now)?;
        }
        worker.advance(now, &mut Vec::new())?;
    }
    Ok(())
}

/// The UUID that a line begins with.
fn key_of(line: &str) -> Option<PingKey> {
    let digits = line.get(..36)?.replace('-', "");
    u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32).map(PingKey::from_u128)
}
