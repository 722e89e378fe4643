//! Looking after a store: check, prune, export and import; several processes; migrations.

use std::io::Cursor;

use keysweep_core::account::AccountId;
use keysweep_core::archive::Imported;
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::coverage::Coverage;
use keysweep_core::infer::{Change, KeyHistory, Look, infer};
use keysweep_core::key::KeyStatus;
use keysweep_core::memory::{Remembered, Seen};
use keysweep_core::ports::{Archive, Store};
use keysweep_core::time::{Instant, Span};
use keysweep_store::{InMemory, Location, Sql, StoreErrorKind};

use crate::arbitrary::{Any, begun};
use crate::places::Place;

/// These tests on each database.
macro_rules! on_each_database {
    ($($test:ident)*) => {
        on_each_database!(@ sqlite: $($test)*);
        #[cfg(feature = "test-postgres")]
        on_each_database!(@ postgres: $($test)*);
    };
    (@ $place:ident: $($test:ident)*) => {
        mod $place {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() {
                super::$test(&crate::places::$place().await).await;
            })*
        }
    };
}

on_each_database! {
    a_filled_store_is_sound
    damaged_documents_are_told
    an_export_fills_an_empty_store_alike_and_a_full_one_not_at_all
    a_damaged_export_changes_nothing
    pruning_keeps_what_verdicts_rest_on
    two_processes_at_once_lose_and_double_nothing
    a_newer_store_is_refused
    a_store_of_version_1_is_migrated_and_loses_nothing
}

fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

/// Some scans of a few accounts, one of them unfinished; their assessments.
async fn fill(store: &Sql) -> Vec<Assessment> {
    let mut assessments = Vec::new();
    for seed in 0..12_u8 {
        let mut any = Any::of(seed.into());
        let mut assessment = any.assessment(&format!("scan-{seed:02}"));
        assessment.started_at = at(1_000 * i64::from(seed));
        assessment.accounts = (1..=3).map(|id| any.account_assessment(account(id))).collect();
        store.begin(&begun(&assessment)).await.unwrap();
        for result in &assessment.accounts {
            store.keep(&assessment.id, result, &any.seen()).await.unwrap();
        }
        if seed != 7 {
            store.finish(&assessment).await.unwrap();
        }
        assessments.push(assessment);
    }
    let mut any = Any::of(99);
    let imported = Imported { changes: vec![any.change(), any.change()], asserted: any.coverage() };
    store.import(account(4), &imported).await.unwrap();
    assessments
}

async fn a_filled_store_is_sound(place: &Place<Sql>) {
    fill(&place.store).await;
    let checked = Sql::check(&place.location).await.unwrap();
    assert_eq!(checked.faults, Vec::<String>::new());
    assert_eq!((checked.scans, checked.unfinished, checked.accounts), (12, 1, 4));
}

async fn damaged_documents_are_told(place: &Place<Sql>) {
    fill(&place.store).await;
    for (damage, told) in [
        (
            "update results set result = substr(result, 1, 20) where scan = 'scan-03' and account = 2",
            "scan scan-03",
        ),
        (
            "update scans set totals = (select totals from scans where id = 'scan-01') where id = 'scan-04'",
            "scan scan-04",
        ),
        ("update scans set ended = null where id = 'scan-05'", "scan scan-05: it has half an end"),
        (
            "delete from results where scan = 'scan-06' and account = 1",
            "scan scan-06: its results do not add up",
        ),
        ("update changes set status = 'Off' where account = 4", "account 000000000004"),
        ("update coverage set to_at = from_at where account = 4", "account 000000000004"),
        (
            "update accounts set looks = result from results where results.account = accounts.id and accounts.id = 1",
            "account 000000000001",
        ),
    ] {
        place.execute(damage).await;
        let faults = Sql::check(&place.location).await.unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains(told)), "{damage}: {faults:?}");
    }
}

async fn everything(store: &Sql, assessments: &[Assessment]) -> (Vec<Remembered>, Vec<Option<Assessment>>) {
    let mut remembered = Vec::new();
    for id in 1..=4 {
        remembered.push(store.recall(account(id)).await.unwrap());
    }
    let mut loaded = Vec::new();
    for assessment in assessments {
        loaded.push(store.assessment(&assessment.id).await.unwrap());
    }
    (remembered, loaded)
}

async fn exported(store: &Sql) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.export(&mut bytes).await.unwrap();
    bytes
}

async fn an_export_fills_an_empty_store_alike_and_a_full_one_not_at_all(place: &Place<Sql>) {
    let assessments = fill(&place.store).await;
    let first = exported(&place.store).await;
    let other = Sql::open(&Location::None).await.unwrap();
    let brought = other.import_all(&mut Cursor::new(&first)).await.unwrap();
    assert_eq!((brought.scans, brought.results), (12, 36));
    assert_eq!(everything(&other, &assessments).await, everything(&place.store, &assessments).await);
    assert_eq!(other.scans().await.unwrap(), place.store.scans().await.unwrap());
    let again = other.import_all(&mut Cursor::new(&first)).await.unwrap();
    assert_eq!((again.scans, again.results, again.changes), (0, 0, 0));
    let second = exported(&other).await;
    assert_eq!(String::from_utf8(second).unwrap(), String::from_utf8(first).unwrap());
    // And back into where it came from.
    place.store.import_all(&mut Cursor::new(exported(&other).await)).await.unwrap();
    assert_eq!(everything(&other, &assessments).await, everything(&place.store, &assessments).await);
}

