//! The servers behind an address: one, or the primaries of a cluster.

use ::redis::{Cmd, FromRedisValue};

use super::address::{Address, AddressError, Topology};
use super::batch::Commands;
use super::cluster::Cluster;
use super::link::Link;
use super::patience::Patience;
use super::reply::{Reply, Trips, reply};
use crate::contract::Unavailable;

/// A connection to each server that holds keys. Every wait is bounded.
pub enum Servers {
    /// The only one.
    Single(Box<Link>),
    /// The primaries of a cluster.
    Cluster(Cluster),
}

impl Servers {
    /// Those at `url`, not connected yet.
    pub fn at(url: &str) -> Result<Servers, AddressError> {
        Servers::with_patience(url, Patience::default())
    }

    /// The same, with a bound of ours on each wait.
    pub fn with_patience(url: &str, patience: Patience) -> Result<Servers, AddressError> {
        let address = Address::parse(url)?;
        match address.topology() {
            Topology::Single => Ok(Servers::Single(Box::new(Link::to(url)?.with_patience(patience)))),
            Topology::Cluster => Ok(Servers::Cluster(Cluster::of(&address, patience))),
        }
    }

    /// Connects, to all of them.
    pub fn connect(&mut self) -> Result<(), Unavailable> {
        self.each(&mut |link| link.connect())
    }

    /// Calls `visit` with each server that holds keys of its own: replicas are left out.
    pub fn each(
        &mut self,
        visit: &mut dyn FnMut(&mut Link) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        match self {
            Servers::Single(link) => visit(link),
            Servers::Cluster(cluster) => cluster.each(visit),
        }
    }

    /// Runs a command about one key.
    pub fn query<T: FromRedisValue>(&mut self, key: &[u8], command: &Cmd) -> Result<T, Unavailable> {
        match self {
            Servers::Single(link) => link.query(command),
            Servers::Cluster(cluster) => cluster.query(key, command),
        }
    }

    /// One field of `INFO` of the first of them.
    pub fn info(&mut self, section: &str, field: &str) -> Result<String, Unavailable> {
        let mut found = None;
        self.each(&mut |link| {
            if found.is_none() {
                found = Some(link.info(section, field)?);
            }
            Ok(())
        })?;
        found.ok_or_else(|| Unavailable("a cluster without primaries".to_string()))
    }

    /// Bytes that they have allocated together (`used_memory`); those of replicas are not counted.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        let mut used = 0;
        self.each(&mut |link| {
            used += link.used_memory()?;
            Ok(())
        })?;
        Ok(used)
    }

    /// Sends the commands at `which` of `batch` once, those for one server in one write, and gives their replies in
    /// that order.
    pub(in crate::redis) fn exchange(
        &mut self,
        batch: &dyn Commands,
        which: &[usize],
        trips: &Trips,
    ) -> Vec<Reply> {
        match self {
            Servers::Single(link) => {
                trips.one_more();
                let chosen;
                let encoded = if which.len() == batch.len() {
                    batch.all()
                } else {
                    chosen = batch.some(which);
                    &chosen
                };
                match link.exchange(encoded, which.len()) {
                    Ok(values) => values.into_iter().map(|value| reply(link, value)).collect(),
                    Err(failure) => vec![Err(failure); which.len()],
                }
            }
            Servers::Cluster(cluster) => cluster.exchange(batch, which, trips),
        }
    }
}
