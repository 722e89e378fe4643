//! Requests of the services that no SDK crate is compiled for (Security Hub, S3), and of web hooks: sent over connections that
//! are made as the SDK's are, with the same certificates, proxies and timeouts.

use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use tokio::sync::Mutex;

use crate::credentials::RENEW_BEFORE_END;

/// Nobody answers these calls with more. What is longer is cut: it is only read to say what is wrong.
const LONGEST_ANSWER: usize = 1 << 20;
/// A connection slower than this is not worth waiting for: so many bytes a second are expected of what is sent.
const SLOWEST: u64 = 256 * 1024;

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Courier {
    pub(crate) tls: Option<TlsContext>,
    pub(crate) proxies: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) time: SharedTimeSource,
    /// Made for the first request: most runs send none.
    pub(crate) connector: OnceLock<SharedHttpConnector>,
}

/// A request to be sent.
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    /// Already encoded.
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'a [u8],
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Connection(#[source] ConnectorError),
    #[error("the connection broke while the answer was read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the request could not be made: {0}")]
    Unmade(String),
}

/// How a service wants its requests signed.
pub(crate) struct Scope<'a> {
    pub(crate) service: &'static str,
    pub(crate) region: &'a str,
    pub(crate) settings: SigningSettings,
}

impl Courier {
    fn connector(&self) -> &SharedHttpConnector {
        self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(self.connect_timeout).build();
            let sleep = Some(SharedAsyncSleep::new(TokioSleep::new()));
            SharedHttpConnector::new(connector(Some(settings), sleep, self.tls.as_ref(), self.proxies))
        })
    }

    /// Sends it once. Redirects are answers like any other.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, Unanswered> {
        let sending = Duration::from_secs(request.body.len() as u64 / SLOWEST);
        let limit = self.connect_timeout + self.read_timeout + sending;
        let request = request.into_http().map_err(Unanswered::Unmade)?;
        tokio::time::timeout(limit, self.exchange(request)).await.unwrap_or(Err(Unanswered::TimedOut(limit)))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Answer, Unanswered> {
        let response = match self.connector().call(request).await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Err(Unanswered::TimedOut(self.connect_timeout)),
            Err(error) => return Err(Unanswered::Connection(error)),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut frames = response.into_body();
        let mut body = Vec::new();
        while body.len() < LONGEST_ANSWER
            && let Some(frame) = frames.frame().await
        {
            let frame = frame.map_err(Unanswered::Broken)?;
            body.extend_from_slice(frame.data_ref().map(|data| &data[..]).unwrap_or_default());
        }
        body.truncate(LONGEST_ANSWER);
        Ok(Answer { status, headers, body })
    }

    /// Sends it once, signed by Signature Version 4.
    pub(crate) async fn send_signed(
        &self,
        mut request: Request<'_>,
        scope: &Scope<'_>,
        credentials: &HeldCredentials,
    ) -> Result<Answer, NotSent> {
        let credentials = credentials.get(&self.time).await.map_err(NotSent::Credentials)?;
        let signed = signature(&request, scope, credentials, self.time.now())
            .map_err(|error| NotSent::Unanswered(Unanswered::Unmade(error)))?;
        for (name, value) in signed {
            request.headers.push((name, value));
        }
        self.send(request).await.map_err(NotSent::Unanswered)
    }
}

/// Why a signed request brought no answer.
pub(crate) enum NotSent {
    Credentials(CredentialsError),
    Unanswered(Unanswered),
}

/// The headers that the signature adds.
fn signature(
    request: &Request<'_>,
    scope: &Scope<'_>,
    credentials: Credentials,
    now: std::time::SystemTime,
) -> Result<Vec<(&'static str, String)>, String> {
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(now)
        .settings(scope.settings.clone())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable =
        SignableRequest::new(request.method, &request.url, headers, SignableBody::Bytes(request.body))
            .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &params).map_err(|error| error.to_string())?.into_parts();
    let (headers, _) = instructions.into_parts();
    Ok(headers.iter().map(|header| (header.name(), header.value().to_owned())).collect())
}

impl Request<'_> {
    fn into_http(self) -> Result<HttpRequest, String> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method).map_err(|error| error.to_string())?;
        request.set_uri(self.url.as_str()).map_err(|error| error.to_string())?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value).map_err(|error| error.to_string())?;
        }
        Ok(request)
    }
}

/// Credentials, asked for once and again only when they are about to end: a chain may start a program, or call AWS.
#[derive(Debug)]
pub(crate) struct HeldCredentials {
    source: Option<SharedCredentialsProvider>,
    held: Mutex<Option<Credentials>>,
}

impl HeldCredentials {
    pub(crate) fn of(source: Option<SharedCredentialsProvider>) -> Self {
        Self { source, held: Mutex::new(None) }
    }

    async fn get(&self, time: &SharedTimeSource) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        let usable_until = time.now() + RENEW_BEFORE_END;
        if let Some(credentials) = &*held
            && credentials.expiry().is_none_or(|end| end > usable_until)
        {
            return Ok(credentials.clone());
        }
        let source =
            self.source.as_ref().ok_or_else(|| CredentialsError::not_loaded("none are configured"))?;
        let fresh = source.provide_credentials().await?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }
}

/// A pool of connections; without TLS where none is given. With `proxies`, those of `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY` are used.
pub(crate) fn connector(
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
    tls: Option<&TlsContext>,
    proxies: bool,
) -> Connector {
    let mut connector = Connector::builder();
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    let Some(tls) = tls else { return connector.build_http() };
    if proxies {
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
    }
    connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone()).build()
}
