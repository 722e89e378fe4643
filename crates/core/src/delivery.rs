//! Where reports go beside the local file: Security Hub, a bucket, a web hook. What is sent, and what was not, as values;
//! sending is for the ports ([`crate::ports`]) and for `keysweep-app`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::account::AccountId;
use crate::call::CallError;

/// Where a report is delivered to (`--to`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// AWS Security Hub of each account that findings are about.
    SecurityHub,
    /// A bucket of Amazon S3.
    Bucket(BucketPrefix),
    /// A web hook.
    Hook(HookUrl),
}

/// A place in a bucket: `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPrefix {
    bucket: String,
    prefix: String,
}

/// The URL of a web hook. The part behind the host often is a secret, so `Display` and `Debug` leave it out.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl {
    url: String,
    shown: String,
}

/// Why a text names no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADestination {
    /// It is none of the three.
    #[error("it is neither security-hub, nor s3://BUCKET/PREFIX, nor an https URL")]
    Unknown,
    /// `http` would show the report to everybody on the way.
    #[error("a web hook over http is only taken on this machine (127.0.0.1, [::1], localhost): use https")]
    NotEncrypted,
    /// The URL carries a name or a password.
    #[error("a URL with a user or a password in it is not taken: the signature shows who sends")]
    HasUser,
    /// Something else is wrong with the URL.
    #[error("it is not a URL that can be called: {0}")]
    NotAUrl(&'static str),
    /// It is not the name of a bucket.
    #[error("{0:?} is not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")]
    NotABucket(String),
    /// The prefix cannot stand before keys.
    #[error(
        "the prefix has at most 900 bytes of letters, digits, blanks and !-_.'()=+@,: and no empty, . or .. between its slashes"
    )]
    NotAPrefix,
}

impl FromStr for Destination {
    type Err = NotADestination;

    fn from_str(text: &str) -> Result<Self, NotADestination> {
        if text == "security-hub" {
            Ok(Self::SecurityHub)
        } else if let Some(place) = text.strip_prefix("s3://") {
            BucketPrefix::parse(place).map(Self::Bucket)
        } else {
            HookUrl::parse(text).map(Self::Hook)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityHub => f.write_str("security-hub"),
            Self::Bucket(place) => place.fmt(f),
            Self::Hook(url) => url.fmt(f),
        }
    }
}

