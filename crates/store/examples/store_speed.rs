//! How fast the store is. Fills one with scans, and prints what took how long, in seconds, as JSON. The processor's
//! time (`cpu`) is that of the whole program, with making the scans up.
//!
//!     cargo run --release -p keysweep-store --features sqlite,postgres --example store_speed -- STORE SCANS ACCOUNTS KEYS
//!
//! `KEYS` are those of one account, each inactive and found by every scan.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement: what fails, fails it")]

use std::time::Instant as Stopwatch;

use futures_util::StreamExt as _;
use keysweep_core::account::{Account, AccountId, CallerIdentity, Organization, Partition, Tags};
use keysweep_core::archive::KeyQuery;
use keysweep_core::assessment::{
    AccountAssessment, AccountStatus, Assessment, CallCount, CallCounts, Method, Scope,
};
use keysweep_core::call::Call;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Claim, Confidence, EarliestGround, Grounds, LatestGround};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, Owner, UserName};
use keysweep_core::memory::{Begun, ListedUser, Listing, RowIdentity, Seen, Selection};
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Archive, Store};
use keysweep_core::time::{Instant, Interval, SignedDuration, Span};
use keysweep_store::{Location, Sql};

const DAY: i64 = 86_400;

fn account_id(number: u64) -> AccountId {
    AccountId::from_number(111_111_000_000 + number).unwrap()
}

/// Ids as AWS makes them since 2019: the account's number in base 32 after `AKIA`, then what nobody can guess.
fn key_id(account: u64, key: u64) -> AccessKeyId {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |bits: u64| char::from(alphabet[usize::try_from(bits & 31).unwrap()]);
    let mut id = String::from("AKIA");
    id.extend((0..8).rev().map(|place| letter(account_id(account).number() >> (5 * place))));
    let mut mixed = account * 1_000_003 + key;
    for _ in 0..8 {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(key + 1);
        id.push(letter(mixed >> 59));
    }
    id.parse().unwrap()
}

fn user(account: u64, key: u64) -> UserName {
    format!("service-{account}-{key}").parse().unwrap()
}

fn arn(account: u64, key: u64) -> String {
    format!("arn:aws:iam::{}:user/{}", account_id(account), user(account, key))
}

fn change(account: u64, key: u64, now: i64) -> StatusChange {
    StatusChange {
        at: Instant::from_unix(now - 50 * DAY),
        status: KeyStatus::Inactive,
        key: key_id(account, key),
        target: Target::User(user(account, key)),
        account: Some(account_id(account)),
        event: EventId::new(&format!("{account:08x}-{key:04x}-4000-8000-0123456789ab")),
        actor: Some(format!("arn:aws:iam::{}:user/admin", account_id(account))),
        source_ip: Some("198.51.100.17".into()),
        source: ChangeSource::EventHistory,
    }
}

fn finding(account: u64, key: u64, start: i64, now: i64) -> Finding {
    let observed = |at: i64, source| {
        let at = Instant::from_unix(at);
        Evidence::Observed(Observation { from: at, to: at, status: KeyStatus::Inactive, source })
    };
    let mut evidence = vec![Evidence::Created(Instant::from_unix(start - 400 * DAY))];
    if key.is_multiple_of(10) {
        evidence.push(Evidence::Changed(change(account, key, start)));
    }
    if now > start {
        evidence.push(observed(start, ObservationSource::EarlierScan("20240101T000000Z-00000000".into())));
    }
    evidence.push(observed(now - 1, ObservationSource::CredentialReport));
    evidence.push(observed(now, ObservationSource::ListAccessKeys));
    Finding {
        account: account_id(account),
        owner: Owner::User { name: user(account, key), arn: arn(account, key) },
        key: Some(key_id(account, key)),
        created: Instant::from_unix(start - 400 * DAY),
        verdict: Verdict::LongTerm,
        inactive_since: Claim {
            as_of: Instant::from_unix(now - 7200),
            interval: Interval::new(
                Instant::from_unix(start - 400 * DAY),
                Instant::from_unix(start - 90 * DAY),
            )
            .unwrap(),
            confidence: Confidence::Proven,
            grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::CoverageBegins },
        },
        assertion: Assertion::NotUsed,
        known_by: None,
        last_used: LastUsed::At {
            at: Instant::from_unix(start - 200 * DAY - i64::try_from(key).unwrap() * 977),
            service: Some("s3".into()),
            region: Some("eu-central-1".into()),
        },
        used_since: None,
        contradictions: Vec::new(),
        evidence,
        tags: Some(Tags::from([("owner".into(), format!("team-{}@example.com", key % 17))])),
        exemption: None,
        assessed_at: Instant::from_unix(now),
    }
}

fn result(account: u64, keys: u64, start: i64, now: i64) -> AccountAssessment {
    let calls = [Call::AssumeRole, Call::GetCredentialReport, Call::ListAccessKeys, Call::LookupEvents];
    AccountAssessment {
        account: Account { name: Some(format!("account-{account}")), ..Account::alone(account_id(account)) },
        status: AccountStatus::Complete,
        method: Some(Method::CredentialReport),
        users: Some(10 * keys),
        coverage: Coverage::from_spans(Span::new(
            Instant::from_unix(start - 90 * DAY),
            Instant::from_unix(now - 7200),
        )),
        asserted: Coverage::none(),
        findings: (0..keys).map(|key| finding(account, key, start, now)).collect(),
        problems: Vec::new(),
        calls: calls.into_iter().map(|call| (call, CallCount { sent: 3, throttled: 0 })).collect(),
        assessed_at: Some(Instant::from_unix(now)),
    }
}

