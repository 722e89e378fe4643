//! The wire as bytes on a socket: what well-behaved clients never send, and what no client wants to receive. Real
//! clients drive it in `scripts/clients`.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails its test")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;
use keysweep_sim::fault::{Effect, Rule, When};
use keysweep_sim::wire::{self, Server};
use keysweep_sim::{Action, CallerCredentials, Profile, Sim, WorldSpec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const HOSTILE: &str = "<script>&\"'\u{e9}\u{1f511}]]> ";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A world of one account with two users.
fn small_world(profile: Profile) -> Arc<Sim> {
    let sim = Sim::new(WorldSpec::empty(at("2026-11-23T09:00:00Z")).profile(profile));
    let account: AccountId = ACCOUNT.parse().unwrap();
    sim.edit(|world| {
        let mut account = world.account(account);
        account
            .user("alice")
            .tag("owner", HOSTILE)
            .key(KEY, at("2025-01-01T00:00:00Z"))
            .deactivated(at("2026-09-01T08:00:00Z"));
        account.user(HOSTILE).path("/a&b/");
    });
    Arc::new(sim)
}

async fn start(sim: &Arc<Sim>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    wire::serve(listener, Arc::clone(sim)).unwrap()
}

/// A server with a small world that has neither latency nor limits.
async fn unlimited() -> (Arc<Sim>, Server) {
    let sim = small_world(Profile::unlimited());
    let server = start(&sim).await;
    (sim, server)
}

fn authorization(service: &str) -> String {
    let CallerCredentials { access_key_id, session_token, .. } =
        Sim::new(WorldSpec::empty(at("2026-11-23T09:00:00Z"))).operator();
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={access_key_id}/20261123/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=00\r\nX-Amz-Security-Token: {}\r\n",
        session_token.unwrap()
    )
}

fn post(headers: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: aws\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// A request to IAM; `parameters` begins with the action.
fn iam(parameters: &str) -> String {
    post(&authorization("iam"), &format!("Version=2010-05-08&Action={parameters}"))
}

fn organizations(action: &str, body: &str) -> String {
    let target = format!("X-Amz-Target: AWSOrganizationsV20161128.{action}\r\n");
    post(&(authorization("organizations") + &target), body)
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The texts of every element with this name, unescaped.
    fn texts(&self, element: &str) -> Vec<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let after = self.body.split(&open).skip(1);
        let raw = after.map(|rest| rest.split(&close).next().unwrap());
        raw.map(|text| quick_xml::escape::unescape(text).unwrap().into_owned()).collect()
    }
}

