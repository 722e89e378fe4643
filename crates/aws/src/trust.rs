//! Whose certificates are trusted. As with every AWS tool, `AWS_CA_BUNDLE` or, where it is not set, `ca_bundle` of the
//! profile names a file of certificates that are trusted instead of the system's.

use std::path::PathBuf;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::configured::Configured;

/// A file of certificates that cannot be used. Nothing was called: with other certificates than those that were asked for,
/// nobody knows whom keysweep would talk to.
#[derive(Debug, thiserror::Error)]
#[error("the CA bundle {} ({named_by}) {why}", .file.display())]
pub struct UnusableCaBundle {
    file: PathBuf,
    named_by: String,
    why: String,
}

/// The system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` change them), or those of the named file alone.
pub(crate) fn trust(configured: &Configured) -> Result<TlsContext, UnusableCaBundle> {
    let context = TlsContext::builder();
    let context = match bundle(configured) {
        None => context,
        Some((file, named_by)) => {
            let pem = certificates(&file).map_err(|why| UnusableCaBundle { file, named_by, why })?;
            context.with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        }
    };
    // Building reads nothing and cannot fail; the SDK only keeps the right to.
    Ok(context.build().unwrap_or_default())
}

/// The file, and what names it.
fn bundle(configured: &Configured) -> Option<(PathBuf, String)> {
    const VARIABLE: &str = "AWS_CA_BUNDLE";
    if let Some(file) = std::env::var_os(VARIABLE).filter(|file| !file.is_empty()) {
        return Some((file.into(), VARIABLE.to_owned()));
    }
    let named = configured.of_profile("ca_bundle")?;
    Some((named.value.into(), named.by))
}

/// The file's text, if every certificate in it can be used: the SDK takes that for granted and panics otherwise.
fn certificates(file: &PathBuf) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    for (index, found) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let number = index + 1;
        let certificate = found.map_err(|error| format!("is not PEM at certificate {number}: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("has a certificate, number {number}, that cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("has no certificate in it: it must be a PEM file".to_owned());
    }
    Ok(pem)
}
