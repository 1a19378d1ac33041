//! A Redis Cluster of our own on the loopback: three primaries and a replica of each, in a private directory.
//!
//! It keeps wall time. Its nodes agree by gossip and by timeouts, and a clock that jumps would make them take each other
//! for dead.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use dedup_strategies::redis::slot::SLOTS;
use dedup_strategies::redis::{Link, Servers};
use dedup_strategies::{RedisEndpoint, Unavailable};
use redis::{Cmd, Value, cmd};
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt};

use super::control_cluster::ClusterControl;
use super::error::ServerError;
use super::guarded::{Guarded, ServerCommand};
use super::private::{Launch, SOCKET, guarded, wait_until_ready};
use super::product::Product;
use crate::wait::until;

/// Primaries; as many nodes again are replicas.
pub const PRIMARIES: usize = 3;
/// All of them. Node `n + PRIMARIES` is the replica of node `n` at first.
pub(super) const NODES: usize = 2 * PRIMARIES;
/// How long a node may be silent before the others take it for dead.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the nodes may take to agree: two seconds are usual, as a primary waits that long before it takes writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Six nodes under one guard. Dropping it stops them and removes their directory; so does the end of this process,
/// whatever ends it.
#[derive(Debug)]
pub struct PrivateCluster {
    guarded: Guarded,
    nodes: Vec<Node>,
    url: String,
    product: Option<Product>,
    empty_bytes: Vec<u64>,
}

/// One node's ports, which nobody else can be given while we hold these sockets.
#[derive(Debug)]
struct Node {
    clients: Port,
    bus: Port,
}

/// A port of the loopback that is ours: bound, so that the system gives it to nobody, and not listening, so that the
/// server, which may share an address as we do (`SO_REUSEADDR`), can still listen there.
#[derive(Debug)]
struct Port {
    number: u16,
    _held: OwnedFd,
}

impl Port {
    fn reserve() -> std::io::Result<Port> {
        let held = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        sockopt::set_socket_reuseaddr(&held, true)?;
        bind(&held, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        let address = SocketAddr::try_from(getsockname(&held)?)?;
        Ok(Port { number: address.port(), _held: held })
    }
}

impl PrivateCluster {
    /// Starts six nodes, makes them a cluster, and waits until it takes commands and every replica follows.
    pub fn start(launch: &Launch) -> Result<PrivateCluster, ServerError> {
        let reserve = || Ok(Node { clients: Port::reserve()?, bus: Port::reserve()? });
        let nodes: Vec<Node> = (0..NODES)
            .map(|_| reserve())
            .collect::<std::io::Result<_>>()
            .map_err(ServerError::io("finding free ports on the loopback"))?;
        let home = |dir: &Path, index: usize| dir.join(format!("node-{index}"));
        let guarded = guarded(&launch.guard, SOCKET, |dir| {
            let nodes = nodes.iter().enumerate();
            nodes.map(|(index, node)| node_command(launch, node, &home(dir, index))).collect()
        })?;
        for index in 0..NODES {
            let home = home(guarded.dir(), index);
            fs::create_dir(&home).map_err(ServerError::io(format!("making {}", home.display())))?;
            guarded.start(index).map_err(ServerError::io("starting redis-server"))?;
        }
        let seeds: Vec<String> =
            nodes.iter().map(|node| format!("127.0.0.1:{}", node.clients.number)).collect();
        let url = format!("redis+cluster://{}", seeds.join(","));
        let mut cluster = PrivateCluster { guarded, nodes, url, product: None, empty_bytes: Vec::new() };
        cluster.assemble()?;
        Ok(cluster)
    }

    /// Its URL, which names every node.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The cluster as a strategy is given it: all of its key space.
    pub fn endpoint(&self) -> RedisEndpoint {
        RedisEndpoint { url: self.url.clone(), prefix: String::new() }
    }

