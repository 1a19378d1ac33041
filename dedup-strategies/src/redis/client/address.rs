//! Where a Redis server is: a URL that has been checked, and that is shown without its credentials.

use std::fmt;

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, parse_redis_url};

/// The forms that a URL may have, for error messages and help.
pub const ALLOWED: &str = "redis://[[user]:password@]host[:port][/db], the same with rediss:// for TLS, \
     redis+unix:///path/to/socket[?pass=password][&user=name][&db=number], \
     or redis+cluster://[[user]:password@]host:port[,host:port]... (rediss+cluster:// for TLS) with some nodes of a cluster";

/// What every URL of a cluster begins with, and what one of its nodes has in its place.
const CLUSTERS: [(&str, &str); 2] = [("redis+cluster://", "redis://"), ("rediss+cluster://", "rediss://")];

/// A checked URL of a Redis server, or of a cluster of them. Its `Display` and `Debug` never show credentials.
#[derive(Clone)]
pub struct Address {
    topology: Topology,
    /// The server, or the nodes that are asked about the cluster.
    nodes: Vec<ConnectionInfo>,
    shown: String,
}

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single,
    /// A Redis Cluster.
    Cluster,
}

/// A URL that cannot be used. Shows it without its credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis URL {found:?}: {problem}; allowed is {ALLOWED}")]
pub struct AddressError {
    /// The URL without its credentials.
    pub found: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Address {
    /// Checks `url`; nothing is connected yet.
    ///
    /// With `rediss://` the server's certificate is checked against the system's certificate authorities, or against
    /// those in the file that the environment variable `SSL_CERT_FILE` names.
    pub fn parse(url: &str) -> Result<Address, AddressError> {
        for (scheme, of_node) in CLUSTERS {
            if let Some(rest) = url.strip_prefix(scheme) {
                return Address::cluster(url, of_node, rest);
            }
        }
        Ok(Address { topology: Topology::Single, nodes: vec![node(url, url)?], shown: redacted(url) })
    }

    fn cluster(url: &str, scheme: &str, rest: &str) -> Result<Address, AddressError> {
        let refuse = |problem: String| AddressError { found: redacted(url), problem };
        // The last one: a password may hold an @ that was not encoded.
        let (credentials, places) = match rest.rsplit_once('@') {
            Some((credentials, places)) => (format!("{credentials}@"), places),
            None => (String::new(), rest),
        };
        let mut nodes = Vec::new();
        for place in places.split(',') {
            if place.contains(['/', '?', '#']) {
                let problem = "nothing may follow the ports: a cluster has one database, number 0";
                return Err(refuse(problem.to_string()));
            }
            let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            if !has_port {
                return Err(refuse(format!("{place:?} is no host:port")));
            }
            nodes.push(node(url, &format!("{scheme}{credentials}{place}"))?);
        }
        Ok(Address { topology: Topology::Cluster, nodes, shown: redacted(url) })
    }

    /// Whether it is one server or a cluster.
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// What the client library connects to: the server, or the nodes named.
    pub(super) fn nodes(&self) -> &[ConnectionInfo] {
        &self.nodes
    }
}

/// Checks the URL of one server; `shown_as` is the one that was given.
fn node(shown_as: &str, url: &str) -> Result<ConnectionInfo, AddressError> {
    let refuse = |problem: &str| AddressError { found: redacted(shown_as), problem: problem.to_string() };
    let Some(parsed) = parse_redis_url(url) else {
        return Err(refuse(&what_is_no_url(url)));
    };
    if parsed.fragment().is_some() {
        return Err(refuse(
            "nothing may follow a #: the server's certificate is always checked (for an authority of your own, set \
             SSL_CERT_FILE to its certificate)",
        ));
    }
    parsed.into_connection_info().map_err(|error| refuse(&reason(&error)))
}

/// The address of another node of the same cluster, with the same credentials and encryption.
pub(super) fn sibling(of: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let place = match of.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host: host.to_string(),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host.to_string(), port),
    };
    of.clone().set_addr(place)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

/// `url` with its credentials replaced by `***`: what may be printed and recorded. Takes any text, since a URL that
/// does not parse is printed as well.
pub fn redacted(url: &str) -> String {
    let (scheme, rest) = match scheme_of(url) {
        Some(scheme) => url.split_at(scheme.len() + "://".len()),
        None => ("", url),
    };
    // A password may hold any character when it was not encoded, `/` and `?` included: cut at the last `@`.
    let place = match rest.rsplit_once('@') {
        Some((_, place)) => format!("***@{place}"),
        None => rest.to_string(),
    };
    let Some((path, query)) = place.split_once('?') else {
        return format!("{scheme}{place}");
    };
    let shown: Vec<String> = query.split('&').map(redacted_parameter).collect();
    format!("{scheme}{path}?{}", shown.join("&"))
}

