//! What an apply and a revert have in common: the keys of a plan are worked on account by account, under a lease of the plan's
//! journal, until all have had their turn or something stops it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::{Event, Kept};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{Plan, Planned, SkipReason};
use keysweep_core::ports::{Accounts, Clock, ExemptionSource, Journal, KeyControl};
use keysweep_core::time::{Instant, SignedDuration};
use tokio::sync::watch;

use super::account::Entered;
use super::breaker::{Breaker, Trouble};
use super::elsewhere::Elsewhere;
use super::ledger::Writer;
use super::shared::Shared;
use super::{ApplyError, RunRequest, Tools};
use crate::gate::{Desk, Gates};
use crate::progress;

/// How often a look is made again that has waited for too long.
pub(super) const LOOKS: u32 = 5;
/// How long to wait before finding out what came of a call that got no answer: by then it has taken effect, or never will.
pub(super) const ANSWER_AWAITED: Duration = Duration::from_secs(10);
/// As much for a call of another process, counted from its intent.
const OTHERS_AWAITED: SignedDuration = SignedDuration::from_secs(30);
/// How often a key is tried within one run.
pub(super) const ATTEMPTS: u32 = 3;

/// What is done to keys. Whatever it says, what was begun and left is found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// Whether keys that are planned to go are deleted.
    pub(super) delete: bool,
    /// Whether the status of keys is set that are planned to be deactivated.
    pub(super) switch: bool,
    /// To what.
    pub(super) to: KeyStatus,
}

/// No key is exempt from being looked at, nor from being given back.
pub(super) struct Nothing;

impl ExemptionSource for Nothing {
    type Error = Infallible;

    async fn exemptions(&self) -> Result<Exemptions, Infallible> {
        Ok(Exemptions::default())
    }
}

/// What a run is to do, and in whose name.
pub(super) struct What<'a, X> {
    pub(super) task: Task,
    /// Whether keys are deleted whose inactivity was only observed.
    pub(super) allow_observed: bool,
    pub(super) exemptions: &'a X,
    /// The caller's own account.
    pub(super) own: AccountId,
    pub(super) stop: watch::Receiver<bool>,
}

/// What all keys of a run share.
pub(super) struct Run<'a, A, C, J, X> {
    pub(super) plan: &'a Plan,
    /// Whether keys are deleted whose inactivity was only observed.
    pub(super) allow_observed: bool,
    /// How many accounts are worked on at the same time.
    pub(super) concurrency: usize,
    pub(super) task: Task,
    pub(super) accounts: &'a A,
    pub(super) exemptions: Exempting<'a, X>,
    pub(super) desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    pub(super) gates: Gates,
    pub(super) own: AccountId,
    pub(super) writer: Writer<'a, J, C>,
    pub(super) elsewhere: Elsewhere,
    pub(super) breaker: Breaker,
    pub(super) stop: watch::Receiver<bool>,
}

/// Where the exemptions are read, anew for each key.
pub(super) struct Exempting<'a, X> {
    source: &'a X,
    read: Shared<Result<Arc<Exemptions>, String>>,
}

impl<'a, X: ExemptionSource> Exempting<'a, X> {
    pub(super) fn by(source: &'a X) -> Self {
        Self { source, read: Shared::default() }
    }

    async fn now(&self) -> Result<Arc<Exemptions>, String> {
        let read = async || self.source.exemptions().await.map(Arc::new).map_err(|error| error.to_string());
        self.read.ask(read).await
    }
}

/// What comes after an attempt.
pub(super) enum Next {
    /// The key is done with, for now.
    Done,
    /// The call had no effect, and may be tried again.
    Again,
}

/// What became of a call that was to be sent.
pub(super) enum Sent {
    /// AWS confirmed it, by the answer with this request id.
    Confirmed(Option<String>),
    /// It was not sent: the look had waited for too long.
    TooLate,
}