    /// What its nodes are, once they have been asked.
    pub fn product(&self) -> Option<&Product> {
        self.product.as_ref()
    }

    /// Its private directory.
    pub fn dir(&self) -> &Path {
        self.guarded.dir()
    }

    /// Bytes that its primaries have allocated (`used_memory`).
    pub fn used_memory(&self) -> Result<u64, Unavailable> {
        Servers::at(&self.url).map_err(Unavailable::because)?.used_memory()
    }

    /// The process ids of its nodes.
    pub fn process_ids(&self) -> Result<Vec<u32>, Unavailable> {
        let of = |index| {
            let text = self.link(index)?.info("server", "process_id")?;
            text.parse().map_err(|_| Unavailable(format!("process_id is {text:?}")))
        };
        (0..NODES).map(of).collect()
    }

    /// How nodes ended that have ended by themselves, with the last lines of their log.
    pub fn ended(&self) -> Option<ServerError> {
        let how = self.guarded.ended()?;
        Some(ServerError::Ended { how, log: self.guarded.log_tail() })
    }

    /// What can be done to it in the middle of a run. Clients that ask it for its slots from now on are led through
    /// proxies; connections that exist are not reached by faults of the network. One at a time.
    pub fn control(&self) -> ClusterControl<'_> {
        ClusterControl::of(self)
    }

    /// A connection of our own to a node, not through any proxy.
    pub(super) fn link(&self, index: usize) -> Result<Link, Unavailable> {
        Link::to(&format!("redis://127.0.0.1:{}", self.port(index))).map_err(Unavailable::because)
    }

    pub(super) fn port(&self, index: usize) -> u16 {
        self.nodes[index].clients.number
    }

    /// Bytes that a node had allocated when it was empty.
    pub(super) fn empty_bytes(&self, index: usize) -> u64 {
        self.empty_bytes[index]
    }

    /// Kills a node with SIGKILL and waits for its end: how it ended.
    pub(super) fn kill(&self, index: usize) -> Result<String, ServerError> {
        self.guarded.kill(index).map_err(ServerError::io("killing a node"))
    }

    /// Starts a node again after it was killed, with nothing in it but what it knows of the cluster.
    pub(super) fn start_again(&self, index: usize) -> Result<(), ServerError> {
        self.guarded.start(index).map_err(ServerError::io("starting a node again"))?;
        wait_until_ready(&self.guarded, &mut self.link(index)?)
    }

    /// Waits until every node says that the cluster is whole, and every replica follows its primary.
    pub(super) fn wait_until_whole(&self) -> Result<(), ServerError> {
        self.wait("the cluster", |cluster| {
            for index in 0..NODES {
                let mut link = cluster.link(index)?;
                let state: String = link.query(cmd("CLUSTER").arg("INFO"))?;
                if !state.contains("cluster_state:ok") {
                    return Ok(Err(format!(
                        "node {index} says {}",
                        state.lines().next().unwrap_or_default()
                    )));
                }
                let replication: String = link.query(cmd("INFO").arg("replication"))?;
                if replication.contains("role:slave") && !replication.contains("master_link_status:up") {
                    return Ok(Err(format!("replica {index} does not follow its primary yet")));
                }
            }
            Ok(Ok(()))
        })
    }

    /// Waits until every node names these ports to its clients, and no others.
    pub(super) fn wait_until_all_announce(&self, ports: &[u16]) -> Result<(), ServerError> {
        self.wait("the announcement of the proxies' ports", |cluster_of| {
            for index in 0..NODES {
                let nodes: String = cluster_of.link(index)?.query(&cluster("NODES"))?;
                // `ID 127.0.0.1:7000@17000 ...`, a node a line.
                let named = |line: &str| {
                    let place = line.split(' ').nth(1)?.split('@').next()?;
                    place.rsplit_once(':')?.1.parse::<u16>().ok()
                };
                if !nodes.lines().all(|line| named(line).is_some_and(|port| ports.contains(&port))) {
                    return Ok(Err(format!("node {index} says {nodes}")));
                }
            }
            Ok(Ok(()))
        })?;
        self.wait_until_whole()
    }

