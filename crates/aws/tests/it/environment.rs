//! Where credentials, region and endpoints come from. The environment belongs to a process, so each case runs this very
//! program again, with an environment of its own.

use std::process::Command;

use keysweep_aws::{Session, SessionOptions};
use keysweep_core::ports::{Accounts, Directory, Inventory};

use crate::server::{Reply, Request, Server, query};

/// Names the profile that the child is to be told of.
const PROFILE: &str = "KEYSWEEP_TEST_PROFILE";

/// Not a test of its own: what the others run in an environment that they made.
#[tokio::test]
#[ignore = "run by the other tests of this module"]
async fn child() {
    let profile = std::env::var(PROFILE).ok();
    let session = Session::load(SessionOptions { profile, ..SessionOptions::default() }).await;
    println!("region {}", session.region());
    println!(
        "sts {}",
        session.get_caller_identity().await.map_or_else(|error| error.to_string(), |caller| caller.arn)
    );
    println!("organizations {}", session.list_accounts(None).await.is_ok());
    println!("iam {}", session.own().list_users(None).await.is_ok());
}

async fn run(environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "environment::child", "--ignored", "--nocapture"]).env_clear();
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

fn answer(request: &Request) -> Reply {
    let body = match request.operation.as_str() {
        "GetCallerIdentity" => query(
            "GetCallerIdentity",
            "<Arn>arn:aws:iam::000000000042:user/jo</Arn><UserId>AIDA1</UserId><Account>000000000042</Account>",
        ),
        "ListUsers" => query("ListUsers", "<IsTruncated>false</IsTruncated><Users/>"),
        _ => r#"{"Accounts":[]}"#.to_owned(),
    };
    Reply::Answer(200, body)
}

const EVERYTHING: [&str; 3] = ["GetCallerIdentity", "ListAccounts", "ListUsers"];

#[tokio::test]
async fn keys_region_and_endpoint_come_from_the_environment() {
    let server = Server::start(answer).await;
    let text = run(&[
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", &server.url),
    ])
    .await;
    assert!(text.contains("region eu-central-1\nsts arn:aws:iam::000000000042:user/jo\n"), "{text}");
    assert_eq!(server.operations(), EVERYTHING);
    assert!(server.requests().iter().all(|request| request.signed_by() == "AKIAENVIRONMENT00000"));
    assert_eq!(server.requests()[0].signed_for(), "eu-central-1");
}

#[tokio::test]
async fn a_service_can_have_its_own_endpoint() {
    let (all, iam) = (Server::start(answer).await, Server::start(answer).await);
    let text = run(&[
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", &all.url),
        ("AWS_ENDPOINT_URL_IAM", &iam.url),
    ])
    .await;
    assert!(text.contains("region us-east-1\n"), "{text}");
    assert_eq!(all.operations(), ["GetCallerIdentity", "ListAccounts"]);
    assert_eq!(iam.operations(), ["ListUsers"]);
}

#[tokio::test]
async fn a_profile_that_is_named_goes_before_keys_of_the_environment() {
    let server = Server::start(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let profile = format!(
        "[profile audit]\nregion = cn-north-1\nendpoint_url = {}\naws_access_key_id = AKIAPROFILE000000000\n\
         aws_secret_access_key = secret\n",
        server.url
    );
    std::fs::write(&config, profile).unwrap();
    let text = run(&[
        (PROFILE, "audit"),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ])
    .await;
    assert!(text.contains("region cn-north-1\n"), "{text}");
    assert_eq!(server.operations(), EVERYTHING);
    assert!(server.requests().iter().all(|request| request.signed_by() == "AKIAPROFILE000000000"));
}

#[tokio::test]
async fn without_credentials_it_says_where_they_could_come_from() {
    let server = Server::start(answer).await;
    let text = run(&[("AWS_ENDPOINT_URL", &server.url)]).await;
    assert!(text.contains("sts sts:GetCallerIdentity failed: no AWS credentials were found ("), "{text}");
    assert!(text.contains("aws sso login"), "{text}");
    assert!(server.requests().is_empty());
}
