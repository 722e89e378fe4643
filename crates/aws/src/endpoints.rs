//! Where the services are that no SDK crate is compiled for: at AWS, or where `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`
//! or the profile say, in the SDK's order.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use keysweep_core::account::Partition;

/// Endpoints of one session.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    security_hub: Option<String>,
    s3: Option<String>,
    fips: bool,
    dual_stack: bool,
}

impl Endpoints {
    pub(crate) fn of(config: &SdkConfig) -> Self {
        Self {
            security_hub: given(config, "SecurityHub"),
            s3: given(config, "S3"),
            fips: config.use_fips().unwrap_or(false),
            dual_stack: config.use_dual_stack().unwrap_or(false),
        }
    }

    /// `https://securityhub.eu-central-1.amazonaws.com`
    pub(crate) fn security_hub(&self, partition: Partition, region: &str) -> String {
        if let Some(url) = &self.security_hub {
            return url.clone();
        }
        let fips = if self.fips { "-fips" } else { "" };
        let domain = if self.dual_stack { dual_stack_domain(partition) } else { domain(partition) };
        format!("https://securityhub{fips}.{region}.{domain}")
    }

    /// Where an object is, its key not yet encoded. A bucket is part of the host's name, but where that is given (an emulator, a
    /// proxy) or where the bucket's dots would break its certificate.
    pub(crate) fn object(&self, partition: Partition, region: &str, bucket: &str, key: &str) -> String {
        let key = encoded(key);
        if let Some(url) = &self.s3 {
            return format!("{}/{bucket}/{key}", url.trim_end_matches('/'));
        }
        let fips = if self.fips { "-fips" } else { "" };
        let dual_stack = if self.dual_stack { ".dualstack" } else { "" };
        let host = format!("s3{fips}{dual_stack}.{region}.{}", domain(partition));
        if bucket.contains('.') {
            format!("https://{host}/{bucket}/{key}")
        } else {
            format!("https://{bucket}.{host}/{key}")
        }
    }
}

fn domain(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws | Partition::AwsUsGov => "amazonaws.com",
        Partition::AwsCn => "amazonaws.com.cn",
    }
}

fn dual_stack_domain(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws | Partition::AwsUsGov => "api.aws",
        Partition::AwsCn => "api.amazonwebservices.com.cn",
    }
}

/// The endpoint that somebody has set for a service.
fn given(config: &SdkConfig, service: &str) -> Option<String> {
    let own = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return own;
    }
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = key.ok().and_then(|key| config.service_config()?.load_config(key));
    of_service.or(own)
}

/// The key as a path: each byte but `A-Z a-z 0-9 - . _ ~ /` as `%XX`, as Signature Version 4 wants it.
fn encoded(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.extend([byte >> 4, byte & 15].map(|digit| {
                char::from_digit(u32::from(digit), 16).unwrap_or_default().to_ascii_uppercase()
            }));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_AWS: Endpoints = Endpoints { security_hub: None, s3: None, fips: false, dual_stack: false };

    fn object(endpoints: &Endpoints, partition: Partition, region: &str, bucket: &str) -> String {
        endpoints.object(partition, region, bucket, "a b/ü+1/report.html")
    }

    #[test]
    fn services_are_where_aws_has_them() {
        let region = "eu-central-1";
        assert_eq!(
            AT_AWS.security_hub(Partition::Aws, region),
            "https://securityhub.eu-central-1.amazonaws.com"
        );
        assert_eq!(
            AT_AWS.security_hub(Partition::AwsCn, "cn-north-1"),
            "https://securityhub.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            object(&AT_AWS, Partition::Aws, region, "reports"),
            "https://reports.s3.eu-central-1.amazonaws.com/a%20b/%C3%BC%2B1/report.html"
        );
        assert_eq!(
            object(&AT_AWS, Partition::AwsCn, "cn-north-1", "my.reports"),
            "https://s3.cn-north-1.amazonaws.com.cn/my.reports/a%20b/%C3%BC%2B1/report.html"
        );
    }

    #[test]
    fn fips_and_dual_stack_endpoints_have_their_names() {
        let both = Endpoints { fips: true, dual_stack: true, ..AT_AWS };
        assert_eq!(
            both.security_hub(Partition::AwsUsGov, "us-gov-west-1"),
            "https://securityhub-fips.us-gov-west-1.api.aws"
        );
        assert_eq!(
            object(&both, Partition::AwsUsGov, "us-gov-west-1", "reports"),
            "https://reports.s3-fips.dualstack.us-gov-west-1.amazonaws.com/a%20b/%C3%BC%2B1/report.html"
        );
    }

    #[test]
    fn given_endpoints_have_the_bucket_in_the_path() {
        let here = Endpoints {
            s3: Some("http://127.0.0.1:5000/".to_owned()),
            security_hub: Some("http://127.0.0.1:5001".to_owned()),
            ..AT_AWS
        };
        assert_eq!(here.security_hub(Partition::Aws, "eu-west-1"), "http://127.0.0.1:5001");
        assert_eq!(
            object(&here, Partition::Aws, "eu-west-1", "reports"),
            "http://127.0.0.1:5000/reports/a%20b/%C3%BC%2B1/report.html"
        );
    }
}
