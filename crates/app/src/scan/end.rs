//! Why a scan ends early, and what is said of the accounts that it did not come to.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use keysweep_core::account::AccountId;
use keysweep_core::call::{CallError, CallErrorKind};
use keysweep_core::ports::Clock;
use keysweep_core::problem::{Gap, Problem};
use tokio::sync::watch;

/// Why a scan ends before every account has its result.
pub(super) enum End {
    /// The user asked for it.
    Stopped,
    /// Its time is over.
    Deadline(Duration),
    /// The caller's credentials have expired: nothing can be called any more.
    CredentialsExpired(CallError),
}

impl End {
    pub(super) fn problem(&self, account: Option<AccountId>, gap: Gap) -> Problem {
        let (error, detail) = match self {
            Self::Stopped => (None, None),
            Self::Deadline(deadline) => {
                (None, Some(format!("its time, {} seconds, was over", deadline.as_secs())))
            }
            Self::CredentialsExpired(error) => (Some(error.clone()), None),
        };
        Problem { account, gap, error, detail }
    }
}

/// Waits for a reason to end early.
pub(super) async fn ending(
    stop: watch::Receiver<bool>,
    deadline: Option<Duration>,
    clock: &impl Clock,
) -> End {
    let over = async {
        match deadline {
            Some(deadline) => {
                clock.sleep(deadline).await;
                End::Deadline(deadline)
            }
            None => std::future::pending().await,
        }
    };
    let stopped = async {
        stopped(stop).await;
        End::Stopped
    };
    match select(pin!(over), pin!(stopped)).await {
        Either::Left((end, _)) | Either::Right((end, _)) => end,
    }
}

/// Ends when the user wants the scan to end; never where nobody can say so any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The error that says that the caller's credentials have expired: then no other call will succeed either.
pub(super) fn credentials_expired(problems: &[Problem]) -> Option<&CallError> {
    let mut errors = problems.iter().filter_map(|problem| problem.error.as_ref());
    errors.find(|error| error.kind == CallErrorKind::CredentialsExpired)
}