impl<'a, A, C, J, X> Run<'a, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Takes the lease, under which nobody else begins anything, and journals that by the event that `opened` makes of the moment and
    /// the number of the lease.
    pub(super) async fn begin<D>(
        tools: &Tools<'a, A, D, C, J>,
        desk: &'a Desk<'a, C>,
        asked: &RunRequest<'a>,
        what: What<'a, X>,
        opened: impl FnOnce(Instant, u64) -> Event,
    ) -> Result<Self, ApplyError> {
        let What { task, allow_observed, exemptions, own, stop } = what;
        let writer = Writer::open(tools.journal, tools.clock, asked.digest, asked.holder, opened).await?;
        let elsewhere = match Elsewhere::than(tools.journal, asked.plan, asked.digest).await {
            Ok(elsewhere) => elsewhere,
            Err(error) => {
                writer.close(None).await;
                return Err(error);
            }
        };
        Ok(Self {
            plan: asked.plan,
            allow_observed,
            concurrency: asked.concurrency,
            task,
            accounts: tools.accounts,
            exemptions: Exempting::by(exemptions),
            desk,
            gates: Gates::new(),
            own,
            writer,
            elsewhere,
            breaker: Breaker::new(asked.stop_after),
            stop,
        })
    }

    /// Works on these keys, which are in the order of accounts and users, and gives the lease back. Says why the journal could
    /// not be written any more, if so.
    pub(super) async fn carry_out(&self, keys: &[Planned<'_>]) -> Option<String> {
        let by_account: Vec<&[Planned<'_>]> = keys.chunk_by(|a, b| a.account() == b.account()).collect();
        for _ in &by_account {
            self.desk.tell(progress::Event::AccountFound);
        }
        self.desk.tell(progress::Event::AccountsListed);
        futures_util::stream::iter(by_account)
            .map(|keys| self.account(keys))
            .buffer_unordered(self.concurrency.max(1))
            .collect::<Vec<()>>()
            .await;
        self.writer.close(self.breaker.reason().as_deref()).await;
        self.writer.failure()
    }

    /// Whether no more keys are to be begun.
    pub(super) fn is_over(&self) -> bool {
        *self.stop.borrow() || self.breaker.reason().is_some() || self.writer.is_lost()
    }

    pub(super) fn now(&self) -> Instant {
        self.desk.clock.now()
    }

    pub(super) async fn journal(&self, event: Event) -> bool {
        self.writer.append(event).await
    }

    /// Says of a call what went wrong, and counts it where it was denied.
    pub(super) fn could_not(&self, error: &CallError) -> String {
        if error.kind == CallErrorKind::Denied {
            self.breaker.count(Trouble::Denied);
        }
        error.to_string()
    }

    /// The exemptions of this moment. Where they cannot be read, nothing more is begun.
    pub(super) async fn exemptions(&self) -> Result<Arc<Exemptions>, SkipReason> {
        self.exemptions.now().await.map_err(|error| {
            let reason = format!("the exemptions cannot be read: {error}");
            self.breaker.stop(reason.clone());
            SkipReason::NotLookedAt(reason)
        })
    }

    /// Waits until a call that another process intended at that time has taken effect, or never will.
    pub(super) async fn await_others(&self, intended_at: Option<Instant>) {
        let passed = intended_at.map_or(SignedDuration::ZERO, |at| self.now() - at);
        let left = OTHERS_AWAITED.saturating_sub(passed).clamp(SignedDuration::ZERO, OTHERS_AWAITED);
        if let Ok(left) = Duration::try_from(left)
            && !left.is_zero()
        {
            self.desk.clock.sleep(left).await;
        }
    }

    /// Sends a call that changes a key, if the look that allows it, which began then, still serves.
    pub(super) async fn send<E, F>(
        &self,
        entered: &Entered<'_, E, C>,
        call: Call,
        (looked, serves): (Duration, Duration),
        send: impl Fn() -> F,
    ) -> CallResult<Sent>
    where
        F: Future<Output = CallResult<Option<String>>>,
    {
        // Pacing, and repeating what is throttled, may take any time: whether the look still serves is asked at the last moment.
        entered
            .call(call, async || {
                if self.desk.clock.elapsed().saturating_sub(looked) > serves {
                    return Ok(Sent::TooLate);
                }
                send().await.map(Sent::Confirmed)
            })
            .await
    }

    /// Why the key is as it was, where the error says for certain that the call had no effect.
    pub(super) fn without_effect(&self, error: &CallError) -> Option<Kept> {
        match error.kind {
            CallErrorKind::Denied | CallErrorKind::CredentialsExpired | CallErrorKind::CredentialsInvalid => {
                self.breaker.count(Trouble::Denied);
                Some(Kept::Denied(error.to_string()))
            }
            CallErrorKind::Throttled => Some(Kept::Failed(error.to_string())),
            _ => None,
        }
    }
}
