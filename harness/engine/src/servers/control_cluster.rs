//! Faults of a private cluster.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use dedup_strategies::Unavailable;
use dedup_strategies::redis::Link;
use redis::cmd;

use super::cluster::{NODES, PrivateCluster};
use super::control::{Observation, Outage, StoreControl};
use super::control_private::{evicted_keys, set};
use super::error::ServerError;
use super::proxy::{Proxy, Speaks};
use super::store_fault::{EvictionPolicy, StoreFault};
use super::traffic::TrafficFaults;
use crate::wait::until;

/// How long a replica may take to be made a primary: with a node timeout of a second, two to three are usual.
const PROMOTION_PATIENCE: Duration = Duration::from_secs(30);

/// Troubles a private cluster. Dropping it leads clients to the nodes themselves again.
#[derive(Debug)]
pub struct ClusterControl<'a> {
    cluster: &'a PrivateCluster,
    /// One before each node. The error is told when something is asked for that needs them.
    proxies: Result<Vec<Proxy>, String>,
    /// The nodes that are down.
    down: Vec<usize>,
    killed: Observation,
    failed_over: Observation,
    promotion: Option<Receiver<Result<Promotion, String>>>,
    traffic: TrafficFaults,
    evicted: Vec<(usize, u64)>,
    evicted_in_all: Option<u64>,
}

/// A replica that has taken its primary's place.
#[derive(Debug)]
struct Promotion {
    node: usize,
    after: Duration,
    epoch: String,
}

impl<'a> ClusterControl<'a> {
    pub(super) fn of(cluster: &'a PrivateCluster) -> Self {
        ClusterControl {
            cluster,
            proxies: prepare(cluster).map_err(|error| error.to_string()),
            down: Vec::new(),
            killed: Observation::default(),
            failed_over: Observation::default(),
            promotion: None,
            traffic: TrafficFaults::default(),
            evicted: Vec::new(),
            evicted_in_all: None,
        }
    }

    /// Indices of the nodes that are primaries by their own account.
    fn primaries(&self) -> Result<Vec<usize>, ServerError> {
        let mut primaries = Vec::new();
        for index in (0..NODES).filter(|index| !self.down.contains(index)) {
            if role(&mut self.cluster.link(index)?)? == "master" {
                primaries.push(index);
            }
        }
        Ok(primaries)
    }

    fn kill(&mut self, index: usize) -> Result<String, ServerError> {
        let status = self.cluster.kill(index)?;
        self.down.push(index);
        Ok(status)
    }

    /// Kills a primary. Its replica is watched from here on, in a thread: meanwhile clients meet what they meet.
    fn fail_over(&mut self) -> Result<(), ServerError> {
        let primary = self.primaries()?.into_iter().next().ok_or_else(|| {
            let reason = "no node is a primary now";
            ServerError::NoSuchFault { fault: StoreFault::PrimaryFailover, store: "the cluster", reason }
        })?;
        let replica = self.replica_of(primary)?;
        let link = self.cluster.link(replica)?;
        let status = self.kill(primary)?;
        let what = format!("primary 127.0.0.1:{} ended: {status}", self.cluster.port(primary));
        self.failed_over = Observation { fired: 0, what, ..Observation::default() };
        let (tell, told) = channel();
        thread::spawn(move || tell.send(watch(link, replica)));
        self.promotion = Some(told);
        Ok(())
    }

    /// The node that copies from this primary.
    fn replica_of(&self, primary: usize) -> Result<usize, ServerError> {
        let addresses = [Some(self.cluster.port(primary)), there(&self.proxies)?[primary].port()];
        for index in (0..NODES).filter(|index| *index != primary && !self.down.contains(index)) {
            let mut link = self.cluster.link(index)?;
            if role(&mut link)? == "slave" {
                let port = link.info("replication", "master_port")?;
                if addresses.iter().flatten().any(|address| address.to_string() == port) {
                    return Ok(index);
                }
            }
        }
        let reason = "the primary has no replica";
        Err(ServerError::NoSuchFault { fault: StoreFault::PrimaryFailover, store: "the cluster", reason })
    }

    /// Waits for the promotion, then starts the killed primary again, as a replica.
    fn complete_fail_over(&mut self) -> Result<(), ServerError> {
        if let Some(told) = self.promotion.take() {
            let lost = Err("nobody watched".to_string());
            let promotion = told.recv_timeout(PROMOTION_PATIENCE).unwrap_or(lost);
            match promotion {
                Ok(Promotion { node, after, epoch }) => {
                    self.failed_over.fired = 1;
                    self.failed_over.outage = Some(Outage::Real(after));
                    self.failed_over.what += &format!(
                        "; its replica 127.0.0.1:{} took over after {after:.1?}, in epoch {epoch}",
                        self.cluster.port(node)
                    );
                }
                Err(why) => self.failed_over.what += &format!("; its replica did not take over: {why}"),
            }
        }
        self.start_those_down()
    }

    fn start_those_down(&mut self) -> Result<(), ServerError> {
        for index in self.down.clone() {
            self.cluster.start_again(index)?;
            if let Some(proxy) = self.proxies.as_ref().ok().and_then(|proxies| proxies.get(index)) {
                announce(&mut self.cluster.link(index)?, proxy.port())?;
            }
        }
        self.down.clear();
        self.cluster.wait_until_whole()
    }

    fn evict(&mut self, share: f64, policy: EvictionPolicy) -> Result<(), ServerError> {
        self.evicted.clear();
        self.evicted_in_all = None;
        for index in self.primaries()? {
            let mut link = self.cluster.link(index)?;
            self.evicted.push((index, evicted_keys(&mut link)?));
            let (used, empty) = (link.used_memory()?, self.cluster.empty_bytes(index));
            let most = empty + (used.saturating_sub(empty) as f64 * share) as u64;
            set(&mut link, &[("maxmemory-policy", policy.name()), ("maxmemory", &most.to_string())])?;
        }
        Ok(())
    }

