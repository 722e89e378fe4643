//! Drives a scan: accounts are found and assessed at the same time, until all have their result or there is a reason to end.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, AccountStatus};
use keysweep_core::ports::{Accounts, Clock, Directory, ListedAccount, Page, Store};
use keysweep_core::problem::{Gap, Problem};
use tokio::sync::mpsc;

use super::end::{End, credentials_expired};
use super::hub::Hub;
use crate::account;
use crate::filter::Filters;
use crate::organization::{Lister, skip_reason};
use crate::progress::{Event, Phase};

/// How many accounts' tags are read at the same time, where filters ask for them.
const ADMITTED_AT_ONCE: usize = 16;

/// What accounts are found and assessed with.
pub(super) struct Run<'a, A, D, S, C> {
    pub(super) lister: &'a Lister<'a, D, C>,
    pub(super) hub: &'a Hub<'a, A, S, C>,
    pub(super) filters: &'a Filters,
}

/// What came of it.
pub(super) struct Ran {
    pub(super) results: BTreeMap<AccountId, AccountAssessment>,
    /// What concerns no single account.
    pub(super) problems: Vec<Problem>,
    /// Why it ended early, if it did.
    pub(super) end: Option<End>,
}

/// What happened next.
enum Step {
    /// Every account is found, but for these problems.
    Listed(Vec<Problem>),
    /// An account has its result.
    Assessed(Box<AccountAssessment>),
}

/// Accounts that were found and have no result yet.
#[derive(Default)]
struct Open(Mutex<BTreeMap<AccountId, Account>>);

impl Open {
    fn accounts(&self) -> MutexGuard<'_, BTreeMap<AccountId, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Accounts, D: Directory, S: Store, C: Clock> Run<'_, A, D, S, C> {
    /// Assesses every account, from the first page of the organization's; where there is none, the caller's own. Results
    /// that were kept before are taken over.
    pub(super) async fn until(
        &self,
        first_page: Option<Page<ListedAccount>>,
        kept: &[AccountAssessment],
        ending: impl Future<Output = End>,
    ) -> Ran {
        let mut results: BTreeMap<AccountId, AccountAssessment> =
            kept.iter().map(|kept| (kept.account.id, kept.clone())).collect();
        let known: BTreeSet<AccountId> = results.keys().copied().collect();
        let open = Open::default();
        let (sender, found) = mpsc::unbounded_channel();
        let finding = self.find(first_page, &known, &open, sender);
        let assessing = stream::unfold(found, async |mut found| Some((found.recv().await?, found)))
            .map(|account| self.lister.admit(account, self.filters))
            .buffer_unordered(ADMITTED_AT_ONCE)
            .map(|listed| self.hub.assess(listed))
            .buffer_unordered(self.hub.request.concurrency.max(1))
            .map(|result| Step::Assessed(Box::new(result)));
        let mut problems = None;
        let end = {
            let mut steps = pin!(stream::select(stream::once(finding).map(Step::Listed), assessing));
            let mut ending = pin!(ending);
            loop {
                match select(&mut ending, steps.next()).await {
                    Either::Left((end, _)) => break Some(end),
                    Either::Right((None, _)) => break None,
                    Either::Right((Some(Step::Listed(unlisted)), _)) => {
                        let expired = credentials_expired(&unlisted).cloned();
                        problems = Some(unlisted);
                        if let Some(error) = expired {
                            break Some(End::CredentialsExpired(error));
                        }
                    }
                    Either::Right((Some(Step::Assessed(mut result)), _)) => {
                        let id = result.account.id;
                        let end = credentials_expired(&result.problems).cloned().map(End::CredentialsExpired);
                        if let Some(end) = &end {
                            result.problems.push(end.problem(Some(id), Gap::Interrupted));
                        }
                        // One that could not be entered is one of those that were not reached.
                        if end.is_none() || result.status != AccountStatus::NotAssessed {
                            open.accounts().remove(&id);
                            results.insert(id, *result);
                        }
                        if end.is_some() {
                            break end;
                        }
                    }
                }
            }
        };
        if let Some(end) = &end {
            problems.get_or_insert_with(|| vec![end.problem(None, Gap::AccountsNotListed)]);
            let left = std::mem::take(&mut *open.accounts());
            results.extend(left.into_iter().map(|(id, account)| (id, self.not_reached(account, end))));
        }
        Ran { results, problems: problems.unwrap_or_default(), end }
    }

    /// Hands on every account that has no result yet; returns what could not be listed.
    async fn find(
        &self,
        first_page: Option<Page<ListedAccount>>,
        known: &BTreeSet<AccountId>,
        open: &Open,
        sender: mpsc::UnboundedSender<Account>,
    ) -> Vec<Problem> {
        let desk = self.hub.desk;
        let found = |account: Account| {
            if !known.contains(&account.id) {
                desk.tell(Event::AccountFound);
                open.accounts().insert(account.id, account.clone());
                // Nobody listens any more only where the scan has ended.
                let _ = sender.send(account);
            }
        };
        let problems = if let Some(page) = first_page {
            desk.timed(None, Phase::List, async || self.lister.find(page, found).await).await
        } else {
            found(Account::alone(self.hub.own));
            Vec::new()
        };
        desk.tell(Event::AccountsListed);
        problems
    }

    fn not_reached(&self, account: Account, end: &End) -> AccountAssessment {
        if let Some(reason) = skip_reason(&account, self.filters) {
            return account::untouched(account, AccountStatus::Skipped(reason), Vec::new());
        }
        let problem = end.problem(Some(account.id), Gap::Interrupted);
        account::untouched(account, AccountStatus::NotAssessed, vec![problem])
    }
}
