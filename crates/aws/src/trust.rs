//! Whose certificates are trusted. As with every AWS tool, `AWS_CA_BUNDLE` or, where it is not set, `ca_bundle` of the
//! profile names a file of certificates that are trusted instead of the system's.

use std::path::PathBuf;

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::{Env, Fs};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

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
pub(crate) async fn trust(profile: Option<&str>) -> Result<TlsContext, UnusableCaBundle> {
    let context = TlsContext::builder();
    let context = match bundle(profile).await {
        None => context,
        Some((file, named_by)) => {
            let pem = certificates(&file).map_err(|why| UnusableCaBundle { file, named_by, why })?;
            context.with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        }
    };
    // Building reads nothing and cannot fail; the SDK only keeps the right to.
    Ok(context.build().unwrap_or_default())
}

/// The file, and what names it. A configuration file that cannot be read names none here: the credential chain, which needs
/// it too, says what is wrong with it.
async fn bundle(profile: Option<&str>) -> Option<(PathBuf, String)> {
    const VARIABLE: &str = "AWS_CA_BUNDLE";
    if let Some(file) = std::env::var_os(VARIABLE).filter(|file| !file.is_empty()) {
        return Some((file.into(), VARIABLE.to_owned()));
    }
    let selected = profile.map(|name| name.to_owned().into());
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), selected)
        .await
        .ok()?;
    let file = profiles.get("ca_bundle").filter(|file| !file.is_empty())?;
    Some((file.into(), format!("ca_bundle of the profile {:?}", profiles.selected_profile())))
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