async fn a_damaged_export_changes_nothing(place: &Place<Sql>) {
    let source = Sql::open(&Location::None).await.unwrap();
    fill(&source).await;
    let whole = String::from_utf8(exported(&source).await).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without_last = lines[..lines.len() - 1].join("\n");
    let one_lost = [&lines[..5], &lines[6..]].concat().join("\n");
    let other = whole.replacen("keysweep.state/v1", "keysweep.state/v2", 1);
    let cut = &whole[..whole.len() / 2];
    let deaf = whole.replacen("\"event_history\"", "\"hearsay\"", 1);
    for (text, line, reason) in [
        (without_last.as_str(), lines.len(), "cut off"),
        (one_lost.as_str(), lines.len() - 1, "lines came before it"),
        (other.as_str(), 1, "keysweep.state/v2"),
        (deaf.as_str(), 0, "hearsay"),
        (cut, 0, "it is no line of an export"),
        ("", 1, "cut off"),
        ("{\"events\":[]}\n", 1, "it is no line of an export"),
        (lines[2], 1, "does not name the schema"),
    ] {
        let error = place.store.import_all(&mut Cursor::new(text)).await.unwrap_err().to_string();
        assert!(error.contains(reason) && error.starts_with("line "), "{error}");
        assert!(line == 0 || error.starts_with(&format!("line {line}: ")), "{line}: {error}");
        assert!(place.store.scans().await.unwrap().is_empty());
        assert_eq!(place.store.recall(account(1)).await.unwrap(), Remembered::default());
    }
}

/// What follows for every key from what is remembered.
fn verdicts(remembered: &Remembered, now: Instant) -> Vec<String> {
    let mut keys: Vec<_> = remembered.observations.iter().map(|(key, _)| key.clone()).collect();
    keys.dedup();
    let of_key = |key| {
        let of_it = |(other, look): &(_, keysweep_core::evidence::Observation)| {
            (*other == key).then_some(Look { from: look.from, to: look.to, status: look.status })
        };
        let looks: Vec<Look> = remembered.observations.iter().filter_map(of_it).collect();
        let changes: Vec<Change> = remembered
            .changes
            .iter()
            .filter(|change| change.key == key)
            .map(|change| Change { at: change.at, status: change.status })
            .collect();
        let inference = infer(&KeyHistory {
            created: at(0),
            changes: &changes,
            looks: &looks,
            seen: Look { from: now, to: now, status: KeyStatus::Inactive },
            coverage: &remembered.coverage,
            asserted: &remembered.asserted,
            settled_until: remembered.coverage.spans().last().map(|span| span.to()),
            now,
        });
        format!("{key}: {inference:?}")
    };
    keys.into_iter().map(of_key).collect()
}

/// A year of scans, with what each saw.
async fn live(stores: &[&dyn Keeps], from_seed: u64) -> Instant {
    let mut any = Any::of(from_seed);
    let mut now = 1_000;
    for scan in 0..60 {
        now += any.0.i64(1..20);
        let mut assessment = any.assessment(&format!("{scan:03}"));
        assessment.started_at = at(now);
        assessment.scope = Scope::Account;
        assessment.caller.account = account(1);
        assessment.accounts = vec![any.account_assessment(account(1))];
        let mut saw = Seen::default();
        for _ in 0..6 {
            let mut look = any.observation();
            (look.from, look.to) = (at(now - any.0.i64(0..3)), at(now));
            saw.observations.push((any.key(), look));
        }
        if any.0.f64() < 0.3 {
            let mut change = any.change();
            change.at = at(now - any.0.i64(0..30));
            saw.changes.push(change);
        }
        if any.0.f64() < 0.7 {
            saw.coverage = Coverage::from_spans(Span::new(at(now - any.0.i64(5..25)), at(now - 2)));
        }
        for store in stores {
            store.keep_whole(&assessment, &saw).await;
        }
    }
    at(now + 1)
}

/// A store that takes a whole scan of one account.
trait Keeps {
    fn keep_whole<'a>(
        &'a self,
        assessment: &'a Assessment,
        seen: &'a Seen,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;
}

impl<S: Store> Keeps for S {
    fn keep_whole<'a>(
        &'a self,
        assessment: &'a Assessment,
        seen: &'a Seen,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async move {
            self.begin(&begun(assessment)).await.unwrap();
            self.keep(&assessment.id, &assessment.accounts[0], seen).await.unwrap();
            self.finish(assessment).await.unwrap();
        })
    }
}

