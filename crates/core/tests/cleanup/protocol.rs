//! The journal's protocol in every order of steps, exhaustively: one key, two appliers that take the lease from each other at
//! any moment, crashes between any two steps, answers that are lost, deletes that take effect late, and somebody else who
//! switches the key on and off and deletes it. The transition function is the real one; an applier's steps are those of
//! `keysweep_app::apply`.
//!
//! What is assumed: whoever looked has sent its delete, and AWS has got to it, before the next applier finds out what came of
//! the attempt, or never will. An applier acts on no look that is older than two seconds, and waits half a minute before it
//! finds out what came of another's attempt. Where a process stalls for longer than that and then dies, the one thing that
//! can be missed is the receipt; that is explored as well.

use std::collections::{HashMap, VecDeque};

use keysweep_core::account::AccountId;
use keysweep_core::journal::event::{Deletion, Event, Kept, Outcome};
use keysweep_core::journal::{KeyRecord, State};
use keysweep_core::plan::SkipReason;
use keysweep_core::time::Instant;

use crate::sample::{ACCOUNT, key_id, now};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Active,
    Inactive,
    Gone,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum At {
    /// Not running.
    Down,
    /// Has the lease with this number, and looks at the journal.
    Replayed,
    /// What came of an attempt is to be found out by a look at the key.
    Resolving { attempt: u32, own: bool },
    /// The intent is durable.
    Intended { attempt: u32 },
    /// The key was looked at.
    Looked { attempt: u32, saw: Key },
    /// The delete is on its way.
    Sent { attempt: u32 },
    /// AWS answered.
    Answered { attempt: u32, deleted: bool },
    /// There is nothing to do, or nothing more that may be done.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Applier {
    at: At,
    epoch: u64,
    /// Whether AWS has not got to its delete yet.
    in_flight: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    key: Key,
    /// The attempt whose delete took effect.
    by_us: Option<u32>,
    record: KeyRecord,
    epoch: u64,
    appliers: [Applier; 2],
    /// Deletes on their way whose senders are dead, by their attempts.
    orphans: Vec<u32>,
    /// Whether a process may stall for longer than others wait.
    stalls: bool,
    /// Whether a delete took effect of which others had found out before that nothing came, and whose sender was dead.
    missed: bool,
    crashes: u8,
    losses: u8,
    foreign: u8,
    runs: u8,
    /// The first thing that went wrong.
    wrong: Option<&'static str>,
}

/// How much of everything is tried.
#[derive(Clone, Copy)]
struct Bounds {
    crashes: u8,
    losses: u8,
    foreign: u8,
    runs: u8,
    stalls: bool,
}

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn ended(attempt: u32, outcome: Outcome) -> Event {
    Event::Ended { at: now(), account: account(), key: key_id(1), attempt, outcome }
}

const THEN: Instant = Instant::from_unix(0);

fn gone() -> Outcome {
    Outcome::Gone { seen_at: THEN, last_look: None }
}

/// What a step does to the world.
type Change<'a> = &'a dyn Fn(&mut World);

impl World {
    fn new(bounds: Bounds) -> Self {
        let applier = Applier { at: At::Down, epoch: 0, in_flight: false };
        Self {
            key: Key::Inactive,
            by_us: None,
            record: KeyRecord::default(),
            epoch: 0,
            appliers: [applier.clone(), applier],
            orphans: Vec::new(),
            stalls: bounds.stalls,
            missed: false,
            crashes: bounds.crashes,
            losses: bounds.losses,
            foreign: bounds.foreign,
            runs: bounds.runs,
            wrong: None,
        }
    }

    /// Appends an event as a journal does: intents and skips only under the lease in force.
    fn append(&mut self, event: &Event) -> bool {
        let in_force = event.epoch().is_none_or(|epoch| epoch == self.epoch);
        in_force && self.record.follow(event).is_ok()
    }

    fn execute_delete(&mut self, attempt: u32) -> bool {
        let was_there = self.key != Key::Gone;
        if was_there {
            self.key = Key::Gone;
            self.by_us = Some(attempt);
        }
        was_there
    }

