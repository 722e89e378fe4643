//! The session: where credentials, region, endpoints and the connection pool come from, once for all calls. What is
//! called with it is in the files of the services.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudtrail::config::Builder as CloudTrailBuilder;
use aws_sdk_iam::config::Builder as IamBuilder;
use aws_sdk_iam::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use keysweep_core::account::Partition;

use crate::configured::{Configured, Named, SetEndpoints, UnusableConfiguration, region_name};
use crate::courier::{Courier, HeldCredentials, connector};
use crate::credentials::{NamedProfile, RENEW_BEFORE_END, RoleCredentials};
use crate::endpoints::Endpoints;
use crate::options::{RoleOptions, SessionOptions};
use crate::retry::{ThrottlesAreTheCallers, transient_faults};
use crate::server_time::NotedTime;
use crate::traffic::Meter;
use crate::trust::trust;
use crate::whole::WholeAnswers;

/// Sent with every call as part of the user agent, so that keysweep's calls can be told apart in CloudTrail.
const APP_NAME: &str = "keysweep";

/// A way into AWS. Cheap to clone: all clones share configuration, credentials and connections.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
}

/// What all clients of a session have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) organizations: aws_sdk_organizations::Client,
    pub(crate) role: RoleOptions,
    pub(crate) time: SharedTimeSource,
    pub(crate) server_time: NotedTime,
    pub(crate) meter: Meter,
    /// The partition that `GetCallerIdentity` told.
    pub(crate) partition: OnceLock<Partition>,
    pub(crate) region: Region,
    /// Where STS is called, for who is told that it does not answer.
    pub(crate) sts_is: String,
    /// For the services without an SDK crate, and for web hooks.
    pub(crate) courier: Courier,
    pub(crate) endpoints: Endpoints,
    pub(crate) own_credentials: Arc<HeldCredentials>,
    iam: aws_sdk_iam::Config,
    cloudtrail: aws_sdk_cloudtrail::Config,
}

/// An account that was entered: its own two clients over the session's connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EnteredAccount {
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) cloudtrail: aws_sdk_cloudtrail::Client,
}

impl Session {
    /// Finds the configuration. Credentials are not resolved and AWS is not called before the first call; only an
    /// unnamed region may be asked of the EC2 instance metadata service.
    pub async fn load(options: SessionOptions) -> Result<Self, UnusableConfiguration> {
        let configured = if options.endpoint_url.is_some() && options.credentials.is_some() {
            Configured::nothing()
        } else {
            Configured::read(options.profile.as_deref()).await?
        };
        if options.endpoint_url.is_none() {
            configured.check_endpoints()?;
        }
        if options.credentials.is_none() {
            configured.check_endpoints_of_credentials(options.profile.is_some())?;
        }
        let is_plain = options.endpoint_url.as_ref().is_some_and(|url| url.starts_with("http://"));
        let tls = if is_plain { None } else { Some(trust(&configured)?) };
        let proxies = options.endpoint_url.is_none();
        let (config, region) =
            sdk_config(&options, configured.clone(), http_client(tls.clone(), proxies)).await?;
        let time = config.time_source().unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new()));
        let (server_time, meter) = (NotedTime::default(), Meter::default());
        let shared = Shared {
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&config)
                    .retry_classifier(ThrottlesAreTheCallers)
                    .interceptor(WholeAnswers)
                    .interceptor(server_time.clone())
                    .interceptor(meter.clone())
                    .build(),
            ),
            organizations: aws_sdk_organizations::Client::from_conf(
                aws_sdk_organizations::config::Builder::from(&config)
                    .retry_classifier(ThrottlesAreTheCallers)
                    .interceptor(meter.clone())
                    .build(),
            ),
            iam: IamBuilder::from(&config)
                .retry_classifier(ThrottlesAreTheCallers)
                .interceptor(WholeAnswers)
                .interceptor(meter.clone())
                .build(),
            cloudtrail: CloudTrailBuilder::from(&config)
                .retry_classifier(ThrottlesAreTheCallers)
                .interceptor(meter.clone())
                .build(),
            sts_is: match (&options.endpoint_url, configured.endpoint("STS")) {
                (Some(url), _) => format!("at {url}"),
                (None, Some(named)) => format!("at {}, as {} says", named.value, named.by),
                (None, None) => format!("in the region {}, as {} says", region.value, region.by),
            },
            region: Region::new(region.value),
            courier: Courier {
                tls,
                proxies,
                connect_timeout: options.connect_timeout,
                read_timeout: options.read_timeout,
                time: time.clone(),
                connector: OnceLock::new(),
            },
            endpoints: Endpoints::of(&config),
            own_credentials: Arc::new(HeldCredentials::of(config.credentials_provider())),
            role: options.role,
            time,
            server_time,
            meter,
            partition: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The region in use.
    pub fn region(&self) -> &str {
        self.shared.region.as_ref()
    }

    /// The partition: what `GetCallerIdentity` said or, before it was asked, that of the region.
    pub fn partition(&self) -> Partition {
        self.shared.partition.get().copied().unwrap_or_else(|| partition_of_region(self.region()))
    }

    /// Clients with the caller's own credentials.
    pub(crate) fn own_clients(&self) -> EnteredAccount {
        self.clients(|iam, cloudtrail| (iam, cloudtrail))
    }

    /// Clients with the credentials of a role.
    pub(crate) fn clients_of(&self, role: RoleCredentials) -> EnteredAccount {
        let credentials = Some(SharedCredentialsProvider::new(role));
        // The session's identity cache keeps 64 credential providers and then drops any of them, which in a large
        // organization would mean AssumeRole before every other call. One of its own lives and goes with the account.
        let identities = identity_cache();
        self.clients(|mut iam, mut cloudtrail| {
            // Set, not `credentials_provider`, which would wrap it: then the cache would take it for two.
            iam.set_credentials_provider(credentials.clone());
            cloudtrail.set_credentials_provider(credentials);
            (iam.identity_cache(identities.clone()), cloudtrail.identity_cache(identities))
        })
    }

    fn clients(
        &self,
        with_credentials: impl FnOnce(IamBuilder, CloudTrailBuilder) -> (IamBuilder, CloudTrailBuilder),
    ) -> EnteredAccount {
        let lead = Region::from_static(self.partition().lead_region());
        // The quota of repetitions is the account's: an account that fails all the time does not use up the others'.
        let quota = RetryPartition::custom("account").build();
        let iam = self.shared.iam.to_builder().retry_partition(quota.clone());
        let cloudtrail = self.shared.cloudtrail.to_builder().retry_partition(quota).region(lead);
        let (iam, cloudtrail) = with_credentials(iam, cloudtrail);
        EnteredAccount {
            iam: aws_sdk_iam::Client::from_conf(iam.build()),
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(cloudtrail.build()),
        }
    }
}

