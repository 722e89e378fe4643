//! Scans that remember: what is proven grows, what is known is not asked again, and nothing that changed is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_app::filter::Filters;
use keysweep_app::memory::Forgetful;
use keysweep_app::progress::Silent;
use keysweep_app::scan::{Scanned, Target, scan};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::call::{Call, Service};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Confidence, Contradiction};
use keysweep_core::key::KeyStatus;
use keysweep_core::memory::{Begun, Remembered, Seen};
use keysweep_core::ports::Store;
use keysweep_core::time::{Instant, Interval, SignedDuration};
use keysweep_sim::fault::{Denial, Effect, Rule};
use keysweep_sim::{Action, Lag, Profile, Sim, SimPorts, WorldSpec};
use keysweep_store::InMemory;
use tokio::sync::watch;

use crate::support::{account, by_key, days_ago, empty, gaps, now, request};

const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";
const DAY: Duration = Duration::from_hours(24);

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// How a scan is made here.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) id: &'static str,
    pub(crate) fresh: bool,
    pub(crate) organization: bool,
    pub(crate) threshold: &'static str,
}

pub(crate) const SCAN: How = How { id: "scan-1", fresh: false, organization: false, threshold: "30d" };

pub(crate) fn scan_into<S: Store>(sim: &Arc<Sim>, store: &S, how: How) -> Scanned {
    let target = if how.organization { Target::Organization(Filters::default()) } else { Target::OwnAccount };
    let mut request = request(target);
    how.id.clone_into(&mut request.id);
    request.fresh = how.fresh;
    request.policy.threshold = how.threshold.parse().unwrap();
    let (_keep, stop) = watch::channel(false);
    let ports = SimPorts::new(Arc::clone(sim));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(scan(&ports, &ports, store, &ports.clock(), &request, &Silent, stop)).unwrap()
}

/// The only account of a scan that the store took in.
pub(crate) fn remember(sim: &Arc<Sim>, store: &InMemory, how: How) -> AccountAssessment {
    let scanned = scan_into(sim, store, how);
    assert!(scanned.not_kept.is_none(), "{:?}", scanned.not_kept);
    scanned.assessment.accounts.into_iter().next().unwrap()
}

/// Alice's key was switched off 400 days ago.
fn alice() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        world
            .account(account(1))
            .user("alice")
            .tag("Owner", "platform")
            .key(OLD, days_ago(900))
            .deactivated(days_ago(400));
    });
    sim
}

fn calls_of(result: &AccountAssessment, service: Service) -> Vec<(Call, u64)> {
    let calls = result.calls.iter().filter(|(call, _)| call.service() == service);
    calls.map(|(call, count)| (call, count.sent)).collect()
}

#[test]
fn what_is_proven_grows_past_ninety_days_with_every_scan() {
    let (sim, store) = (alice(), InMemory::default());
    for (id, at_least) in [("scan-1", 89), ("scan-2", 149), ("scan-3", 209)] {
        let result = remember(&sim, &store, How { id, threshold: "200d", ..SCAN });
        let finding = &result.findings[0];
        assert!(finding.at_least() >= days(at_least), "{finding:#?}");
        assert!(finding.inactive_since.interval.contains(days_ago(400)), "{finding:#?}");
        assert_eq!(result.coverage.spans().len(), 1, "{:?}", result.coverage);
        assert_eq!(finding.verdict == Verdict::LongTerm, id == "scan-3");
        sim.clock().advance(60 * DAY);
    }
}

#[test]
fn a_reactivation_between_scans_resets_the_clock_of_exactly_that_key() {
    let (sim, store) = (alice(), InMemory::default());
    sim.edit(|world| {
        world.account(account(1)).user("bob").key(NEW, days_ago(800)).deactivated(days_ago(300));
    });
    let result = remember(&sim, &store, SCAN);
    let verdicts = |result: &AccountAssessment| -> BTreeMap<String, Verdict> {
        by_key(&result.findings).into_iter().map(|(key, finding)| (key, finding.verdict)).collect()
    };
    let both = |old, new| BTreeMap::from([(NEW.to_owned(), new), (OLD.to_owned(), old)]);
    assert_eq!(verdicts(&result), both(Verdict::LongTerm, Verdict::LongTerm));

    sim.clock().advance(40 * DAY);
    let (on, off) = (now() + days(10), now() + days(20));
    sim.edit(|world| {
        world.account(account(1)).user("bob").key(NEW, days_ago(800)).activated(on).deactivated(off);
    });
    let result = remember(&sim, &store, How { id: "scan-2", ..SCAN });
    assert_eq!(verdicts(&result), both(Verdict::LongTerm, Verdict::Recent));
    let bob = by_key(&result.findings)[NEW];
    assert_eq!(
        (bob.inactive_since.interval, bob.inactive_since.confidence),
        (Interval::exactly(off), Confidence::Proven)
    );
}

