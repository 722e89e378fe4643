//! What goes wrong with calls.

use fastrand::Rng;
use keysweep_core::account::AccountId;
use keysweep_sim::fault::{Denial, Effect, Rule, When};
use keysweep_sim::{Action, Sim};

fn draw_effect(rng: &mut Rng) -> Effect {
    let expired = || Effect::Error {
        status: 403,
        code: "ExpiredToken".to_owned(),
        message: "The security token included in the request is expired".to_owned(),
    };
    match rng.u8(..16) {
        0 => Effect::Throttle,
        1 => Effect::ServiceFailure,
        2 => Effect::TimeoutBefore,
        3 => Effect::TimeoutAfter,
        4 => Effect::LostResponse,
        5 => Effect::Reset,
        6 => Effect::MalformedBody,
        7 => Effect::TruncatedBody,
        8 => Effect::WrongContentType,
        9 => Effect::Redirect,
        10 => Effect::Slow { milliseconds: rng.u64(100..20_000) },
        11 => Effect::StuckReport,
        12 => expired(),
        13 => Effect::Denied(Denial::ServiceControlPolicy),
        14 => Effect::Denied(Denial::ExplicitDeny),
        _ => Effect::Denied(Denial::NoPolicy),
    }
}

fn draw_when(rng: &mut Rng) -> When {
    match rng.u8(..5) {
        0 => When::Always,
        1 => When::Nth(rng.u64(1..8)),
        2 => When::First(rng.u64(1..8)),
        3 => When::After(rng.u64(0..20)),
        _ => When::Probability { share: [0.03, 0.2, 0.6][rng.usize(..3)], seed: rng.u64(..) },
    }
}

/// Sets up what goes wrong in one scan. Most rules are for one operation of one account, so that much else can be told apart.
pub(crate) fn arm(sim: &Sim, rng: &mut Rng) {
    let throttled = [0.0, 0.2, 0.6][rng.usize(..3)];
    let when = When::Probability { share: throttled, seed: rng.u64(..) };
    sim.add_fault(Rule::new(Effect::Throttle).when(when));
    let accounts: Vec<AccountId> = sim.truth().accounts.iter().map(|account| account.id).collect();
    for _ in 0..rng.u32(..6) {
        let mut rule = Rule::new(draw_effect(rng)).when(draw_when(rng));
        if rng.u8(..8) > 0 {
            rule = rule.action(Action::ALL[rng.usize(..Action::ALL.len())]);
        }
        if rng.u8(..4) > 0 {
            rule = rule.account(accounts[rng.usize(..accounts.len())]);
        }
        sim.add_fault(rule);
    }
}
