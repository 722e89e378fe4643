//! What the environment and the AWS configuration files say about where calls go: the endpoint of each service, and the
//! region. An empty value says nothing, as with the AWS CLI; the SDK takes it for a URL and panics. What is there and cannot
//! be meant is an error that names its source, before anything is called.

use aws_config::SdkConfig;
use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::property::PropertiesKey;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::error::chain;
use crate::trust::UnusableCaBundle;

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// The services that every scan calls, as the SDK names them.
const CALLED: [&str; 4] = ["STS", "Organizations", "IAM", "CloudTrail"];
/// The services that a profile's credentials may come from. The SDK's own clients call them.
const OF_CREDENTIALS: [&str; 3] = ["STS", "SSO", "SSO OIDC"];

/// What the environment or the AWS configuration files say cannot be used. Nothing was called.
#[derive(Debug, thiserror::Error)]
pub enum UnusableConfiguration {
    /// A file of certificates.
    #[error(transparent)]
    CaBundle(#[from] UnusableCaBundle),
    /// `~/.aws/config` or `~/.aws/credentials`, or what stands for them, cannot be parsed.
    #[error("the AWS configuration cannot be read: {why}")]
    File {
        /// The file, its line, and what is wrong there.
        why: String,
    },
    /// An endpoint that is no URL.
    #[error("{url:?} is not a URL: {named_by} must begin with http:// or https://")]
    Endpoint {
        /// What is there.
        url: String,
        /// The variable or the setting of a profile.
        named_by: String,
    },
    /// An empty endpoint where only the SDK itself looks, which takes it for a URL.
    #[error("{named_by} is empty, and the credentials of the profile {profile:?} are asked for with it")]
    EmptyEndpoint {
        /// The variable or the setting of a profile.
        named_by: String,
        /// Whose credentials.
        profile: String,
    },
    /// A region that has a name as no region has.
    #[error("{region:?} is not the name of a region: {named_by} must be one such as eu-central-1")]
    Region {
        /// What is there.
        region: String,
        /// The variable or the setting of a profile.
        named_by: String,
    },
}

/// The environment and the selected profile.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    env: Env,
    profiles: ProfileSet,
}

/// A value, and what names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) value: String,
    pub(crate) by: String,
}

impl Configured {
    /// Reads the files. One that is missing, or that may not be read, is as an empty one, as for the SDK.
    pub(crate) async fn read(profile: Option<&str>) -> Result<Self, UnusableConfiguration> {
        Self::read_from(Env::real(), &Fs::real(), profile).await
    }

    /// For a session that is told everything: what the machine says does not matter, not even whether it can be read.
    pub(crate) fn nothing() -> Self {
        Self { env: Env::from_slice(&[]), profiles: ProfileSet::default() }
    }

    async fn read_from(env: Env, files: &Fs, profile: Option<&str>) -> Result<Self, UnusableConfiguration> {
        let selected = profile.map(|name| name.to_owned().into());
        let profiles = profile::load(files, &env, &EnvConfigFiles::default(), selected).await;
        let profiles = profiles.map_err(|error| UnusableConfiguration::File {
            // The innermost error names file and line, on a line of its own.
            why: std::error::Error::source(&error).map_or_else(
                || chain(&error),
                |source| source.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
            ),
        })?;
        Ok(Self { env, profiles })
    }

    /// The profile's setting, if it is not empty, and what names it.
    pub(crate) fn of_profile(&self, key: &str) -> Option<Named> {
        let value = self.profiles.get(key).filter(|value| !value.is_empty())?;
        let by = format!("{key} of the profile {:?}", self.profiles.selected_profile());
        Some(Named { value: value.to_owned(), by })
    }

    fn of_variable(&self, variable: &str) -> Option<Named> {
        let value = self.env.get(variable).ok().filter(|value| !value.is_empty())?;
        Some(Named { value, by: variable.to_owned() })
    }

    /// The endpoint that is set for a service, in the SDK's order: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the
    /// `services` section of the profile, `endpoint_url` of the profile.
    pub(crate) fn endpoint(&self, service: &str) -> Option<Named> {
        if self.ignores_endpoints() {
            return None;
        }
        let own_variable = format!("{ENDPOINT}_{}", service.to_uppercase().replace(' ', "_"));
        self.of_variable(&own_variable)
            .or_else(|| self.of_variable(ENDPOINT))
            .or_else(|| self.of_services_section(service))
            .or_else(|| self.of_profile("endpoint_url"))
    }

