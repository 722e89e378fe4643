//! How fast calls are sent, on a clock that runs only while everybody waits: at the user's rates, with one gate for all that is
//! called in the caller's own account; and for how long a call is repeated that is throttled for ever.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keysweep_app::filter::Filters;
use keysweep_app::memory::Forgetful;
use keysweep_app::progress::{Event, Progress};
use keysweep_app::scan::{ScanRequest, Target, scan};
use keysweep_core::assessment::{Assessment, Conclusion};
use keysweep_core::call::{Call, CallErrorKind};
use keysweep_core::finding::Verdict;
use keysweep_sim::fault::{Effect, Rule};
use keysweep_sim::{Action, Sim, SimPorts, WorldSpec};
use tokio::sync::watch;

use crate::support::{account, days_ago, now, request};

/// When each call was answered. Nothing takes any time but waiting.
struct Watched {
    sim: Arc<Sim>,
    calls: Mutex<Vec<(Call, Duration)>>,
}

impl Progress for Watched {
    fn on(&self, event: Event) {
        if let Event::Called { call, .. } = event {
            self.calls.lock().unwrap().push((call, self.sim.clock().elapsed()));
        }
    }
}

/// A scan, and when its calls were answered.
struct Paced {
    assessment: Assessment,
    calls: Vec<(Call, Duration)>,
}

impl Paced {
    /// How many calls there were of an operation, and the time from the first to the last.
    fn of(&self, call: Call) -> (u32, Duration) {
        let times: Vec<Duration> =
            self.calls.iter().filter(|(of, _)| *of == call).map(|(_, at)| *at).collect();
        let first = times.iter().min().copied().unwrap_or_default();
        let last = times.iter().max().copied().unwrap_or_default();
        (u32::try_from(times.len()).unwrap(), last.saturating_sub(first))
    }

    /// The calls of an operation took as long as so many a second must.
    fn is_no_faster_than(&self, per_second: f64, call: Call, at_least: u32) {
        let (count, took) = self.of(call);
        assert!(count >= at_least, "{call}: only {count} calls");
        // The pacer catches up with 20 ms once, for timers are coarse.
        let least = f64::from(count - 1) / per_second - 0.02;
        assert!(took.as_secs_f64() >= least, "{call}: {count} calls in {took:?}, and {least} s are needed");
        // It does not take twice as long either: the rate is what holds them up.
        assert!(took.as_secs_f64() <= 2.0 * least, "{call}: {count} calls in {took:?} for {least} s");
    }
}

fn paced(spec: WorldSpec, change: impl FnOnce(&Sim), request: &ScanRequest) -> Paced {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let sim = Arc::new(Sim::running(spec));
        change(&sim);
        let ports = SimPorts::new(Arc::clone(&sim));
        let watched = Watched { sim, calls: Mutex::default() };
        let (_keep, stop) = watch::channel(false);
        let clock = ports.clock();
        let scanned = scan(&ports, &ports, &Forgetful, &clock, request, &watched, stop).await;
        let assessment = scanned.unwrap().assessment;
        Paced { assessment, calls: watched.calls.into_inner().unwrap() }
    })
}

fn organization(filters: Filters, rates: &[&str]) -> ScanRequest {
    let mut request = request(Target::Organization(filters));
    request.concurrency = 500;
    request.max_rates = rates.iter().map(|rate| rate.parse().unwrap()).collect();
    request
}

#[test]
fn the_users_rate_holds_up_the_calls_of_each_operation_in_an_account() {
    let spec = || WorldSpec::single_account(120).inactive_users(0.2);
    let mut exhaustive = request(Target::OwnAccount);
    exhaustive.exhaustive = true;
    let free = paced(spec(), |_| {}, &exhaustive);
    assert!(free.of(Call::ListAccessKeys).1 < Duration::from_secs(5), "{:?}", free.of(Call::ListAccessKeys));
    exhaustive.max_rates = vec!["iam=5".parse().unwrap()];
    let held = paced(spec(), |_| {}, &exhaustive);
    held.is_no_faster_than(5.0, Call::ListAccessKeys, 120);
    assert_eq!(held.assessment.conclusion(), free.assessment.conclusion());
}

#[test]
fn accounts_do_not_hold_up_each_others_calls() {
    let held = paced(
        WorldSpec::organization(20, 10).inactive_users(0.5),
        |_| {},
        &organization(Filters::default(), &["iam=5"]),
    );
    let (count, took) = held.of(Call::ListAccessKeys);
    assert!(count > 100, "{count}");
    assert!(took.as_secs_f64() < f64::from(count) / 5.0 / 4.0, "{count} calls in {took:?}");
}

#[test]
fn roles_are_assumed_through_one_gate_for_all_accounts() {
    let spec = || WorldSpec::organization(40, 2);
    let free = paced(spec(), |_| {}, &organization(Filters::default(), &[]));
    assert!(free.of(Call::AssumeRole).1 < Duration::from_secs(2), "{:?}", free.of(Call::AssumeRole));
    let held = paced(spec(), |_| {}, &organization(Filters::default(), &["sts=4"]));
    held.is_no_faster_than(4.0, Call::AssumeRole, 30);
}

#[test]
fn organizations_is_asked_through_one_gate_for_all_accounts() {
    let exclude = vec!["tag:env=none".parse().unwrap()];
    let filters = Filters { include: Vec::new(), exclude };
    let held = paced(WorldSpec::organization(40, 2), |_| {}, &organization(filters, &["organizations=4"]));
    held.is_no_faster_than(4.0, Call::ListTagsForResource, 30);
}

#[test]
fn a_call_that_is_throttled_for_ever_is_given_up_after_the_stated_time() {
    const KEY: &str = "AKIAOLDOLDOLDOLDOLD1";
    for seconds in [7, 90] {
        let mut patient = request(Target::OwnAccount);
        patient.give_up_after = Duration::from_secs(seconds);
        let fill = |sim: &Sim| {
            sim.edit(|world| {
                world.account(account(1)).user("alice").key(KEY, days_ago(900)).deactivated(days_ago(400));
            });
            sim.add_fault(Rule::new(Effect::Throttle).action(Action::LookupEvents));
        };
        let given_up = paced(WorldSpec::empty(now()), fill, &patient);
        let (count, took) = given_up.of(Call::LookupEvents);
        assert!(count > 1, "it is repeated");
        let (least, most) = (patient.give_up_after, patient.give_up_after + Duration::from_secs(2));
        assert!((least..=most).contains(&took), "given up after {took:?} instead of {least:?}");

        let assessment = &given_up.assessment;
        assert_eq!(assessment.conclusion(), Conclusion::Incomplete);
        assert_eq!(assessment.accounts[0].findings[0].verdict, Verdict::Undetermined);
        let problem = &assessment.accounts[0].problems[0];
        let error = problem.error.as_ref().unwrap();
        assert_eq!((problem.gap.name(), error.kind), ("history_not_read", CallErrorKind::Throttled));
        let told = format!("(given up after {} s of it)", took.as_secs());
        assert!(error.message.ends_with(&told), "{error}");
    }
}
