//! What a server that speaks as Redis does says it is.

use dedup_strategies::Unavailable;

/// The name and the version of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// `redis` or `valkey`.
    pub name: &'static str,
    /// Such as `7.0.15`.
    pub version: String,
}

impl Product {
    /// What the section `server` of its `INFO` says, of which `field` reads one. A Valkey has the version of the Redis that
    /// it stands in for, beside its own.
    pub(super) fn of(
        mut field: impl FnMut(&str) -> Result<String, Unavailable>,
    ) -> Result<Product, Unavailable> {
        match field("valkey_version") {
            Ok(version) => Ok(Product { name: "valkey", version }),
            Err(_) => Ok(Product { name: "redis", version: field("redis_version")? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valkey_is_known_by_its_own_version() {
        let valkey = [("redis_version", "7.2.4"), ("server_name", "valkey"), ("valkey_version", "9.1.2")];
        for (says, name, version) in [(&valkey[..], "valkey", "9.1.2"), (&valkey[..1], "redis", "7.2.4")] {
            let field = |asked: &str| {
                let found = says.iter().find(|(field, _)| *field == asked);
                found.map(|(_, value)| (*value).to_string()).ok_or_else(|| Unavailable("no field".into()))
            };
            assert_eq!(Product::of(field).unwrap(), Product { name, version: version.to_string() });
        }
    }
}
