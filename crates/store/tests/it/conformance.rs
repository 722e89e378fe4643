//! What every store does alike.

use std::collections::BTreeSet;

use keysweep_core::account::AccountId;
use keysweep_core::archive::{Finished, Imported, KeyQuery, KnownKey, ScanRecord};
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{Observation, ObservationSource, StatusChange, Target};
use keysweep_core::key::{AccessKeyId, KeyStatus};
use keysweep_core::memory::{Remembered, Seen};
use keysweep_core::ports::Archive;
use keysweep_core::time::{Instant, Span};
use keysweep_core::totals::Totals;
use keysweep_store::{StoreError, StoreErrorKind};

use crate::arbitrary::{Any, begun};
use crate::places::suite;

suite! {
    what_was_kept_comes_back_equal
    a_scan_that_did_not_finish_is_never_whole
    an_account_is_kept_once
    scans_are_listed_newest_first
    covered_spans_are_joined
    a_change_is_known_by_its_event
    what_was_imported_is_recalled_and_importing_again_changes_nothing
    the_last_listing_holds
    looks_are_recalled_with_the_scans_that_took_them
    keys_are_found_by_prefix_and_by_user
    accounts_do_not_see_each_other
}

fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind
}

fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

fn covered(spans: &[(i64, i64)]) -> Coverage {
    Coverage::from_spans(spans.iter().map(|(from, to)| Span::new(at(*from), at(*to)).unwrap()))
}

fn key(number: u64) -> AccessKeyId {
    format!("AKIA{number:016}").parse().unwrap()
}

/// Keeps a whole assessment in which nothing else was seen.
async fn keep<S: Archive<Error = StoreError>>(store: &S, assessment: &Assessment) {
    store.begin(&begun(assessment)).await.unwrap();
    for result in &assessment.accounts {
        store.keep(&assessment.id, result, &Seen::default()).await.unwrap();
    }
    store.finish(assessment).await.unwrap();
}

/// Begins a scan, keeps one account of it with what was seen, and leaves it there.
async fn see<S: Archive<Error = StoreError>>(store: &S, scan: &str, id: AccountId, seen: &Seen) {
    let mut any = Any::of(7);
    let mut assessment = any.assessment(scan);
    assessment.started_at = at(0);
    let mut result = any.account_assessment(id);
    result.findings.clear();
    store.begin(&begun(&assessment)).await.unwrap();
    store.keep(scan, &result, seen).await.unwrap();
}

async fn what_was_kept_comes_back_equal<S: Archive<Error = StoreError>>(store: &S) {
    for seed in 0..60_u8 {
        let mut any = Any::of(seed.into());
        let assessment = any.assessment(&format!("scan-{seed}"));
        store.begin(&begun(&assessment)).await.unwrap();
        // Some accounts are kept on the way, the others with the end.
        for result in assessment.accounts.iter().skip(usize::from(seed % 3)) {
            store.keep(&assessment.id, result, &any.seen()).await.unwrap();
            let kept = store.account_result(&assessment.id, result.account.id).await.unwrap();
            assert_eq!(kept.as_ref(), Some(result), "seed {seed}");
        }
        store.finish(&assessment).await.unwrap();
        assert_eq!(store.assessment(&assessment.id).await.unwrap(), Some(assessment.clone()), "seed {seed}");
        let accounts: Vec<AccountId> = assessment.accounts.iter().map(|result| result.account.id).collect();
        assert_eq!(store.accounts_of(&assessment.id).await.unwrap(), accounts, "seed {seed}");
        let finished = Finished { at: assessment.finished_at, totals: Totals::of(&assessment) };
        let record = ScanRecord { begun: begun(&assessment), finished: Some(finished) };
        assert!(store.scans().await.unwrap().contains(&record), "seed {seed}");
    }
}

async fn a_scan_that_did_not_finish_is_never_whole<S: Archive<Error = StoreError>>(store: &S) {
    let mut any = Any::of(1);
    let mut assessment = any.assessment("killed");
    assessment.accounts = vec![any.account_assessment(account(1)), any.account_assessment(account(2))];
    store.begin(&begun(&assessment)).await.unwrap();
    store.keep("killed", &assessment.accounts[0], &any.seen()).await.unwrap();
    assert_eq!(store.assessment("killed").await.unwrap(), None);
    let record = ScanRecord { begun: begun(&assessment), finished: None };
    let scans = store.scans().await.unwrap();
    assert_eq!(scans, [record]);
    assert_eq!(
        ScanRecord::unfinished(&scans, matches!(assessment.scope, Scope::Organization(_))),
        scans.first()
    );
    assert_eq!(store.accounts_of("killed").await.unwrap(), [account(1)]);
    assert_eq!(store.assessment("unknown").await.unwrap(), None);
}

