//! Whom keysweep talks to over TLS: a server of the test's own certificate authority, which only a CA bundle makes trusted.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::environment::{answer, run, run_as};
use crate::server::serve;

/// A server on 127.0.0.1 that speaks TLS, and the certificate authority that vouches for it.
struct TlsServer {
    url: String,
    authority: String,
}

async fn start() -> TlsServer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, Arc::new(answer), Arc::new(Mutex::new(Vec::new()))).await;
                }
            });
        }
    });
    TlsServer { url, authority: authority.pem() }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const KEY: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000"), ("AWS_SECRET_ACCESS_KEY", "secret")];

#[tokio::test]
async fn a_ca_bundle_makes_a_server_trusted() {
    let server = start().await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = file(folder.path(), "bundle.pem", &server.authority);
    let with = |more: &[(&'static str, String)]| {
        let mut environment: Vec<(&str, String)> =
            KEY.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        environment.push(("AWS_ENDPOINT_URL", server.url.clone()));
        environment.extend(more.iter().cloned());
        environment
    };
    let said = async |environment: Vec<(&str, String)>| {
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(&environment).await
    };
    let text = said(with(&[])).await;
    assert!(text.contains("invalid peer certificate"), "{text}");
    let text = said(with(&[("AWS_CA_BUNDLE", bundle.clone())])).await;
    assert!(text.contains("sts arn:aws:iam::000000000042:user/jo\norganizations true\niam true\n"), "{text}");
    // Instead of the system's, not beside them: what the other file names is not asked any more.
    let other = file(folder.path(), "other.pem", &start().await.authority);
    let text = said(with(&[("SSL_CERT_FILE", bundle.clone()), ("AWS_CA_BUNDLE", other)])).await;
    assert!(text.contains("invalid peer certificate"), "{text}");
}

#[tokio::test]
async fn a_profile_can_name_the_bundle_and_the_environment_wins() {
    let server = start().await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = file(folder.path(), "bundle.pem", &server.authority);
    let config = format!(
        "[profile audit]\nca_bundle = {bundle}\nendpoint_url = {}\nregion = eu-central-1\n\
         aws_access_key_id = AKIAPROFILE000000000\naws_secret_access_key = secret\n",
        server.url
    );
    let config = file(folder.path(), "config", &config);
    let text = run_as(Some("audit"), &[("AWS_CONFIG_FILE", &config)]).await;
    assert!(text.contains("sts arn:aws:iam::000000000042:user/jo\n"), "{text}");
    let text = run(&[("AWS_CONFIG_FILE", &config), ("AWS_PROFILE", "audit")]).await;
    assert!(text.contains("sts arn:aws:iam::000000000042:user/jo\n"), "{text}");
    let text =
        run_as(Some("audit"), &[("AWS_CONFIG_FILE", &config), ("AWS_CA_BUNDLE", "/nonexistent/ca.pem")])
            .await;
    assert!(
        text.starts_with("no session: the CA bundle /nonexistent/ca.pem (AWS_CA_BUNDLE) cannot be read: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_bundle_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for (content, why) in [
        ("not a certificate\n", "has no certificate in it"),
        ("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n", "is not PEM at certificate 1"),
        (damaged, "has a certificate, number 1, that cannot be used"),
    ] {
        let bundle = file(folder.path(), "bundle.pem", content);
        let text = run(&[("AWS_CA_BUNDLE", &bundle)]).await;
        assert!(
            text.starts_with(&format!("no session: the CA bundle {bundle} (AWS_CA_BUNDLE) {why}")),
            "{text}"
        );
    }
}