    /// Looks again and again until `look` finds what is waited for.
    fn wait(
        &self,
        what: &'static str,
        mut look: impl FnMut(&PrivateCluster) -> Result<Result<(), String>, Unavailable>,
    ) -> Result<(), ServerError> {
        let found = until(PATIENCE, || {
            let last = match look(self) {
                Ok(Ok(())) => return ControlFlow::Break(Ok(())),
                Ok(Err(what)) => what,
                Err(unavailable) => unavailable.to_string(),
            };
            match self.guarded.ended() {
                Some(how) => {
                    ControlFlow::Break(Err(ServerError::Ended { how, log: self.guarded.log_tail() }))
                }
                None => ControlFlow::Continue(last),
            }
        });
        found.unwrap_or_else(|last| {
            Err(ServerError::NotWhole { what, waited: PATIENCE, last, log: self.guarded.log_tail() })
        })
    }

    /// Slots for the primaries, introductions, replicas.
    fn assemble(&mut self) -> Result<(), ServerError> {
        for index in 0..NODES {
            wait_until_ready(&self.guarded, &mut self.link(index)?)?;
        }
        let mut first = self.link(0)?;
        self.product = Some(Product::of(|field| first.info("server", field))?);
        for index in 0..PRIMARIES {
            let (first, next) = (index * SLOTS / PRIMARIES, (index + 1) * SLOTS / PRIMARIES);
            self.command(index, cluster("ADDSLOTSRANGE").arg(first).arg(next - 1))?;
            self.command(index, cluster("SET-CONFIG-EPOCH").arg(index + 1))?;
        }
        for node in &self.nodes[1..] {
            let (port, bus) = (node.clients.number, node.bus.number);
            self.command(0, cluster("MEET").arg("127.0.0.1").arg(port).arg(bus))?;
        }
        for index in PRIMARIES..NODES {
            let primary: String = self.link(index - PRIMARIES)?.query(&cluster("MYID"))?;
            // It has to have heard of its primary first.
            self.wait("a node's acquaintance with its primary", |cluster_of| {
                let follow = cluster_of.link(index)?.query::<Value>(cluster("REPLICATE").arg(&primary));
                Ok(follow.map(drop).map_err(|error| error.to_string()))
            })?;
        }
        self.wait_until_whole()?;
        self.empty_bytes =
            (0..NODES).map(|index| self.link(index)?.used_memory()).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn command(&self, index: usize, command: &Cmd) -> Result<(), ServerError> {
        Ok(self.link(index)?.query::<()>(command)?)
    }
}

/// `CLUSTER name`.
fn cluster(name: &str) -> Cmd {
    let mut command = cmd("CLUSTER");
    command.arg(name);
    command
}

fn node_command(launch: &Launch, node: &Node, home: &Path) -> ServerCommand {
    let (port, bus) = (node.clients.number.to_string(), node.bus.number.to_string());
    let timeout = NODE_TIMEOUT.as_millis().to_string();
    let mut command: ServerCommand = vec![launch.server.clone().into()];
    command.extend(["--bind", "127.0.0.1", "--port", &port, "--cluster-port", &bus].map(Into::into));
    command.extend(["--cluster-enabled", "yes", "--cluster-node-timeout", &timeout].map(Into::into));
    command.extend(["--save", "", "--appendonly", "no", "--dir"].map(Into::into));
    command.push(home.into());
    // A replica begins to copy at once, rather than wait for others; and it may always take its primary's place.
    command.extend(
        ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"].map(Into::into),
    );
    command.extend(["--cluster-allow-replica-migration", "no"].map(Into::into));
    command.extend(launch.arguments.iter().map(OsString::from));
    command
}
