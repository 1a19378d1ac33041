//! Every requirement, as it is given on the command line and in a file.

use super::{Bent, Needs, Nightly, Prices};
use crate::quantity::{self, Allowed};

/// One requirement, as it is given on the command line and in a file.
pub struct Need {
    /// Its name.
    pub name: &'static str,
    /// What it is where it is not given.
    pub default: &'static str,
    /// What it is.
    pub about: &'static str,
    pub(super) set: fn(&mut Needs, &str) -> Result<(), Allowed>,
}

/// Every one.
pub const NEEDS: &[Need] = &[
    Need {
        name: "lost",
        default: "1e-6",
        about: "the largest share of unique pings that may be lost in a year: none, 1e-6",
        set: |needs, text| put(&mut needs.lost, quantity::share(text)?),
    },
    Need {
        name: "missed",
        default: "0.1%",
        about: "the largest share of delivered pings that may be duplicates, after the nightly job where there is one",
        set: |needs, text| put(&mut needs.missed, quantity::share(text)?),
    },
    Need {
        name: "numbers",
        default: "none",
        about: "numbers that people read, which may not be bent by more than --tolerance: none, or pings,mau,crash-rate",
        set: |needs, text| put(&mut needs.numbers.names, Bent::names(text)?),
    },
    Need {
        name: "tolerance",
        default: "0.5%",
        about: "the largest relative error of each of --numbers, after the nightly job where there is one",
        set: |needs, text| put(&mut needs.numbers.tolerance, quantity::share(text)?),
    },
    Need {
        name: "p99",
        default: "any",
        about: "the longest that a batch may take in the strategy at its 99th percentile: 5ms, any",
        set: |needs, text| {
            put(&mut needs.p99_s, unless(text, "any", quantity::time)?.map(|time| time.as_secs_f64()))
        },
    },
    Need {
        name: "memory",
        default: "4GiB",
        about: "memory that each worker may take",
        set: |needs, text| put(&mut needs.memory_bytes, quantity::bytes(text)? as f64),
    },
    Need {
        name: "disk",
        default: "100GiB",
        about: "disk that each worker may take",
        set: |needs, text| put(&mut needs.disk_bytes, quantity::bytes(text)? as f64),
    },
    Need {
        name: "redis",
        default: "8GiB",
        about: "maxmemory of the Redis that may be had, or none",
        set: |needs, text| {
            put(&mut needs.redis_bytes, unless(text, "none", quantity::bytes)?.map(|bytes| bytes as f64))
        },
    },
    Need {
        name: "workers",
        default: "4",
        about: "workers, each a process; pings are routed to them by their id",
        set: |needs, text| put(&mut needs.workers, whole(text, 1, 100_000)?),
    },
    Need {
        name: "crashes",
        default: "1/month",
        about: "how often a worker dies, of all together",
        set: |needs, text| put(&mut needs.crashes_per_year, quantity::often(text)?),
    },
    Need {
        name: "restarts",
        default: "1/day",
        about: "how often all workers are started again, in good order (deploys)",
        set: |needs, text| put(&mut needs.restarts_per_year, quantity::often(text)?),
    },
    Need {
        name: "failovers",
        default: "2/year",
        about: "how often the Redis fails over",
        set: |needs, text| put(&mut needs.failovers_per_year, quantity::often(text)?),
    },
    Need {
        name: "nightly",
        default: "no",
        about: "a job that removes duplicates each night: no, yes, or the days before its own at which it looks",
        set: |needs, text| put(&mut needs.nightly, nightly(text)?),
    },
    Need {
        name: "price",
        default: "memory=3,redis=10,disk=0.1",
        about: "a GiB for a month, in your money",
        set: |needs, text| {
            let prices = prices(needs.price, text)?;
            put(&mut needs.price, prices)
        },
    },
    Need {
        name: "batch",
        default: "20",
        about: "pings a batch, at most",
        set: |needs, text| put(&mut needs.batch, whole(text, 1, 1_000_000)?),
    },
    Need {
        name: "linger",
        default: "10ms",
        about: "how long a batch waits to be filled",
        set: |needs, text| put(&mut needs.linger, quantity::time(text)?),
    },
    Need {
        name: "publish",
        default: "50ms",
        about: "from the verdict to the sink's acknowledgement",
        set: |needs, text| put(&mut needs.publish, quantity::time(text)?),
    },
    Need {
        name: "outage",
        default: "15s",
        about: "how long a failover of the Redis takes",
        set: |needs, text| put(&mut needs.outage, quantity::time(text)?),
    },
    Need {
        name: "replication",
        default: "1s",
        about: "how far a replica is behind when it takes over",
        set: |needs, text| put(&mut needs.replication, quantity::time(text)?),
    },
    Need {
        name: "roundtrip",
        default: "1ms",
        about: "a round trip to the Redis",
        set: |needs, text| put(&mut needs.round_trip, quantity::time(text)?),
    },
];

fn put<T>(place: &mut T, value: T) -> Result<(), Allowed> {
    *place = value;
    Ok(())
}

/// What is read, unless it is the word for none.
fn unless<T>(text: &str, none: &str, read: fn(&str) -> Result<T, Allowed>) -> Result<Option<T>, Allowed> {
    if text == none { Ok(None) } else { read(text).map(Some) }
}

fn whole(text: &str, least: u32, most: u32) -> Result<u32, Allowed> {
    let number = text.replace('_', "").parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or(Allowed("a whole number of at least 1, such as 12"))
}

fn nightly(text: &str) -> Result<Nightly, Allowed> {
    match text {
        "no" => Ok(Nightly::No),
        "yes" => Ok(Nightly::Days(0)),
        days => days
            .parse()
            .ok()
            .filter(|days| *days <= 60)
            .map(Nightly::Days)
            .ok_or(Allowed("no, yes, or a number of days up to 60 that it looks back, such as 1")),
    }
}

fn prices(mut prices: Prices, text: &str) -> Result<Prices, Allowed> {
    const ALLOWED: Allowed = Allowed("prices of a GiB for a month, such as memory=3,redis=10,disk=0.1");
    for part in text.split(',') {
        let (name, price) = part.split_once('=').ok_or(ALLOWED)?;
        let price = price.trim().trim_end_matches("/GiB-month").parse::<f64>().ok();
        let price = price.filter(|price| price.is_finite() && *price >= 0.0).ok_or(ALLOWED)?;
        match name.trim() {
            "memory" => prices.memory = price,
            "redis" => prices.redis = price,
            "disk" => prices.disk = price,
            _ => return Err(ALLOWED),
        }
    }
    Ok(prices)
}