#[test]
fn a_gap_between_scans_is_a_gap_and_the_confidence_says_so() {
    // More than ninety days apart; and close enough, but with the history denied in between.
    for denied in [false, true] {
        let (sim, store) = (alice(), InMemory::default());
        remember(&sim, &store, SCAN);
        if denied {
            for id in ["scan-2", "scan-3"] {
                sim.clock().advance(60 * DAY);
                sim.add_fault(
                    Rule::new(Effect::Denied(Denial::ServiceControlPolicy)).action(Action::LookupEvents),
                );
                assert_eq!(gaps(&remember(&sim, &store, How { id, ..SCAN })), ["history_not_read"]);
                sim.clear_faults();
            }
        }
        sim.clock().advance(if denied { 60 * DAY } else { 150 * DAY });
        let result = remember(&sim, &store, How { id: "scan-4", threshold: "140d", ..SCAN });
        assert_eq!(result.coverage.spans().len(), 2, "{:?}", result.coverage);
        let finding = &result.findings[0];
        assert_eq!(
            (finding.verdict, finding.inactive_since.confidence),
            (Verdict::LongTerm, Confidence::Observed),
            "denied: {denied}, {finding:#?}"
        );
        // From the first look on: the two hours before it were never settled.
        assert!(finding.at_least() >= days(if denied { 180 } else { 150 }), "{finding:#?}");
    }
}

#[test]
fn an_account_whose_rows_did_not_change_costs_four_calls() {
    let profile = Profile { report_delay: Duration::from_secs(2), ..Profile::unlimited() };
    let spec = WorldSpec {
        closed_accounts: 0.0,
        ..WorldSpec::organization(3, 200).seed(11).inactive_users(0.2).profile(profile)
    };
    let (sim, store) = (Arc::new(Sim::new(spec)), InMemory::default());
    let how = How { organization: true, ..SCAN };
    let first = scan_into(&sim, &store, how).assessment;
    sim.clock().advance(DAY);
    let second = scan_into(&sim, &store, How { id: "scan-2", ..how }).assessment;
    for (first, second) in first.accounts.iter().zip(&second.accounts) {
        assert_eq!(second.status, AccountStatus::Complete);
        assert!(
            calls_of(first, Service::Iam)
                .iter()
                .any(|(call, sent)| *call == Call::ListAccessKeys && *sent > 30)
        );
        // AssumeRole is the fourth.
        let calls = calls_of(second, Service::Iam);
        assert!(calls.iter().map(|(_, sent)| sent).sum::<u64>() <= 3, "{}: {calls:?}", second.account.id);
        assert_eq!(calls_of(second, Service::CloudTrail), [(Call::LookupEvents, 1)]);
        let keys = |result: &AccountAssessment| by_key(&result.findings).into_keys().collect::<BTreeSet<_>>();
        assert_eq!(keys(first), keys(second));
        let tags = |result: &AccountAssessment| -> Vec<_> {
            result.findings.iter().map(|finding| finding.tags.clone()).collect()
        };
        assert_eq!(tags(first), tags(second));
    }
    // What no report shows is asked again after a week: tags, and whether the report tells the truth.
    sim.clock().advance(7 * DAY);
    let third = scan_into(&sim, &store, How { id: "scan-3", ..how }).assessment;
    for result in &third.accounts {
        let calls = calls_of(result, Service::Iam);
        assert!(calls.contains(&(Call::ListAccessKeys, 5)), "{calls:?}");
        assert!(calls.iter().any(|(call, _)| *call == Call::GetAccountAuthorizationDetails), "{calls:?}");
    }
    // And all of it with --fresh.
    let fresh = scan_into(&sim, &store, How { id: "scan-4", fresh: true, ..how }).assessment;
    let listed = |assessment: &Assessment| {
        let calls = assessment.all_calls();
        calls.iter().find(|(call, _)| *call == Call::ListAccessKeys).map(|(_, count)| count.sent)
    };
    assert_eq!(listed(&fresh), listed(&first));
}