    fn is_open(&self, attempt: u32) -> bool {
        matches!(self.record.state(), State::Open { attempt: open, .. } if open == attempt)
    }

    fn blame(&mut self, what: &'static str) {
        self.wrong.get_or_insert(what);
    }

    /// What AWS and somebody else may do meanwhile.
    fn others(&self, step: &mut impl FnMut(String, Change<'_>)) {
        for place in 0..self.orphans.len() {
            step("a dead sender's delete takes effect".to_owned(), &|world| {
                let attempt = world.orphans.remove(place);
                let open = world.is_open(attempt);
                world.missed |= world.execute_delete(attempt) && !open;
            });
            step("a dead sender's delete is lost".to_owned(), &|world| {
                world.orphans.remove(place);
            });
        }
        if self.foreign > 0 && self.key != Key::Gone {
            for key in [Key::Active, Key::Inactive, Key::Gone] {
                if key != self.key {
                    step(format!("somebody makes it {key:?}"), &|world| {
                        world.foreign -= 1;
                        world.key = key;
                    });
                }
            }
        }
    }

    /// Every world that one step leads to, with the step's name.
    fn next(&self) -> Vec<(String, World)> {
        let mut next = Vec::new();
        let mut step = |name: String, change: Change<'_>| {
            let mut world = self.clone();
            change(&mut world);
            next.push((name, world));
        };
        for who in 0..2 {
            let Applier { at, in_flight, .. } = &self.appliers[who];
            match at {
                At::Down | At::Done if self.runs > 0 => step(format!("{who} takes the lease"), &|world| {
                    world.runs -= 1;
                    world.epoch += 1;
                    world.appliers[who].epoch = world.epoch;
                    world.appliers[who].at = At::Replayed;
                }),
                At::Down | At::Done => {}
                At::Replayed => step(format!("{who} reads the journal"), &|world| world.replayed(who)),
                // One's own delete was answered or given up before: nothing of it is on its way.
                At::Resolving { attempt, own } => {
                    let (attempt, own) = (*attempt, *own);
                    let other = &self.appliers[1 - who];
                    let acts = other.in_flight || matches!(other.at, At::Looked { saw: Key::Inactive, .. });
                    let waits = !self.stalls && !own && (!self.orphans.is_empty() || acts);
                    if !waits {
                        step(format!("{who} finds out what came of {attempt}"), &|world| {
                            world.resolve(who, attempt);
                        });
                    }
                }
                At::Intended { attempt } => {
                    let attempt = *attempt;
                    // Whether the lease is still in force is asked just before the look.
                    let in_force = self.appliers[who].epoch == self.epoch;
                    step(format!("{who} looks"), &|world| {
                        let looked = At::Looked { attempt, saw: world.key };
                        world.appliers[who].at = if in_force { looked } else { At::Done };
                    });
                }
                At::Looked { attempt, saw } => {
                    let (attempt, saw) = (*attempt, *saw);
                    step(format!("{who} acts on {saw:?}"), &|world| world.looked(who, attempt, saw));
                }
                At::Sent { attempt } => {
                    let attempt = *attempt;
                    if *in_flight {
                        step(format!("AWS deletes for {who}"), &|world| {
                            world.appliers[who].in_flight = false;
                            let deleted = world.execute_delete(attempt);
                            world.appliers[who].at = At::Answered { attempt, deleted };
                        });
                        step(format!("the delete of {who} is refused"), &|world| {
                            world.appliers[who].in_flight = false;
                            let outcome = Outcome::Kept(Kept::Denied(String::new()));
                            world.append(&ended(attempt, outcome));
                            world.appliers[who].at = At::Done;
                        });
                    }
                }
                At::Answered { attempt, deleted } => {
                    let (attempt, deleted) = (*attempt, *deleted);
                    step(format!("{who} journals the answer"), &|world| {
                        world.answered(who, attempt, deleted);
                    });
                    if self.losses > 0 {
                        step(format!("the answer to {who} is lost"), &|world| {
                            world.losses -= 1;
                            world.appliers[who].at = At::Resolving { attempt, own: true };
                        });
                    }
                }
            }
            if let At::Sent { attempt } = at
                && *in_flight
                && self.losses > 0
            {
                let attempt = *attempt;
                step(format!("the delete of {who} is lost on its way"), &|world| {
                    world.losses -= 1;
                    world.appliers[who].in_flight = false;
                    world.appliers[who].at = At::Resolving { attempt, own: true };
                });
            }
            if self.crashes > 0 && !matches!(at, At::Down | At::Done) {
                step(format!("{who} crashes"), &|world| {
                    world.crashes -= 1;
                    if let At::Answered { attempt, .. } | At::Resolving { attempt, own: true } = at {
                        world.missed |= world.by_us == Some(*attempt) && !world.is_open(*attempt);
                    }
                    let applier = &mut world.appliers[who];
                    if let (At::Sent { attempt }, true) = (&applier.at, applier.in_flight) {
                        world.orphans.push(*attempt);
                    }
                    applier.in_flight = false;
                    applier.at = At::Down;
                });
            }
        }
        self.others(&mut step);
        next
    }

