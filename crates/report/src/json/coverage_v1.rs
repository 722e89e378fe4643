//! The fields of `coverage_summary` in `keysweep.assessment/v1`: how much the verdicts speak for, and why not for more.
//! Frozen as all of [`super::v1`].

use std::borrow::Cow;

use keysweep_core::assessment::Assessment;
use keysweep_core::cause::CauseGroup;
use keysweep_core::coverage_summary::{CoverageSummary, UnitSummary};
use keysweep_core::totals::Totals;
use serde::Serialize;

use super::v1::{AccountTotalsV1, FindingTotalsV1};
use crate::causes::most_frequent;
use crate::mask::Mask;
use crate::summary;

#[derive(Serialize)]
pub(super) struct CoverageSummaryV1<'a> {
    text: String,
    accounts: u64,
    accounts_in_part: u64,
    accounts_to_assess: u64,
    users: u64,
    users_to_assess: Option<u64>,
    users_are_estimated: bool,
    organizational_units: Vec<UnitV1<'a>>,
    causes: Vec<CauseV1<'a>>,
}

#[derive(Serialize)]
struct UnitV1<'a> {
    ou_path: Option<Cow<'a, str>>,
    accounts: AccountTotalsV1,
    users: u64,
    findings: FindingTotalsV1,
}

#[derive(Serialize)]
struct CauseV1<'a> {
    cause: &'static str,
    text: String,
    gap: Option<&'static str>,
    call: Option<String>,
    error_code: Option<Cow<'a, str>>,
    times: u64,
    account_ids: Vec<String>,
    remedy: Cow<'a, str>,
}

impl<'a> CoverageSummaryV1<'a> {
    pub(super) fn of(assessment: &'a Assessment, totals: &Totals, mask: &Mask<'a>) -> Self {
        let coverage = CoverageSummary::of(assessment);
        Self {
            text: summary::coverage(totals, &coverage),
            accounts: coverage.accounts,
            accounts_in_part: coverage.accounts_in_part,
            accounts_to_assess: coverage.accounts_to_assess,
            users: coverage.users,
            users_to_assess: coverage.users_to_assess,
            users_are_estimated: coverage.users_are_estimated,
            organizational_units: coverage.units.iter().map(|unit| UnitV1::of(unit, mask)).collect(),
            causes: most_frequent(assessment).into_iter().map(|group| CauseV1::of(group, mask)).collect(),
        }
    }
}

impl UnitV1<'_> {
    fn of(unit: &UnitSummary, mask: &Mask<'_>) -> Self {
        Self {
            ou_path: unit.path.clone().map(|path| mask.owned(path)),
            accounts: AccountTotalsV1::of(unit.accounts),
            users: unit.users,
            findings: FindingTotalsV1::of(unit.findings),
        }
    }
}

impl<'a> CauseV1<'a> {
    fn of(group: CauseGroup<'a>, mask: &Mask<'a>) -> Self {
        Self {
            cause: group.cause.name(),
            text: group.cause.to_string(),
            gap: group.gap,
            call: group.call.map(|call| call.to_string()),
            error_code: group.code.map(|code| mask.text(code)),
            times: group.times,
            account_ids: group.accounts.iter().map(ToString::to_string).collect(),
            remedy: mask.owned(group.remedy),
        }
    }
}