#[test]
fn a_change_after_the_report_is_seen_before_the_next_report() {
    let (sim, store) = (alice(), InMemory::default());
    remember(&sim, &store, SCAN);
    // The report is kept for four hours; the event is delivered after some minutes.
    let on = now() + SignedDuration::from_mins(20);
    sim.edit(|world| {
        world
            .account(account(1))
            .user("alice")
            .key(OLD, days_ago(900))
            .activated(on)
            .delivered_after(SignedDuration::from_mins(5));
    });
    sim.clock().advance(Duration::from_hours(1));
    let result = remember(&sim, &store, How { id: "scan-2", ..SCAN });
    assert_eq!(result.findings, []);
    assert_eq!(
        calls_of(&result, Service::Iam).iter().find(|(call, _)| *call == Call::ListAccessKeys),
        Some(&(Call::ListAccessKeys, 1))
    );
}

#[test]
fn a_report_older_than_the_last_listing_does_not_bring_a_key_back() {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
        account.report(now());
        account.user("alice").key(OLD, days_ago(900)).activated(now() + SignedDuration::from_mins(10));
    });
    let store = InMemory::default();
    sim.clock().advance(Duration::from_mins(20));
    // The report says Inactive, the listing Active; the event is not delivered yet.
    for id in ["scan-1", "scan-2"] {
        let result = remember(&sim, &store, How { id, ..SCAN });
        assert_eq!(result.findings, [], "{id}");
    }
}

/// A store that fails from some operation on.
struct Failing {
    from: usize,
    asked: std::sync::atomic::AtomicUsize,
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct Full;

impl Failing {
    fn next(&self) -> Result<(), Full> {
        let number = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if number >= self.from { Err(Full) } else { Ok(()) }
    }
}

impl Store for Failing {
    type Error = Full;

    async fn recall(&self, _: AccountId) -> Result<Remembered, Full> {
        self.next().map(|()| Remembered::default())
    }

    async fn begin(&self, _: &Begun) -> Result<(), Full> {
        self.next()
    }

    async fn keep(&self, _: &str, _: &AccountAssessment, _: &Seen) -> Result<(), Full> {
        self.next()
    }

