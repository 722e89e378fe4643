//! What the verbs of clean-up share: the plan's file, the way into AWS, and how a refusal is said.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use keysweep_app::clocks::{self, ClockError};
use keysweep_aws::{Session, SystemClock};
use keysweep_core::account::{AccountId, CallerIdentity};
use keysweep_core::approval::Approval;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Conclusion};
use keysweep_core::exemption::{Exemptions, Protected};
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::plan::idle::idle_units;
use keysweep_core::plan::lint::{Limits, Objection, Severity};
use keysweep_core::ports::{Accounts as _, Clock as _, ExemptionSource as _, KeptPlan};
use keysweep_core::time::Instant;
use keysweep_report::visible::visible;
use keysweep_report::words::{count, grouped};

use crate::exempt::{ExemptionsUnknown, Sources};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::terminal::note;
use crate::verb::scan::{caller_hint, no_session, session_options};

/// The name under which the configuration file approves. Nobody else may have it.
pub const BY_POLICY: &str = "policy of the configuration file";

/// The approvals that count towards `plan`: that of the configuration file only as long as it lets so many keys be approved.
pub fn that_count(approvals: Vec<Approval>, plan: &Plan, settings: &Settings) -> Vec<Approval> {
    let most = settings.clean_up.auto.approve;
    let lets = most.is_some_and(|most| plan.amount().changes() <= u64::from(most));
    approvals.into_iter().filter(|approval| lets || approval.by != BY_POLICY).collect()
}

/// A way into AWS; nothing is called yet.
pub async fn connect(settings: &Settings) -> Result<Session, Failure> {
    Session::load(session_options(settings)).await.map_err(no_session)
}

/// A way into AWS, and whose it is. A clock that is not AWS's is refused.
pub async fn enter(settings: &Settings) -> Result<(Session, CallerIdentity), Failure> {
    let session = connect(settings).await?;
    let clock = SystemClock::new();
    let asked = clock.now();
    let caller = session.get_caller_identity().await.map_err(|error| {
        let hint = caller_hint(&error);
        Failure::failed(anyhow::Error::from(error).context("the caller's credentials could not be used"))
            .hint(hint)
    })?;
    clocks::check(&session, asked, clock.now()).map_err(|error| {
        Failure::refused(error).hint(format!("nothing was changed; {}", clock_hint(error)))
    })?;
    Ok((session, caller))
}

/// What mends a clock that cannot be relied on.
pub fn clock_hint(error: ClockError) -> &'static str {
    match error {
        ClockError::Off { .. } => "set the clock: ages, grace and approvals are counted by it",
        ClockError::NotTold => "look whether a proxy removes the header Date from AWS's answers",
    }
}

/// The plan in a file, and its digest. One that was changed is refused.
pub fn read_plan(file: &Path) -> Result<(Plan, Digest), Failure> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the plan {} could not be read", file.display()))
        .map_err(|error| Failure::usage(error).hint("`keysweep plan` makes one"))?;
    document::read(&text).map_err(|error| {
        Failure::refused(anyhow::Error::from(error))
            .of(file)
            .hint("nothing was deleted; make a new plan with `keysweep plan`, and change nothing in it")
    })
}

/// The plan as the store keeps it.
pub fn kept(plan: &Plan, digest: Digest) -> KeptPlan {
    KeptPlan { digest, id: plan.id.clone(), made_at: plan.made_at, text: document::write(plan) }
}

/// The exemptions of the moment; says on standard error where they come from.
pub async fn exemptions(sources: &Sources<'_>, quiet: bool) -> Result<Exemptions, Failure> {
    let exemptions = sources.exemptions().await.map_err(unknown)?;
    let known = count(exemptions.list().len() as u64, "exemption");
    let files: Vec<String> = sources.files().iter().map(|file| file.display().to_string()).collect();
    let places = match &files[..] {
        [] => "in the store; there is no exemptions.toml".to_owned(),
        files => format!("in the store and in {}", files.join(" and ")),
    };
    note(quiet, &format!("{known} {places}"));
    Ok(exemptions)
}