    fn stop_evicting(&mut self) -> Result<(), ServerError> {
        self.evicted_in_all = Some(self.evicted_now());
        for index in (0..NODES).filter(|index| !self.down.contains(index)) {
            set(&mut self.cluster.link(index)?, &[("maxmemory", "0"), ("maxmemory-policy", "noeviction")])?;
        }
        Ok(())
    }

    fn evicted_now(&self) -> u64 {
        let of = |(index, before): &(usize, u64)| {
            let now = evicted_keys(&mut self.cluster.link(*index).ok()?).ok()?;
            Some(now.saturating_sub(*before))
        };
        self.evicted.iter().filter_map(of).sum()
    }
}

/// A proxy before each node, which the nodes announce in the place of their own ports.
fn prepare(cluster: &PrivateCluster) -> Result<Vec<Proxy>, ServerError> {
    let mut proxies = Vec::new();
    for index in 0..NODES {
        let node = SocketAddr::from((Ipv4Addr::LOCALHOST, cluster.port(index)));
        let proxy = Proxy::tcp(node, Speaks::Redis).map_err(ServerError::io("a proxy before a node"))?;
        announce(&mut cluster.link(index)?, proxy.port())?;
        proxies.push(proxy);
    }
    let announced: Vec<u16> = proxies.iter().filter_map(Proxy::port).collect();
    cluster.wait_until_all_announce(&announced)?;
    Ok(proxies)
}

/// Makes a node tell clients and other nodes this port; its own again where there is none.
fn announce(link: &mut Link, port: Option<u16>) -> Result<(), ServerError> {
    set(link, &[("cluster-announce-port", &port.unwrap_or(0).to_string())])
}

/// Waits until a replica is a primary, and the cluster takes commands again.
fn watch(mut link: Link, node: usize) -> Result<Promotion, String> {
    let began = Instant::now();
    let mut promoted = || -> Result<Option<String>, Unavailable> {
        if link.info("replication", "role")? != "master" {
            return Ok(None);
        }
        let state: String = link.query(cmd("CLUSTER").arg("INFO"))?;
        let epoch = state.lines().find_map(|line| line.strip_prefix("cluster_my_epoch:"));
        let epoch = epoch.unwrap_or("?").trim().to_string();
        Ok(state.contains("cluster_state:ok").then_some(epoch))
    };
    until(PROMOTION_PATIENCE, || match promoted() {
        Ok(Some(epoch)) => ControlFlow::Break(Promotion { node, after: began.elapsed(), epoch }),
        Ok(None) => ControlFlow::Continue("it is still a replica".to_string()),
        Err(error) => ControlFlow::Continue(error.to_string()),
    })
}

fn role(link: &mut Link) -> Result<String, ServerError> {
    Ok(link.info("replication", "role")?)
}

fn there(proxies: &Result<Vec<Proxy>, String>) -> Result<&[Proxy], ServerError> {
    let failed =
        |error: &String| ServerError::io("proxies before the nodes")(io::Error::other(error.clone()));
    proxies.as_deref().map_err(failed)
}

impl StoreControl for ClusterControl<'_> {
    fn begin(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        match *fault {
            StoreFault::Killed => {
                let mut last = String::new();
                for index in (0..NODES).filter(|index| !self.down.contains(index)).collect::<Vec<_>>() {
                    last = self.kill(index)?;
                }
                let fired = self.down.len() as u64;
                self.killed = Observation {
                    fired,
                    what: format!("{fired} nodes ended: {last}"),
                    outage: Some(Outage::AsPlaced),
                };
            }
            StoreFault::PrimaryFailover => self.fail_over()?,
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                self.traffic.begin(fault, there(&self.proxies)?);
            }
            StoreFault::Eviction(share, policy) => self.evict(share, policy)?,
            StoreFault::ClockJump(_) => {
                let reason = "it runs on wall time, which is not ours to set";
                return Err(ServerError::NoSuchFault { fault: *fault, store: "a cluster", reason });
            }
        }
        Ok(())
    }

    fn end(&mut self, fault: &StoreFault) -> Result<(), ServerError> {
        match *fault {
            StoreFault::Killed => {
                self.start_those_down()?;
                self.killed.what += "; started again with nothing in them";
            }
            StoreFault::PrimaryFailover => self.complete_fail_over()?,
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                TrafficFaults::end(fault, there(&self.proxies)?);
            }
            StoreFault::Eviction(..) => self.stop_evicting()?,
            StoreFault::ClockJump(_) => {}
        }
        Ok(())
    }

    fn observed(&self, fault: &StoreFault) -> Observation {
        match fault {
            StoreFault::Killed => self.killed.clone(),
            StoreFault::PrimaryFailover => self.failed_over.clone(),
            StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_) => {
                self.traffic.observed(fault, self.proxies.as_deref().unwrap_or_default())
            }
            StoreFault::Eviction(_, policy) => {
                policy.seen(self.evicted_in_all.unwrap_or_else(|| self.evicted_now()))
            }
            StoreFault::ClockJump(_) => Observation::default(),
        }
    }
}

impl Drop for ClusterControl<'_> {
    fn drop(&mut self) {
        // Where it fails, clients are sent to proxies that are gone, and refused.
        for index in (0..NODES).filter(|index| !self.down.contains(index)) {
            let _ = self.cluster.link(index).map(|mut link| announce(&mut link, None));
        }
    }
}
