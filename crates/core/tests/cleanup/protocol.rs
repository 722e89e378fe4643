//! The journal's protocol in every order of steps, exhaustively: one key, two appliers that take the lease from each other at
//! any moment, crashes between any two steps, answers that are lost, deletes that take effect late, and somebody else who
//! switches the key on and off and deletes it. The transition function is the real one; an applier's steps are those of
//! `keysweep_app::apply`. The search is stateright's, which tells the steps that lead to a world that breaks a promise. It tells
//! worlds apart by a hash of 64 bits: with 222,455 of them, two are taken for one with a chance of about 1 in 700 million.
//!
//! What is assumed: whoever looked has sent its delete, and AWS has got to it, before the next applier finds out what came of
//! the attempt, or never will. An applier acts on no look that is older than two seconds, and waits half a minute before it
//! finds out what came of another's attempt. Where a process stalls for longer than that and then dies, the one thing that
//! can be missed is the receipt; that is explored as well.

use keysweep_core::account::AccountId;
use keysweep_core::journal::event::{Deletion, Event, Kept, Outcome};
use keysweep_core::journal::{KeyRecord, State};
use keysweep_core::plan::SkipReason;
use keysweep_core::time::Instant;
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::sample::{ACCOUNT, key_id, now};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Active,
    Inactive,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Whether a delete took effect of which others had found out before that nothing came, and whose sender was dead.
    missed: bool,
    /// What may still happen.
    left: Bounds,
}

/// How much of everything is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Bounds {
    crashes: u8,
    losses: u8,
    foreign: u8,
    runs: u8,
}

/// What happens next; `who` is an applier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    TakesTheLease { who: usize },
    ReadsTheJournal { who: usize },
    FindsOutWhatCame { who: usize, attempt: u32 },
    Looks { who: usize, attempt: u32 },
    ActsOnTheLook { who: usize, attempt: u32, saw: Key },
    AwsDeletes { who: usize, attempt: u32 },
    AwsRefuses { who: usize, attempt: u32 },
    TheDeleteIsLost { who: usize, attempt: u32 },
    JournalsTheAnswer { who: usize, attempt: u32, deleted: bool },
    TheAnswerIsLost { who: usize, attempt: u32 },
    Crashes { who: usize },
    ADeadSendersDeleteTakesEffect { attempt: u32 },
    ADeadSendersDeleteIsLost { attempt: u32 },
    SomebodyMakesTheKey(Key),
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

