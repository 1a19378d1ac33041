//! Faults of one private server.

use std::io;
use std::slice::from_ref;
use std::time::Duration;

use dedup_strategies::redis::Link;
use redis::cmd;

use super::control::{Observation, Outage, StoreControl};
use super::error::ServerError;
use super::private::PrivateRedis;
use super::proxy::Proxy;
use super::store_fault::{EvictionPolicy, StoreFault};
use super::traffic::TrafficFaults;

/// Troubles one private server. Dropping it ends what it can end without the server: the proxy goes away.
#[derive(Debug)]
pub struct PrivateControl<'a> {
    redis: &'a PrivateRedis,
    /// The error is told when something is asked for that needs it.
    proxy: Result<Proxy, String>,
    killed: Observation,
    traffic: TrafficFaults,
    evicted: Evicted,
    jumped: Observation,
}

/// Makes a server look at its clock as often as it can, and evict at once what there is no room for. Its cycle, by
/// which it knows how long ago a key was used and removes expired ones, runs on real time, and a simulated minute may
/// take little of that.
const EAGER: [(&str, &str); 3] =
    [("hz", "500"), ("dynamic-hz", "no"), ("maxmemory-eviction-tenacity", "100")];

/// Keys that the server has evicted.
#[derive(Clone, Copy, Debug, Default)]
struct Evicted {
    before: u64,
    /// Known once the fault has ended.
    after: Option<u64>,
}

impl<'a> PrivateControl<'a> {
    pub(super) fn of(redis: &'a PrivateRedis) -> Self {
        PrivateControl {
            redis,
            proxy: prepare(redis).map_err(|error| error.to_string()),
            killed: Observation::default(),
            traffic: TrafficFaults::default(),
            evicted: Evicted::default(),
            jumped: Observation::default(),
        }
    }

    fn evict(&mut self, share: f64, policy: EvictionPolicy) -> Result<(), ServerError> {
        let mut link = self.redis.link()?;
        self.evicted = Evicted { before: evicted_keys(&mut link)?, after: None };
        let (used, empty) = (link.used_memory()?, self.redis.empty_bytes());
        let most = empty + (used.saturating_sub(empty) as f64 * share) as u64;
        set(&mut link, &[("maxmemory-policy", policy.name()), ("maxmemory", &most.to_string())])
    }

    fn stop_evicting(&mut self) -> Result<(), ServerError> {
        let mut link = self.redis.link()?;
        self.evicted.after = Some(evicted_keys(&mut link)?);
        set(&mut link, &[("maxmemory", "0"), ("maxmemory-policy", "noeviction")])
    }

    fn evicted(&self) -> u64 {
        let now = || evicted_keys(&mut self.redis.link().ok()?).ok();
        let after = self.evicted.after.or_else(now).unwrap_or(self.evicted.before);
        after.saturating_sub(self.evicted.before)
    }

    fn run_ahead(&mut self, by: Duration) -> Result<(), ServerError> {
        let fault = StoreFault::ClockJump(by);
        let reason = "it runs on wall time, which is not ours to set";
        let store = "a private server without a virtual clock";
        let clock = self.redis.clock().ok_or(ServerError::NoSuchFault { fault, store, reason })?;
        let mut link = self.redis.link()?;
        let before = told(&mut link)?;
        clock.run_ahead(by).map_err(ServerError::io("the virtual clock"))?;
        let after = told(&mut link)?;
        if !by.is_zero() {
            let jumped = Duration::from_micros(after.saturating_sub(before));
            let fired = u64::from(!jumped.is_zero());
            self.jumped = Observation {
                fired,
                what: format!("its TIME jumped by {}", humantime::format_duration(jumped)),
                ..Observation::default()
            };
        }
        Ok(())
    }
}

fn there(proxy: &Result<Proxy, String>) -> Result<&Proxy, ServerError> {
    let failed =
        |error: &String| ServerError::io("a proxy before redis-server")(io::Error::other(error.clone()));
    proxy.as_ref().map_err(failed)
}

/// Puts the proxy in the path.
fn prepare(redis: &PrivateRedis) -> Result<Proxy, ServerError> {
    set(&mut redis.link()?, &EAGER)?;
    redis.lead_through_proxy().map_err(ServerError::io("a proxy before redis-server"))
}

impl StoreControl for PrivateControl<'_> {
    fn begin(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        match *fault {
            StoreFault::Killed => {
                let status = self.redis.kill()?;
                self.killed = Observation {
                    fired: 1,
                    what: format!("redis-server ended: {status}"),
                    outage: Some(Outage::AsPlaced),
                };
            }
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                self.traffic.begin(fault, from_ref(there(&self.proxy)?));
            }
            StoreFault::Eviction(share, policy) => self.evict(share, policy)?,
            StoreFault::ClockJump(by) => self.run_ahead(by)?,
            StoreFault::PrimaryFailover => {
                let reason = "there is no replica that could take over; it takes a cluster";
                return Err(ServerError::NoSuchFault { fault: *fault, store: "a single server", reason });
            }
        }
        Ok(())
    }

    fn end(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        match *fault {
            StoreFault::Killed => {
                self.redis.start_again()?;
                let mut link = self.redis.link()?;
                set(&mut link, &EAGER)?;
                let keys: u64 = link.query(&cmd("DBSIZE"))?;
                self.killed.what += &format!("; started again with {keys} keys");
            }
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                TrafficFaults::end(fault, from_ref(there(&self.proxy)?));
            }
            StoreFault::Eviction(..) => self.stop_evicting()?,
            StoreFault::ClockJump(_) => self.run_ahead(Duration::ZERO)?,
            StoreFault::PrimaryFailover => {}
        }
        Ok(())
    }

    fn observed(&self, fault: &StoreFault) -> Observation {
        match fault {
            StoreFault::Killed => self.killed.clone(),
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                self.traffic.observed(fault, self.proxy.as_ref().map(from_ref).unwrap_or_default())
            }
            StoreFault::Eviction(_, policy) => policy.seen(self.evicted()),
            StoreFault::ClockJump(_) => self.jumped.clone(),
            StoreFault::PrimaryFailover => Observation::default(),
        }
    }
}

impl Drop for PrivateControl<'_> {
    fn drop(&mut self) {
        // Where it fails, clients are refused, as they would be by the proxy that is gone.
        if self.proxy.is_ok() {
            let _ = self.redis.lead_directly();
        }
        if let Some(clock) = self.redis.clock() {
            let _ = clock.run_ahead(Duration::ZERO);
        }
    }
}

pub(super) fn set(link: &mut Link, options: &[(&str, &str)]) -> Result<(), ServerError> {
    let mut set = cmd("CONFIG");
    set.arg("SET");
    for (name, value) in options {
        set.arg(*name).arg(*value);
    }
    Ok(link.query(&set)?)
}

pub(super) fn evicted_keys(link: &mut Link) -> Result<u64, ServerError> {
    Ok(link.info("stats", "evicted_keys")?.parse().unwrap_or(0))
}

/// What the server says the time is, in microseconds.
fn told(link: &mut Link) -> Result<u64, ServerError> {
    let (seconds, micros): (u64, u64) = link.query(&cmd("TIME"))?;
    Ok(seconds * 1_000_000 + micros)
}