    fn of_services_section(&self, service: &str) -> Option<Named> {
        let section = self.profiles.get("services")?;
        let service = service.to_lowercase().replace(' ', "-");
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(section)
            .property_name(&service)
            .sub_property_name("endpoint_url");
        let value = self.profiles.other_sections().get(&key.build().ok()?).filter(|url| !url.is_empty())?;
        let by = format!("endpoint_url of {service} in the section [services {section}]");
        Some(Named { value: value.clone(), by })
    }

    fn ignores_endpoints(&self) -> bool {
        let value = EnvConfigValue::new()
            .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .profile("ignore_configured_endpoint_urls");
        value.load(&self.env, Some(&self.profiles)).is_some_and(|(text, _)| text.eq_ignore_ascii_case("true"))
    }

    /// The services that every scan calls are called at URLs, where they are not called at AWS.
    pub(crate) fn check_endpoints(&self) -> Result<(), UnusableConfiguration> {
        for named in CALLED.into_iter().filter_map(|service| self.endpoint(service)) {
            if !is_url(&named.value) {
                return Err(UnusableConfiguration::Endpoint { url: named.value, named_by: named.by });
            }
        }
        Ok(())
    }

    /// The SDK asks for the credentials of some profiles with clients of its own, which no empty value may reach.
    pub(crate) fn check_endpoints_of_credentials(
        &self,
        is_profile_named: bool,
    ) -> Result<(), UnusableConfiguration> {
        let of_environment = !is_profile_named && self.of_variable("AWS_ACCESS_KEY_ID").is_some();
        let asks = ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file", "login_session"]
            .into_iter()
            .any(|key| self.profiles.get(key).is_some());
        let asks = asks || (!is_profile_named && self.of_variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some());
        if of_environment || !asks {
            return Ok(());
        }
        for service in OF_CREDENTIALS {
            let own_variable = format!("{ENDPOINT}_{}", service.replace(' ', "_"));
            let first = [own_variable.as_str(), ENDPOINT]
                .into_iter()
                .find_map(|name| Some((name.to_owned(), self.env.get(name).ok()?)));
            let of_profile = || {
                let value = EnvConfigValue::new().profile("endpoint_url").service_id(service);
                let (url, _) = value.load(&self.env, Some(&self.profiles))?;
                Some(("endpoint_url of the profile".to_owned(), url.into_owned()))
            };
            if let Some((named_by, _)) = first.or_else(of_profile).filter(|(_, url)| url.is_empty()) {
                let profile = self.profiles.selected_profile().to_owned();
                return Err(UnusableConfiguration::EmptyEndpoint { named_by, profile });
            }
        }
        Ok(())
    }

    /// The region that the environment or the profile names.
    pub(crate) fn region(&self) -> Option<Named> {
        self.of_variable("AWS_REGION")
            .or_else(|| self.of_variable("AWS_DEFAULT_REGION"))
            .or_else(|| self.of_profile("region"))
    }

    /// Whether the environment holds credentials.
    pub(crate) fn has_key_in_environment(&self) -> bool {
        self.of_variable("AWS_ACCESS_KEY_ID").is_some()
    }
}

/// The region's name, if it is one that a region can have: a label of a host's name.
pub(crate) fn region_name(named: &Named) -> Result<&str, UnusableConfiguration> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let text = named.value.as_str();
    let is_label = (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-');
    if is_label && text.bytes().all(allowed) {
        Ok(text)
    } else {
        Err(UnusableConfiguration::Region { region: text.to_owned(), named_by: named.by.clone() })
    }
}

fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) && HttpRequest::get(text).is_ok()
}

/// Leads the SDK's clients to the endpoints that are set, and to no empty one.
#[derive(Debug)]
pub(crate) struct SetEndpoints {
    pub(crate) configured: Configured,
    /// What the SDK read, for all other settings of services.
    pub(crate) rest: SdkConfig,
}