async fn pruning_keeps_what_verdicts_rest_on(place: &Place<Sql>) {
    let memory = InMemory::new();
    let now = live(&[&memory, &place.store], 11).await;
    let (all, kept) =
        (memory.recall(account(1)).await.unwrap(), place.store.recall(account(1)).await.unwrap());
    assert!(kept.observations.len() < all.observations.len(), "nothing was condensed");
    assert_eq!(verdicts(&kept, now), verdicts(&all, now));

    let before = place.store.scans().await.unwrap();
    let pruned = place.store.prune(now).await.unwrap();
    assert!(pruned.removed > 20, "{pruned:?}");
    let after = place.store.scans().await.unwrap();
    assert_eq!(after.len(), before.len() - pruned.removed);
    assert_eq!(after.first(), before.first(), "the newest scan stays");
    assert_eq!(place.store.recall(account(1)).await.unwrap(), kept);
    assert!(place.store.assessment(&after[0].begun.id).await.unwrap().is_some());
    assert_eq!(Sql::check(&place.location).await.unwrap().faults, Vec::<String>::new());
    assert_eq!(place.store.prune(now).await.unwrap().removed, 0, "pruning again finds nothing");
}

async fn two_processes_at_once_lose_and_double_nothing(place: &Place<Sql>) {
    // Two stores opened by themselves share nothing but the database, as two processes do.
    let stores = [Sql::open(&place.location).await.unwrap(), Sql::open(&place.location).await.unwrap()];
    let one = Any::of(5).change();
    let work = stores.into_iter().enumerate().map(|(number, store)| {
        let one = one.clone();
        tokio::spawn(async move {
            let mut assessments = Vec::new();
            for scan in 0..15 {
                let mut any = Any::of(scan * 2 + number as u64);
                let mut assessment = any.assessment(&format!("{number}-{scan}"));
                assessment.accounts = (1..=4).map(|id| any.account_assessment(account(id))).collect();
                store.begin(&begun(&assessment)).await.unwrap();
                for result in &assessment.accounts {
                    let second = i64::try_from(scan).unwrap();
                    let mut seen = any.seen();
                    seen.coverage = Coverage::from_spans(Span::new(at(second), at(second + 1)));
                    seen.changes = vec![one.clone()];
                    store.keep(&assessment.id, result, &seen).await.unwrap();
                }
                store.finish(&assessment).await.unwrap();
                assessments.push(assessment);
            }
            assessments
        })
    });
    let work: Vec<_> = work.collect();
    for done in work {
        for assessment in done.await.unwrap() {
            assert_eq!(place.store.assessment(&assessment.id).await.unwrap(), Some(assessment));
        }
    }
    for id in 1..=4 {
        let remembered = place.store.recall(account(id)).await.unwrap();
        assert_eq!(remembered.changes, std::slice::from_ref(&one));
        assert_eq!(remembered.coverage, Coverage::from_spans(Span::new(at(0), at(15))));
    }
    let checked = Sql::check(&place.location).await.unwrap();
    assert_eq!((checked.faults, checked.scans, checked.unfinished), (Vec::new(), 30, 0));
}

async fn a_newer_store_is_refused(place: &Place<Sql>) {
    place.execute("update keysweep_schema set version = 1000").await;
    let error = Sql::open(&place.location).await.err().unwrap();
    assert!(matches!(error.kind, StoreErrorKind::Newer { found: 1000, .. }), "{error}");
    assert!(error.to_string().contains("was made by a newer keysweep"), "{error}");
    assert!(matches!(Sql::check(&place.location).await.unwrap_err().kind, StoreErrorKind::Newer { .. }));
    place.execute("delete from keysweep_schema").await;
    let error = Sql::open(&place.location).await.err().unwrap();
    assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
}

/// Version 1 had no tables of the clean-up.
async fn a_store_of_version_1_is_migrated_and_loses_nothing(place: &Place<Sql>) {
    let assessments = fill(&place.store).await;
    let newest = Sql::check(&place.location).await.unwrap().schema;
    for statement in [
        "drop table publications",
        "drop table journal",
        "drop table leases",
        "drop table exemptions",
        "drop table approvals",
        "drop table plans",
        "update keysweep_schema set version = 1",
    ] {
        place.execute(statement).await;
    }
    let store = Sql::open(&place.location).await.unwrap();
    let checked = Sql::check(&place.location).await.unwrap();
    assert_eq!((checked.schema, checked.faults), (newest, Vec::new()));
    for assessment in &assessments {
        let kept = store.assessment(&assessment.id).await.unwrap();
        assert!(kept.is_none_or(|kept| kept == *assessment), "{}", assessment.id);
    }
    place.execute("select count(*) from journal").await;
}

#[tokio::test]
async fn two_processes_may_make_the_same_store_at_once() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::File(directory.path().join("state.db"));
        let open = || {
            let location = location.clone();
            tokio::spawn(async move { Sql::open(&location).await.map(drop) })
        };
        let (one, other) = (open(), open());
        one.await.unwrap().unwrap();
        other.await.unwrap().unwrap();
        assert_eq!(Sql::check(&location).await.unwrap().schema, 5);
    }
}

#[tokio::test]
async fn check_makes_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::File(directory.path().join("state.db"));
    assert_eq!(Sql::check(&location).await.unwrap_err().kind, StoreErrorKind::NotOpened);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
