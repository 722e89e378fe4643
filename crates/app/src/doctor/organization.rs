//! Looks at the organization: where the caller's account stands in it, whether it can be read, and which accounts are then
//! looked at one by one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use keysweep_core::account::{Account, AccountId, Organization};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::diagnosis::{Check, Fault, Listed, Outcome, Place, Subject};
use keysweep_core::ports::{Clock, Directory, ListedAccount, Page};

use super::{Sample, answered, check, failed};
use crate::filter::Filters;
use crate::organization::{Lister, skip_reason};

/// So many pages of 20 accounts are read for a sample where no filter asks for all of them.
const PAGES: usize = 5;
/// How many accounts' tags are read at the same time, where filters ask for them.
const ADMITTED_AT_ONCE: usize = 16;

/// What was learnt.
pub(super) struct Surveyed {
    pub(super) place: Place,
    pub(super) checks: Vec<Check>,
    pub(super) listed: Option<Listed>,
    /// The accounts to look at.
    pub(super) chosen: BTreeSet<AccountId>,
}

/// Finds out where the caller's account is. With `filters`, an organization is to be scanned: then all of it is looked at.
pub(super) async fn survey<D: Directory, C: Clock>(
    lister: &Lister<'_, D, C>,
    own: AccountId,
    filters: Option<&Filters>,
    sample: Sample,
) -> Surveyed {
    let described = lister.organization().await;
    let first = match &described {
        Ok(organization) if organization.management_account != own || filters.is_some() => {
            Some(lister.list_accounts(None).await)
        }
        _ => None,
    };
    let place = place(own, &described, first.as_ref());
    let mut surveyed = Surveyed { place, checks: Vec::new(), listed: None, chosen: BTreeSet::from([own]) };
    let Some(filters) = filters else {
        let outcome = match (&surveyed.place, described) {
            (Place::Unknown, Err(error)) => {
                Outcome::NotChecked(format!("a scan without --org does not need it ({error})"))
            }
            _ => Outcome::Works,
        };
        surveyed.checks.push(check(None, Subject::Place, outcome));
        return surveyed;
    };
    let outcome = match &surveyed.place {
        Place::Alone | Place::Member(_) => Outcome::Fails(Fault::WrongPlace),
        Place::Unknown => Outcome::NotChecked("AWS does not say where the caller's account is".to_owned()),
        Place::Management(_) | Place::DelegatedAdministrator(_) => Outcome::Works,
    };
    surveyed.checks.push(check(None, Subject::Place, outcome));
    // Outside, or where only the management account may ask, every call of Organizations fails for the same reason.
    if matches!(surveyed.place, Place::Alone | Place::Member(_)) {
        return surveyed;
    }
    surveyed.checks.push(answered(None, Call::DescribeOrganization, &described));
    let first = match first {
        Some(first) => first,
        None => lister.list_accounts(None).await,
    };
    surveyed.checks.push(answered(None, Call::ListAccounts, &first));
    surveyed.checks.extend(tree(lister, own).await);
    if let Ok(page) = first {
        let InScope { accounts, more, failures } = in_scope(lister, page, filters, sample).await;
        surveyed.listed = Some(Listed { in_scope: accounts.len(), more });
        if accounts.is_empty() && !more {
            surveyed.checks.push(check(None, Subject::Selection, Outcome::Fails(Fault::NothingSelected)));
        }
        surveyed.checks.extend(failures.into_iter().map(|error| failed(None, error)));
        let management = surveyed.place.organization().map(|organization| organization.management_account);
        surveyed.chosen = choose(&accounts, own, management, sample);
    }
    surveyed
}

/// AWS tells a member in words that differ from those of a missing permission ("… is not authorized to perform …").
fn place(
    own: AccountId,
    described: &CallResult<Organization>,
    listed: Option<&CallResult<Page<ListedAccount>>>,
) -> Place {
    let lacks_permission = |error: &CallError| error.message.contains("not authorized to perform");
    match (described, listed) {
        (Err(error), _) if error.code.as_deref() == Some("AWSOrganizationsNotInUseException") => Place::Alone,
        (Ok(organization), _) if organization.management_account == own => {
            Place::Management(organization.clone())
        }
        (Ok(organization), Some(Ok(_))) => Place::DelegatedAdministrator(organization.clone()),
        (Ok(organization), Some(Err(error)))
            if error.kind == CallErrorKind::Denied && !lacks_permission(error) =>
        {
            Place::Member(organization.clone())
        }
        (Ok(_) | Err(_), _) => Place::Unknown,
    }
}