impl LoadServiceConfig for SetEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() == ENDPOINT {
            return Some(self.configured.endpoint(key.service_id())?.value);
        }
        self.rest.service_config()?.load_config(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn configured(variables: &[(&str, &str)], profile: &[(&str, &str)]) -> Configured {
        let settings: Vec<String> = profile.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let text = format!(
            "[profile p]\n{}[services dev]\niam =\n  endpoint_url = http://services\n",
            settings.concat()
        );
        let files = Fs::from_slice(&[("/config", &text)]);
        let mut all = vec![("AWS_CONFIG_FILE", "/config")];
        all.extend(variables);
        Configured::read_from(Env::from_slice(&all), &files, Some("p")).await.unwrap()
    }

    async fn endpoint(variables: &[(&str, &str)], profile: &[(&str, &str)]) -> Option<(String, String)> {
        let named = configured(variables, profile).await.endpoint("IAM")?;
        Some((named.value, named.by))
    }

    #[tokio::test]
    async fn the_first_source_that_is_not_empty_names_an_endpoint() {
        let profile = [("services", "dev"), ("endpoint_url", "http://profile")];
        let named = |value: &str, by: &str| Some((value.to_owned(), by.to_owned()));
        let both = [("AWS_ENDPOINT_URL_IAM", "http://own"), ("AWS_ENDPOINT_URL", "http://all")];
        assert_eq!(endpoint(&both, &profile).await, named("http://own", "AWS_ENDPOINT_URL_IAM"));
        let empty = [("AWS_ENDPOINT_URL_IAM", ""), ("AWS_ENDPOINT_URL", "http://all")];
        assert_eq!(endpoint(&empty, &profile).await, named("http://all", "AWS_ENDPOINT_URL"));
        let nothing = [("AWS_ENDPOINT_URL_IAM", ""), ("AWS_ENDPOINT_URL", "")];
        assert_eq!(
            endpoint(&nothing, &profile).await,
            named("http://services", "endpoint_url of iam in the section [services dev]")
        );
        assert_eq!(
            endpoint(&nothing, &profile[1..]).await,
            named("http://profile", "endpoint_url of the profile \"p\"")
        );
        assert_eq!(endpoint(&nothing, &[("endpoint_url", "")]).await, None);
        assert_eq!(
            endpoint(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), both[0]], &profile).await,
            None
        );
    }

    #[tokio::test]
    async fn what_is_no_url_is_told_with_its_source() {
        for url in ["localhost:4599", "127.0.0.1", "ftp://host", "https://", "http:///x", "http://a b"] {
            let error = configured(&[("AWS_ENDPOINT_URL", url)], &[]).await.check_endpoints().unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&format!("{url:?} is not a URL: AWS_ENDPOINT_URL must")), "{text}");
        }
        for url in ["http://127.0.0.1:4599", "https://proxy.example/aws/", "http://[::1]:5000"] {
            assert!(configured(&[("AWS_ENDPOINT_URL", url)], &[]).await.check_endpoints().is_ok(), "{url}");
        }
        // What no scan calls may be what it likes.
        assert!(configured(&[("AWS_ENDPOINT_URL_S3", "minio:9000")], &[]).await.check_endpoints().is_ok());
    }

    #[tokio::test]
    async fn an_empty_endpoint_is_refused_where_only_the_sdk_sees_it() {
        let role = [("role_arn", "arn:aws:iam::000000000042:role/x")];
        let empty = [("AWS_ENDPOINT_URL", "")];
        let error = configured(&empty, &role).await.check_endpoints_of_credentials(false).unwrap_err();
        assert!(error.to_string().starts_with("AWS_ENDPOINT_URL is empty"), "{error}");
        let set = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_SSO", "")];
        assert!(configured(&set, &role).await.check_endpoints_of_credentials(true).is_err());
        assert!(configured(&set[..1], &role).await.check_endpoints_of_credentials(true).is_ok());
        assert!(configured(&empty, &[]).await.check_endpoints_of_credentials(true).is_ok());
        let key = [empty[0], ("AWS_ACCESS_KEY_ID", "AKIA")];
        assert!(configured(&key, &role).await.check_endpoints_of_credentials(false).is_ok());
        assert!(configured(&key, &role).await.check_endpoints_of_credentials(true).is_err());
    }

    #[tokio::test]
    async fn regions_come_from_the_first_source_that_is_not_empty() {
        let region = async |variables: &[(&str, &str)], profile: &[(&str, &str)]| {
            configured(variables, profile).await.region().map(|named| (named.value, named.by))
        };
        let of_profile = [("region", "eu-west-1")];
        let empty = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-2")];
        assert_eq!(region(&empty, &of_profile).await.unwrap().0, "eu-west-2");
        let (region, by) = region(&empty[..1], &of_profile).await.unwrap();
        assert_eq!((region.as_str(), by.as_str()), ("eu-west-1", "region of the profile \"p\""));
        for wrong in ["EU central", "eu_central_1", "-", "eu-central-1.example"] {
            let named = Named { value: wrong.to_owned(), by: "AWS_REGION".to_owned() };
            let error = region_name(&named).unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")) && error.contains("AWS_REGION"), "{error}");
        }
    }
}