    async fn finish(&self, _: &Assessment) -> Result<(), Full> {
        self.next()
    }
}

#[test]
fn a_store_that_fails_in_mid_scan_costs_no_finding_and_is_told() {
    let spec = WorldSpec::organization(4, 20).seed(5).inactive_users(0.3);
    let whole = scan_into(&Arc::new(Sim::new(spec.clone())), &Forgetful, How { organization: true, ..SCAN })
        .assessment;
    for from in 1..6 {
        let store = Failing { from, asked: 0.into() };
        let scanned =
            scan_into(&Arc::new(Sim::new(spec.clone())), &store, How { organization: true, ..SCAN });
        assert_eq!(scanned.not_kept.unwrap().to_string(), "the disk is full");
        assert_eq!(scanned.assessment.accounts, whole.accounts);
        let asked = store.asked.into_inner();
        assert_eq!(asked, from + 1, "a store that failed is not asked again");
    }
}

/// What a finding says, but for the moment of the last look: an incremental scan may rest on the report's, a fresh one on
/// a listing some seconds later; and the ninety days of the history begin some seconds later.
#[derive(Debug, PartialEq)]
struct Said {
    verdict: Verdict,
    confidence: Confidence,
    earliest: Minute,
    /// `None` where the claim is that of the look itself.
    latest: Option<Minute>,
    contradictions: Vec<Contradiction>,
}

/// A second that equals those of the minute around it.
#[derive(Debug)]
struct Minute(Instant);

impl PartialEq for Minute {
    fn eq(&self, other: &Self) -> bool {
        (self.0 - other.0).abs() <= SignedDuration::from_mins(1)
    }
}

fn said(finding: &Finding) -> Said {
    let claim = finding.inactive_since;
    Said {
        verdict: finding.verdict,
        confidence: claim.confidence,
        earliest: Minute(claim.interval.earliest()),
        latest: Some(claim.interval.latest()).filter(|latest| *latest != claim.as_of).map(Minute),
        contradictions: finding.contradictions.clone(),
    }
}

/// Draws what users of a world do between `from` and `to`; returns the keys they touched after `to` less four hours, of
/// which a cached report may know nothing.
fn act(sim: &Sim, rng: &mut Rng, from: Instant, to: Instant) -> BTreeSet<String> {
    let truth = sim.truth();
    let (mut touched, mut doubled) = (BTreeSet::new(), BTreeSet::new());
    let cached_from = to - SignedDuration::from_hours(5);
    for _ in 0..rng.usize(0..6) {
        let at = from + SignedDuration::from_secs(rng.i64(1..(to - from).as_secs()));
        let owner = rng.choice(&truth.accounts).unwrap();
        let keys: Vec<_> =
            owner.keys.iter().filter(|key| !key.user.starts_with('<') && key.created < at).collect();
        let Some(key) = rng.choice(&keys) else { continue };
        let new = format!("AKIAX{:015}", rng.u64(..1_000_000_000_000));
        let deed = rng.u8(..6);
        sim.edit(|world| {
            let mut account = world.account(owner.id);
            let mut user = account.user(&key.user);
            match deed {
                0 => user.key(&key.id, key.created).deleted(at),
                // Nobody has more than two keys.
                1 if doubled.insert(&key.user)
                    && owner.keys.iter().filter(|other| other.user == key.user).count() == 1 =>
                {
                    user.key(&new, at).deactivated(at + SignedDuration::from_secs(rng.i64(0..3600)));
                }
                2 => {
                    user.key(&key.id, key.created).activated(at).deactivated(at.next());
                }
                _ => {
                    let status = if rng.bool() { KeyStatus::Active } else { KeyStatus::Inactive };
                    user.key(&key.id, key.created).changed(at, status);
                }
            }
        });
        if at >= cached_from {
            touched.extend([key.id.clone(), new]);
        }
    }
    touched
}

#[test]
fn an_incremental_scan_finds_what_a_fresh_one_finds_with_the_same_evidence() {
    let mut compared = 0;
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let profile = Profile { lag: Lag::Drawn, short_pages: 0.2, ..Profile::unlimited() };
        let spec = WorldSpec {
            additional_credentials_info: rng.bool(),
            ..WorldSpec::organization(3, 12).seed(seed).inactive_users(0.4).profile(profile)
        };
        let sim = Arc::new(Sim::new(spec));
        let (incremental, twin) = (InMemory::default(), InMemory::default());
        for round in 0..5 {
            let id: &'static str = ["r0", "r1", "r2", "r3", "r4"][round];
            let how = How { id, organization: true, ..SCAN };
            if rng.u8(..5) == 0 {
                sim.add_fault(
                    Rule::new(Effect::Denied(Denial::NoPolicy))
                        .action(Action::LookupEvents)
                        .account(account(2)),
                );
            }
            let found = scan_into(&sim, &incremental, how).assessment;
            let fresh = scan_into(&sim, &twin, How { fresh: round == 4, ..how }).assessment;
            if round < 4 {
                assert_eq!(facts(&found), facts(&fresh), "seed {seed}, round {round}: the twins differ");
            }
            sim.clear_faults();
            let from = sim.now();
            let gap = match rng.u8(..4) {
                0 => Duration::from_mins(rng.u64(5..200)),
                1 => Duration::from_hours(rng.u64(4..48)),
                2 => Duration::from_hours(24 * rng.u64(2..60)),
                _ => Duration::from_hours(24 * rng.u64(60..140)),
            };
            if round == 4 {
                compared += compare(seed, &found, &fresh);
                break;
            }
            sim.clock().advance(gap);
            let recent = act(&sim, &mut rng, from, sim.now());
            // A report of up to four hours knows nothing of what came after it; another test speaks of that.
            if !recent.is_empty() {
                sim.clock().advance(Duration::from_hours(6));
            }
        }
    }
    assert!(compared > 300, "only {compared} findings were compared");
}

/// The keys that were found, and what is said of them.
fn facts(assessment: &Assessment) -> BTreeMap<String, Said> {
    by_key(assessment.findings()).into_iter().map(|(key, finding)| (key, said(finding))).collect()
}

fn compare(seed: u64, found: &Assessment, fresh: &Assessment) -> usize {
    let (found, fresh) = (facts(found), facts(fresh));
    assert_eq!(found.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>(), "seed {seed}");
    for (key, said) in &found {
        assert_eq!(said, &fresh[key], "seed {seed}, key {key}");
    }
    found.len()
}
