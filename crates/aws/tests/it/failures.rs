//! What becomes of refusals and faults: their kind, and whether they are asked again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keysweep_aws::Session;
use keysweep_core::call::{Call, CallErrorKind};
use keysweep_core::ports::{Accounts, Directory, Inventory, StatusHistory};
use keysweep_core::time::Instant;

use crate::server::{REQUEST_ID, Reply, Server, options, query, refusal};

#[tokio::test]
async fn refusals_of_the_query_protocol_keep_code_message_and_request_id() {
    use CallErrorKind::*;
    for (status, code, kind, attempts) in [
        (400, "Throttling", Throttled, 1),
        (503, "Throttling", Throttled, 1),
        (400, "RequestLimitExceeded", Throttled, 1),
        (403, "AccessDenied", Denied, 1),
        (404, "NoSuchEntity", NotFound, 1),
        (403, "ExpiredToken", CredentialsExpired, 1),
        (403, "InvalidClientTokenId", CredentialsInvalid, 1),
        (409, "LimitExceeded", Rejected, 1),
        (500, "ServiceFailure", Unavailable, 3),
    ] {
        let answer = refusal(code, "as AWS says");
        let server = Server::start(move |_| Reply::Answer(status, answer.clone())).await;
        let own = server.session().await.own();
        let error = own.list_access_keys(&"u".parse().unwrap(), None).await.unwrap_err();
        assert_eq!((error.call, error.kind, error.code.as_deref()), (Call::ListAccessKeys, kind, Some(code)));
        assert!(error.message.starts_with("as AWS says"), "{error}");
        assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID));
        assert_eq!(server.requests().len(), attempts, "{code}");
    }
}

#[tokio::test]
async fn refusals_of_the_json_protocol_keep_code_and_message() {
    use CallErrorKind::*;
    for (status, code, kind, attempts) in [
        (400, "ThrottlingException", Throttled, 1),
        (400, "TooManyRequestsException", Throttled, 1),
        (400, "AccessDeniedException", Denied, 1),
        (400, "AWSOrganizationsNotInUseException", Denied, 1),
        (400, "UnrecognizedClientException", CredentialsInvalid, 1),
        (400, "ExpiredTokenException", CredentialsExpired, 1),
        (400, "InvalidInputException", Rejected, 1),
        (500, "ServiceException", Unavailable, 3),
    ] {
        let answer = format!(r#"{{"__type":"com.amazonaws.organizations#{code}","Message":"as AWS says"}}"#);
        let server = Server::start(move |_| Reply::Answer(status, answer.clone())).await;
        let error = server.session().await.list_accounts(None).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)));
        assert!(error.message.starts_with("as AWS says"), "{error}");
        assert_eq!(server.requests().len(), attempts, "{code}");
    }
}

#[tokio::test]
async fn reports_that_are_not_there_are_told_apart() {
    for (status, code, kind) in [
        (404, "ReportInProgress", CallErrorKind::ReportInProgress),
        (410, "ReportNotPresent", CallErrorKind::ReportAbsent),
        (410, "ReportExpired", CallErrorKind::ReportAbsent),
    ] {
        let answer = refusal(code, "no report");
        let server = Server::start(move |_| Reply::Answer(status, answer.clone())).await;
        assert_eq!(server.session().await.own().get_credential_report().await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn answers_that_are_not_awss_are_judged_by_their_status() {
    for (status, kind, attempts) in [
        (200, CallErrorKind::Malformed, 1),
        (403, CallErrorKind::Malformed, 1),
        (302, CallErrorKind::Malformed, 1),
        (429, CallErrorKind::Throttled, 1),
        (503, CallErrorKind::Unavailable, 3),
    ] {
        let server =
            Server::start(move |_| Reply::Answer(status, "<html><p>Sign in</html>".to_owned())).await;
        let error = server.session().await.own().list_users(None).await.unwrap_err();
        assert_eq!((error.kind, error.code), (kind, None), "{status}");
        assert_eq!(server.requests().len(), attempts, "{status}");
        let error = server.session().await.list_accounts(None).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status}");
    }
}

#[tokio::test]
async fn a_transient_fault_is_ridden_out() {
    let calls = AtomicUsize::new(0);
    let whole = query("ListUsers", "<IsTruncated>false</IsTruncated><Users/>");
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Answer(500, refusal("ServiceFailure", "once")),
        1 => Reply::Close,
        _ => Reply::Answer(200, whole.clone()),
    })
    .await;
    assert!(server.session().await.own().list_users(None).await.unwrap().items.is_empty());
    assert_eq!(server.operations(), ["ListUsers"; 3]);
}

