//! Sends calls at their pace: one gate for each operation of an account, one waiter at a time in each. A throttled call is
//! sent again, never dropped, until everything has been throttled for longer than the user wants to wait.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::CallCounts;
use keysweep_core::call::{Call, CallErrorKind, CallResult};
use keysweep_core::ports::Clock;
use tokio::sync::Semaphore;

use crate::log;
use crate::max_rate::{self, MaxRate};
use crate::pacer::Pacer;
use crate::progress::{Event, Phase, Progress};

/// Calls under way at once, of all accounts together. Each holds a connection, and many systems let a program have 1,024
/// files open. At AWS's latencies two cores cannot work off the answers of so many.
const UNDER_WAY: usize = 512;

/// The gates of one account.
pub(crate) struct Gates {
    gates: Vec<Gate>,
}

struct Gate {
    queue: tokio::sync::Mutex<()>,
    pacer: Mutex<Pacer>,
}

impl Gates {
    /// As fast as AWS lets.
    pub(crate) fn new() -> Self {
        Self::no_faster_than(&[])
    }

    /// As fast as AWS lets, and as these rates do.
    pub(crate) fn no_faster_than(rates: &[MaxRate]) -> Self {
        let gate = |call: &Call| Gate {
            queue: tokio::sync::Mutex::new(()),
            pacer: Mutex::new(Pacer::new(call.pacing(), max_rate::of(rates, *call))),
        };
        Self { gates: Call::ALL.iter().map(gate).collect() }
    }

    fn of(&self, call: Call) -> &Gate {
        // `Call::ALL` lists the operations in the order of their discriminants.
        &self.gates[call as usize]
    }
}

impl Gate {
    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, clock: &impl Clock) {
        let _turn = self.queue.lock().await;
        loop {
            let wait = {
                let mut pacer = self.pacer();
                let now = clock.elapsed();
                let wait = pacer.wait(now);
                if wait.is_zero() {
                    pacer.sent(now);
                    return;
                }
                wait
            };
            clock.sleep(wait).await;
        }
    }
}

/// What every call needs, whatever it asks: the time, whom to tell, how long to wait, and a place among the calls under way.
pub(crate) struct Desk<'a, C> {
    pub(crate) clock: &'a C,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) give_up_after: Duration,
    places: Semaphore,
}

impl<'a, C> Desk<'a, C> {
    pub(crate) fn new(clock: &'a C, progress: &'a dyn Progress, give_up_after: Duration) -> Self {
        Self { clock, progress, give_up_after, places: Semaphore::new(UNDER_WAY) }
    }

    /// Logs what happened, and tells whoever shows it.
    pub(crate) fn tell(&self, event: Event) {
        log::event(&event);
        self.progress.on(event);
    }
}

impl<C: Clock> Desk<'_, C> {
    /// Does a part of the work, and tells its time. The work is begun here and not handed over as a future, which would be
    /// held twice, in every account that is under way.
    pub(crate) async fn timed<T>(
        &self,
        account: Option<AccountId>,
        phase: Phase,
        work: impl AsyncFnOnce() -> T,
    ) -> T {
        let begun = self.clock.elapsed();
        let done = work().await;
        self.tell(Event::PhaseEnded { account, phase, took: self.clock.elapsed().saturating_sub(begun) });
        done
    }
}

/// Calls on behalf of one account, or of the organization as a whole, counted.
pub(crate) struct Caller<'a, C> {
    pub(crate) desk: &'a Desk<'a, C>,
    account: Option<AccountId>,
    counts: Mutex<CallCounts>,
}

impl<'a, C: Clock> Caller<'a, C> {
    pub(crate) fn new(desk: &'a Desk<'a, C>, account: Option<AccountId>) -> Self {
        Self { desk, account, counts: Mutex::new(CallCounts::default()) }
    }

    pub(crate) fn counts(&self) -> CallCounts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a call through its gate, again and again while it is throttled.
    pub(crate) async fn call<T, F>(&self, gates: &Gates, call: Call, send: impl Fn() -> F) -> CallResult<T>
    where
        F: Future<Output = CallResult<T>>,
    {
        let Desk { clock, give_up_after, places, .. } = self.desk;
        let gate = gates.of(call);
        loop {
            log::call_begun(self.account, call);
            let begun = clock.elapsed();
            gate.pass(*clock).await;
            let (answer, left_at) = {
                // The semaphore is never closed, so there is always a place to wait for.
                let _place = places.acquire().await;
                let left_at = clock.elapsed();
                (send().await, left_at)
            };
            let throttled = matches!(&answer, Err(error) if error.kind == CallErrorKind::Throttled);
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).record(call, throttled);
            let now = clock.elapsed();
            let throttled_for = {
                let mut pacer = gate.pacer();
                if throttled {
                    pacer.throttled(now);
                } else {
                    pacer.passed(now);
                }
                pacer.throttled_for(now)
            };
            let again = throttled && throttled_for < *give_up_after;
            let answer = answer.map_err(|mut error| {
                if throttled && !again {
                    error.message =
                        format!("{} (given up after {} s of it)", error.message, throttled_for.as_secs());
                }
                error
            });
            self.desk.tell(Event::Called {
                account: self.account,
                call,
                failure: answer.as_ref().err().cloned(),
                again,
                waited: left_at.saturating_sub(begun),
                took: now.saturating_sub(left_at),
            });
            if !again {
                return answer;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_its_own_gate() {
        assert!(Call::ALL.iter().enumerate().all(|(index, call)| *call as usize == index));
    }
}
