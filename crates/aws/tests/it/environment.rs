//! Where credentials, region and endpoints come from. The environment belongs to a process, so each case runs a small
//! program (`whoami.rs`) with an environment of its own.

use std::path::Path;
use std::process::Command;

use crate::server::{Reply, Request, Server, query};

pub(crate) async fn run(environment: &[(&str, &str)]) -> String {
    run_as(None, environment).await
}

pub(crate) async fn run_as(profile: Option<&str>, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep-aws-whoami"));
    command.args(profile).env_clear();
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

pub(crate) fn answer(request: &Request) -> Reply {
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
async fn empty_variables_and_settings_are_as_unset_ones() {
    let server = Server::start(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let key = "aws_access_key_id = AKIAPROFILE000000000\naws_secret_access_key = secret\n";
    let config = write(
        folder.path(),
        "config",
        &format!(
            "[default]\nregion = eu-west-1\nendpoint_url = {}\nservices = dev\n{key}\n\
             [services dev]\niam =\n  endpoint_url =\n[profile empty]\nregion =\nendpoint_url =\n{key}",
            server.url
        ),
    );
    let empty = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ENDPOINT_URL_IAM", ""),
        ("AWS_ENDPOINT_URL_STS", ""),
        ("AWS_REGION", ""),
        ("AWS_DEFAULT_REGION", ""),
    ];
    let text = run(&empty).await;
    assert!(text.starts_with("region eu-west-1\nsts arn:aws:iam::000000000042:user/jo\n"), "{text}");
    assert_eq!(server.operations(), EVERYTHING);

    // A proxy that is not there keeps it from the network: the call was for AWS itself.
    let mut alone = empty.to_vec();
    alone.push(("HTTPS_PROXY", "http://127.0.0.1:9"));
    let text = run_as(Some("empty"), &alone).await;
    assert!(text.starts_with("region us-east-1\nsts sts:GetCallerIdentity failed: no connection"), "{text}");
    assert!(text.contains("(in the region us-east-1, as nothing else says)"), "{text}");
    assert_eq!(server.operations(), EVERYTHING);
}

#[tokio::test]
async fn what_cannot_be_meant_is_told_with_its_source_before_any_call() {
    let folder = tempfile::tempdir().unwrap();
    let broken = write(folder.path(), "broken", "[default]\nregion = eu-west-1\n[profile audit\n");
    let config = write(
        folder.path(),
        "config",
        "[default]\nendpoint_url = 127.0.0.1:1\n[profile region]\nregion = eu_west_1\n\
         [profile role]\nendpoint_url =\nrole_arn = arn:aws:iam::000000000042:role/x\nsource_profile = role\n",
    );
    for (variables, profile, told) in [
        (
            &[("AWS_ENDPOINT_URL", "localhost:4599")][..],
            None,
            "\"localhost:4599\" is not a URL: AWS_ENDPOINT_URL must",
        ),
        (&[("AWS_ENDPOINT_URL_IAM", "here")], None, "\"here\" is not a URL: AWS_ENDPOINT_URL_IAM must"),
        (
            &[("AWS_CONFIG_FILE", &config)],
            None,
            "\"127.0.0.1:1\" is not a URL: endpoint_url of the profile \"default\" must",
        ),
        (&[("AWS_REGION", "EU")], None, "\"EU\" is not the name of a region: AWS_REGION must"),
        (
            &[("AWS_CONFIG_FILE", &config)],
            Some("region"),
            "\"eu_west_1\" is not the name of a region: region of the profile \"region\" must",
        ),
        (
            &[("AWS_CONFIG_FILE", &config), ("AWS_ENDPOINT_URL", "")],
            Some("role"),
            "AWS_ENDPOINT_URL is empty, and the credentials of the profile \"role\"",
        ),
    ] {
        let text = run_as(profile, variables).await;
        assert!(text.starts_with(&format!("no session: {told}")), "{text}");
    }
    let text = run(&[("AWS_CONFIG_FILE", &broken)]).await;
    let told =
        format!("no session: the AWS configuration cannot be read: error parsing {broken} on line 3: ");
    assert!(text.starts_with(&told), "{text}");
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
    let environment = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let text = run_as(Some("audit"), &environment).await;
    assert!(text.contains("region cn-north-1\n"), "{text}");
    assert_eq!(server.operations(), EVERYTHING);
    assert!(server.requests().iter().all(|request| request.signed_by() == "AKIAPROFILE000000000"));
}

#[tokio::test]
async fn without_credentials_it_says_where_it_looked() {
    let server = Server::start(answer).await;
    let text = run(&[("AWS_ENDPOINT_URL", &server.url)]).await;
    assert!(text.contains("sts sts:GetCallerIdentity failed: no AWS credentials were found: "), "{text}");
    assert!(text.contains("neither in the environment nor in a profile"), "{text}");
    assert!(server.requests().is_empty());
}

/// The credentials that each source below gives.
const FOUND: &str = "ASIAFOUND00000000000";
const JSON: &str = r#""SecretAccessKey": "secret", "Expiration": "2199-01-01T00:00:00Z""#;

/// Answers AWS calls as `answer` does, and a source of credentials, which is asked in another way, as `source` does.
async fn with_source(source: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Server {
    Server::start(move |request| match source(&request.head) {
        Some(body) => Reply::Answer(200, body),
        None => answer(request),
    })
    .await
}

/// Runs the program and sees that every call of AWS was signed with what the source gave.
async fn signs_with_what_is_found(server: &Server, profile: Option<&str>, environment: &[(&str, &str)]) {
    let base = [("AWS_REGION", "eu-central-1"), ("AWS_ENDPOINT_URL", server.url.as_str())];
    let environment: Vec<_> = base.iter().chain(environment).copied().collect();
    let text = run_as(profile, &environment).await;
    assert!(text.contains("sts arn:aws:iam::000000000042:user/jo\n"), "{text}");
    let requests = server.requests();
    let calls: Vec<_> =
        requests.iter().filter(|request| EVERYTHING.contains(&request.operation.as_str())).collect();
    assert_eq!(calls.len(), 3, "{requests:#?}");
    assert!(calls.iter().all(|request| request.signed_by() == FOUND), "{requests:#?}");
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn credentials_come_from_a_container() {
    let server = with_source(|head| {
        let asked = head.starts_with("GET /container ") && head.contains("let-me-in");
        asked.then(|| format!(r#"{{"AccessKeyId": "{FOUND}", "Token": "token", {JSON}}}"#))
    })
    .await;
    let url = format!("{}/container", server.url);
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in"),
    ];
    signs_with_what_is_found(&server, None, &environment).await;
}

#[tokio::test]
async fn credentials_come_from_an_ec2_instance() {
    let server = with_source(|head| {
        let path = head.split(' ').nth(1)?;
        Some(match path {
            "/latest/api/token" => "token".to_owned(),
            "/latest/meta-data/iam/security-credentials/" => "instance-role".to_owned(),
            "/latest/meta-data/iam/security-credentials/instance-role" => format!(
                r#"{{"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "AccessKeyId": "{FOUND}", "Token": "token", {JSON}}}"#
            ),
            _ => return None,
        })
    })
    .await;
    let environment =
        [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url.as_str())];
    signs_with_what_is_found(&server, None, &environment).await;
}

#[tokio::test]
async fn credentials_come_from_a_web_identity() {
    let server = Server::start(|request| match request.operation.as_str() {
        "AssumeRoleWithWebIdentity" if request.body.contains("WebIdentityToken=jwt") => Reply::Answer(
            200,
            query(
                "AssumeRoleWithWebIdentity",
                &format!(
                    "<Credentials><AccessKeyId>{FOUND}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
                     <SessionToken>token</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials>\
                     <AssumedRoleUser><AssumedRoleId>AROA1:s</AssumedRoleId><Arn>arn:aws:sts::000000000042:assumed-role/ci/s</Arn></AssumedRoleUser>"
                ),
            ),
        ),
        _ => answer(request),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let token = write(folder.path(), "token", "jwt");
    let environment = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::000000000042:role/ci"),
    ];
    signs_with_what_is_found(&server, None, &environment).await;
}

#[cfg(unix)]
#[tokio::test]
async fn credentials_come_from_a_process() {
    let server = Server::start(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let said = write(
        folder.path(),
        "said.json",
        &format!(r#"{{"Version": 1, "AccessKeyId": "{FOUND}", "SessionToken": "token", {JSON}}}"#),
    );
    let config =
        write(folder.path(), "config", &format!("[profile audit]\ncredential_process = /bin/cat {said}\n"));
    signs_with_what_is_found(&server, Some("audit"), &[("AWS_CONFIG_FILE", &config)]).await;
}

#[tokio::test]
async fn credentials_come_from_single_sign_on() {
    let server = with_source(|head| {
        let asked = head.starts_with("GET /federation/credentials?") && head.contains("access-of-jo");
        asked.then(|| {
            format!(
                r#"{{"roleCredentials": {{"accessKeyId": "{FOUND}", "secretAccessKey": "secret", "sessionToken": "token", "expiration": 7226582400000}}}}"#
            )
        })
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    // The file is named by the SHA-1 of the session's name, as `aws sso login` writes it.
    write(
        home.path(),
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        r#"{"accessToken": "access-of-jo", "expiresAt": "2199-01-01T00:00:00Z", "region": "eu-central-1", "startUrl": "https://corp.example/start"}"#,
    );
    let config = write(
        home.path(),
        ".aws/config",
        "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n\
         [profile audit]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = Audit\n",
    );
    let home = home.path().to_str().unwrap().to_owned();
    signs_with_what_is_found(&server, Some("audit"), &[("HOME", &home), ("AWS_CONFIG_FILE", &config)]).await;
}