impl BucketPrefix {
    fn parse(text: &str) -> Result<Self, NotADestination> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = bucket.as_bytes();
        if !(3..=63).contains(&bytes.len())
            || !bytes.iter().copied().all(plain)
            || !edge(bytes.first())
            || !edge(bytes.last())
            || bucket.contains("..")
            || bucket.parse::<IpAddr>().is_ok()
        {
            return Err(NotADestination::NotABucket(bucket.to_owned()));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        // Nothing that means more in a policy, a template or a shell: the prefix is written into those, too.
        let allowed = |character: char| character.is_alphanumeric() || "!-_.'()=+@,: ".contains(character);
        let wrong = |part: &str| part.is_empty() || part == "." || part == ".." || !part.chars().all(allowed);
        if !prefix.is_empty() && (prefix.len() > 900 || prefix.split('/').any(wrong)) {
            return Err(NotADestination::NotAPrefix);
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// A place as documents name it, where there is no real one.
    pub fn example() -> Option<Self> {
        Self::parse("amzn-s3-demo-bucket/keysweep").ok()
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key of a file of a scan: `prefix/SCAN/report.html`. The same scan and file have the same key, so that what is sent
    /// again replaces what was sent before.
    pub fn key(&self, scan: &str, file_name: &str) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("{}{slash}{scan}/{file_name}", self.prefix)
    }

    /// The objects below it, as an ARN names them behind `:::`.
    pub fn objects(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("{}/{}{slash}*", self.bucket, self.prefix)
    }
}

impl fmt::Display for BucketPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

impl HookUrl {
    fn parse(text: &str) -> Result<Self, NotADestination> {
        let (scheme, rest) = text.split_once("://").ok_or(NotADestination::Unknown)?;
        if scheme != "https" && scheme != "http" {
            return Err(NotADestination::Unknown);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotADestination::NotAUrl(
                "it has blanks, control characters or letters beyond ASCII",
            ));
        }
        if text.contains('#') {
            return Err(NotADestination::NotAUrl("what is behind # is never sent"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        if authority.contains('@') {
            return Err(NotADestination::HasUser);
        }
        let host = host(authority).ok_or(NotADestination::NotAUrl("its host or its port is wrong"))?;
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if scheme == "http" && !is_here {
            return Err(NotADestination::NotEncrypted);
        }
        let more = if end < rest.len() && rest.get(end..) != Some("/") { "/…" } else { "" };
        Ok(Self { url: text.to_owned(), shown: format!("{scheme}://{authority}{more}") })
    }

    /// The whole URL, for whoever calls it.
    pub fn as_str(&self) -> &str {
        &self.url
    }
}

/// The host of an authority without a user, brackets taken off; `None` where it has none, or no port behind a colon.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            host.parse::<IpAddr>().ok()?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (!host.is_empty() && port.is_none_or(is_port)).then_some(host)
}

impl fmt::Display for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The secret that calls of web hooks are signed with. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Vec<u8>);

/// A secret that is too short to keep others from signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of the web hook has fewer than {} bytes", HookSecret::SHORTEST)]
pub struct SecretTooShort;

impl HookSecret {
    /// The fewest bytes.
    pub const SHORTEST: usize = 16;

    /// A secret of at least [`Self::SHORTEST`] bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SecretTooShort> {
        if bytes.len() < Self::SHORTEST { Err(SecretTooShort) } else { Ok(Self(bytes)) }
    }

    /// The secret itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(…)")
    }
}

/// One request of `BatchImportFindings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The account whose Security Hub takes it: only with its own credentials.
    pub account: AccountId,
    /// The ids of its findings, in order.
    pub ids: Vec<String>,
    /// The request as JSON, without a line feed.
    pub body: Vec<u8>,
}

/// What Security Hub made of a batch that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// `SuccessCount`.
    pub taken: usize,
    /// `FailedFindings`.
    pub refused: Vec<RefusedFinding>,
}

/// A finding that Security Hub did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFinding {
    /// `Id`.
    pub id: String,
    /// `ErrorCode`.
    pub code: String,
    /// `ErrorMessage`.
    pub message: String,
}

/// A report as it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The name of its format.
    pub format: &'static str,
    /// The name of its file.
    pub name: &'static str,
    /// Its media type, as in `Content-Type`.
    pub media_type: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// One call of a web hook.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// Whom to call.
    pub url: &'a HookUrl,
    /// What the call is signed with.
    pub secret: &'a HookSecret,
    /// The scan that it is about.
    pub scan: &'a str,
    /// What is sent.
    pub file: &'a File,
}

/// A call of a web hook that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PostError {
    /// Whether the same call may succeed later: no answer, 408, 425, 429, 5xx.
    pub may_pass: bool,
    /// How long the receiver asks to wait (`Retry-After`).
    pub wait: Option<Duration>,
    /// What happened.
    pub message: String,
}

/// Something that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// What.
    pub what: What,
    /// Why.
    pub why: Why,
}

/// What was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// All of it.
    Everything,
    /// One finding, by its id.
    Finding(String),
    /// So many findings of an account.
    Findings(AccountId, usize),
    /// A file, by its name.
    File(&'static str),
}

