//! Lists the accounts of an organization, with their place in it, and decides which of them are assessed.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;

use keysweep_core::account::{Account, AccountId, AccountState, Organization, OrganizationalUnit, Tags};
use keysweep_core::assessment::SkipReason;
use keysweep_core::call::{Call, CallError, CallResult};
use keysweep_core::ports::{Clock, Directory, Page};
use keysweep_core::problem::{Gap, Problem};

use crate::filter::Filters;
use crate::gate::{Caller, Gates};

/// The accounts of an organization.
pub(crate) struct Listing {
    pub(crate) organization: Organization,
    /// By id. Those with a reason are left out.
    pub(crate) accounts: Vec<Listed>,
    pub(crate) problems: Vec<Problem>,
}

pub(crate) struct Listed {
    pub(crate) account: Account,
    pub(crate) skip: Option<SkipReason>,
    pub(crate) problems: Vec<Problem>,
}

/// Every item of a listing. Those of the pages before a failure are kept: they are true, if not all.
pub(crate) async fn all_pages<T, F>(page: impl Fn(Option<String>) -> F) -> (Vec<T>, Option<CallError>)
where
    F: Future<Output = CallResult<Page<T>>>,
{
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        match page(next).await {
            Ok(Page { items: more, next: token }) => {
                items.extend(more);
                if token.is_none() {
                    return (items, None);
                }
                next = token;
            }
            Err(error) => return (items, Some(error)),
        }
    }
}

/// Lists the accounts. An error means that not even the first of them are known.
pub(crate) async fn list<D: Directory, C: Clock>(
    directory: &D,
    caller: &Caller<'_, C>,
    gates: &Gates,
    filters: &Filters,
) -> Result<Listing, CallError> {
    let organization =
        caller.call(gates, Call::DescribeOrganization, || directory.describe_organization()).await?;
    let (listed, failed) = all_pages(async |token: Option<String>| {
        caller.call(gates, Call::ListAccounts, || directory.list_accounts(token.as_deref())).await
    })
    .await;
    let mut problems = Vec::new();
    if let Some(error) = failed {
        if listed.is_empty() {
            return Err(error);
        }
        problems.push(Problem {
            account: None,
            gap: Gap::AccountsNotListed,
            error: Some(error),
            detail: None,
        });
    }

    let (mut paths, failed) = paths(directory, caller, gates).await;
    if let Some(error) = failed {
        problems.push(Problem {
            account: None,
            gap: Gap::OrganizationalUnitsNotRead,
            error: Some(error),
            detail: None,
        });
    }

    // Pages can shift while accounts are created, so that one is listed twice.
    let by_id: BTreeMap<AccountId, Account> =
        listed.into_iter().map(|listed| (listed.id, Account::from(listed))).collect();
    let mut accounts = Vec::with_capacity(by_id.len());
    for (id, mut account) in by_id {
        account.path = paths.remove(&id);
        let mut problems = Vec::new();
        let reachable = match &account.state {
            None | Some(AccountState::Active | AccountState::Other(_)) => None,
            Some(state) => Some(SkipReason::State(state.as_api().to_owned())),
        };
        if reachable.is_none() && filters.needs_tags() {
            let (tags, failed) = all_pages(async |token: Option<String>| {
                caller
                    .call(gates, Call::ListTagsForResource, || {
                        directory.list_tags_for_resource(id, token.as_deref())
                    })
                    .await
            })
            .await;
            match failed {
                None => account.tags = Some(Tags::from_iter(tags)),
                Some(error) => problems.push(Problem {
                    account: Some(id),
                    gap: Gap::AccountTagsNotRead,
                    error: Some(error),
                    detail: None,
                }),
            }
        }
        let filtered = || (!filters.lets_through(&account)).then_some(SkipReason::Filtered);
        let skip = reachable.or_else(filtered);
        accounts.push(Listed { account, skip, problems });
    }
    Ok(Listing { organization, accounts, problems })
}

/// Walks the tree of organizational units from the root. Where a part of it cannot be read, the first error is told and
/// the accounts below it have no path.
async fn paths<D: Directory, C: Clock>(
    directory: &D,
    caller: &Caller<'_, C>,
    gates: &Gates,
) -> (BTreeMap<AccountId, Vec<OrganizationalUnit>>, Option<CallError>) {
    let (roots, mut first_error) = all_pages(async |token: Option<String>| {
        caller.call(gates, Call::ListRoots, || directory.list_roots(token.as_deref())).await
    })
    .await;
    let mut paths = BTreeMap::new();
    let mut to_visit: VecDeque<Vec<OrganizationalUnit>> = roots.into_iter().map(|root| vec![root]).collect();
    while let Some(path) = to_visit.pop_front() {
        let Some(parent) = path.last().map(|unit| unit.id.clone()) else { continue };
        let (accounts, failed) = all_pages(async |token: Option<String>| {
            caller
                .call(gates, Call::ListAccountsForParent, || {
                    directory.list_accounts_for_parent(&parent, token.as_deref())
                })
                .await
        })
        .await;
        first_error = first_error.or(failed);
        for account in accounts {
            paths.insert(account.id, path.clone());
        }
        let (units, failed) = all_pages(async |token: Option<String>| {
            caller
                .call(gates, Call::ListOrganizationalUnitsForParent, || {
                    directory.list_organizational_units_for_parent(&parent, token.as_deref())
                })
                .await
        })
        .await;
        first_error = first_error.or(failed);
        to_visit.extend(units.into_iter().map(|unit| path.iter().cloned().chain([unit]).collect()));
    }
    (paths, first_error)
}