impl World {
    fn new(bounds: Bounds) -> Self {
        let applier = Applier { at: At::Down, epoch: 0 };
        Self {
            key: Key::Inactive,
            by_us: None,
            record: KeyRecord::default(),
            epoch: 0,
            appliers: [applier.clone(), applier],
            orphans: Vec::new(),
            missed: false,
            left: bounds,
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

    fn has_receipt(&self) -> bool {
        self.record.state() == State::Gone
    }

    /// Nobody runs, and nothing is on its way.
    fn is_quiet(&self) -> bool {
        self.orphans.is_empty()
            && self.appliers.iter().all(|applier| matches!(applier.at, At::Down | At::Done))
    }

    /// What an applier that runs does next, where nothing goes wrong.
    const fn goes_on(&self, who: usize) -> Option<Step> {
        match self.appliers[who].at {
            At::Down | At::Done => None,
            At::Replayed => Some(Step::ReadsTheJournal { who }),
            At::Resolving { attempt, .. } => Some(Step::FindsOutWhatCame { who, attempt }),
            At::Intended { attempt } => Some(Step::Looks { who, attempt }),
            At::Looked { attempt, saw } => Some(Step::ActsOnTheLook { who, attempt, saw }),
            At::Sent { attempt } => Some(Step::AwsDeletes { who, attempt }),
            At::Answered { attempt, deleted } => Some(Step::JournalsTheAnswer { who, attempt, deleted }),
        }
    }

    /// Whether an applier is to find out what came of another's attempt, while a delete may still be on its way. One's own
    /// delete was answered or given up before: nothing of it is on its way.
    fn waits(&self, who: usize) -> bool {
        let other = self.appliers[1 - who].at;
        let acts = matches!(other, At::Sent { .. } | At::Looked { saw: Key::Inactive, .. });
        matches!(self.appliers[who].at, At::Resolving { own: false, .. })
            && (!self.orphans.is_empty() || acts)
    }

    /// What may go wrong for an applier.
    fn troubles(&self, who: usize, steps: &mut Vec<Step>) {
        let at = self.appliers[who].at;
        if let At::Sent { attempt } = at {
            steps.push(Step::AwsRefuses { who, attempt });
        }
        if self.left.losses > 0 {
            match at {
                At::Sent { attempt } => steps.push(Step::TheDeleteIsLost { who, attempt }),
                At::Answered { attempt, .. } => steps.push(Step::TheAnswerIsLost { who, attempt }),
                _ => {}
            }
        }
        if self.left.crashes > 0 && !matches!(at, At::Down | At::Done) {
            steps.push(Step::Crashes { who });
        }
    }

    /// What AWS and somebody else may do meanwhile.
    fn others(&self, steps: &mut Vec<Step>) {
        for &attempt in &self.orphans {
            steps.push(Step::ADeadSendersDeleteTakesEffect { attempt });
            steps.push(Step::ADeadSendersDeleteIsLost { attempt });
        }
        if self.left.foreign > 0 && self.key != Key::Gone {
            let keys = [Key::Active, Key::Inactive, Key::Gone];
            steps.extend(keys.into_iter().filter(|key| *key != self.key).map(Step::SomebodyMakesTheKey));
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::TakesTheLease { who } => {
                self.left.runs -= 1;
                self.epoch += 1;
                self.appliers[who] = Applier { at: At::Replayed, epoch: self.epoch };
            }
            Step::ReadsTheJournal { who } => self.appliers[who].at = self.replayed(who),
            Step::FindsOutWhatCame { who, attempt } => {
                let outcome = if self.key == Key::Gone { gone() } else { Outcome::Kept(Kept::Interrupted) };
                // Refused where somebody else has found out already; then that stands.
                self.append(&ended(attempt, outcome));
                self.appliers[who].at = At::Replayed;
            }
            Step::Looks { who, attempt } => {
                // Whether the lease is still in force is asked just before the look.
                let in_force = self.appliers[who].epoch == self.epoch;
                let looked = At::Looked { attempt, saw: self.key };
                self.appliers[who].at = if in_force { looked } else { At::Done };
            }
            Step::ActsOnTheLook { who, attempt, saw } => self.looked(who, attempt, saw),
            Step::AwsDeletes { who, attempt } => {
                let deleted = self.execute_delete(attempt);
                self.appliers[who].at = At::Answered { attempt, deleted };
            }
            Step::AwsRefuses { who, attempt } => {
                self.append(&ended(attempt, Outcome::Kept(Kept::Denied(String::new()))));
                self.appliers[who].at = At::Done;
            }
            Step::TheDeleteIsLost { who, attempt } | Step::TheAnswerIsLost { who, attempt } => {
                self.left.losses -= 1;
                self.appliers[who].at = At::Resolving { attempt, own: true };
            }
            Step::JournalsTheAnswer { who, attempt, deleted } => {
                let deletion = Deletion { request_id: None, last_look: THEN, verified_at: None };
                let outcome = if deleted { Outcome::Deleted(deletion) } else { gone() };
                self.append(&ended(attempt, outcome));
                self.appliers[who].at = At::Replayed;
            }
            Step::Crashes { who } => {
                self.left.crashes -= 1;
                match self.appliers[who].at {
                    At::Answered { attempt, .. } | At::Resolving { attempt, own: true } => {
                        self.missed |= self.by_us == Some(attempt) && !self.is_open(attempt);
                    }
                    At::Sent { attempt } => self.orphans.push(attempt),
                    _ => {}
                }
                self.appliers[who].at = At::Down;
            }
            Step::ADeadSendersDeleteTakesEffect { attempt } => {
                self.orphans.retain(|orphan| *orphan != attempt);
                let open = self.is_open(attempt);
                self.missed |= self.execute_delete(attempt) && !open;
            }
            Step::ADeadSendersDeleteIsLost { attempt } => self.orphans.retain(|orphan| *orphan != attempt),
            Step::SomebodyMakesTheKey(key) => {
                self.left.foreign -= 1;
                self.key = key;
            }
        }
    }

    /// What an applier does about the key, after the journal.
    fn replayed(&mut self, who: usize) -> At {
        let epoch = self.appliers[who].epoch;
        if epoch != self.epoch {
            return At::Done;
        }
        match self.record.state() {
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
        }
    }

    fn looked(&mut self, who: usize, attempt: u32, saw: Key) {
        let skip = match saw {
            Key::Inactive => {
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

    /// The world after one more run without any trouble; `None` where it does not end.
    fn after_one_more_run(&self) -> Option<Self> {
        let mut world = self.clone();
        world.left.runs += 1;
        world.take(Step::TakesTheLease { who: 0 });
        for _ in 0..20 {
            match world.goes_on(0) {
                Some(step) => world.take(step),
                None => return Some(world),
            }
        }
        None
    }
}

struct Protocol {
    bounds: Bounds,
    /// Whether a process may stall for longer than others wait.
    stalls: bool,
    /// What must hold, or be met, besides the promises.
    besides: Vec<Property<Self>>,
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.bounds)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for who in 0..2 {
            match world.goes_on(who) {
                None if world.left.runs > 0 => steps.push(Step::TakesTheLease { who }),
                Some(step) if self.stalls || !world.waits(who) => steps.push(step),
                _ => {}
            }
            world.troubles(who, steps);
        }
        world.others(steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        next.take(step);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut promises = vec![
            Property::always("a delete is sent only after its intent", |_, world: &World| {
                let intended = world.record.attempts();
                world.appliers.iter().all(|applier| match applier.at {
                    At::Sent { attempt } => attempt <= intended,
                    _ => true,
                })
            }),
            Property::always("a receipt is only of a key that is gone", |_, world: &World| {
                !world.has_receipt() || world.key == Key::Gone
            }),
            Property::always("what was deleted and is settled has a receipt", |protocol: &Self, world| {
                let settled = world.is_quiet() && world.record.state().is_final();
                let may_be_missed = protocol.stalls && world.missed;
                !settled || world.by_us.is_none() || world.has_receipt() || may_be_missed
            }),
        ];
        if !self.stalls {
            promises.push(Property::always(
                "no delete takes effect after it was found out that nothing came of it",
                |_, world: &World| !world.missed || world.has_receipt(),
            ));
        }
        promises.extend(self.besides.iter().cloned());
        promises
    }
}

impl Protocol {
    /// Looks at every world that can be reached. Where a promise is broken it ends soon and panics with the steps that lead
    /// there, which are nearly the fewest: it goes breadth first.
    #[expect(clippy::print_stdout, reason = "a test shows how much it looked at")]
    fn explore(self) {
        let search = self.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        println!("{} worlds", search.unique_state_count());
        search.assert_properties();
        // It ends early only where a promise is broken.
        assert!(search.is_done(), "worlds are left that were not looked at");
    }
}

#[test]
fn two_appliers_never_disagree_about_a_key_in_any_order_of_steps() {
    // The exploration is worth something only where it meets what it is for.
    let besides = vec![
        Property::sometimes("a third attempt is made", |_, world: &World| world.record.attempts() == 3),
        Property::sometimes("a key is deleted in spite of all crashes and losses", |_, world: &World| {
            world.by_us.is_some() && world.left.crashes == 0 && world.left.losses == 0
        }),
        Property::sometimes("a key is gone of which it is in doubt who deleted it", |_, world: &World| {
            world.record.in_doubt().is_some() && world.key == Key::Gone
        }),
        Property::sometimes("both are about to look", |_, world: &World| {
            world.appliers.iter().all(|applier| matches!(applier.at, At::Intended { .. }))
        }),
    ];
    let bounds = Bounds { crashes: 2, losses: 1, foreign: 2, runs: 4 };
    Protocol { bounds, stalls: false, besides }.explore();
}

#[test]
fn where_a_process_stalls_and_then_dies_nothing_but_a_receipt_can_be_missed() {
    let besides = vec![Property::sometimes("a receipt is missed", |_, world: &World| world.missed)];
    let bounds = Bounds { crashes: 1, losses: 1, foreign: 2, runs: 3 };
    Protocol { bounds, stalls: true, besides }.explore();
}

#[test]
fn without_others_every_way_ends_with_the_key_gone_and_a_receipt() {
    let besides = vec![
        Property::always(
            "whatever crashes and losses, one more run that is left alone finishes the work",
            |_, world: &World| {
                let finishes = |after: World| after.key == Key::Gone && after.has_receipt();
                !world.is_quiet() || world.after_one_more_run().is_some_and(finishes)
            },
        ),
        Property::always("a run after that changes nothing", |_, world: &World| {
            let changes_nothing =
                |after: World| after.after_one_more_run().is_some_and(|again| again.record == after.record);
            !world.is_quiet() || world.after_one_more_run().is_some_and(changes_nothing)
        }),
        Property::sometimes("a run ends before the work is done", |_, world: &World| {
            world.is_quiet() && world.record.attempts() > 0 && world.key != Key::Gone
        }),
    ];
    let bounds = Bounds { crashes: 2, losses: 2, foreign: 0, runs: 3 };
    Protocol { bounds, stalls: false, besides }.explore();
}
