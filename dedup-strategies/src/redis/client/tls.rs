//! Encryption, over a socket of ours: so that its waits are bounded as all others are.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::patience::Timed;

/// An encrypted connection.
pub(super) type Encrypted = StreamOwned<ClientConnection, Timed>;

/// Whoever is at the other end of `socket` has to prove that it is `host`; they are asked with the first write.
pub(super) fn encrypted(socket: Timed, host: &str) -> io::Result<Box<Encrypted>> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, rustls::Error>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| config().map(Arc::new)).as_ref().map_err(io::Error::other)?;
    // An address of the sixth version stands in brackets in a URL.
    let name = host.trim_matches(['[', ']']).to_string();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    Ok(Box::new(StreamOwned::new(connection, socket)))
}

/// The system's authorities, or those of `SSL_CERT_FILE`. The provider is named: a program may link more than one, and
/// rustls refuses to choose. Where no authority is found, no certificate is good enough.
fn config() -> Result<ClientConfig, rustls::Error> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(authorities).with_no_client_auth())
}
