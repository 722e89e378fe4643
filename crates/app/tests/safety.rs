//! The safety of `apply`, in worlds where everything goes wrong that can. `scripts/safety N [SEED]` makes any number of the
//! same runs. A run is its seed alone; a failure prints it.

#[path = "safety/mod.rs"]
mod runs;

#[test]
fn thousands_of_runs_keep_every_promise_and_none_of_them_is_trivial() {
    runs::search::check("scripts/safety", runs::run::run, 4_000);
}