async fn an_account_is_kept_once<S: Archive<Error = StoreError>>(store: &S) {
    let mut any = Any::of(2);
    let mut assessment = any.assessment("once");
    let result = any.account_assessment(account(1));
    let unknown = StoreErrorKind::UnknownScan("once".into());
    assert_eq!(kind(store.keep("once", &result, &Seen::default()).await), unknown);
    assert_eq!(kind(store.finish(&assessment).await), unknown);
    store.begin(&begun(&assessment)).await.unwrap();
    assert_eq!(kind(store.begin(&begun(&assessment)).await), StoreErrorKind::ScanExists("once".into()));
    store.keep("once", &result, &Seen::default()).await.unwrap();
    let other = any.account_assessment(account(1));
    let seen = Seen { coverage: covered(&[(1, 9)]), ..Seen::default() };
    let again = StoreErrorKind::AlreadyKept { scan: "once".into(), account: account(1) };
    assert_eq!(kind(store.keep("once", &other, &seen).await), again);
    // What was refused left nothing behind.
    assert_eq!(store.account_result("once", account(1)).await.unwrap(), Some(result.clone()));
    assert_eq!(store.recall(account(1)).await.unwrap().coverage, Coverage::none());
    assessment.accounts = vec![result.clone()];
    store.finish(&assessment).await.unwrap();
    let finished = StoreErrorKind::ScanFinished("once".into());
    assert_eq!(kind(store.finish(&assessment).await), finished);
    assert_eq!(kind(store.keep("once", &any.account_assessment(account(2)), &seen).await), finished);
    assert_eq!(store.assessment("once").await.unwrap(), Some(assessment));
}

async fn scans_are_listed_newest_first<S: Archive<Error = StoreError>>(store: &S) {
    for (id, started) in [("b", 20), ("a", 20), ("z", 10), ("c", 30)] {
        let mut assessment = Any::of(3).assessment(id);
        assessment.started_at = at(started);
        assessment.accounts = vec![Any::of(4).account_assessment(account(5))];
        keep(store, &assessment).await;
    }
    let ids: Vec<String> = store.scans().await.unwrap().into_iter().map(|scan| scan.begun.id).collect();
    assert_eq!(ids, ["c", "b", "a", "z"]);
    assert_eq!(store.scans_of(account(5)).await.unwrap(), ["c", "b", "a", "z"]);
    assert!(store.scans_of(account(6)).await.unwrap().is_empty());
}

async fn covered_spans_are_joined<S: Archive<Error = StoreError>>(store: &S) {
    let mut coverage = Coverage::none();
    for seed in 0..40 {
        let more = Any::of(seed).coverage();
        see(store, &format!("{seed}"), account(1), &Seen { coverage: more.clone(), ..Seen::default() }).await;
        coverage = Coverage::from_spans(coverage.spans().iter().chain(more.spans()).copied());
        assert_eq!(store.recall(account(1)).await.unwrap().coverage, coverage, "seed {seed}");
    }
}

async fn a_change_is_known_by_its_event<S: Archive<Error = StoreError>>(store: &S) {
    let mut any = Any::of(5);
    let mut changes: Vec<StatusChange> = (0..700).map(|_| any.change()).collect();
    see(store, "first", account(1), &Seen { changes: changes.clone(), ..Seen::default() }).await;
    // The same event again, with other words: what was kept first stays.
    let forged = StatusChange { actor: Some("somebody else".into()), ..changes[3].clone() };
    let fresh = any.change();
    see(store, "second", account(1), &Seen { changes: vec![forged, fresh.clone()], ..Seen::default() }).await;
    changes.push(fresh);
    changes.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
    assert_eq!(store.recall(account(1)).await.unwrap().changes, changes);
}

async fn what_was_imported_is_recalled_and_importing_again_changes_nothing<S: Archive<Error = StoreError>>(
    store: &S,
) {
    let mut any = Any::of(6);
    let mut imported =
        Imported { changes: (0..5).map(|_| any.change()).collect(), asserted: covered(&[(1, 5)]) };
    assert_eq!(store.import(account(1), &imported).await.unwrap(), 5);
    let once = store.recall(account(1)).await.unwrap();
    assert_eq!((&once.asserted, &once.coverage), (&covered(&[(1, 5)]), &Coverage::none()));
    assert_eq!(store.import(account(1), &imported).await.unwrap(), 0);
    assert_eq!(store.recall(account(1)).await.unwrap(), once);
    imported.changes.push(any.change());
    imported.asserted = covered(&[(5, 9), (20, 30)]);
    assert_eq!(store.import(account(1), &imported).await.unwrap(), 1);
    assert_eq!(store.recall(account(1)).await.unwrap().asserted, covered(&[(1, 9), (20, 30)]));
}

