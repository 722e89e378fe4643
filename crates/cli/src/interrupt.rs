//! Runs the work of a verb until it ends or the user stops it: the first Ctrl-C asks the work to stop, the second does
//! not wait for it.

use std::future::Future;
use std::num::NonZero;
use std::ops::RangeInclusive;

use anyhow::{Context as _, anyhow};
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use crate::failure::{Failure, Outcome};

/// How many workers sign requests and read answers: four do as much as keysweep has under way at once, and simulate and demo need one
/// for each side of the wire.
const WORKERS: RangeInclusive<usize> = 2..=4;

/// Runs `work` on a runtime of its own. What it is given becomes true when the user asks to stop.
pub fn run<W>(work: impl FnOnce(watch::Receiver<bool>) -> W + Send + 'static) -> Outcome
where
    W: Future<Output = Outcome>,
{
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = Builder::new_multi_thread()
        .worker_threads(processors.clamp(*WORKERS.start(), *WORKERS.end()))
        .enable_all()
        .build()
        .context("the threads of keysweep could not be started")
        .map_err(Failure::failed)?;
    let outcome = runtime.block_on(async {
        let mut signals =
            Signals::listen().context("Ctrl-C could not be listened for").map_err(Failure::failed)?;
        let (stop, stopped) = watch::channel(false);
        // On a thread of its own, so that work that blocks, such as writing into a full pipe, cannot keep signals waiting.
        let runtime = Handle::current();
        let mut work = tokio::task::spawn_blocking(move || runtime.block_on(work(stopped)));
        let mut asked = false;
        loop {
            tokio::select! {
                done = &mut work => {
                    return done.unwrap_or_else(|_| {
                        Err(Failure::failed(anyhow!("keysweep stumbled over a fault of its own"))
                            .hint("please report it with the text above"))
                    });
                }
                () = signals.next() => {
                    if asked {
                        return Err(Failure::interrupted(anyhow!("stopped at once: no report was written")));
                    }
                    asked = true;
                    stop.send_replace(true);
                }
            }
        }
    });
    // Work that does not end is left behind: the process ends.
    runtime.shutdown_background();
    outcome
}

/// Returns when the user asks to stop.
pub async fn asked(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left to ask.
        std::future::pending::<()>().await;
    }
}

/// SIGINT and, on Unix, SIGTERM: the polite stop of service managers and pipelines.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