/// Why something was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The call failed.
    #[error("{0}")]
    Call(CallError),
    /// Security Hub refused it.
    #[error("Security Hub refused it: {code}: {message}")]
    Refused {
        /// `ErrorCode`.
        code: String,
        /// `ErrorMessage`.
        message: String,
    },
    /// Security Hub took the batch and did not say what became of all of its findings.
    #[error("Security Hub did not say what became of them")]
    Unanswered,
    /// The web hook failed.
    #[error("{0}")]
    Post(PostError),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Finding(id) => write!(f, "finding {id}"),
            Self::Findings(account, 1) => write!(f, "1 finding for account {account}"),
            Self::Findings(account, count) => write!(f, "{count} findings for account {account}"),
            Self::File(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read_and_written() {
        for (text, shown) in [
            ("security-hub", "security-hub"),
            ("s3://reports", "s3://reports"),
            ("s3://reports/", "s3://reports"),
            ("s3://my.reports-1/security/keysweep/", "s3://my.reports-1/security/keysweep"),
            ("https://hooks.example.com", "https://hooks.example.com"),
            ("https://hooks.example.com/services/T0/SECRET", "https://hooks.example.com/…"),
            ("https://hooks.example.com?key=SECRET", "https://hooks.example.com/…"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/x", "http://[::1]:8080/…"),
            ("http://localhost/x", "http://localhost/…"),
        ] {
            let destination: Destination = text.parse().unwrap();
            assert_eq!(destination.to_string(), shown);
            assert!(!format!("{destination:?}").contains("SECRET"), "{destination:?}");
        }
    }

    #[test]
    fn what_cannot_be_delivered_to_is_refused() {
        use NotADestination::*;
        for (text, why) in [
            ("", Unknown),
            ("securityhub", Unknown),
            ("ftp://hooks.example.com", Unknown),
            ("http://hooks.example.com/", NotEncrypted),
            ("http://127.0.0.1.example.com/", NotEncrypted),
            ("http://localhost.example.com/", NotEncrypted),
            ("http://[::2]/", NotEncrypted),
            ("https://jo:secret@hooks.example.com/", HasUser),
            ("http://127.0.0.1@hooks.example.com/", HasUser),
            ("https:///path", NotAUrl("its host or its port is wrong")),
            ("https://host:99999/", NotAUrl("its host or its port is wrong")),
            ("https://host:/", NotAUrl("its host or its port is wrong")),
            ("https://[::1/", NotAUrl("its host or its port is wrong")),
            ("https://host/#x", NotAUrl("what is behind # is never sent")),
            ("https://host/a b", NotAUrl("it has blanks, control characters or letters beyond ASCII")),
            ("https://host/\r\nx:y", NotAUrl("it has blanks, control characters or letters beyond ASCII")),
            ("s3://", NotABucket(String::new())),
            ("s3://My_Bucket/x", NotABucket("My_Bucket".to_owned())),
            ("s3://127.0.0.1/x", NotABucket("127.0.0.1".to_owned())),
            ("s3://a..b/x", NotABucket("a..b".to_owned())),
            ("s3://bucket//x", NotAPrefix),
            ("s3://bucket/a/../b", NotAPrefix),
            ("s3://bucket/a\nb", NotAPrefix),
            ("s3://bucket/*", NotAPrefix),
            ("s3://bucket/${aws:username}", NotAPrefix),
        ] {
            let wrong = text.parse::<Destination>();
            assert_eq!(wrong, Err(why), "{text:?}");
        }
    }

    #[test]
    fn keys_are_the_scans_and_files() {
        let key = |text: &str| match text.parse() {
            Ok(Destination::Bucket(place)) => {
                (place.key("20261125T120000Z-1", "report.html"), place.objects())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(
            key("s3://reports"),
            ("20261125T120000Z-1/report.html".to_owned(), "reports/*".to_owned())
        );
        assert_eq!(
            key("s3://reports/a/b/"),
            ("a/b/20261125T120000Z-1/report.html".to_owned(), "reports/a/b/*".to_owned())
        );
    }

    #[test]
    fn secrets_are_long_enough_and_never_shown() {
        assert_eq!(HookSecret::new(b"fifteen bytes..".to_vec()), Err(SecretTooShort));
        let secret = HookSecret::new(b"sixteen bytes...".to_vec()).unwrap();
        assert_eq!(format!("{secret:?}"), "HookSecret(…)");
    }
}