/// A plan that rules object to. What blocks it is said with it: the table on standard output is not read by everybody.
pub fn objected(objections: &[Objection], outcome: &str) -> Failure {
    let blocking = objections.iter().filter(|objection| objection.severity == Severity::Error);
    let blocking = blocking.map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Failure::refused(anyhow!(blocking).context(format!("rules object to the plan: {outcome}")))
}

/// Says on standard error, `--quiet` or not, which organizational units are to be protected and are not there.
pub fn warn_of_idle_units(assessment: &Assessment, exempt: &Exemptions, limits: &Limits, now: Instant) {
    let configured = limits.protected_units.iter().map(|unit| ("protected_units".to_owned(), unit.as_str()));
    let exempted = exempt.list().iter().filter(|exemption| !exemption.is_expired(now));
    let exempted = exempted.filter_map(|exemption| match exemption.protects() {
        Protected::OrganizationalUnit(unit) => Some((format!("exemption {}", exemption.id()), unit.as_str())),
        _ => None,
    });
    for (by, unit) in configured.chain(exempted) {
        warn_of_idle_unit(assessment, &by, unit);
    }
}

/// As [`warn_of_idle_units`], of one unit and by what it is to be protected.
pub fn warn_of_idle_unit(assessment: &Assessment, by: &str, unit: &str) {
    if !idle_units(assessment, [unit]).is_empty() {
        let way =
            "write its id, or the names of all units on the way to it from the root, with / between them";
        let when = assessment.started_at;
        let line = format!(
            "warning: {by} protects nothing by {unit:?}: no account lay below such a unit at {when}; {way}"
        );
        note(false, &line);
    }
}

/// How a clean-up ends that has done all it had to do. Where the scan that it rests on assessed not everything, standard error
/// says so, `--quiet` or not: keys of what was not looked at are not in the plan, and nothing else would tell.
pub fn concluded(assessment: &Assessment, plan: &Plan) -> Exit {
    if assessment.conclusion() != Conclusion::Incomplete && plan.not_surveyed.is_empty() {
        return Exit::Clean;
    }
    note(false, &gaps(assessment, plan));
    Exit::Incomplete
}

/// So many accounts are named, and of so many kinds of problems is told what to do.
const NAMED: usize = 3;

/// What was not assessed, and what to do about it.
fn gaps(assessment: &Assessment, plan: &Plan) -> String {
    let skipped = |one: &&AccountAssessment| matches!(one.status, AccountStatus::Skipped(_));
    let in_scope = assessment.accounts.iter().filter(|one| !skipped(one)).count();
    let with_gaps: Vec<AccountId> = assessment
        .accounts
        .iter()
        .filter(|one| !one.problems.is_empty())
        .map(|one| one.account.id)
        .chain(plan.not_surveyed.iter().map(|one| one.account))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut named: Vec<String> = with_gaps.iter().take(NAMED).map(ToString::to_string).collect();
    if let more @ 1.. = with_gaps.len().saturating_sub(NAMED) {
        named.push(format!("{} more", grouped(more as u64)));
    }
    let mut lines = vec![match with_gaps.len() {
        0 => "incomplete: not everything was assessed".to_owned(),
        some => format!(
            "incomplete: {} of {} not assessed, or not completely ({})",
            grouped(some as u64),
            count(in_scope as u64, "account"),
            named.join(", ")
        ),
    }];
    let mut told = BTreeSet::new();
    let remedies = assessment.problems().map(|problem| (problem, problem.remedy()));
    let of_a_kind = remedies.filter(|(_, remedy)| told.insert(remedy.clone()));
    lines.extend(
        of_a_kind
            .take(NAMED)
            .map(|(problem, remedy)| format!("  {}. {remedy}", visible(&problem.to_string()))),
    );
    lines.push(format!(
        "  What was not assessed is not cleaned up. `keysweep report {}` has every problem.",
        assessment.id
    ));
    lines.join("\n")
}

/// Exemptions that are not known stop a clean-up.
pub fn unknown(error: ExemptionsUnknown) -> Failure {
    Failure::refused(anyhow::Error::from(error))
        .hint("nothing was deleted: what is exempt must be known; mend the file, or `keysweep state check` the store")
}
