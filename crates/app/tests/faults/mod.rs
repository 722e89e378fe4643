//! Scans of random worlds, again and again with a memory, while calls fail in every way and others change the world: what the
//! test of faults and `examples/faults.rs` share. A world is its seed alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a panic is a failed check")]

pub(crate) mod check;
pub(crate) mod others;
#[path = "../search/mod.rs"]
pub(crate) mod search;
pub(crate) mod store;
pub(crate) mod trouble;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::{Either, select};
use keysweep_app::filter::Filters;
use keysweep_app::progress::Silent;
use keysweep_app::scan::{ScanRequest, Target, scan};
use keysweep_core::policy::Policy;
use keysweep_core::time::SignedDuration;
use keysweep_sim::{Profile, Rate, Rates, Sim, SimPorts, WorldSpec};
use tokio::sync::watch;

use check::Scan;
use others::Others;
use search::Tally;
use store::Flaky;

fn draw_world(rng: &mut Rng, seed: u64) -> WorldSpec {
    let rates = |rng: &mut Rng, per_second: f64| match rng.u8(..3) {
        0 => Rates::Same(Rate::new(per_second, per_second)),
        _ => Rates::Unlimited,
    };
    let profile = Profile {
        // Time must pass with every call, so that others can act between them.
        latency: Duration::from_millis(rng.u64(10..80)),
        iam: rates(rng, 15.0),
        lookup_events: rates(rng, 2.0),
        organizations: rates(rng, 10.0),
        assume_role: rates(rng, 50.0),
        short_pages: [0.0, 0.2, 0.8][rng.usize(..3)],
        empty_pages: [0.0, 0.3][rng.usize(..2)],
        report_delay: Duration::from_secs(rng.u64(..5)),
        report_stamped_at_end: rng.bool(),
        account_state: rng.u8(..4) > 0,
        ..Profile::unlimited()
    };
    WorldSpec {
        inactive_root: 0.2,
        additional_credentials_info: rng.bool(),
        report_age: rng.bool().then(|| SignedDuration::from_mins(rng.i64(0..300))),
        quiet_history: rng.u8(..4) == 0,
        ..WorldSpec::organization(rng.usize(1..7), rng.usize(1..25))
            .seed(seed)
            .inactive_users([0.1, 0.4, 0.8][rng.usize(..3)])
            .profile(profile)
    }
}

fn draw_request(rng: &mut Rng, number: u32) -> ScanRequest {
    let target = match rng.u8(..5) {
        0 => Target::OwnAccount,
        _ => Target::Organization(Filters::default()),
    };
    ScanRequest {
        id: format!("scan-{number}"),
        version: "0".to_owned(),
        policy: Policy::default(),
        target,
        exhaustive: rng.u8(..3) == 0,
        fresh: rng.u8(..6) == 0,
        concurrency: rng.usize(1..9),
        max_rates: Vec::new(),
        give_up_after: Duration::from_secs(rng.u64(2..90)),
        deadline: (rng.u8(..10) == 0).then(|| Duration::from_secs(rng.u64(1..60))),
        resume: None,
    }
}

/// Runs one seed; what was met, and what went wrong.
pub(crate) fn run(seed: u64) -> (Tally, Vec<String>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(live(seed))
}

async fn live(seed: u64) -> (Tally, Vec<String>) {
    let mut rng = Rng::with_seed(seed);
    let spec = draw_world(&mut rng, seed);
    let sim = Arc::new(Sim::running(spec));
    let store = Flaky::default();
    let (mut tally, mut violations) = (Tally::default(), Vec::new());
    let mut others = Others::new(&sim, rng.fork());
    tally.count("worlds");
    for number in 0..rng.u32(1..5) {
        trouble::arm(&sim, &mut rng);
        store.last(if rng.u8(..4) == 0 { rng.usize(..12) } else { usize::MAX });
        let request = draw_request(&mut rng, number);
        let pause = [None, Some(4000), Some(300), Some(40)][rng.usize(..4)];
        let before = sim.truth();
        let began = sim.now();
        let ports = SimPorts::new(Arc::clone(&sim));
        let clock = ports.clock();
        let (_keep, stop) = watch::channel(false);
        let answer = {
            let scanning = pin!(scan(&ports, &ports, &store, &clock, &request, &Silent, stop));
            let acting = pin!(others.act_every(pause));
            match select(scanning, acting).await {
                Either::Left((answer, _)) => answer,
                Either::Right(((), _)) => panic!("others never stop"),
            }
        };
        tally.count("scans");
        match answer {
            Err(_) => tally.count("scans that could not begin, and said so"),
            Ok(scanned) => {
                if scanned.not_kept.is_some() {
                    tally.count("scans whose store failed");
                }
                let after = sim.truth();
                let renamed = &others.renamed;
                let scan = Scan {
                    began,
                    request: &request,
                    assessment: &scanned.assessment,
                    before: &before,
                    after: &after,
                    renamed,
                };
                scan.check(&mut tally, &mut violations);
            }
        }
        sim.clear_faults();
        let minutes = [30, 300, 60 * 24 * 3, 60 * 24 * 50, 60 * 24 * 120][rng.usize(..5)];
        for _ in 0..4 {
            sim.clock().advance(Duration::from_mins(rng.u64(1..=minutes) / 4 + 1));
            others.act_some();
        }
    }
    tally.count_many("faults injected", sim.faults_struck());
    tally.add(&others.tally);
    (tally, violations)
}