    /// What an applier does about the key, after the journal.
    fn replayed(&mut self, who: usize) {
        let epoch = self.appliers[who].epoch;
        if epoch != self.epoch {
            self.appliers[who].at = At::Done;
            return;
        }
        self.appliers[who].at = match self.record.state() {
            State::Open { attempt, .. } => At::Resolving { attempt, own: false },
            state if state.is_final() => At::Done,
            _ => {
                let attempt = self.record.attempts() + 1;
                let intent = Event::Intended {
                    at: now(),
                    epoch,
                    account: account(),
                    key: key_id(1),
                    user: "user".parse().unwrap(),
                    user_id: "AIDA".to_owned(),
                    attempt,
                };
                if self.append(&intent) { At::Intended { attempt } } else { At::Done }
            }
        };
    }

    fn resolve(&mut self, who: usize, attempt: u32) {
        let outcome = if self.key == Key::Gone { gone() } else { Outcome::Kept(Kept::Interrupted) };
        // Refused where somebody else has found out already; then that stands.
        self.append(&ended(attempt, outcome));
        self.appliers[who].at = At::Replayed;
    }

    fn looked(&mut self, who: usize, attempt: u32, saw: Key) {
        let skip = match saw {
            Key::Inactive => {
                if self.record.attempts() < attempt {
                    self.blame("a delete without an intent");
                }
                self.appliers[who].in_flight = true;
                self.appliers[who].at = At::Sent { attempt };
                return;
            }
            Key::Active => Outcome::Skipped(SkipReason::Active),
            Key::Gone if self.record.in_doubt().is_some() => gone(),
            Key::Gone => Outcome::Skipped(SkipReason::KeyGone),
        };
        self.append(&ended(attempt, skip));
        self.appliers[who].at = At::Done;
    }

    fn answered(&mut self, who: usize, attempt: u32, deleted: bool) {
        let outcome = if deleted {
            Outcome::Deleted(Deletion { request_id: None, last_look: THEN, verified_at: None })
        } else {
            gone()
        };
        self.append(&ended(attempt, outcome));
        self.appliers[who].at = At::Replayed;
    }

    /// Nobody runs, and nothing is on its way.
    fn is_quiet(&self) -> bool {
        self.orphans.is_empty()
            && self.appliers.iter().all(|applier| matches!(applier.at, At::Down | At::Done))
    }

    /// What must hold in every world.
    fn check(&self) -> Option<&'static str> {
        let receipt = self.record.state() == State::Gone;
        if self.wrong.is_some() {
            return self.wrong;
        }
        if receipt && self.key != Key::Gone {
            return Some("a receipt of a key that is there");
        }
        if self.is_quiet()
            && self.record.state().is_final()
            && self.by_us.is_some()
            && !receipt
            && !self.missed
        {
            return Some("a deletion without a receipt");
        }
        if self.missed && !receipt && !self.stalls {
            return Some("a delete took effect after it was found out that nothing came of it");
        }
        None
    }
}

