//! What is sent elsewhere arrives, is sent again where that may help, and what does not arrive is told one by one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep_app::deliver::{Delivered, import_findings, post_files, put_files};
use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::delivery::{
    Batch, Destination, File, HookSecret, Imported, Post, PostError, RefusedFinding, Undelivered, What, Why,
};
use keysweep_core::ports::{Buckets, Clock, FindingImport, SecurityHubs, WebHooks};
use keysweep_core::time::Instant;

const PATIENCE: Duration = Duration::from_mins(5);

/// Tokio's time, which runs ahead whenever everybody waits.
struct Time(tokio::time::Instant);

impl Clock for Time {
    fn now(&self) -> Instant {
        Instant::from_unix(0)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

fn time() -> Time {
    Time(tokio::time::Instant::now())
}

fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

fn error(call: Call, kind: CallErrorKind) -> CallError {
    CallError { call, kind, code: None, message: "no".to_owned(), request_id: None }
}

fn batch(number: u64, ids: &[&str]) -> Batch {
    Batch {
        account: account(number),
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        body: ids.join(",").into_bytes(),
    }
}

const fn taken(count: usize) -> Imported {
    Imported { taken: count, refused: Vec::new() }
}

/// Answers, by account, in order; an account without one more takes what it is given.
#[derive(Clone, Default)]
struct Hubs {
    answers: Arc<Mutex<BTreeMap<AccountId, VecDeque<CallResult<Imported>>>>>,
    entering: Arc<Mutex<BTreeMap<AccountId, VecDeque<CallErrorKind>>>>,
    log: Arc<Mutex<Vec<String>>>,
}

struct Hub {
    account: AccountId,
    hubs: Hubs,
}

impl Hubs {
    fn answering(self, number: u64, answers: impl IntoIterator<Item = CallResult<Imported>>) -> Self {
        self.answers.lock().unwrap().insert(account(number), answers.into_iter().collect());
        self
    }

    fn log(&self) -> Vec<String> {
        let mut log = self.log.lock().unwrap().clone();
        log.sort();
        log
    }
}

impl SecurityHubs for Hubs {
    type Hub = Hub;

    fn own_hub(&self) -> Hub {
        Hub { account: account(1), hubs: self.clone() }
    }

    async fn enter_hub(&self, account: AccountId) -> CallResult<Hub> {
        self.log.lock().unwrap().push(format!("enter {account}"));
        if let Some(kind) = self.entering.lock().unwrap().get_mut(&account).and_then(VecDeque::pop_front) {
            return Err(error(Call::AssumeRole, kind));
        }
        Ok(Hub { account, hubs: self.clone() })
    }
}

impl FindingImport for Hub {
    async fn batch_import_findings(&self, request: &[u8]) -> CallResult<Imported> {
        let text = String::from_utf8(request.to_vec()).unwrap();
        self.hubs.log.lock().unwrap().push(format!("{} {text}", self.account));
        let answer = self.hubs.answers.lock().unwrap().get_mut(&self.account).and_then(VecDeque::pop_front);
        answer.unwrap_or_else(|| Ok(taken(text.split(',').count())))
    }
}

async fn import(hubs: &Hubs, batches: Vec<Batch>) -> Delivered {
    import_findings(hubs, account(1), batches, &time(), PATIENCE).await
}

#[tokio::test(start_paused = true)]
async fn each_account_takes_its_own_findings_and_is_entered_once() {
    let hubs = Hubs::default();
    let batches = vec![batch(1, &["a", "b"]), batch(2, &["c"]), batch(1, &["d"]), batch(2, &["e", "f"])];
    assert_eq!(import(&hubs, batches).await, Delivered { arrived: 6, missing: Vec::new() });
    assert_eq!(
        hubs.log(),
        ["000000000001 a,b", "000000000001 d", "000000000002 c", "000000000002 e,f", "enter 000000000002"]
    );
}

#[tokio::test(start_paused = true)]
async fn throttles_and_faults_are_sent_again_and_refusals_are_not() {
    let call = Call::BatchImportFindings;
    let throttled = || Err(error(call, CallErrorKind::Throttled));
    let faulty = || Err(error(call, CallErrorKind::Unavailable));
    let hubs = Hubs::default()
        .answering(1, [throttled(), faulty(), throttled(), Ok(taken(1))])
        .answering(2, [Err(error(call, CallErrorKind::Denied))]);
    let delivered = import(&hubs, vec![batch(1, &["a"]), batch(2, &["b", "c"])]).await;
    assert_eq!(delivered.arrived, 1);
    assert_eq!(
        delivered.missing,
        [Undelivered {
            what: What::Findings(account(2), 2),
            why: Why::Call(error(call, CallErrorKind::Denied))
        }]
    );
    assert_eq!(hubs.log().iter().filter(|line| *line == "000000000001 a").count(), 4);
    assert_eq!(hubs.log().iter().filter(|line| *line == "000000000002 b,c").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_stays_broken_is_given_up_and_the_other_accounts_are_served() {
    let call = Call::BatchImportFindings;
    let hubs = Hubs::default().answering(1, (0..50).map(|_| Err(error(call, CallErrorKind::Unavailable))));
    hubs.entering.lock().unwrap().insert(account(2), vec![CallErrorKind::Denied; 9].into());
    let batches = vec![batch(1, &["a"]), batch(2, &["b"]), batch(2, &["c"]), batch(3, &["d"])];
    let delivered = import(&hubs, batches).await;
    assert_eq!(delivered.arrived, 1, "{delivered:?}");
    let missing: Vec<_> = delivered.missing.into_iter().map(|missing| missing.what).collect();
    assert_eq!(missing, [What::Findings(account(1), 1), What::Findings(account(2), 2)]);
    assert_eq!(hubs.log().iter().filter(|line| *line == "000000000001 a").count(), 5);
    assert_eq!(hubs.log().iter().filter(|line| *line == "enter 000000000002").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_finding_that_is_refused_is_told_and_so_is_silence() {
    let refused = |id: &str| RefusedFinding {
        id: id.to_owned(),
        code: "InvalidInput".to_owned(),
        message: "too long".to_owned(),
    };
    let some = Ok(Imported { taken: 1, refused: vec![refused("b")] });
    let hubs = Hubs::default().answering(1, [some, Ok(taken(1))]);
    let delivered = import(&hubs, vec![batch(1, &["a", "b"]), batch(1, &["c", "d", "e"])]).await;
    let why = Why::Refused { code: "InvalidInput".to_owned(), message: "too long".to_owned() };
    assert_eq!(
        delivered,
        Delivered {
            arrived: 2,
            missing: vec![
                Undelivered { what: What::Finding("b".to_owned()), why },
                Undelivered { what: What::Findings(account(1), 2), why: Why::Unanswered },
            ],
        }
    );
}

fn files() -> Vec<File> {
    let file = |format, name, text: &str| File {
        format,
        name,
        media_type: "text/plain",
        bytes: text.as_bytes().to_vec(),
    };
    vec![file("json", "assessment.json", "{}"), file("csv", "findings.csv", "a,b")]
}

/// Keeps what it is given; the first answers are these.
#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
    puts: Mutex<VecDeque<CallErrorKind>>,
    posts: Mutex<VecDeque<PostError>>,
    calls: Mutex<usize>,
}

impl Buckets for Shelf {
    async fn put_object(&self, bucket: &str, key: &str, media_type: &str, bytes: &[u8]) -> CallResult<()> {
        *self.calls.lock().unwrap() += 1;
        assert_eq!(media_type, "text/plain");
        if let Some(kind) = self.puts.lock().unwrap().pop_front() {
            return Err(error(Call::PutObject, kind));
        }
        self.kept.lock().unwrap().insert(format!("{bucket}:{key}"), bytes.to_vec());
        Ok(())
    }
}

impl WebHooks for Shelf {
    async fn post(&self, post: Post<'_>) -> Result<(), PostError> {
        *self.calls.lock().unwrap() += 1;
        if let Some(error) = self.posts.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.kept
            .lock()
            .unwrap()
            .insert(format!("{}:{}", post.scan, post.file.name), post.file.bytes.clone());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn files_go_to_keys_of_the_scan_and_a_second_time_replaces_them() {
    let shelf = Shelf::default();
    let Ok(Destination::Bucket(place)) = "s3://reports/daily".parse() else { panic!("it is a bucket") };
    shelf.puts.lock().unwrap().extend([CallErrorKind::Throttled, CallErrorKind::Unavailable]);
    for _ in 0..2 {
        let delivered = put_files(&shelf, &place, "scan-1", &files(), &time(), PATIENCE).await;
        assert_eq!(delivered, Delivered { arrived: 2, missing: Vec::new() });
    }
    let kept = shelf.kept.lock().unwrap();
    let keys: Vec<_> = kept.keys().collect();
    assert_eq!(keys, ["reports:daily/scan-1/assessment.json", "reports:daily/scan-1/findings.csv"]);
    assert_eq!(*shelf.calls.lock().unwrap(), 6);
}

#[tokio::test(start_paused = true)]
async fn hooks_are_called_again_when_they_ask_for_it_and_only_then() {
    let post = |may_pass, wait: Option<u64>| PostError {
        may_pass,
        wait: wait.map(Duration::from_secs),
        message: "no".to_owned(),
    };
    let Ok(Destination::Hook(url)) = "https://hooks.example.com/x".parse() else { panic!("it is a hook") };
    let secret = HookSecret::new(vec![7; 32]).unwrap();
    for (errors, arrived, calls, seconds) in [
        (vec![post(true, None), post(true, Some(30))], 2, 4, 31),
        // A receiver that wants an hour is not waited for.
        (vec![post(true, Some(3600))], 1, 2, 0),
        (vec![post(false, None)], 1, 2, 0),
        (vec![post(true, None); 5], 1, 6, 15),
    ] {
        let shelf = Shelf::default();
        shelf.posts.lock().unwrap().extend(errors.clone());
        let clock = time();
        let delivered = post_files(&shelf, &url, &secret, "scan-1", &files(), &clock).await;
        assert_eq!((delivered.arrived, *shelf.calls.lock().unwrap()), (arrived, calls), "{errors:?}");
        assert_eq!(delivered.missing.len(), 2 - arrived, "{errors:?}");
        assert_eq!(clock.elapsed().as_secs(), seconds, "{errors:?}");
    }
}
