//! The safety of `apply`, in worlds where everything goes wrong that can. `scripts/safety N [SEED]` makes any number of the
//! same runs. A run is its seed alone; a failure prints it.

#[path = "safety/mod.rs"]
mod runs;

#[test]
fn thousands_of_runs_keep_every_promise_and_none_of_them_is_trivial() {
    runs::search::check("scripts/safety", runs::run::run, 4_000, runs::search::cores());
}

#[test]
fn thousands_of_runs_that_deactivate_and_revert_keep_every_promise() {
    runs::search::check("scripts/safety", runs::life::run, 2_000, runs::search::cores());
}

/// A process stood still between its last look and the delete, while another took over and left the key alone.
#[test]
fn a_delete_that_arrives_after_another_process_left_the_key_alone_is_recorded() {
    for seed in [20_960_924, 20_993_652] {
        let (_, violations) = runs::run::run(seed);
        assert_eq!(violations, Vec::<String>::new(), "run {seed}");
    }
}

/// Two calls of one run set a key Inactive. A revert that cannot tell that the second was not somebody else's leaves the key alone.
#[test]
fn a_revert_leaves_alone_what_a_call_that_came_late_set_once_more_and_that_is_recorded() {
    let (_, violations) = runs::life::run(20_883_906);
    assert_eq!(violations, Vec::<String>::new());
}

/// The same of a status: the call of a process that stood still came after another had found the key Active.
#[test]
fn a_deactivation_that_arrives_after_another_process_gave_it_up_is_recorded() {
    let (_, violations) = runs::life::run(20_376_920);
    assert_eq!(violations, Vec::<String>::new());
}
