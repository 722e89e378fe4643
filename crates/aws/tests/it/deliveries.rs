//! Security Hub, S3 and web hooks on the wire: what is sent, how it is signed, and what is made of the answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use keysweep_core::call::CallErrorKind;
use keysweep_core::delivery::{Destination, File, HookSecret, HookUrl, Imported, Post, RefusedFinding};
use keysweep_core::ports::{Buckets as _, FindingImport as _, SecurityHubs as _, WebHooks as _};
use sha2::{Digest as _, Sha256};

use crate::server::{REQUEST_ID, Reply, Request, Server, query};

const TAKEN: &str = r#"{"SuccessCount":1,"FailedCount":0,"FailedFindings":[]}"#;

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let lines = request.head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// The bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap()).collect()
}

#[tokio::test]
async fn findings_are_posted_signed_and_answers_read() {
    let server = Server::start(|_| {
        Reply::Answer(
            200,
            r#"{"SuccessCount":1,"FailedCount":1,"FailedFindings":[{"Id":"b","ErrorCode":"InvalidInput","ErrorMessage":"too long"}]}"#
                .to_owned(),
        )
    })
    .await;
    let imported =
        server.session().await.own_hub().batch_import_findings(b"{\"Findings\":[]}").await.unwrap();
    let refused = RefusedFinding {
        id: "b".to_owned(),
        code: "InvalidInput".to_owned(),
        message: "too long".to_owned(),
    };
    assert_eq!(imported, Imported { taken: 1, refused: vec![refused] });
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /findings/import HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.body, "{\"Findings\":[]}");
    assert_eq!((request.signed_by(), request.signed_for()), ("AKIAIOSFODNN7EXAMPLE", "eu-west-1"));
    assert!(request.head.contains("/eu-west-1/securityhub/aws4_request"), "{}", request.head);
    assert_eq!(header(request, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_member_account_is_sent_to_with_its_own_credentials() {
    let server = Server::start(|request| match request.operation.as_str() {
        "AssumeRole" => Reply::Answer(
            200,
            query(
                "AssumeRole",
                "<Credentials><AccessKeyId>ASIAMEMBER</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
                 <SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>",
            ),
        ),
        _ => Reply::Answer(200, TAKEN.to_owned()),
    })
    .await;
    let hub = server.session().await.enter_hub("000000000042".parse().unwrap()).await.unwrap();
    for _ in 0..2 {
        hub.batch_import_findings(b"{}").await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "the role is assumed once");
    assert!(requests[0].body.contains("000000000042"), "{}", requests[0].body);
    assert_eq!(requests[1].signed_by(), "ASIAMEMBER");
    assert_eq!(header(&requests[1], "x-amz-security-token"), Some("token"));
}

#[tokio::test]
async fn refusals_of_security_hub_have_kinds() {
    use CallErrorKind::*;
    for (status, body, kind, code) in [
        (
            401,
            r#"{"Message":"off","Code":"InvalidAccessException"}"#,
            Rejected,
            Some("InvalidAccessException"),
        ),
        (403, r#"{"message":"no","__type":"AccessDeniedException"}"#, Denied, Some("AccessDeniedException")),
        (
            400,
            r#"{"Message":"x","__type":"com.amazonaws.securityhub#InvalidInputException:"}"#,
            Rejected,
            Some("InvalidInputException"),
        ),
        (429, r#"{"Message":"slow"}"#, Throttled, None),
        (
            429,
            r#"{"Message":"slow","__type":"TooManyRequestsException"}"#,
            Throttled,
            Some("TooManyRequestsException"),
        ),
        (500, r#"{"Message":"x","__type":"InternalException"}"#, Unavailable, Some("InternalException")),
        (503, "<html>", Unavailable, None),
        (403, "<html>", Malformed, None),
        (200, "<html>", Malformed, None),
        (200, r#"{"SuccessCount":1}"#, Malformed, None),
        (200, r#"{"SuccessCount":1,"FailedCount":1,"FailedFindings":[]}"#, Malformed, None),
    ] {
        let server = Server::start(move |_| Reply::Answer(status, body.to_owned())).await;
        let error = server.session().await.own_hub().batch_import_findings(b"{}").await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{status} {body}: {error}");
        assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID));
        assert_eq!(server.requests().len(), 1, "repeating is the caller's");
    }
}

#[tokio::test]
async fn silence_and_broken_connections_may_pass() {
    for reply in [Reply::Close, Reply::CutOff(TAKEN.to_owned()), Reply::Silence] {
        let server = Server::start(move |_| reply.clone()).await;
        let mut options = server.options();
        options.read_timeout = std::time::Duration::from_millis(300);
        let session = keysweep_aws::Session::load(options).await.unwrap();
        let error = session.own_hub().batch_import_findings(b"{}").await.unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn objects_are_put_with_their_checksum_and_nothing_about_encryption() {
    let server = Server::start(|_| Reply::Answer(200, String::new())).await;
    let session = server.session().await;
    session
        .put_object("reports", "a b/scan-1/report.html", "text/html; charset=utf-8", b"<p>")
        .await
        .unwrap();
    let request = &server.requests()[0];
    assert!(
        request.head.starts_with("PUT /reports/a%20b/scan-1/report.html HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert_eq!(request.body, "<p>");
    assert_eq!(header(request, "content-type"), Some("text/html; charset=utf-8"));
    let digest = Sha256::digest(b"<p>");
    assert_eq!(header(request, "x-amz-checksum-sha256"), Some(BASE64.encode(digest).as_str()));
    assert_eq!(header(request, "x-amz-content-sha256"), Some(hex(&digest).as_str()));
    assert!(request.head.contains("/eu-west-1/s3/aws4_request"), "{}", request.head);
    assert!(!request.head.contains("encryption"), "{}", request.head);
    let signed = request.head.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    assert!(signed.contains("x-amz-checksum-sha256") && signed.contains("content-type"), "{signed}");
}

#[tokio::test]
async fn refusals_of_s3_have_kinds() {
    use CallErrorKind::*;
    for (status, code, kind) in [
        (403, "AccessDenied", Denied),
        (404, "NoSuchBucket", Rejected),
        (503, "SlowDown", Throttled),
        (500, "InternalError", Unavailable),
        (403, "SignatureDoesNotMatch", CredentialsInvalid),
        (400, "ExpiredToken", CredentialsExpired),
    ] {
        let body =
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as S3 says</Message></Error>");
        let server = Server::start(move |_| Reply::Answer(status, body.clone())).await;
        let session = server.session().await;
        let error = session.put_object("reports", "k", "text/plain", b"x").await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)));
        assert!(error.message.starts_with("as S3 says"), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_of_another_region_is_found_there() {
    let server = Server::start(|request| match request.signed_for() {
        "eu-west-1" => Reply::With(
            301,
            "x-amz-bucket-region: us-west-2",
            "<Error><Code>PermanentRedirect</Code></Error>".to_owned(),
        ),
        _ => Reply::Answer(200, String::new()),
    })
    .await;
    server.session().await.put_object("reports", "k", "text/plain", b"x").await.unwrap();
    let regions: Vec<String> =
        server.requests().iter().map(|request| request.signed_for().to_owned()).collect();
    assert_eq!(regions, ["eu-west-1", "us-west-2"]);
}

fn hook(server: &Server) -> HookUrl {
    match format!("{}/in?token=url-secret", server.url).parse() {
        Ok(Destination::Hook(url)) => url,
        other => panic!("{other:?}"),
    }
}

fn file() -> File {
    File {
        format: "json",
        name: "assessment.json",
        media_type: "application/json",
        bytes: b"{\"schema\":\"x\"}".to_vec(),
    }
}

#[tokio::test]
async fn hooks_are_signed_over_timestamp_and_body() {
    let server = Server::start(|_| Reply::Answer(204, String::new())).await;
    let (url, file) = (hook(&server), file());
    let secret = HookSecret::new(b"a secret of enough bytes".to_vec()).unwrap();
    let post = Post { url: &url, secret: &secret, scan: "scan-1", file: &file };
    server.session().await.post(post).await.unwrap();
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /in?token=url-secret HTTP/1.1\r\n"), "{}", request.head);
    let signature = header(request, "keysweep-signature").unwrap();
    let (timestamp, signature) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret of enough bytes").unwrap();
    mac.update(format!("{timestamp}.{}", request.body).as_bytes());
    assert_eq!(signature, hex(&mac.finalize().into_bytes()));
    for (name, value) in [
        ("content-type", "application/json"),
        ("keysweep-scan", "scan-1"),
        ("keysweep-format", "json"),
        ("idempotency-key", "scan-1/assessment.json"),
    ] {
        assert_eq!(header(request, name), Some(value));
    }
    assert_eq!(header(request, "authorization"), None, "AWS credentials go to AWS only");
}

#[tokio::test]
async fn redirects_are_not_followed_and_errors_show_no_secret() {
    let secret = HookSecret::new(b"a secret of enough bytes".to_vec()).unwrap();
    for (reply, may_pass, text) in [
        (
            Reply::With(302, "location: http://127.0.0.1:9/", String::new()),
            false,
            "it answered 302, a redirect",
        ),
        (Reply::Answer(403, "who are you".to_owned()), false, "it answered 403"),
        (Reply::Answer(429, String::new()), true, "it answered 429"),
        (Reply::Answer(503, String::new()), true, "it answered 503"),
        (Reply::Close, true, ""),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let (url, file) = (hook(&server), file());
        let post = Post { url: &url, secret: &secret, scan: "scan-1", file: &file };
        let error = server.session().await.post(post).await.unwrap_err();
        assert_eq!(error.may_pass, may_pass, "{error}");
        assert!(error.to_string().starts_with(text), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_hook_may_say_when_to_come_again() {
    let server = Server::start(|_| Reply::With(503, "retry-after: 7", String::new())).await;
    let secret = HookSecret::new(b"a secret of enough bytes".to_vec()).unwrap();
    let (url, file) = (hook(&server), file());
    let post = Post { url: &url, secret: &secret, scan: "scan-1", file: &file };
    let error = server.session().await.post(post).await.unwrap_err();
    assert_eq!(error.wait, Some(std::time::Duration::from_secs(7)));
}
