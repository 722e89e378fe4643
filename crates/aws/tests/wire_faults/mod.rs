//! The search for faults once more, through the real SDK and over HTTP: answers that throttle, fail, break off, are damaged, lead
//! elsewhere or are of another kind reach keysweep as bytes, and what a scan then says is held against the truth. A world is its
//! seed alone; real time passes in it, so that it is small and nothing hangs for long. What the test and
//! `examples/wire_faults.rs` share.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a panic is a failed check")]

#[allow(dead_code, reason = "the search in process has more in it")]
#[path = "../../../app/tests/faults/mod.rs"]
mod worlds;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_app::filter::Filters;
use keysweep_app::memory::Forgetful;
use keysweep_app::progress::Silent;
use keysweep_app::scan::{ScanRequest, Target, scan};
use keysweep_aws::{Session, SessionOptions, StaticCredentials, SystemClock};
use keysweep_core::account::AccountId;
use keysweep_core::policy::Policy;
use keysweep_sim::fault::{Denial, Effect, Rule, When};
use keysweep_sim::{Action, Profile, Sim, WorldSpec, wire};
use tokio::net::TcpListener;
use tokio::sync::watch;

use worlds::check::Scan;
pub(crate) use worlds::search;
use worlds::search::Tally;

/// Most of a world's time is waiting.
pub(crate) const AT_ONCE: usize = 12;

fn draw_world(rng: &mut Rng, seed: u64) -> WorldSpec {
    let profile = Profile {
        short_pages: [0.0, 0.5][rng.usize(..2)],
        empty_pages: [0.0, 0.3][rng.usize(..2)],
        report_delay: Duration::ZERO,
        ..Profile::unlimited()
    };
    WorldSpec {
        inactive_root: 0.2,
        additional_credentials_info: rng.bool(),
        quiet_history: rng.bool(),
        ..WorldSpec::organization(rng.usize(1..5), rng.usize(1..12))
            .seed(seed)
            .inactive_users([0.2, 0.6][rng.usize(..2)])
            .profile(profile)
    }
}

fn draw_effect(rng: &mut Rng) -> (Effect, &'static str) {
    let error =
        |status, code: &str| Effect::Error { status, code: code.to_owned(), message: "no".to_owned() };
    match rng.u8(..13) {
        0 => (Effect::Throttle, "rules that throttle"),
        1 => (Effect::ServiceFailure, "rules that answer 5xx"),
        2 => (Effect::LostResponse, "rules that lose the answer"),
        3 => (Effect::Reset, "rules that reset the connection"),
        4 => (Effect::MalformedBody, "rules that damage the body"),
        5 => (Effect::TruncatedBody, "rules that cut the body off"),
        6 => (Effect::WrongContentType, "rules that answer another Content-Type"),
        7 => (Effect::Redirect, "rules that redirect"),
        8 => (Effect::Slow { milliseconds: rng.u64(50..400) }, "rules that answer slowly"),
        9 => (Effect::StuckReport, "rules that never finish the report"),
        10 => (error(403, "ExpiredToken"), "rules that call the token expired"),
        11 => (error(400, "ValidationError"), "rules that refuse"),
        _ => (Effect::Denied(Denial::ServiceControlPolicy), "rules that deny"),
    }
}

fn arm(sim: &Sim, rng: &mut Rng, tally: &mut Tally) {
    let throttled = When::Probability { share: [0.0, 0.1, 0.6][rng.usize(..3)], seed: rng.u64(..) };
    sim.add_fault(Rule::new(Effect::Throttle).when(throttled));
    let accounts: Vec<AccountId> = sim.truth().accounts.iter().map(|account| account.id).collect();
    for _ in 0..rng.u32(1..5) {
        let (effect, name) = draw_effect(rng);
        tally.count(name);
        let when = match rng.u8(..4) {
            0 => When::Always,
            1 => When::First(rng.u64(1..4)),
            2 => When::After(rng.u64(0..10)),
            _ => When::Probability { share: 0.3, seed: rng.u64(..) },
        };
        let mut rule = Rule::new(effect).when(when);
        if rng.u8(..6) > 0 {
            rule = rule.action(Action::ALL[rng.usize(..Action::ALL.len())]);
        }
        if rng.u8(..3) > 0 {
            rule = rule.account(accounts[rng.usize(..accounts.len())]);
        }
        sim.add_fault(rule);
    }
}

/// Runs one seed; what was met, and what went wrong.
pub(crate) fn run(seed: u64) -> (Tally, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(live(seed))
}

async fn live(seed: u64) -> (Tally, Vec<String>) {
    let mut rng = Rng::with_seed(seed);
    let sim = Arc::new(Sim::real_time(draw_world(&mut rng, seed)));
    let server = wire::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::clone(&sim)).unwrap();
    let (mut tally, mut violations) = (Tally::default(), Vec::new());
    tally.count("worlds");
    arm(&sim, &mut rng, &mut tally);
    let operator = sim.operator();
    let options = SessionOptions {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(format!("http://{}", server.address())),
        credentials: Some(StaticCredentials {
            access_key_id: operator.access_key_id,
            secret_access_key: operator.secret_access_key,
            session_token: operator.session_token,
        }),
        ..SessionOptions::default()
    };
    let session = Session::load(options).await.unwrap();
    let request = ScanRequest {
        id: "scan".to_owned(),
        version: "0".to_owned(),
        policy: Policy::default(),
        target: if rng.u8(..5) == 0 { Target::OwnAccount } else { Target::Organization(Filters::default()) },
        exhaustive: rng.u8(..3) == 0,
        fresh: false,
        concurrency: rng.usize(1..5),
        max_rates: Vec::new(),
        give_up_after: Duration::from_secs(2),
        deadline: None,
        resume: None,
    };
    let (before, began) = (sim.truth(), sim.now());
    let (_keep, stop) = watch::channel(false);
    let scanned = scan(&session, &session, &Forgetful, &SystemClock::new(), &request, &Silent, stop).await;
    match scanned {
        Err(_) => tally.count("scans that could not begin, and said so"),
        Ok(scanned) => {
            let after = sim.truth();
            let scan = Scan {
                began,
                request: &request,
                assessment: &scanned.assessment,
                before: &before,
                after: &after,
                renamed: &[],
            };
            scan.check(&mut tally, &mut violations);
        }
    }
    tally.count_many("faults injected", sim.faults_struck());
    (tally, violations)
}