async fn the_last_listing_holds<S: Archive<Error = StoreError>>(store: &S) {
    let mut any = Any::of(8);
    for scan in 0..5 {
        let listing = any.listing();
        see(
            store,
            &format!("{scan}"),
            account(1),
            &Seen { listing: Some(listing.clone()), ..Seen::default() },
        )
        .await;
        see(store, &format!("{scan} again"), account(1), &Seen::default()).await;
        assert_eq!(store.recall(account(1)).await.unwrap().listing, Some(listing));
    }
}

async fn looks_are_recalled_with_the_scans_that_took_them<S: Archive<Error = StoreError>>(store: &S) {
    let look = |from: i64, to: i64, status| Observation {
        from: at(from),
        to: at(to),
        status,
        source: ObservationSource::ListAccessKeys,
    };
    let turns = [
        ("s1", look(10, 11, KeyStatus::Active)),
        ("s2", look(20, 21, KeyStatus::Inactive)),
        ("s3", look(30, 31, KeyStatus::Inactive)),
        ("s4", look(40, 41, KeyStatus::Active)),
    ];
    for (scan, observation) in &turns {
        let seen = Seen { observations: vec![(key(1), observation.clone())], ..Seen::default() };
        see(store, scan, account(1), &seen).await;
    }
    let expected: Vec<(AccessKeyId, Observation)> = turns
        .into_iter()
        .map(|(scan, look)| {
            (key(1), Observation { source: ObservationSource::EarlierScan(scan.into()), ..look })
        })
        .collect();
    assert_eq!(store.recall(account(1)).await.unwrap().observations, expected);
}

async fn keys_are_found_by_prefix_and_by_user<S: Archive<Error = StoreError>>(store: &S) {
    let change = |number: u64, user: &str, event: u64| StatusChange {
        key: key(number),
        target: Target::User(user.parse().unwrap()),
        event: keysweep_core::evidence::EventId::new(&format!("{event}")),
        ..Any::of(9).change()
    };
    let known = |id: u64, number: u64, owners: &[&str]| KnownKey {
        account: account(id),
        key: key(number),
        owners: owners.iter().map(|owner| owner.parse().unwrap()).collect(),
    };
    let import = |changes| Imported { changes, asserted: Coverage::none() };
    let first = vec![change(11, "alice", 1), change(12, "bob", 2), change(11, "alicia", 3)];
    store.import(account(1), &import(first)).await.unwrap();
    store.import(account(2), &import(vec![change(20, "alice", 4), change(21, "Alice", 5)])).await.unwrap();

    let prefix = |text: &str| KeyQuery::IdPrefix(text.to_owned());
    let user = |name: &str| KeyQuery::User(name.parse().unwrap());
    let one = known(1, 11, &["alice", "alicia"]);
    assert_eq!(store.find_keys(&prefix(key(11).as_str())).await.unwrap(), std::slice::from_ref(&one));
    let eleven = key(11);
    let begins = &eleven.as_str()[..19];
    assert_eq!(store.find_keys(&prefix(begins)).await.unwrap(), [one.clone(), known(1, 12, &["bob"])]);
    assert_eq!(store.find_keys(&user("alice")).await.unwrap(), [one.clone(), known(2, 20, &["alice"])]);
    assert_eq!(store.find_keys(&user("alicia")).await.unwrap(), [one]);
    for nothing in [prefix("AKIB"), prefix("akia"), prefix("AKIA%"), user("ali"), user("ALICE")] {
        assert_eq!(store.find_keys(&nothing).await.unwrap(), []);
    }
    assert_eq!(store.find_keys(&prefix("")).await.unwrap().len(), 4);
}

async fn accounts_do_not_see_each_other<S: Archive<Error = StoreError>>(store: &S) {
    let mut any = Any::of(10);
    see(store, "a", account(1), &any.seen()).await;
    store
        .import(account(1), &Imported { changes: vec![any.change()], asserted: any.coverage() })
        .await
        .unwrap();
    assert_eq!(store.recall(account(2)).await.unwrap(), Remembered::default());
    let one: BTreeSet<_> =
        store.recall(account(1)).await.unwrap().changes.into_iter().map(|change| change.event).collect();
    see(store, "b", account(2), &any.seen()).await;
    let still: BTreeSet<_> =
        store.recall(account(1)).await.unwrap().changes.into_iter().map(|change| change.event).collect();
    assert_eq!(one, still);
}
