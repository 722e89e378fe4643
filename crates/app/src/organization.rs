//! Finds the accounts of an organization, with their place in it, and decides which of them are assessed. Each account is
//! handed on as soon as it is known: with thousands of them, listing takes minutes in which others can be assessed.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use keysweep_core::account::{Account, AccountId, AccountState, Organization, OrganizationalUnit, Tags};
use keysweep_core::assessment::SkipReason;
use keysweep_core::call::{Call, CallError, CallResult};
use keysweep_core::ports::{Clock, Directory, ListedAccount, Page};
use keysweep_core::problem::{Gap, Problem};

use crate::filter::Filters;
use crate::gate::{Caller, Gates};

/// An account of the organization, and whether it is assessed.
pub(crate) struct Listed {
    pub(crate) account: Account,
    pub(crate) skip: Option<SkipReason>,
    pub(crate) problems: Vec<Problem>,
}

/// Why an account is left out, as far as can be told by what is known of it.
pub(crate) fn skip_reason(account: &Account, filters: &Filters) -> Option<SkipReason> {
    unreachable(account).or_else(|| (!filters.lets_through(account)).then_some(SkipReason::Filtered))
}

/// The state of an account in which no credentials work.
fn unreachable(account: &Account) -> Option<SkipReason> {
    match &account.state {
        None | Some(AccountState::Active | AccountState::Other(_)) => None,
        Some(state) => Some(SkipReason::State(state.as_api().to_owned())),
    }
}

/// Hands every item of a listing to `on`, page by page from the one that `next` names. The error of the page that failed:
/// the items before it are true, if not all.
async fn each<T, F>(
    mut next: Option<String>,
    page: impl Fn(Option<String>) -> F,
    mut on: impl FnMut(T),
) -> Option<CallError>
where
    F: Future<Output = CallResult<Page<T>>>,
{
    loop {
        match page(next).await {
            Ok(Page { items, next: token }) => {
                items.into_iter().for_each(&mut on);
                next = Some(token?);
            }
            Err(error) => return Some(error),
        }
    }
}

/// Every item of a listing. Those of the pages before a failure are kept: they are true, if not all.
pub(crate) async fn all_pages<T, F>(page: impl Fn(Option<String>) -> F) -> (Vec<T>, Option<CallError>)
where
    F: Future<Output = CallResult<Page<T>>>,
{
    let mut items = Vec::new();
    let failed = each(None, page, |item| items.push(item)).await;
    (items, failed)
}

/// The ways to ask Organizations.
pub(crate) struct Lister<'a, D, C> {
    pub(crate) directory: &'a D,
    pub(crate) caller: &'a Caller<'a, C>,
    pub(crate) gates: &'a Gates,
}

impl<D: Directory, C: Clock> Lister<'_, D, C> {
    pub(crate) async fn call<T, F>(&self, call: Call, send: impl Fn() -> F) -> CallResult<T>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.caller.call(self.gates, call, send).await
    }

    pub(crate) async fn organization(&self) -> CallResult<Organization> {
        self.call(Call::DescribeOrganization, || self.directory.describe_organization()).await
    }

    pub(crate) async fn list_accounts(&self, token: Option<String>) -> CallResult<Page<ListedAccount>> {
        self.call(Call::ListAccounts, || self.directory.list_accounts(token.as_deref())).await
    }

    /// Hands on every account: those in the tree of organizational units as they are found, with their path, and then
    /// those that only `ListAccounts` knows, whose first page is given. What could not be listed is returned.
    pub(crate) async fn find(
        &self,
        first: Page<ListedAccount>,
        found: impl Fn(Account) + Sync,
    ) -> Vec<Problem> {
        let mut listed = first.items;
        let listing = async {
            let token = first.next?;
            each(Some(token), |token| self.list_accounts(token), |account| listed.push(account)).await
        };
        // Pages can shift while accounts are created or moved, so that one is listed twice.
        let known = Mutex::new(BTreeSet::new());
        let found_once = |account: Account| {
            let is_new = known.lock().unwrap_or_else(PoisonError::into_inner).insert(account.id);
            if is_new {
                found(account);
            }
        };
        let (unlisted, unwalked) = join(listing, self.walk(&found_once)).await;
        listed.into_iter().map(Account::from).for_each(found_once);
        let problem = |gap| move |error| Problem { account: None, gap, error: Some(error), detail: None };
        let unlisted = unlisted.map(problem(Gap::AccountsNotListed));
        unlisted.into_iter().chain(unwalked.map(problem(Gap::OrganizationalUnitsNotRead))).collect()
    }

    /// Walks the tree of organizational units from the root. Where a part of it cannot be read, the first error is told.
    async fn walk(&self, found: &(impl Fn(Account) + Sync)) -> Option<CallError> {
        let (roots, mut first_error) = all_pages(async |token: Option<String>| {
            self.call(Call::ListRoots, || self.directory.list_roots(token.as_deref())).await
        })
        .await;
        let mut visits: FuturesUnordered<_> =
            roots.into_iter().map(|root| self.visit(vec![root], found)).collect();
        while let Some((paths, failed)) = visits.next().await {
            first_error = first_error.or(failed);
            visits.extend(paths.into_iter().map(|path| self.visit(path, found)));
        }
        first_error
    }

    /// Hands on the accounts directly below the last unit of a path; returns the paths of the units below it.
    async fn visit(
        &self,
        path: Vec<OrganizationalUnit>,
        found: &(impl Fn(Account) + Sync),
    ) -> (Vec<Vec<OrganizationalUnit>>, Option<CallError>) {
        let parent = path.last().map_or("", |unit| unit.id.as_str());
        let accounts = each(
            None,
            async |token: Option<String>| {
                self.call(Call::ListAccountsForParent, || {
                    self.directory.list_accounts_for_parent(parent, token.as_deref())
                })
                .await
            },
            |listed| found(Account { path: Some(path.clone()), ..Account::from(listed) }),
        );
        let units = all_pages(async |token: Option<String>| {
            self.call(Call::ListOrganizationalUnitsForParent, || {
                self.directory.list_organizational_units_for_parent(parent, token.as_deref())
            })
            .await
        });
        let (unlisted, (units, unread)) = join(accounts, units).await;
        let below = units.into_iter().map(|unit| path.iter().cloned().chain([unit]).collect()).collect();
        (below, unlisted.or(unread))
    }

    /// Whether the account is assessed. Its tags are read where a filter asks for them.
    pub(crate) async fn admit(&self, mut account: Account, filters: &Filters) -> Listed {
        let mut problems = Vec::new();
        if filters.needs_tags() && unreachable(&account).is_none() {
            match self.tags(account.id).await {
                Ok(tags) => account.tags = Some(tags),
                Err(error) => problems.push(Problem {
                    account: Some(account.id),
                    gap: Gap::AccountTagsNotRead,
                    error: Some(error),
                    detail: None,
                }),
            }
        }
        Listed { skip: skip_reason(&account, filters), account, problems }
    }

    async fn tags(&self, account: AccountId) -> CallResult<Tags> {
        let (tags, failed) = all_pages(async |token: Option<String>| {
            self.call(Call::ListTagsForResource, || {
                self.directory.list_tags_for_resource(account, token.as_deref())
            })
            .await
        })
        .await;
        failed.map_or(Ok(Tags::from_iter(tags)), Err)
    }
}
