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

    /// Whether the URL has a password in it.
    pub fn has_password(&self) -> bool {
        self.nodes.iter().any(|node| node.redis_settings().password().is_some())
    }

    /// How `redis-cli` is told to go there, for messages: without credentials, a line for each node that was named. The
    /// user's name is left to whoever reads it, and the password to the environment.
    pub fn redis_cli(&self) -> Vec<String> {
        let cluster = if self.topology == Topology::Cluster { " -c" } else { "" };
        self.nodes.iter().map(|node| format!("redis-cli{cluster}{}", options(node))).collect()
    }

    /// What the client library connects to: the server, or the nodes named.
    pub(super) fn nodes(&self) -> &[ConnectionInfo] {
        &self.nodes
    }
}

/// `url` with this password in it, encoded: what one is given that came by another way.
pub fn with_password(url: &str, password: &str) -> Result<String, AddressError> {
    if Address::parse(url)?.has_password() {
        let problem = "it has a password, and another one was given beside it: leave one of them out";
        return Err(AddressError { found: redacted(url), problem: problem.to_string() });
    }
    let password = percent_encoded(password);
    let (scheme, rest) = url.split_once("://").expect("it was parsed");
    if scheme.ends_with("unix") {
        let separator = if rest.contains('?') { '&' } else { '?' };
        return Ok(format!("{url}{separator}pass={password}"));
    }
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    Ok(format!("{scheme}://{}:{password}@{place}", user.trim_end_matches(':')))
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Options of `redis-cli`, for a shell.
fn options(node: &ConnectionInfo) -> String {
    let place = match node.addr() {
        ConnectionAddr::Tcp(host, port) => format!("-h {} -p {port}", quoted(host)),
        ConnectionAddr::TcpTls { host, port, .. } => format!("-h {} -p {port} --tls", quoted(host)),
        ConnectionAddr::Unix(path) => format!("-s {}", quoted(&path.to_string_lossy())),
        _ => String::new(),
    };
    let settings = node.redis_settings();
    let user = settings.username().map_or("", |_| " --user USER");
    let database = if settings.db() == 0 { String::new() } else { format!(" -n {}", settings.db()) };
    format!(" {place}{user}{database}")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte);
    match word.bytes().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
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

    #[test]
    fn redis_cli_is_told_the_place_and_no_secret() {
        for (url, told) in [
            ("redis://u:secret@h:1/2", "redis-cli -h h -p 1 --user USER -n 2"),
            ("rediss://:secret@h", "redis-cli -h h -p 6379 --tls"),
            ("redis+unix:///a%20b's/r.sock?pass=secret", r"redis-cli -s '/a b'\''s/r.sock'"),
            ("redis+cluster://:secret@a:1", "redis-cli -c -h a -p 1"),
        ] {
            assert_eq!(Address::parse(url).unwrap().redis_cli(), [told]);
        }
    }

    #[test]
    fn of_two_passwords_neither_is_chosen() {
        for url in ["redis://:secret@h", "redis+unix:///s?pass=secret", "redis+cluster://u:secret@a:1,b:2"] {
            let error = with_password(url, "other").unwrap_err().to_string();
            assert!(error.contains("leave one of them out") && !error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_password_that_came_by_another_way_is_the_one_that_the_servers_are_told(
            password in "SECRET\\PC{0,16}",
            url in prop::sample::select(vec![
                "redis://h", "redis://user@h:1/3", "redis://user:@h", "rediss://[::1]:7", "redis+unix:///r.sock",
                "unix:///r.sock?db=2", "redis+cluster://a:1,b:2", "rediss+cluster://user@a:1",
            ]),
        ) {
            let (before, after) = (Address::parse(url).unwrap(), with_password(url, &password).unwrap());
            let after = Address::parse(&after).unwrap();
            for (before, after) in before.nodes().iter().zip(after.nodes()) {
                prop_assert_eq!(after.redis_settings().password(), Some(password.as_str()));
                prop_assert_eq!(after.redis_settings().username(), before.redis_settings().username());
                prop_assert_eq!(after.redis_settings().db(), before.redis_settings().db());
                prop_assert_eq!(after.addr().to_string(), before.addr().to_string());
            }
            prop_assert!(!after.to_string().contains("SECRET"), "{}", after);
        }

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
