//! `--to`: the report goes elsewhere after it was written here, and what does not arrive is told with how to send it again.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::program::{keysweep, wait_until};
use crate::simulated::{OLD, OTHER, account, days_ago, two_accounts};

const SECRET: &str = "the secret of this test";

/// The head of a request, and its body.
type Call = (String, Vec<u8>);

/// A receiver on 127.0.0.1.
struct Receiver {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Receiver {
    /// Answers each call with the next of the statuses, the last of them for ever.
    fn answering(statuses: &'static [u16]) -> Self {
        Self::start("/in?token=url-secret", |before, _| {
            (*statuses.get(before).or(statuses.last()).unwrap(), String::new())
        })
    }

    /// Takes every finding, as Security Hub does.
    fn security_hub() -> Self {
        Self::start("", |_, body| {
            let count = request(body).len();
            (200, format!(r#"{{"SuccessCount":{count},"FailedCount":0,"FailedFindings":[]}}"#))
        })
    }

    fn start(path: &str, answer: impl Fn(usize, &[u8]) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let log = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(call) = read(&mut stream) else { continue };
                let mut log = log.lock().unwrap();
                let (status, body) = answer(log.len(), &call.1);
                log.push(call);
                let head = "location: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length";
                let answer = format!("HTTP/1.1 {status} X\r\n{head}: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, calls }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        received.extend_from_slice(&chunk[..read]);
        let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let length: usize = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        if received.len() >= end + 4 + length {
            return Some((head, received[end + 4..].to_vec()));
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// The findings of a request of `BatchImportFindings`.
fn request(body: &[u8]) -> Vec<Value> {
    let request: Value = serde_json::from_slice(body).unwrap();
    request["Findings"].as_array().unwrap().clone()
}

/// Whether who knows the secret made the call, as a receiver would find out.
fn is_signed((head, body): &Call) -> bool {
    let signature = header(head, "keysweep-signature").unwrap();
    let (time, signature) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    signature == hex(&mac.finalize().into_bytes())
}

/// The bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap()).collect()
}

#[test]
fn each_format_is_posted_as_it_was_written_and_signed() {
    let aws = two_accounts();
    let receiver = Receiver::answering(&[200]);
    let mut program = aws.keysweep().env("KEYSWEEP_WEBHOOK_SECRET", SECRET).args([
        "scan",
        "--org",
        "--format",
        "json,csv",
        "--output",
        "reports/",
        "--to",
        &receiver.url,
    ]);
    let run = program.run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let address = receiver.url.split('/').nth(2).unwrap();
    let note = format!("delivered to http://{address}/…: 2 files\n");
    assert!(run.stderr.contains(&note), "{}", run.stderr);
    let calls = receiver.calls();
    let sent: Vec<_> = calls
        .iter()
        .map(|(head, _)| (header(head, "keysweep-format").unwrap(), header(head, "content-type").unwrap()))
        .collect();
    assert_eq!(sent, [("json", "application/json"), ("csv", "text/csv; charset=utf-8; header=present")]);
    assert!(calls.iter().all(is_signed));
    for ((_, body), name) in calls.iter().zip(["assessment.json", "findings.csv"]) {
        assert!(*body == std::fs::read(program.directory().join("reports").join(name)).unwrap(), "{name}");
    }
}

#[test]
fn what_does_not_arrive_is_told_with_how_to_send_it_again() {
    let aws = two_accounts();
    let refusing = Receiver::answering(&[403]);
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    let report = directory.path().join("report.json");
    let to = ["--state", &state, "--format", "json", "--to", &refusing.url];
    let mut scan = aws.keysweep().env("KEYSWEEP_WEBHOOK_SECRET", SECRET);
    scan = scan.args(["scan", "--org", "--output", report.to_str().unwrap()]).args(to);
    let run = scan.run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    let written: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let id = written["assessment_id"].as_str().unwrap();
    let address = refusing.url.split('/').nth(2).unwrap();
    let told = format!("http://{address}/…: assessment.json: it answered 403");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
    let again = format!("keysweep report {id} --format json --to http://{address}/…");
    assert!(run.stderr.contains(&again), "{}", run.stderr);
    assert!(!run.stderr.contains(SECRET) && !run.stderr.contains("url-secret"), "{}", run.stderr);
    assert_eq!(refusing.calls().len(), 1, "a refusal is not repeated");

    // Again, without any output here; the receiver is out of order once.
    let receiver = Receiver::answering(&[503, 200]);
    let secret = directory.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let run = keysweep()
        .args(["report", id, "--state", &state, "--format", "json", "--to", &receiver.url])
        .args(["--webhook-secret-file", secret.to_str().unwrap()])
        .run();
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let calls = receiver.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(is_signed));
    assert!(calls[1].1 == std::fs::read(&report).unwrap(), "byte for byte");
    let key = |call: &Call| header(&call.0, "idempotency-key").unwrap().to_owned();
    assert_eq!(key(&calls[0]), format!("{id}/assessment.json"));
    assert_eq!(key(&calls[0]), key(&calls[1]));
}

#[test]
fn a_redirect_is_an_error() {
    let aws = two_accounts();
    let receiver = Receiver::answering(&[302]);
    let run =
        aws.keysweep().env("KEYSWEEP_WEBHOOK_SECRET", SECRET).args(["scan", "--to", &receiver.url]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("it answered 302, a redirect, which is not followed"), "{}", run.stderr);
    assert!(run.stdout.contains("alice"), "the report is written all the same: {}", run.stdout);
}

#[test]
fn what_cannot_be_delivered_is_told_before_anything_is_called() {
    let hook = "https://127.0.0.1:1/";
    for (environment, arguments, told) in [
        (None, &["--to", hook][..], "a web hook needs a secret to sign with"),
        (Some("short"), &["--to", hook], "has fewer than 16 bytes"),
        (None, &["--to", hook, "--webhook-secret-file", "missing"], "could not be read"),
        (Some(SECRET), &["--to", "security-hub", "--anonymize"], "an anonymous report has none"),
        (Some(SECRET), &["--to", "http://example.com/"], "use https"),
        (Some(SECRET), &["--to", "s3://NotABucket"], "is not the name of a bucket"),
    ] {
        let mut program = keysweep().arg("scan").args(arguments);
        if let Some(secret) = environment {
            program = program.env("KEYSWEEP_WEBHOOK_SECRET", secret);
        }
        let run = program.run();
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn a_report_is_delivered_only_where_its_command_line_says_so() {
    let aws = two_accounts();
    let receiver = Receiver::answering(&[200]);
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    let settings = format!("to = [\"{}\"]\n", receiver.url);
    let mut scan = aws.keysweep().env("KEYSWEEP_WEBHOOK_SECRET", SECRET).file("keysweep.toml", &settings);
    scan = scan.args(["scan", "--state", &state]);
    assert_eq!(scan.run().code, 3);
    assert_eq!(receiver.calls().len(), 1);
    let run = keysweep().file("keysweep.toml", &settings).args(["report", "--state", &state]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("alice"), "{}", run.stdout);
    assert_eq!(receiver.calls().len(), 1);
}

#[test]
fn findings_go_to_the_security_hub_of_their_account_and_are_closed_there() {
    let aws = two_accounts();
    let hub = Receiver::security_hub();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    let scan = |more: &[&str]| {
        let program = aws.keysweep().env("AWS_ENDPOINT_URL_SECURITYHUB", &hub.url);
        let run = program.args(["scan", "--org", "--state", &state, "--to", "security-hub"]).args(more).run();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("delivered to security-hub: "), "{}", run.stderr);
    };
    // What arrived since then: account, id, state.
    let arrived = |after: usize| {
        let calls = hub.calls();
        let mut arrived: Vec<[String; 3]> = calls[after..]
            .iter()
            .flat_map(|(head, body)| {
                assert!(head.starts_with("POST /findings/import HTTP/1.1\r\n"), "{head}");
                assert!(head.contains("/us-east-1/securityhub/aws4_request"), "{head}");
                request(body)
            })
            .map(|finding| {
                ["AwsAccountId", "Id", "RecordState"].map(|name| finding[name].as_str().unwrap().to_owned())
            })
            .collect();
        arrived.sort();
        arrived
    };
    let expected = |rows: &[(u64, String, &str)]| {
        let row = |(number, id, state): &(u64, String, &str)| {
            [account(*number).to_string(), id.clone(), (*state).to_owned()]
        };
        let mut rows: Vec<[String; 3]> = rows.iter().map(row).collect();
        rows.sort();
        rows
    };
    let key = |number: u64, key: &str| format!("{}:{key}", account(number));
    scan(&[]);
    let organization = arrived(0).iter().find(|row| row[1].starts_with("o-")).unwrap()[1].clone();
    let coverage =
        [(1, organization, "ACTIVE"), (1, key(1, "coverage"), "ACTIVE"), (1, key(2, "coverage"), "ACTIVE")];
    let both = [(1, key(1, OLD), "ACTIVE"), (2, key(2, OTHER), "ACTIVE")];
    assert_eq!(arrived(0), expected(&[&coverage[..], &both].concat()));
    let signers = |after: usize| {
        let signer =
            |(head, _): &Call| header(head, "authorization").unwrap().split('/').next().unwrap().to_owned();
        let mut signers: Vec<String> = hub.calls()[after..].iter().map(signer).collect();
        signers.sort();
        signers.dedup();
        signers.len()
    };
    assert_eq!(signers(0), 2, "each account with its own credentials");

    aws.sim.edit(|world| {
        world.account(account(2)).user("alice").key(OTHER, days_ago(80)).activated(days_ago(0));
    });
    let switched = days_ago(0);
    wait_until(|| days_ago(0) > switched);
    let before = hub.calls().len();
    scan(&["--exhaustive", "--fresh"]);
    let closed = [(1, key(1, OLD), "ACTIVE"), (2, key(2, OTHER), "ARCHIVED")];
    assert_eq!(arrived(before), expected(&[&coverage[..], &closed].concat()));

    // A scan whose deliveries were missed has left nothing behind: the next one that delivers closes what it should have.
    let before = hub.calls().len();
    scan(&["--exhaustive", "--fresh"]);
    assert_eq!(arrived(before), expected(&[&coverage[..], &closed].concat()));
}