/// Every parameter's value but the number of the database: the name of one may be mistyped, its value still a secret.
fn redacted_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some(("db" | "protocol", _)) => parameter.to_string(),
        Some((name, _)) => format!("{name}=***"),
        None => "***".to_string(),
    }
}

/// What stands before `://`, if it can be a scheme at all: anything else may be a part of a password.
fn scheme_of(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+').then_some(scheme)
}

fn what_is_no_url(url: &str) -> String {
    match scheme_of(url) {
        Some("redis" | "rediss" | "redis+unix" | "unix" | "redis+cluster" | "rediss+cluster") => {
            "it is not a well-formed URL (characters such as @ / ? # in a password are written %40 %2F %3F %23)"
                .to_string()
        }
        Some(scheme) => format!("the scheme {scheme:?} is not one of Redis"),
        None => "it has no scheme".to_string(),
    }
}

/// The client library's own words, without its error codes.
fn reason(error: &::redis::RedisError) -> String {
    let text = error.detail().map(str::to_string);
    let category = error.to_string();
    let category = category.rsplit_once(" - ").map_or(category.as_str(), |(words, _)| words).to_string();
    match text {
        Some(detail) if !category.contains(&detail) => format!("{category}: {detail}"),
        _ => category,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://:secret@h:1/0", "redis://***@h:1/0"),
            ("rediss://user:secret@h", "rediss://***@h"),
            ("redis://user:sec@ret/?#@h", "redis://***@h"),
            ("redis+unix:///run/r.sock?db=1&pass=secret", "redis+unix:///run/r.sock?db=1&pass=***"),
            ("redis+unix:///run/r.sock?passwd=secret", "redis+unix:///run/r.sock?passwd=***"),
            (":secret@h", "***@h"),
            (":secret://secret@h", "***@h"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_with_what_is_allowed() {
        for url in [
            "",
            "localhost:6379",
            "http://h",
            "redis://",
            "redis://h:99999",
            "redis://h/one",
            "redis://0.0.0.0",
            "redis://h?protocol=9",
            "rediss://h#insecure",
            "rediss://h/#other",
            "redis+unix://",
            "redis+unix:///s?db=x",
            "redis+cluster://",
            "redis+cluster://h",
            "redis+cluster://h:1,",
            "redis+cluster://h:1,:2",
            "redis+cluster://h:1/3",
            "redis+cluster://h:1?db=3",
            "redis+cluster://h:99999",
        ] {
            let error = Address::parse(url).expect_err(url).to_string();
            assert!(
                error.contains(&format!("{url:?}")) && error.contains("allowed is redis://"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn a_url_that_can_be_used_is_accepted() {
        for url in [
            "redis://h",
            "redis://[::1]:7000/3",
            "rediss://:p%40ss@h:6380",
            "redis+unix:///run/r.sock",
            "redis+unix:///run/with%20space?pass=x&db=2",
            "unix:///run/r.sock",
            "redis+cluster://h:7000",
            "rediss+cluster://user:p%40ss@[::1]:7000,h:7001",
        ] {
            Address::parse(url).expect(url);
        }
    }

    #[test]
    fn every_node_of_a_cluster_is_given_the_credentials() {
        let address = Address::parse("redis+cluster://u:p@a:1,b:2").unwrap();
        assert_eq!(
            (address.topology(), address.to_string().as_str()),
            (Topology::Cluster, "redis+cluster://***@a:1,b:2")
        );
        for (node, place) in address.nodes().iter().zip(["a:1", "b:2"]) {
            assert_eq!(node.addr().to_string(), place);
            assert_eq!(
                (node.redis_settings().username(), node.redis_settings().password()),
                (Some("u"), Some("p"))
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_the_password_no_error_or_address_shows_it(
            password in "[!-~]{0,8}SECRET[!-~]{0,8}", scheme in "(redis|rediss|http|redis\\+unix|redis\\+cluster)?(://)?",
        ) {
            let url = format!("{scheme}:{password}@host:1/0");
            let shown = match Address::parse(&url) {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!shown.contains("SECRET"), "{}", shown);
        }
    }
}
