//! `keysweep doctor`: whether a scan will work, before it is begun. Makes each call that a scan makes, once, and changes
//! nothing; what fails is told and never ends the look. Mending belongs to `keysweep-report`.

mod account;
mod organization;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::CallCounts;
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::diagnosis::{CLOCK_TOLERANCE, Check, Diagnosis, Fault, Outcome, Place, Subject};
use keysweep_core::ports::{Accounts, Clock, Directory, ServerTime};
use keysweep_core::time::Instant;

use crate::clocks;
use crate::filter::Filters;
use crate::gate::{Caller, Desk, Gates};
use crate::organization::Lister;
use crate::progress::Progress;
use organization::Surveyed;

/// What to look at.
#[derive(Clone, Debug)]
pub struct DoctorRequest {
    /// The program's version.
    pub version: String,
    /// The accounts of the organization that a scan would assess; the caller's own where `None`.
    pub organization: Option<Filters>,
    /// How many of them are looked at.
    pub sample: Sample,
    /// Variables that lead calls elsewhere than to AWS, with the URL in each.
    pub endpoints: Vec<(String, String)>,
    /// How many accounts are looked at at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
}

/// How many accounts are looked at. The caller's own and the management account always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// So many beside those two.
    Some(usize),
    /// Every one.
    All,
}

/// Looks at everything that a scan needs.
pub async fn examine<P, C>(
    ports: &P,
    clock: &C,
    request: &DoctorRequest,
    progress: &dyn Progress,
) -> Diagnosis
where
    P: Accounts + Directory + ServerTime,
    C: Clock,
{
    let desk = Desk::new(clock, progress, request.give_up_after);
    let (gates, caller) = (Gates::new(), Caller::new(&desk, None));
    let started_at = clock.now();
    let mut diagnosis = Diagnosis {
        version: request.version.clone(),
        started_at,
        of_organization: request.organization.is_some(),
        caller: None,
        place: Place::Unknown,
        listed: None,
        checks: request.endpoints.iter().map(endpoint).collect(),
        calls: CallCounts::default(),
    };
    let answer = caller.call(&gates, Call::GetCallerIdentity, || ports.get_caller_identity()).await;
    let told = ports.server_time();
    let identity = match answer {
        Ok(identity) => {
            diagnosis.checks.push(check(None, Subject::Call(Call::GetCallerIdentity), Outcome::Works));
            Some(identity)
        }
        Err(error) => {
            diagnosis.checks.push(failed(None, error));
            None
        }
    };
    // The answer was given at some moment since the last attempt was sent, which nobody noted; but not before the start.
    diagnosis.checks.push(check(None, Subject::Clock, clock_outcome(told, started_at, clock.now())));
    let Some(identity) = identity else {
        diagnosis.calls = caller.counts();
        return diagnosis;
    };
    let own = identity.account;
    diagnosis.caller = Some(identity);

    let lister = Lister { directory: ports, caller: &caller, gates: &gates };
    let Surveyed { place, checks, listed, chosen } =
        organization::survey(&lister, own, request.organization.as_ref(), request.sample).await;
    diagnosis.place = place;
    diagnosis.listed = listed;
    diagnosis.checks.extend(checks);

    let mut looked: Vec<(AccountId, Vec<Check>, CallCounts)> = stream::iter(chosen)
        .map(async |id| {
            let of_account = Caller::new(&desk, Some(id));
            let checks = enter(ports, &of_account, &gates, id, own).await;
            (id, checks, of_account.counts())
        })
        .buffer_unordered(request.concurrency.max(1))
        .collect()
        .await;
    looked.sort_by_key(|(id, _, _)| *id);
    diagnosis.calls = caller.counts();
    for (_, checks, counts) in looked {
        diagnosis.checks.extend(checks);
        diagnosis.calls.absorb(&counts);
    }
    diagnosis
}

/// Enters an account, where it is not the caller's own, and looks at it.
async fn enter<A: Accounts, C: Clock>(
    accounts: &A,
    caller: &Caller<'_, C>,
    shared: &Gates,
    id: AccountId,
    own: AccountId,
) -> Vec<Check> {
    if id == own {
        return account::look(id, &accounts.own(), caller).await;
    }
    match caller.call(shared, Call::AssumeRole, || accounts.enter(id)).await {
        Ok(entered) => {
            let mut checks = vec![check(Some(id), Subject::Call(Call::AssumeRole), Outcome::Works)];
            checks.extend(account::look(id, &entered, caller).await);
            checks
        }
        Err(error) => vec![failed(Some(id), error)],
    }
}

fn endpoint((variable, url): &(String, String)) -> Check {
    let is_url =
        ["http://", "https://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    let outcome = if is_url {
        Outcome::Noted(format!("calls go to {url}, not to AWS's own endpoint"))
    } else {
        Outcome::Fails(Fault::NotAUrl(url.clone()))
    };
    check(None, Subject::Endpoint { variable: variable.clone() }, outcome)
}

/// What AWS's time, told between two moments of the machine's clock, says of that clock.
fn clock_outcome(told: Option<Instant>, before: Instant, after: Instant) -> Outcome {
    let Some(told) = told else {
        return Outcome::NotChecked("AWS's answer did not say what time it is there".to_owned());
    };
    let off = clocks::off(told, before, after);
    if off.abs() > CLOCK_TOLERANCE { Outcome::Fails(Fault::ClockOff(off)) } else { Outcome::Works }
}

fn check(account: Option<AccountId>, subject: Subject, outcome: Outcome) -> Check {
    Check { account, subject, outcome }
}

fn failed(account: Option<AccountId>, error: CallError) -> Check {
    check(account, Subject::Call(error.call), Outcome::Fails(Fault::Call(error)))
}

/// The check of a call whose answer is of no interest.
fn answered<T>(account: Option<AccountId>, call: Call, answer: &Result<T, CallError>) -> Check {
    match answer {
        Ok(_) => check(account, Subject::Call(call), Outcome::Works),
        Err(error) => failed(account, error.clone()),
    }
}

/// Whether the caller was allowed to ask, whatever the answer was.
const fn is_allowed(kind: CallErrorKind) -> bool {
    matches!(kind, CallErrorKind::NotFound | CallErrorKind::ReportInProgress | CallErrorKind::ReportAbsent)
}
