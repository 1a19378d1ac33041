//! What tests share that need ports and certificates.

use std::net::TcpListener;
use std::path::Path;

/// A key and a certificate for the loopback that it signs itself, as files in `dir`.
pub(crate) fn self_signed(dir: &Path) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_string()]).unwrap();
    let (key, certificate) = (dir.join("key.pem"), dir.join("certificate.pem"));
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    (key.display().to_string(), certificate.display().to_string())
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}
