//! What many ask at the same time, each of whom needs an answer that is no older than its question: all who wait while one reads
//! share what the next reading gives, which begins after they asked.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// One question, and its answers.
pub(super) struct Shared<T> {
    /// How many readings have begun.
    begun: AtomicU64,
    /// The last one: how many had begun with it, and what it gave.
    last: Mutex<Option<(u64, T)>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone> Shared<T> {
    /// The answer of a reading that began after this was called.
    pub(super) async fn ask(&self, read: impl AsyncFnOnce() -> T) -> T {
        let before = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some((_, answer)) = last.as_ref().filter(|(number, _)| *number > before) {
            return answer.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = read().await;
        *last = Some((number, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn nobody_is_given_an_answer_that_is_older_than_its_question() {
        let (shared, readings) = (Shared::default(), Cell::new(0));
        let read = async || {
            let reading = readings.get() + 1;
            readings.set(reading);
            yield_now().await;
            reading
        };
        for reading in 1..4 {
            assert_eq!(shared.ask(read).await, reading);
        }
    }

    #[tokio::test]
    async fn all_who_wait_share_the_next_reading() {
        let (shared, readings, go_on) = (Shared::default(), Cell::new(0), Notify::new());
        let read = async || {
            let reading = readings.get() + 1;
            readings.set(reading);
            go_on.notified().await;
            reading
        };
        let asking = join_all((0..100).map(|_| shared.ask(read)));
        let answering = async {
            for _ in 0..2 {
                yield_now().await;
                go_on.notify_one();
            }
        };
        let (answers, ()) = tokio::join!(asking, answering);
        // The first began to read before the others asked.
        let (first, others) = answers.split_first().unwrap();
        assert_eq!((*first, readings.get()), (1, 2));
        assert!(others.iter().all(|answer| *answer == 2));
    }

    #[tokio::test]
    async fn whoever_stops_while_it_reads_leaves_the_reading_to_the_next() {
        let shared = Shared::default();
        let stopped = async || {
            std::future::pending::<()>().await;
            0
        };
        let asked = tokio::select! {
            biased;
            answer = shared.ask(stopped) => Some(answer),
            () = yield_now() => None,
        };
        assert_eq!(asked, None);
        assert_eq!(shared.ask(async || 1).await, 1);
    }
}
