//! The paths below `/_sim/`, which are not AWS's: they show what is true and change the simulation. They need no
//! signature. Every answer is JSON; an error says what to send instead.

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::Method;
use keysweep_core::account::{AccountId, NotAnAccountId};
use keysweep_core::key::KeyStatus;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::connection::Answer;
use crate::fault::Rule;
use crate::{Action, Sim};

const PATHS: &str = "GET /_sim/health, GET /_sim/truth, GET /_sim/calls, POST /_sim/calls/reset, \
    POST /_sim/clock {\"advance_seconds\": 60}, POST /_sim/faults [RULE, ...], DELETE /_sim/faults, \
    POST /_sim/activity {\"share\": 0.01, \"seed\": 1}, POST /_sim/role {\"account\": \"111122223333\", \"name\": \"auditor\", \"external_id\": \"secret\"}";

/// `POST /_sim/clock`: lets time pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    advance_seconds: u64,
}

/// `POST /_sim/activity`: a share of all users have one of their keys switched on, or off, now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activity {
    share: f64,
    seed: u64,
}

/// `POST /_sim/role`: a role of an account and the external id that it asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    account: String,
    name: String,
    external_id: Option<String>,
}

/// `POST /_sim/faults`: one rule, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    Several(Vec<Rule>),
    One(Box<Rule>),
}

/// Why there is no answer: the status and what to do instead.
struct Refusal(u16, String);

/// Answers `/_sim/COMMAND`.
pub(super) fn answer(method: &Method, command: &str, body: &[u8], sim: &Sim) -> Answer {
    let outcome = match (method.as_str(), command) {
        ("GET", "health") => to_json(&json!({ "status": "ok", "now": sim.now().to_string() })),
        ("GET", "truth") => to_json(&sim.truth()),
        ("GET", "calls") => to_json(&sim.calls()),
        ("POST", "calls/reset") => {
            sim.reset_calls();
            to_json(&sim.calls())
        }
        ("POST", "clock") => advance(body, sim),
        ("POST", "activity") => act(body, sim),
        ("POST", "faults") => add_faults(body, sim),
        ("DELETE", "faults") => {
            sim.clear_faults();
            to_json(&json!({ "rules": 0 }))
        }
        ("POST", "role") => set_role(body, sim),
        _ => Err(Refusal(404, format!("{method} /_sim/{command} does not exist. There are: {PATHS}"))),
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(Refusal(status, message)) => (status, json!({ "error": message }).to_string().into_bytes()),
    };
    Answer { status, content_type: "application/json", headers: Vec::new(), body }
}

fn advance(body: &[u8], sim: &Sim) -> Result<Vec<u8>, Refusal> {
    let Clock { advance_seconds } = read(body)?;
    sim.clock().advance(Duration::from_secs(advance_seconds));
    to_json(&json!({ "now": sim.now().to_string() }))
}

fn act(body: &[u8], sim: &Sim) -> Result<Vec<u8>, Refusal> {
    let Activity { share, seed } = read(body)?;
    if !(0.0..=1.0).contains(&share) {
        return Err(Refusal(400, format!("the share of users is from 0 to 1, not {share}")));
    }
    let (truth, now) = (sim.truth(), sim.now());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut changed = 0;
    for account in &truth.accounts {
        let mut seen = BTreeSet::new();
        let of_users = account.keys.iter().filter(|key| !key.user.starts_with('<'));
        for key in of_users.filter(|key| seen.insert(&key.user)) {
            if random.f64() >= share {
                continue;
            }
            let status = match key.status {
                KeyStatus::Active => KeyStatus::Inactive,
                KeyStatus::Inactive => KeyStatus::Active,
            };
            sim.edit(|world| {
                world.account(account.id).user(&key.user).key(&key.id, key.created).changed(now, status);
            });
            changed += 1;
        }
    }
    to_json(&json!({ "changed": changed }))
}

fn add_faults(body: &[u8], sim: &Sim) -> Result<Vec<u8>, Refusal> {
    let rules = match read(body)? {
        Rules::Several(rules) => rules,
        Rules::One(rule) => vec![*rule],
    };
    // A rule that can never strike would make a test pass for the wrong reason.
    for rule in &rules {
        if let Some(name) = &rule.action
            && !Action::ALL.iter().any(|action| action.name() == name)
        {
            return Err(Refusal(400, format!("the simulated AWS has no operation {name:?}")));
        }
        if let Some(account) = &rule.account {
            account_id(account, sim)?;
        }
    }
    let added = rules.len();
    for rule in rules {
        sim.add_fault(rule);
    }
    to_json(&json!({ "added": added }))
}

fn set_role(body: &[u8], sim: &Sim) -> Result<Vec<u8>, Refusal> {
    let Role { account, name, external_id } = read(body)?;
    let id = account_id(&account, sim)?;
    sim.edit(|world| {
        world.account(id).role(&name, external_id.as_deref());
    });
    to_json(&json!({ "account": account, "name": name }))
}

/// The id of an account that exists.
fn account_id(text: &str, sim: &Sim) -> Result<AccountId, Refusal> {
    let id = text.parse().map_err(|error: NotAnAccountId| Refusal(400, error.to_string()))?;
    match sim.world().place(id) {
        Some(_) => Ok(id),
        None => Err(Refusal(400, format!("the simulated organization has no account {id}"))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal(400, format!("the body could not be read: {error}. There are: {PATHS}")))
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value)
        .map_err(|error| Refusal(500, format!("the answer could not be written as JSON: {error}")))
}