fn identity_cache() -> aws_smithy_runtime_api::client::identity::SharedIdentityCache {
    aws_config::identity::IdentityCache::lazy().buffer_time(RENEW_BEFORE_END).build()
}

/// The partition that a region's name tells.
fn partition_of_region(region: &str) -> Partition {
    if region.starts_with("us-gov-") {
        Partition::AwsUsGov
    } else if region.starts_with("cn-") {
        Partition::AwsCn
    } else {
        Partition::Aws
    }
}

/// The SDK's configuration, shared by every client, and the region in it.
async fn sdk_config(
    options: &SessionOptions,
    configured: Configured,
    http: SharedHttpClient,
) -> Result<(SdkConfig, Named), UnusableConfiguration> {
    let sources = ProviderConfig::without_region()
        .with_http_client(http.clone())
        .with_sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .with_retry_config(transient_faults());
    let named = region(options, &configured, &sources).await;
    let region = Region::new(region_name(&named)?.to_owned());
    let sources = sources.with_region(Some(region.clone()));
    let attempt = options.connect_timeout + options.read_timeout;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .identity_cache(identity_cache())
        .retry_config(transient_faults())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(options.connect_timeout)
                .operation_attempt_timeout(attempt)
                .operation_timeout(attempt * 2)
                .build(),
        )
        // A stalled answer is ended by the timeouts above; measuring its throughput would cost every call.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Ok(name) = AppName::new(APP_NAME) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        // AWS_USE_FIPS_ENDPOINT and its kin choose among AWS's endpoints; with a given one the SDK refuses them.
        loader = loader.endpoint_url(url).use_fips(false).use_dual_stack(false);
    }
    loader = match (&options.credentials, &options.profile) {
        (Some(given), _) => loader.credentials_provider(Credentials::new(
            &given.access_key_id,
            &given.secret_access_key,
            given.session_token.clone(),
            None,
            "given",
        )),
        // The standard chain asks the environment first, even for a profile that was named on purpose; the AWS CLI does not.
        (None, Some(profile)) => loader.credentials_provider(NamedProfile::new(profile, &sources)),
        (None, None) => loader.credentials_provider(
            DefaultCredentialsChain::builder()
                .imds_client(imds_client(&sources))
                .configure(sources)
                .build()
                .await,
        ),
    };
    let config = loader.load().await;
    if options.endpoint_url.is_some() {
        return Ok((config, named));
    }
    let endpoints = SetEndpoints { configured, rest: config.clone() };
    let mut config = config.into_builder().service_config(endpoints);
    config.set_endpoint_url(None);
    Ok((config.build(), named))
}

/// The region that the options, the environment, the profile or the EC2 instance name, and which of them did.
async fn region(options: &SessionOptions, configured: &Configured, sources: &ProviderConfig) -> Named {
    let given = options.region.clone().map(|value| Named { value, by: "--region".to_owned() });
    if let Some(named) = given.or_else(|| configured.region()) {
        return named;
    }
    // The instance's region says in which partition the instance's credentials work. Other credentials do not need
    // it, and off EC2 the question costs a second.
    let elsewhere =
        options.credentials.is_some() || options.profile.is_some() || configured.has_key_in_environment();
    if !elsewhere {
        let instance =
            ImdsRegionProvider::builder().configure(sources).imds_client(imds_client(sources)).build();
        if let Some(region) = instance.region().await {
            return Named { value: region.to_string(), by: "the EC2 instance".to_owned() };
        }
    }
    Named { value: Partition::Aws.lead_region().to_owned(), by: "nothing else".to_owned() }
}

/// The EC2 instance metadata service answers at once or is not there: waiting longer only delays "no credentials".
fn imds_client(sources: &ProviderConfig) -> aws_config::imds::Client {
    aws_config::imds::Client::builder()
        .configure(sources)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .max_attempts(1)
        .build()
}

/// The one connection pool of the SDK's clients.
fn http_client(tls: Option<TlsContext>, proxies: bool) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let sleep = components.and_then(RuntimeComponents::sleep_impl);
        connector(settings.cloned(), sleep, tls.as_ref(), proxies)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_tell_partitions() {
        assert_eq!(partition_of_region("us-gov-east-1"), Partition::AwsUsGov);
        assert_eq!(partition_of_region("cn-northwest-1"), Partition::AwsCn);
        assert_eq!(partition_of_region("eu-central-1"), Partition::Aws);
    }
}