fn seen(account: u64, keys: u64, scan: &str, start: i64, now: i64) -> Seen {
    let at = Instant::from_unix(now);
    let row = |key| RowIdentity {
        user: user(account, key),
        arn: arn(account, key),
        created: Instant::from_unix(start - 401 * DAY),
        slots: [Some((KeyStatus::Inactive, Instant::from_unix(start - 400 * DAY))), None],
    };
    let look = |key| {
        let source = ObservationSource::ListAccessKeys;
        (key_id(account, key), Observation { from: at, to: at, status: KeyStatus::Inactive, source })
    };
    Seen {
        coverage: Coverage::from_spans(Span::new(
            at - SignedDuration::from_hours(90 * 24),
            at - SignedDuration::from_hours(2),
        )),
        changes: if now == start {
            (0..keys).step_by(10).map(|key| change(account, key, start)).collect()
        } else {
            Vec::new()
        },
        observations: (0..keys).map(look).collect(),
        listing: Some(Listing {
            users: (0..keys)
                .map(|key| ListedUser {
                    row: row(key),
                    keys: vec![AccessKey {
                        id: key_id(account, key),
                        status: ListedStatus::Known(KeyStatus::Inactive),
                        created: Instant::from_unix(start - 400 * DAY),
                    }],
                    scan: scan.to_owned(),
                    from: at,
                    to: at,
                    tags: None,
                })
                .collect(),
            vouched: Vec::new(),
            vouched_at: at,
        }),
    }
}

/// The time that the store takes to keep one scan; making the scan up is not part of it.
async fn keep(store: &Sql, id: &str, accounts: u64, keys: u64, start: i64, now: i64) -> f64 {
    let assessment = Assessment {
        id: id.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scope: Scope::Organization(Organization {
            id: "o-example".into(),
            management_account: account_id(0),
        }),
        caller: CallerIdentity {
            account: account_id(0),
            arn: "arn:aws:sts::111111000000:assumed-role/audit/keysweep".into(),
            partition: Partition::Aws,
        },
        policy: Policy::default(),
        started_at: Instant::from_unix(now - 60),
        finished_at: Instant::from_unix(now),
        accounts: (0..accounts).map(|account| result(account, keys, start, now)).collect(),
        problems: Vec::new(),
        calls: CallCounts::default(),
    };
    let seen: Vec<Seen> = (0..accounts).map(|account| seen(account, keys, id, start, now)).collect();
    let begun = Begun {
        selection: Selection::default(),
        id: assessment.id.clone(),
        version: assessment.version.clone(),
        scope: assessment.scope.clone(),
        caller: assessment.caller.clone(),
        policy: assessment.policy,
        started_at: assessment.started_at,
    };
    let watch = Stopwatch::now();
    store.begin(&begun).await.unwrap();
    // As a scan does: the results of several accounts wait to be kept at the same time.
    futures_util::stream::iter(assessment.accounts.iter().zip(&seen))
        .for_each_concurrent(8, |(result, seen)| async { store.keep(id, result, seen).await.unwrap() })
        .await;
    store.finish(&assessment).await.unwrap();
    watch.elapsed().as_secs_f64()
}

/// The middle of five runs.
macro_rules! timed {
    ($work:expr) => {{
        let mut times = Vec::new();
        for _ in 0..5 {
            let began = Stopwatch::now();
            let _ = $work;
            times.push(began.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        times[2]
    }};
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let location: Location = arguments.next().unwrap().parse().unwrap();
    let mut number = || arguments.next().unwrap().parse::<u64>().unwrap();
    let (scans, accounts, keys) = (number(), number(), number());
    let start = 1_700_000_000;
    let store = Sql::open(&location).await.unwrap();
    let mut kept = Vec::new();
    for scan in 0..scans {
        let now = start + i64::try_from(scan).unwrap() * DAY;
        kept.push(keep(&store, &format!("scan-{scan:06}"), accounts, keys, start, now).await);
    }
    let (first, last) = (kept[0], kept[kept.len() - 1]);
    kept.sort_by(f64::total_cmp);
    let key = key_id(accounts / 2, keys / 2);
    let account = account_id(accounts / 2);
    let history = timed!(store.scans().await.unwrap());
    let recall = timed!(store.recall(account).await.unwrap());
    let explain = timed!({
        let found = store.find_keys(&KeyQuery::IdPrefix(key.as_str()[..16].to_owned())).await.unwrap();
        let newest = store.scans_of(found[0].account).await.unwrap().remove(0);
        store.account_result(&newest, account).await.unwrap().unwrap();
        store.recall(account).await.unwrap()
    });
    println!(
        "{{\"key\": \"{key}\", \"first_scan\": {first}, \"middle_scan\": {}, \"last_scan\": {last}, \"history\": {history}, \"recall\": {recall}, \"explain\": {explain}}}",
        kept[kept.len() / 2]
    );
}
