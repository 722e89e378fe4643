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
    let (tally, violations) = runs::life::run(21_647_763);
    assert_eq!(violations, Vec::<String>::new());
    assert_eq!(tally.of("reverts: left alone, as an earlier call came late"), 1);
}

/// A revert was killed with its call on its way, another gave it up, and then it arrived: the next finds the key Active by its own doing.
#[test]
fn a_reactivation_that_arrives_after_another_process_gave_it_up_is_recorded() {
    for seed in [21_031_835, 21_405_275, 21_827_014] {
        let (tally, violations) = runs::life::run(seed);
        assert_eq!(violations, Vec::<String>::new(), "run {seed}");
        assert_eq!(tally.of("crashes: with the call on its way"), 1, "run {seed}");
    }
}

/// A process was killed with the call on its way that deactivates a key, and a revert, or another apply, was done with the key when
/// it arrived.
#[test]
fn a_deactivation_that_arrives_after_its_key_was_left_alone_is_recorded() {
    for seed in [22_019_564, 22_353_860] {
        let (tally, violations) = runs::life::run(seed);
        assert_eq!(violations, Vec::<String>::new(), "run {seed}");
        assert_eq!(tally.of("crashes: with the call on its way"), 1, "run {seed}");
    }
}

/// The key was deactivated by a second attempt, and reactivated by a revert, when the call of the first arrived.
#[test]
fn a_deactivation_that_arrives_after_a_revert_gave_the_key_back_is_recorded() {
    let (tally, violations) = runs::life::run(24_115_858);
    assert_eq!(violations, Vec::<String>::new());
    assert_eq!(tally.of("reverts: not confirmed, left alone"), 1, "{tally:?}");
}

/// Two attempts were given up, and then the key was gone: the run that finds it so has nothing left to another.
#[test]
fn what_two_attempts_left_open_is_recorded_by_one_run() {
    for seed in [23_000_475, 23_023_846, 23_033_411] {
        let (tally, violations) = runs::life::run(seed);
        assert_eq!(violations, Vec::<String>::new(), "run {seed}");
        assert!(tally.of("crashes") > 0, "run {seed}: {tally:?}");
    }
}

/// The same of a status: the call of a process that stood still came after another had found the key Active.
#[test]
fn a_deactivation_that_arrives_after_another_process_gave_it_up_is_recorded() {
    let (_, violations) = runs::life::run(20_376_920);
    assert_eq!(violations, Vec::<String>::new());
}
