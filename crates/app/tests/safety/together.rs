//! Processes that run at once, one step of one of them at a time.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::task::noop_waker;

use super::trouble::Trouble;

/// A process that runs.
pub(crate) type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs these, which are numbered in their order, in a random order of steps, until each has ended or died. What came of those that
/// ended, in the order in which they did.
pub(crate) fn together<T>(trouble: &Trouble, processes: Vec<Running<'_, T>>) -> Vec<(usize, T)> {
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    let mut running: Vec<(usize, Running<'_, T>)> = processes.into_iter().enumerate().collect();
    for (who, _) in &running {
        trouble.start(*who);
    }
    let (mut ended, mut steps) = (Vec::new(), 0);
    while !running.is_empty() {
        steps += 1;
        assert!(steps < 20_000, "a process does not end");
        let chosen = trouble.state().rng.usize(..running.len());
        let who = running[chosen].0;
        trouble.permit(who);
        if let Poll::Ready(answer) = running[chosen].1.as_mut().poll(&mut context) {
            ended.push((who, answer));
            drop(running.swap_remove(chosen));
        } else if trouble.state().crashed[who] {
            drop(running.swap_remove(chosen));
        }
    }
    ended
}
