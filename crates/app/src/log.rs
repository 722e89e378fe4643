//! Every line that the use cases log, with its fields. `docs/LOGGING.md` explains them, and a test holds it against what real
//! runs write. No line has anything of the list there of what is never logged: what is not a field here is not logged.

use std::time::Duration;

use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::memory::Begun;
use keysweep_core::problem::Problem;
use tracing::{debug, info, trace, warn};

use crate::progress::Event;

/// What all lines of keysweep are written under; those of other crates are let through nowhere.
const TARGET: &str = "keysweep";

/// Whole milliseconds.
fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// What happened.
pub(crate) fn event(event: &Event) {
    match event {
        Event::AccountFound | Event::AccountsListed => {}
        Event::AccountSkipped(account) => info!(target: TARGET, %account, "account skipped"),
        Event::AccountStarted(account) => info!(target: TARGET, %account, "account begun"),
        Event::AccountFinished { account, status, findings, problems, calls, took } => {
            let duration_ms = ms(*took);
            if *problems == 0 {
                info!(target: TARGET, %account, status, findings, problems, calls, duration_ms, "account ended");
            } else {
                warn!(target: TARGET, %account, status, findings, problems, calls, duration_ms, "account ended");
            }
        }
        Event::KeysToList { account, users } => debug!(target: TARGET, %account, users, "users to list"),
        Event::Called { account, call, failure, again, waited, took } => {
            let (waited_ms, duration_ms) = (ms(*waited), ms(*took));
            let account = account.map(tracing::field::display);
            let operation = tracing::field::display(call);
            let Some(error) = failure else {
                debug!(target: TARGET, account, operation, outcome = "ok", waited_ms, duration_ms, "call ended");
                return;
            };
            let outcome = error.kind.name();
            let (code, request_id) = (error.code.as_deref(), error.request_id.as_deref());
            let error = error.message.as_str();
            if *again {
                debug!(target: TARGET, account, operation, outcome, code, request_id, error, waited_ms, duration_ms, "call throttled");
            } else {
                debug!(target: TARGET, account, operation, outcome, code, request_id, error, waited_ms, duration_ms, "call ended");
            }
        }
        Event::PhaseEnded { account, phase, took } => {
            let account = account.map(tracing::field::display);
            debug!(target: TARGET, account, phase = phase.name(), duration_ms = ms(*took), "phase ended");
        }
    }
}

/// A call is about to wait for its turn.
pub(crate) fn call_begun(
    account: Option<keysweep_core::account::AccountId>,
    call: keysweep_core::call::Call,
) {
    trace!(target: TARGET, account = account.map(tracing::field::display), operation = %call, "call begun");
}

/// A scan begins.
pub(crate) fn scan_begun(begun: &Begun, resumed: bool) {
    let (scope, organization) = match &begun.scope {
        Scope::Account => ("account", None),
        Scope::Organization(organization) => ("organization", Some(organization.id.as_str())),
    };
    info!(
        target: TARGET,
        scan = begun.id,
        version = begun.version,
        account = %begun.caller.account,
        scope,
        organization,
        resumed,
        "scan begun"
    );
}

/// A scan ended. What concerns no single account was not told before.
pub(crate) fn scan_ended(assessment: &Assessment, took: Duration) {
    assessment.problems.iter().for_each(problem);
    let calls = assessment.all_calls().total();
    info!(
        target: TARGET,
        scan = assessment.id,
        accounts = assessment.accounts.len(),
        findings = assessment.findings().count(),
        problems = assessment.problems().count(),
        calls = calls.sent,
        throttled = calls.throttled,
        duration_ms = ms(took),
        "scan ended"
    );
}

/// Something was not assessed.
pub(crate) fn problem(problem: &Problem) {
    let error = problem.error.as_ref();
    info!(
        target: TARGET,
        account = problem.account.map(tracing::field::display),
        gap = problem.gap.name(),
        cause = problem.cause().name(),
        operation = error.map(|error| tracing::field::display(error.call)),
        outcome = error.map(|error| error.kind.name()),
        code = error.and_then(|error| error.code.as_deref()),
        request_id = error.and_then(|error| error.request_id.as_deref()),
        error = error.map(|error| error.message.as_str()),
        "not assessed"
    );
}