/// A keep-alive connection.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), received: Vec::new() }
    }

    async fn send(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads more; `false` at the end of the connection.
    async fn read(&mut self) -> std::io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.received).await? > 0)
    }

    async fn receive(&mut self) -> Answer {
        loop {
            if let Some(answer) = self.complete() {
                return answer;
            }
            assert!(self.read().await.unwrap(), "closed after {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    fn complete(&mut self) -> Option<Answer> {
        let end = self.received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.received[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length: usize = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
        let body = self.received.get(end..end + length)?;
        answer.body = String::from_utf8(body.to_vec()).unwrap();
        self.received.drain(..end + length);
        Some(answer)
    }

    async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.receive().await
    }

    /// Everything until the connection ends.
    async fn rest(mut self) -> std::io::Result<Vec<u8>> {
        while self.read().await? {}
        Ok(self.received)
    }
}

async fn ask(server: &Server, request: &str) -> Answer {
    Connection::open(server.address()).await.ask(request).await
}

fn fault(sim: &Sim, action: Action, effect: Effect) {
    sim.add_fault(Rule::new(effect).action(action).when(When::First(1)));
}

#[tokio::test]
async fn unsigned_requests_are_refused_in_the_protocol_they_came_in() {
    let (_, server) = unlimited().await;
    let xml = ask(&server, &post("", "Action=ListUsers&Version=2010-05-08")).await;
    assert_eq!((xml.status, xml.texts("Code")), (403, vec!["MissingAuthenticationToken".to_owned()]));
    let json = ask(&server, &post("X-Amz-Target: CloudTrail_20131101.LookupEvents\r\n", "{}")).await;
    assert_eq!(json.status, 400);
    assert!(json.body.contains(r#""__type":"MissingAuthenticationTokenException""#), "{}", json.body);
    let malformed = ask(&server, &post("Authorization: Basic eDp5\r\n", "")).await;
    assert_eq!(malformed.texts("Code"), ["IncompleteSignature"]);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_by_name() {
    let (_, server) = unlimited().await;
    for (request, named) in [
        (iam("DropEverything"), "DropEverything"),
        (iam("AssumeRole"), "AssumeRole"),
        (post(&authorization("iam"), "Action=ListUsers&Version=2011-06-15"), "2011-06-15"),
        (post(&authorization("iam"), "Action=ListUsers&Version=2010"), "2010"),
        (post(&authorization("iam"), ""), "\"\""),
        (post(&authorization("s3"), ""), "s3"),
        (organizations("CloseAccount", "{}"), "CloseAccount"),
    ] {
        let answer = ask(&server, &request).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.replace("&quot;", "\"").contains(named), "{}", answer.body);
        assert!(answer.body.contains("InvalidAction") || answer.body.contains("UnknownOperationException"));
    }
}

#[tokio::test]
async fn parameters_that_the_model_does_not_allow_are_refused() {
    let (_, server) = unlimited().await;
    for (request, code) in [
        (iam("ListUsers&MaxItems=many"), "MalformedInput"),
        (iam("ListUsers&MaxItems=0"), "ValidationError"),
        (iam("ListUsers&MaxItems=1001"), "ValidationError"),
        (iam("ListUserTags"), "ValidationError"),
        (iam("UpdateAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE"), "ValidationError"),
        (
            iam("UpdateAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=inactive"),
            "ValidationError",
        ),
        (iam("TagUser&UserName=alice&Tags.member.1.Key=only"), "ValidationError"),
        (organizations("ListParents", "{}"), "InvalidInputException"),
        (organizations("ListAccounts", "{\"MaxResults\": 21}"), "InvalidInputException"),
        (organizations("ListAccounts", "{\"MaxResults\":"), "SerializationException"),
    ] {
        let answer = ask(&server, &request).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(code), "{code}: {}", answer.body);
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_its_protocols_content_type() {
    let (_, server) = unlimited().await;
    let good = ask(&server, &iam("ListUsers")).await;
    assert_eq!(good.header("content-type"), Some("text/xml"));
    assert_eq!(good.header("x-amzn-requestid"), Some(good.texts("RequestId")[0].as_str()));
    let bad = ask(&server, &iam("GetUser&UserName=nobody")).await;
    assert_eq!((bad.status, bad.texts("Type")), (404, vec!["Sender".to_owned()]));
    assert_eq!(bad.header("x-amzn-requestid"), Some(bad.texts("RequestId")[0].as_str()));
    let json = ask(&server, &organizations("ListRoots", "{}")).await;
    assert_eq!(json.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_ne!(json.header("x-amzn-requestid"), good.header("x-amzn-requestid"));
}

#[tokio::test]
async fn hostile_names_come_back_unchanged() {
    let (_, server) = unlimited().await;
    let listed = ask(&server, &iam("ListUsers")).await;
    assert_eq!(listed.texts("UserName"), [HOSTILE, "alice"]);
    assert_eq!(listed.texts("Path"), ["/a&b/", "/"]);
    let tags = ask(&server, &iam("ListUserTags&UserName=alice")).await;
    assert_eq!(tags.texts("Value"), [HOSTILE]);
    let encoded = "%3Cscript%3E%26%22%27%C3%A9%F0%9F%94%91%5D%5D%3E+";
    let one = ask(&server, &iam(&format!("GetUser&UserName={encoded}"))).await;
    assert_eq!(one.texts("UserName"), [HOSTILE]);
    let refused = ask(&server, &iam(&format!("DeleteUser&UserName=x{encoded}"))).await;
    assert_eq!(refused.status, 404);
    assert!(refused.texts("Message")[0].contains(HOSTILE), "{}", refused.body);
}

#[tokio::test]
async fn a_get_request_carries_its_parameters_in_the_query_string() {
    let (_, server) = unlimited().await;
    let head = format!(
        "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\nHost: aws\r\n{}",
        authorization("iam")
    );
    assert_eq!(ask(&server, &format!("{head}\r\n")).await.texts("UserName").len(), 2);
}

#[tokio::test]
async fn pages_that_end_early_say_so_and_lose_nobody() {
    let profile = Profile { short_pages: 1.0, ..Profile::unlimited() };
    let sim = Arc::new(Sim::new(WorldSpec::single_account(30).profile(profile)));
    let server = start(&sim).await;
    let mut connection = Connection::open(server.address()).await;
    let (mut names, mut early, mut marker) = (Vec::new(), 0, String::new());
    loop {
        let page = connection.ask(&iam(&format!("ListUsers&MaxItems=10{marker}"))).await;
        let found = page.texts("UserName");
        let truncated = page.texts("IsTruncated") == ["true"];
        early += usize::from(truncated && found.len() < 10);
        names.extend(found);
        let Some(next) = page.texts("Marker").pop() else {
            assert!(!truncated);
            break;
        };
        assert!(truncated);
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        marker = format!("&Marker={encoded}");
    }
    assert!(early > 0, "no page ended early");
    assert_eq!(names.len(), 30);
    names.dedup();
    assert_eq!(names.len(), 30);
}

#[tokio::test]
async fn a_lost_response_has_its_effect_and_closes_the_connection() {
    let (sim, server) = unlimited().await;
    fault(&sim, Action::DeleteAccessKey, Effect::LostResponse);
    let mut connection = Connection::open(server.address()).await;
    connection.send(&iam(&format!("DeleteAccessKey&UserName=alice&AccessKeyId={KEY}"))).await;
    assert_eq!(connection.rest().await.unwrap(), b"", "no answer comes");
    assert!(ask(&server, &iam("ListAccessKeys&UserName=alice")).await.texts("AccessKeyId").is_empty());
}

#[tokio::test]
async fn a_reset_has_no_effect_and_is_seen_as_a_reset() {
    let (sim, server) = unlimited().await;
    fault(&sim, Action::DeleteAccessKey, Effect::Reset);
    let mut connection = Connection::open(server.address()).await;
    connection.send(&iam(&format!("DeleteAccessKey&UserName=alice&AccessKeyId={KEY}"))).await;
    assert_eq!(connection.rest().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(ask(&server, &iam("ListAccessKeys&UserName=alice")).await.texts("AccessKeyId"), [KEY]);
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_before_its_promised_length() {
    let (sim, server) = unlimited().await;
    let whole = ask(&server, &iam("ListUsers")).await;
    fault(&sim, Action::ListUsers, Effect::TruncatedBody);
    let mut connection = Connection::open(server.address()).await;
    connection.send(&iam("ListUsers")).await;
    let received = String::from_utf8_lossy(&connection.rest().await.unwrap()).into_owned();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains(&format!("content-length: {}", whole.body.len())), "{head}");
    assert!(!body.is_empty() && whole.body.len() / 2 >= body.len(), "{body}");
}

#[tokio::test]
async fn unreadable_answers_look_like_what_proxies_and_broken_servers_send() {
    let (sim, server) = unlimited().await;
    let mut connection = Connection::open(server.address()).await;
    fault(&sim, Action::ListUsers, Effect::MalformedBody);
    let malformed = connection.ask(&iam("ListUsers")).await;
    assert_eq!((malformed.status, malformed.header("content-type")), (200, Some("text/xml")));
    assert!(!malformed.body.contains("ListUsersResponse"));
    fault(&sim, Action::ListUsers, Effect::WrongContentType);
    let page = connection.ask(&iam("ListUsers")).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    fault(&sim, Action::ListUsers, Effect::Redirect);
    let redirect = connection.ask(&iam("ListUsers")).await;
    assert_eq!((redirect.status, redirect.header("location")), (307, Some("http://aws/")));
    assert_eq!(
        connection.ask(&iam("ListUsers")).await.texts("UserName").len(),
        2,
        "the fault was for one call"
    );
}

#[tokio::test]
async fn a_hanging_call_hinders_nobody_and_ends_with_the_server() {
    let (sim, server) = unlimited().await;
    fault(&sim, Action::DeleteAccessKey, Effect::TimeoutAfter);
    let mut hanging = Connection::open(server.address()).await;
    hanging.send(&iam(&format!("DeleteAccessKey&UserName=alice&AccessKeyId={KEY}"))).await;
    let mut other = Connection::open(server.address()).await;
    // The call took effect although its answer never comes.
    while !other.ask(&iam("ListAccessKeys&UserName=alice")).await.texts("AccessKeyId").is_empty() {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
    assert_eq!(hanging.rest().await.unwrap(), b"");
}

#[tokio::test(start_paused = true)]
async fn answers_wait_for_the_latency_and_for_slow_calls() {
    let profile = Profile { latency: Duration::from_millis(40), ..Profile::unlimited() };
    let sim = small_world(profile);
    let server = start(&sim).await;
    let mut connection = Connection::open(server.address()).await;
    let before = tokio::time::Instant::now();
    connection.ask(&iam("ListUsers")).await;
    assert!(before.elapsed() >= Duration::from_millis(40));
    fault(&sim, Action::ListUsers, Effect::Slow { milliseconds: 60_000 });
    connection.ask(&iam("ListUsers")).await;
    assert!(before.elapsed() >= Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_answers_what_was_asked_and_refuses_what_comes_later() {
    let (sim, server) = unlimited().await;
    let address = server.address();
    let mut idle = Connection::open(address).await;
    assert_eq!(idle.ask(&iam("ListUsers")).await.status, 200);
    fault(&sim, Action::GetUser, Effect::Slow { milliseconds: 2_000 });
    let mut slow = Connection::open(address).await;
    slow.send(&iam("GetUser&UserName=alice")).await;
    while sim.calls().total_of(Action::GetUser).sent == 0 {
        tokio::task::yield_now().await;
    }
    let (answer, ()) = tokio::join!(slow.receive(), server.shutdown());
    assert_eq!(answer.texts("UserName"), ["alice"]);
    assert_eq!(idle.rest().await.unwrap(), b"");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn shutting_down_does_not_wait_for_a_client_that_never_finishes_its_request() {
    let (_, server) = unlimited().await;
    let mut stalled = Connection::open(server.address()).await;
    // The 100 proves that the server has read this much.
    let head = "POST / HTTP/1.1\r\nHost: aws\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(stalled.ask(head).await.status, 100);
    server.shutdown().await;
    assert_eq!(stalled.rest().await.unwrap(), b"");
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_its_connections() {
    let (_, server) = unlimited().await;
    let mut idle = Connection::open(server.address()).await;
    assert_eq!(idle.ask(&iam("ListUsers")).await.status, 200);
    drop(server);
    assert_eq!(idle.rest().await.unwrap(), b"");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let (sim, server) = unlimited().await;
    let mut connection = Connection::open(server.address()).await;
    for _ in 0..100 {
        assert_eq!(connection.ask(&iam("ListUsers")).await.status, 200);
    }
    assert_eq!(sim.calls().total_of(Action::ListUsers).sent, 100);
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let (_, server) = unlimited().await;
    let body = "Action=ListUsers&Version=2010-05-08";
    let request = post(&(authorization("iam") + "Expect: 100-continue\r\n"), body);
    let mut connection = Connection::open(server.address()).await;
    connection.send(request.strip_suffix(body).unwrap()).await;
    assert_eq!(connection.receive().await.status, 100);
    connection.send(body).await;
    assert_eq!(connection.receive().await.texts("UserName").len(), 2);
}

#[tokio::test]
async fn a_request_larger_than_any_of_aws_is_refused() {
    let (_, server) = unlimited().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: aws\r\n{}Transfer-Encoding: chunked\r\n\r\n100001\r\n{}\r\n0\r\n\r\n",
        authorization("iam"),
        "a".repeat(0x0010_0001)
    );
    assert_eq!(ask(&server, &request).await.status, 413);
}

#[tokio::test]
async fn throttled_calls_are_counted_and_answered_in_the_services_words() {
    let (sim, server) = unlimited().await;
    fault(&sim, Action::ListUsers, Effect::Throttle);
    fault(&sim, Action::ListAccounts, Effect::Throttle);
    let xml = ask(&server, &iam("ListUsers")).await;
    assert_eq!((xml.status, xml.texts("Code")), (400, vec!["Throttling".to_owned()]));
    let json = ask(&server, &organizations("ListAccounts", "{}")).await;
    assert!(json.status == 400 && json.body.contains("TooManyRequestsException"), "{}", json.body);
    let calls = ask(&server, "GET /_sim/calls HTTP/1.1\r\nHost: sim\r\n\r\n").await;
    let calls: serde_json::Value = serde_json::from_str(&calls.body).unwrap();
    assert_eq!(calls["accounts"][ACCOUNT]["ListUsers"], serde_json::json!({ "sent": 1, "throttled": 1 }));
}

#[tokio::test]
async fn the_simulation_is_shown_and_changed_below_its_own_path() {
    let (sim, server) = unlimited().await;
    let control = |method: &str, path: &str, body: &str| {
        format!("{method} /_sim/{path} HTTP/1.1\r\nHost: sim\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let mut connection = Connection::open(server.address()).await;
    let moved = connection.ask(&control("POST", "clock", "{\"advance_seconds\": 3600}")).await;
    assert_eq!(moved.body, r#"{"now":"2026-11-23T10:00:00Z"}"#);
    assert_eq!(sim.now(), at("2026-11-23T10:00:00Z"));
    let truth = connection.ask(&control("GET", "truth", "")).await;
    let truth: serde_json::Value = serde_json::from_str(&truth.body).unwrap();
    assert_eq!(truth["accounts"][0]["keys"][0]["inactive_since"], "2026-09-01T08:00:00Z");
    let rules = r#"[{"action": "ListUsers", "effect": "service_failure"}]"#;
    assert_eq!(connection.ask(&control("POST", "faults", rules)).await.status, 200);
    let failed = connection.ask(&iam("ListUsers")).await;
    assert_eq!((failed.status, failed.texts("Type")), (500, vec!["Receiver".to_owned()]));
    assert_eq!(connection.ask(&control("DELETE", "faults", "")).await.status, 200);
    assert_eq!(connection.ask(&iam("ListUsers")).await.status, 200);
    let acted = connection.ask(&control("POST", "activity", "{\"share\": 1, \"seed\": 1}")).await;
    assert_eq!(acted.body, r#"{"changed":1}"#);
    assert_eq!(sim.truth().key(KEY).unwrap().status, KeyStatus::Active);
    for (request, status) in [
        (control("POST", "activity", "{\"share\": 2, \"seed\": 1}"), 400),
        (control("POST", "clock", "{\"advance_secs\": 1}"), 400),
        (control("POST", "faults", "[{\"effect\": \"explode\"}]"), 400),
        (control("POST", "faults", "[{\"action\": \"ListUser\", \"effect\": \"throttle\"}]"), 400),
        (control("POST", "faults", "[{\"account\": \"222222222222\", \"effect\": \"throttle\"}]"), 400),
        (control("POST", "role", "{\"account\": \"42\", \"name\": \"x\"}"), 400),
        (control("POST", "role", "{\"account\": \"222222222222\", \"name\": \"x\"}"), 400),
        (control("GET", "clock", ""), 404),
        (control("GET", "nothing", ""), 404),
    ] {
        let answer = connection.ask(&request).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains("error"), "{}", answer.body);
    }
}