/// Every world that can be reached, breadth first; the shortest way to the first that is wrong is told.
fn explore(bounds: Bounds) -> Vec<World> {
    let mut seen: HashMap<World, usize> = HashMap::new();
    let mut worlds: Vec<(World, Option<(usize, String)>)> = Vec::new();
    let mut queue = VecDeque::new();
    let first = World::new(bounds);
    seen.insert(first.clone(), 0);
    worlds.push((first, None));
    queue.push_back(0);
    while let Some(index) = queue.pop_front() {
        let world = worlds[index].0.clone();
        if let Some(wrong) = world.check() {
            let mut way = vec![format!("{wrong}: {world:#?}")];
            let mut at = index;
            while let Some((before, step)) = &worlds[at].1 {
                way.push(step.clone());
                at = *before;
            }
            way.reverse();
            panic!("{}", way.join("\n"));
        }
        for (step, next) in world.next() {
            if !seen.contains_key(&next) {
                seen.insert(next.clone(), worlds.len());
                queue.push_back(worlds.len());
                worlds.push((next, Some((index, step))));
            }
        }
    }
    worlds.into_iter().map(|(world, _)| world).collect()
}

#[test]
fn two_appliers_never_disagree_about_a_key_in_any_order_of_steps() {
    let worlds = explore(Bounds { crashes: 2, losses: 1, foreign: 2, runs: 4, stalls: false });
    println!("{} worlds", worlds.len());
    // The exploration is worth something only where it meets what it is for.
    let meets = |what: &dyn Fn(&World) -> bool| assert!(worlds.iter().any(what));
    meets(&|world| world.record.attempts() == 3);
    meets(&|world| world.by_us.is_some() && world.crashes == 0 && world.losses == 0);
    meets(&|world| world.record.in_doubt().is_some() && world.key == Key::Gone);
    meets(&|world| world.appliers.iter().all(|applier| matches!(applier.at, At::Intended { .. })));
}

#[test]
fn where_a_process_stalls_and_then_dies_nothing_but_a_receipt_can_be_missed() {
    let worlds = explore(Bounds { crashes: 1, losses: 1, foreign: 2, runs: 3, stalls: true });
    println!("{} worlds", worlds.len());
    assert!(worlds.iter().any(|world| world.missed));
}

#[test]
fn without_others_every_way_ends_with_the_key_gone_and_a_receipt() {
    // Whatever crashes and losses, one more run that is left alone finishes the work.
    let bounds = Bounds { crashes: 2, losses: 2, foreign: 0, runs: 3, stalls: false };
    for mut world in explore(bounds) {
        if !world.is_quiet() {
            continue;
        }
        for _ in 0..2 {
            finish(&mut world);
        }
        assert_eq!(world.key, Key::Gone, "{world:#?}");
        assert_eq!(world.record.state(), State::Gone, "{world:#?}");
        let after = world.record.clone();
        finish(&mut world);
        assert_eq!(world.record, after, "one more apply changes nothing");
    }
}

/// Lets one applier run to its end without any trouble.
fn finish(world: &mut World) {
    world.epoch += 1;
    world.appliers[0] = Applier { at: At::Replayed, epoch: world.epoch, in_flight: false };
    for _ in 0..20 {
        match world.appliers[0].at.clone() {
            At::Replayed => world.replayed(0),
            At::Resolving { attempt, .. } => world.resolve(0, attempt),
            At::Intended { attempt } => world.appliers[0].at = At::Looked { attempt, saw: world.key },
            At::Looked { attempt, saw } => world.looked(0, attempt, saw),
            At::Sent { attempt } => {
                world.appliers[0].in_flight = false;
                let deleted = world.execute_delete(attempt);
                world.appliers[0].at = At::Answered { attempt, deleted };
            }
            At::Answered { attempt, deleted } => world.answered(0, attempt, deleted),
            At::Down | At::Done => return,
        }
    }
    panic!("it does not end: {world:#?}");
}
