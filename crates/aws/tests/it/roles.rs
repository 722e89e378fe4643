//! The way into member accounts: which role, whose credentials, and how long they last.

use std::sync::atomic::{AtomicUsize, Ordering};

use keysweep_aws::{RoleOptions, Session};
use keysweep_core::call::{Call, CallErrorKind};
use keysweep_core::ports::{Accounts, Inventory, StatusHistory};
use keysweep_core::time::Instant;

use crate::server::{Reply, Request, Server, query, refusal};

/// Far beyond any test's run.
const LATE: &str = "2999-01-01T00:00:00Z";
/// Before any test's run: such credentials are renewed before every call.
const OVER: &str = "2020-01-01T00:00:00Z";

fn assumed(key: &str, end: &str) -> String {
    query(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>token-{key}</SessionToken><Expiration>{end}</Expiration></Credentials>"
        ),
    )
}

fn data(request: &Request) -> Reply {
    match request.operation.as_str() {
        "ListUsers" => Reply::Answer(200, query("ListUsers", "<IsTruncated>false</IsTruncated><Users/>")),
        "LookupEvents" => Reply::Answer(200, r#"{"Events":[]}"#.to_owned()),
        other => panic!("{other} was not expected"),
    }
}

#[tokio::test]
async fn a_role_is_assumed_once_and_signs_the_accounts_calls() {
    let server = Server::start(|request| match request.operation.as_str() {
        "AssumeRole" => Reply::Answer(200, assumed("ASIAMEMBER0000000000", LATE)),
        _ => data(request),
    })
    .await;
    let mut options = server.options();
    options.role = RoleOptions {
        role_name: "scan".to_owned(),
        role_path: Some("security".to_owned()),
        external_id: Some("ext/1".to_owned()),
        duration: Some(std::time::Duration::from_mins(15)),
        ..RoleOptions::default()
    };
    let entered = Session::load(options).await.unwrap().enter("000000000042".parse().unwrap()).await.unwrap();
    assert_eq!(server.operations(), ["AssumeRole"]);
    entered.list_users(None).await.unwrap();
    entered.lookup_events(Instant::from_unix(0), Instant::from_unix(1), None).await.unwrap();
    entered.clone().list_users(None).await.unwrap();
    assert_eq!(server.operations(), ["AssumeRole", "ListUsers", "LookupEvents", "ListUsers"]);

    let requests = server.requests();
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A000000000042%3Arole%2Fsecurity%2Fscan",
        "RoleSessionName=keysweep",
        "ExternalId=ext%2F1",
        "DurationSeconds=900",
    ] {
        assert!(requests[0].body.contains(part), "{} lacks {part}", requests[0].body);
    }
    assert_eq!(requests[0].signed_by(), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(requests[0].signed_for(), "eu-west-1");
    assert!(requests[1..].iter().all(|request| request.signed_by() == "ASIAMEMBER0000000000"));
    assert!(requests[1..].iter().all(|request| request.head.contains("token-ASIAMEMBER0000000000")));
}

#[tokio::test]
async fn accounts_do_not_share_credentials() {
    let server = Server::start(|request| match request.operation.as_str() {
        "AssumeRole" => {
            let account = request.body.split("%3A%3A").nth(1).unwrap()[..12].to_owned();
            Reply::Answer(200, assumed(&format!("ASIA{account}"), LATE))
        }
        _ => data(request),
    })
    .await;
    // More than the 64 that an identity cache of the SDK keeps.
    let session = server.session().await;
    let mut entered = Vec::new();
    for account in 0..100 {
        let account = keysweep_core::account::AccountId::from_number(account).unwrap();
        entered.push((account, session.enter(account).await.unwrap()));
    }
    for _ in 0..2 {
        for (account, entered) in &entered {
            entered.list_users(None).await.unwrap();
            assert_eq!(server.requests().last().unwrap().signed_by(), format!("ASIA{account}"));
        }
    }
    let assumed = server.operations().iter().filter(|operation| *operation == "AssumeRole").count();
    assert_eq!(assumed, 100);
}

#[tokio::test]
async fn credentials_that_end_are_renewed_and_a_failed_renewal_is_assume_roles() {
    let sessions = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.operation.as_str() {
        "AssumeRole" => match sessions.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::Answer(200, assumed("ASIAFIRST00000000000", OVER)),
            1 => Reply::Answer(200, assumed("ASIASECOND0000000000", OVER)),
            2 => Reply::Answer(400, refusal("Throttling", "Rate exceeded")),
            _ => Reply::Answer(403, refusal("AccessDenied", "not authorized to perform: sts:AssumeRole")),
        },
        _ => data(request),
    })
    .await;
    let entered = server.session().await.enter("000000000042".parse().unwrap()).await.unwrap();
    entered.list_users(None).await.unwrap();
    assert_eq!(server.requests().last().unwrap().signed_by(), "ASIASECOND0000000000");
    for kind in [CallErrorKind::Throttled, CallErrorKind::Denied] {
        let error = entered.list_users(None).await.unwrap_err();
        assert_eq!((error.call, error.kind), (Call::AssumeRole, kind));
    }
    assert_eq!(server.operations(), ["AssumeRole", "AssumeRole", "ListUsers", "AssumeRole", "AssumeRole"]);
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_said_at_the_door() {
    let server = Server::start(|_| Reply::Answer(403, refusal("AccessDenied", "not authorized"))).await;
    let error = server.session().await.enter("000000000042".parse().unwrap()).await.unwrap_err();
    assert_eq!((error.call, error.kind), (Call::AssumeRole, CallErrorKind::Denied));
    assert_eq!(error.to_string(), "sts:AssumeRole failed: AccessDenied: not authorized");
}

#[tokio::test]
async fn credentials_with_a_part_missing_are_none() {
    let whole = assumed("ASIAMEMBER0000000000", LATE);
    for part in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        let (start, rest) = whole.split_once(&format!("<{part}>")).unwrap();
        let (_, end) = rest.split_once(&format!("</{part}>")).unwrap();
        let answer = format!("{start}{end}");
        let server = Server::start(move |_| Reply::Answer(200, answer.clone())).await;
        let error = server.session().await.enter("000000000042".parse().unwrap()).await.unwrap_err();
        assert_eq!((error.call, error.kind), (Call::AssumeRole, CallErrorKind::Malformed));
        assert_eq!(error.message, format!("the answer cannot be read: Credentials.{part} is missing"));
    }
}
