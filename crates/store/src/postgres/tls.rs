//! Which servers are trusted.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::Address;
use crate::error::{Result, StoreError};

/// The settings of an encrypted connection: the server has to show a certificate that holds.
pub(super) fn config(address: &Address) -> Result<ClientConfig> {
    let fail = |what: String| StoreError::Unreachable(what);
    let mut roots = RootCertStore::empty();
    match &address.ca {
        Some(path) => {
            let unreadable =
                |why: &dyn std::fmt::Display| fail(format!("{}: {why}", path.display()));
            let all = CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))?;
            for certificate in all {
                let certificate = certificate.map_err(|e| unreadable(&e))?;
                roots.add(certificate).map_err(|e| unreadable(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(fail(
            "no certificate to trust is known; give one with sslrootcert= in the URL".into(),
        ));
    }
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| fail(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