#[tokio::test]
async fn broken_connections_and_silence_are_unavailability() {
    let whole = query("ListUsers", "<IsTruncated>false</IsTruncated><Users/>");
    for reply in [Reply::CutOff(whole), Reply::Close] {
        let server = Server::start(move |_| reply.clone()).await;
        let error = server.session().await.own().list_users(None).await.unwrap_err();
        assert_eq!((error.kind, error.code), (CallErrorKind::Unavailable, None));
        assert_eq!(server.requests().len(), 3);
    }

    let server = Server::start(|_| Reply::Silence).await;
    let mut silent = server.options();
    (silent.connect_timeout, silent.read_timeout) = (Duration::from_millis(200), Duration::from_millis(50));
    let own = Session::load(silent).await.unwrap().own();
    let (from, to) = (Instant::from_unix(0), Instant::from_unix(1));
    for error in
        [own.list_users(None).await.unwrap_err(), own.lookup_events(from, to, None).await.unwrap_err()]
    {
        assert_eq!(
            (error.kind, error.message.as_str()),
            (CallErrorKind::Unavailable, "no answer within 500ms")
        );
    }

    // Nothing listens where a listener just was.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Session::load(options(&format!("http://{gone}")))
        .await
        .unwrap()
        .get_caller_identity()
        .await
        .unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unavailable);
    assert!(error.message.starts_with("no connection to AWS"), "{error}");
}

#[tokio::test]
async fn what_a_refusal_echoes_of_the_signed_request_is_dropped() {
    let echo = "The request signature we calculated does not match. The Canonical String for this request should have \
                been\n'POST\n/\n\nx-amz-security-token:FwoGZXIvYXdzSECRET";
    let answer = refusal("SignatureDoesNotMatch", echo);
    let server = Server::start(move |_| Reply::Answer(403, answer.clone())).await;
    let error = server.session().await.get_caller_identity().await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::CredentialsInvalid);
    assert_eq!(
        error.message,
        "The request signature we calculated does not match. (check the secret access key, and this machine's clock)"
    );
}

#[tokio::test]
async fn a_region_that_is_none_is_refused_before_any_call() {
    let server = Server::start(|_| Reply::Close).await;
    let mut nowhere = server.options();
    nowhere.region = Some("not a region".to_owned());
    let error = Session::load(nowhere).await.unwrap_err().to_string();
    assert!(error.starts_with("\"not a region\" is not the name of a region: --region must"), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn no_error_has_a_request_in_it() {
    let own = Session::load(options("127.0.0.1:4599")).await.unwrap();
    let identity = own.get_caller_identity().await.unwrap_err();
    for error in [identity, own.own().list_users(None).await.unwrap_err()] {
        assert!(error.message.contains("endpoint must contain scheme"), "{error}");
        for part in ["Request", "SdkBody", "{", "Action="] {
            assert!(!error.message.contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn who_does_not_answer_is_named_with_how_long_was_waited() {
    let server = Server::start(|_| Reply::Silence).await;
    let mut silent = server.options();
    (silent.connect_timeout, silent.read_timeout) = (Duration::from_millis(200), Duration::from_millis(50));
    let error = Session::load(silent).await.unwrap().get_caller_identity().await.unwrap_err();
    assert_eq!(error.message, format!("no answer within 500ms (at {})", server.url));
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_named() {
    let server = Server::start(|_| Reply::Close).await;
    let mut nobody = server.options();
    nobody.credentials = None;
    nobody.profile = Some("keysweep-test-nobody".to_owned());
    let error = Session::load(nobody).await.unwrap().get_caller_identity().await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::CredentialsInvalid);
    assert!(error.message.contains("\"keysweep-test-nobody\""), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_account_that_always_fails_does_not_use_up_the_repetitions_of_others() {
    let whole = query("ListUsers", "<IsTruncated>false</IsTruncated><Users/>");
    let calls_of_the_other = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let well =
            request.body.contains("Marker=other") && calls_of_the_other.fetch_add(1, Ordering::Relaxed) > 0;
        if well {
            Reply::Answer(200, whole.clone())
        } else {
            Reply::Answer(500, refusal("ServiceFailure", "down"))
        }
    })
    .await;
    let session = server.session().await;
    let (failing, other) = (session.own(), session.own());
    let mut calls = tokio::task::JoinSet::new();
    // The SDK's quota is 500, and each repetition takes 5 of it.
    for _ in 0..60 {
        let failing = failing.clone();
        calls.spawn(async move { failing.list_users(None).await.unwrap_err().kind });
    }
    assert!(calls.join_all().await.iter().all(|kind| *kind == CallErrorKind::Unavailable));
    let attempts = server.requests().len();
    assert!(attempts < 3 * 60, "the quota should be used up after {attempts} attempts");
    assert!(other.list_users(Some("other")).await.is_ok());
}