/// The calls that read organizational units and tags, one each.
async fn tree<D: Directory, C: Clock>(lister: &Lister<'_, D, C>, own: AccountId) -> Vec<Check> {
    let directory = lister.directory;
    let roots = lister.call(Call::ListRoots, || directory.list_roots(None)).await;
    let mut checks = vec![answered(None, Call::ListRoots, &roots)];
    let root = roots.ok().and_then(|page| page.items.into_iter().next());
    let call = Call::ListOrganizationalUnitsForParent;
    let below = Call::ListAccountsForParent;
    if let Some(root) = root {
        let units =
            lister.call(call, || directory.list_organizational_units_for_parent(&root.id, None)).await;
        checks.push(answered(None, call, &units));
        let accounts = lister.call(below, || directory.list_accounts_for_parent(&root.id, None)).await;
        checks.push(answered(None, below, &accounts));
    } else {
        let unknown = |call| {
            check(
                None,
                Subject::Call(call),
                Outcome::NotChecked("the organization's root is not known".to_owned()),
            )
        };
        checks.extend([call, below].map(unknown));
    }
    let call = Call::ListTagsForResource;
    let tags = lister.call(call, || directory.list_tags_for_resource(own, None)).await;
    checks.push(answered(None, call, &tags));
    checks
}

/// The accounts that a scan would enter.
struct InScope {
    accounts: Vec<AccountId>,
    /// Whether there may be more.
    more: bool,
    /// What could not be read on the way.
    failures: Vec<CallError>,
}

async fn in_scope<D: Directory, C: Clock>(
    lister: &Lister<'_, D, C>,
    first: Page<ListedAccount>,
    filters: &Filters,
    sample: Sample,
) -> InScope {
    if !filters.include.is_empty() || !filters.exclude.is_empty() {
        return filtered(lister, first, filters).await;
    }
    let Page { mut items, mut next } = first;
    let mut failures = Vec::new();
    let mut pages = 1;
    while let Some(token) = next.as_ref().filter(|_| sample == Sample::All || pages < PAGES) {
        pages += 1;
        match lister.list_accounts(Some(token.clone())).await {
            Ok(page) => {
                items.extend(page.items);
                next = page.next;
            }
            Err(error) => {
                failures.push(error);
                break;
            }
        }
    }
    let entered =
        items.into_iter().map(Account::from).filter(|account| skip_reason(account, filters).is_none());
    InScope { accounts: entered.map(|account| account.id).collect(), more: next.is_some(), failures }
}

/// Filters can ask for units and tags, so that the whole organization is read, as a scan does.
async fn filtered<D: Directory, C: Clock>(
    lister: &Lister<'_, D, C>,
    first: Page<ListedAccount>,
    filters: &Filters,
) -> InScope {
    let found = Mutex::new(Vec::new());
    let unlisted = lister
        .find(first, |account| found.lock().unwrap_or_else(PoisonError::into_inner).push(account))
        .await;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let admitted: Vec<_> = stream::iter(found)
        .map(|account| lister.admit(account, filters))
        .buffer_unordered(ADMITTED_AT_ONCE)
        .collect()
        .await;
    let more = !unlisted.is_empty();
    let mut problems = unlisted;
    let mut accounts = Vec::new();
    for listed in admitted {
        problems.extend(listed.problems);
        if listed.skip.is_none() {
            accounts.push(listed.account.id);
        }
    }
    accounts.sort_unstable();
    InScope { accounts, more, failures: problems.into_iter().filter_map(|problem| problem.error).collect() }
}

/// The caller's own account, the management account, and so many of the others, evenly spread over the list: accounts that
/// were made together stand together in it, and share their faults.
fn choose(
    accounts: &[AccountId],
    own: AccountId,
    management: Option<AccountId>,
    sample: Sample,
) -> BTreeSet<AccountId> {
    let always = |id: &AccountId| *id == own || Some(*id) == management;
    let others: Vec<AccountId> = accounts.iter().copied().filter(|id| !always(id)).collect();
    let wanted = match sample {
        Sample::All => others.len(),
        Sample::Some(wanted) => wanted.min(others.len()),
    };
    let spread = (0..wanted).filter_map(|index| others.get(index * others.len() / wanted));
    accounts.iter().copied().filter(always).chain(spread.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_and_hold_own_and_management_account() {
        let id = |number| AccountId::from_number(number).unwrap();
        let accounts: Vec<AccountId> = (1..=100).map(id).collect();
        let chosen = |sample| choose(&accounts, id(7), Some(id(1)), sample);
        assert_eq!(chosen(Sample::All), accounts.iter().copied().collect());
        assert_eq!(chosen(Sample::Some(2)), BTreeSet::from([id(1), id(2), id(7), id(52)]));
        assert_eq!(chosen(Sample::Some(0)), BTreeSet::from([id(1), id(7)]));
        assert_eq!(chosen(Sample::Some(500)).len(), 100);
    }
}
