//! Shows how far a scan is: a line on stderr that is redrawn in place. Only for people: nothing is written where stderr is
//! no terminal.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use keysweep_app::progress::{Event, Progress};
use keysweep_core::call::Call;
use keysweep_report::words::{count, grouped};

/// How often the line is redrawn. Often enough to look alive, seldom enough to cost nothing.
const REDRAWS_PER_SECOND: u8 = 5;

/// What was told so far, and the line that shows it.
#[derive(Debug)]
pub struct ProgressLine {
    bar: ProgressBar,
    known: AtomicBool,
    listed_all: AtomicBool,
    accounts: AtomicU64,
    finished: AtomicU64,
    to_list: AtomicU64,
    listed: AtomicU64,
    keys: AtomicU64,
    problems: AtomicU64,
    calls: AtomicU64,
    throttled: AtomicU64,
}

impl ProgressLine {
    /// A line on stderr; nothing is shown where `quiet` or where stderr is no terminal.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        Self::drawn_on(if shown {
            ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        })
    }

    fn drawn_on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target).with_message("finding the accounts");
        bar.set_style(ProgressStyle::default_spinner());
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(REDRAWS_PER_SECOND)));
        }
        let zero = || AtomicU64::new(0);
        Self {
            bar,
            known: AtomicBool::new(false),
            listed_all: AtomicBool::new(false),
            accounts: zero(),
            finished: zero(),
            to_list: zero(),
            listed: zero(),
            keys: zero(),
            problems: zero(),
            calls: zero(),
            throttled: zero(),
        }
    }

    /// Whether any account to assess is known yet.
    pub fn accounts_are_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Takes the line away, before anything else is written.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// In an organization the accounts are the measure of what is left; in a single account, its users to list.
    fn show(&self) {
        if self.bar.is_hidden() {
            return;
        }
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        if !self.accounts_are_known() {
            self.bar.set_message(format!("finding the accounts, {}", count(get(&self.calls), "call")));
            return;
        }
        let (accounts, finished) = (get(&self.accounts), get(&self.finished));
        let (length, position) = if accounts == 1 {
            (get(&self.to_list), get(&self.listed).min(get(&self.to_list)))
        } else {
            (accounts, finished)
        };
        self.bar.set_length(length);
        self.bar.set_position(position);
        let more = if self.listed_all.load(Ordering::Relaxed) { "" } else { "+" };
        self.bar.set_message(message(
            (finished, accounts, more),
            get(&self.keys),
            get(&self.problems),
            (get(&self.calls), get(&self.throttled)),
        ));
    }
}

/// The time left, once something is done that tells it.
fn time_left(state: &ProgressState, to: &mut dyn fmt::Write) {
    if state.pos() > 0 {
        // As with everything on a terminal, nobody can be told when it cannot be shown.
        let _ = write!(to, "{} left: ", FormattedDuration(state.eta()));
    }
}

fn message(
    (finished, accounts, more): (u64, u64, &str),
    keys: u64,
    problems: u64,
    (calls, throttled): (u64, u64),
) -> String {
    let problems = if problems == 0 { String::new() } else { format!(", {}", count(problems, "problem")) };
    format!(
        "{}/{}{more} account{}, {}, {}, {} throttled{problems}",
        grouped(finished),
        grouped(accounts),
        if accounts == 1 { "" } else { "s" },
        count(keys, "key"),
        count(calls, "call"),
        grouped(throttled)
    )
}

impl Progress for ProgressLine {
    fn on(&self, event: Event) {
        let add = |counter: &AtomicU64, more: usize| {
            counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
        };
        let throttled = event.is_throttle();
        match event {
            Event::AccountFound => {
                add(&self.accounts, 1);
                self.known.store(true, Ordering::Relaxed);
            }
            Event::AccountsListed => {
                self.listed_all.store(true, Ordering::Relaxed);
                // The narrower the terminal, the less of the message is seen.
                if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:12} {left}{wide_msg}") {
                    self.bar.set_style(style.with_key("left", time_left));
                }
            }
            Event::AccountSkipped(_) => add(&self.finished, 1),
            Event::AccountStarted(_) | Event::PhaseEnded { .. } => return,
            Event::AccountFinished { findings, problems, .. } => {
                add(&self.finished, 1);
                add(&self.keys, findings);
                add(&self.problems, problems);
            }
            Event::KeysToList { users, .. } => add(&self.to_list, users),
            Event::Called { call, .. } => {
                add(&self.calls, 1);
                add(&self.throttled, usize::from(throttled));
                add(&self.listed, usize::from(call == Call::ListAccessKeys && !throttled));
            }
        }
        self.show();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike};
    use keysweep_core::account::AccountId;
    use keysweep_core::call::{CallError, CallErrorKind};

    use super::*;

    fn called(call: Call, throttled: bool) -> Event {
        let (message, kind) = (String::new(), CallErrorKind::Throttled);
        let failure = throttled.then_some(CallError { call, kind, code: None, message, request_id: None });
        let (waited, took) = (Duration::ZERO, Duration::ZERO);
        Event::Called { account: None, call, failure, again: throttled, waited, took }
    }

    #[test]
    fn the_line_shows_accounts_keys_calls_and_throttles() {
        let terminal = InMemoryTerm::new(4, 90);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
        let line = ProgressLine::drawn_on(target);
        let account = AccountId::from_number(42).unwrap();
        line.on(called(Call::ListAccounts, false));
        line.bar.force_draw();
        assert!(terminal.contents().contains("finding the accounts, 1 call"), "{}", terminal.contents());
        assert!(!line.accounts_are_known());
        for _ in 0..50 {
            line.on(Event::AccountFound);
        }
        line.bar.force_draw();
        assert!(terminal.contents().contains("0/50+ accounts"), "{}", terminal.contents());
        line.on(Event::AccountsListed);
        line.bar.force_draw();
        assert!(!terminal.contents().contains("left"), "nothing tells the time yet: {}", terminal.contents());
        line.on(Event::AccountStarted(account));
        line.on(Event::KeysToList { account, users: 3 });
        line.on(called(Call::ListAccessKeys, true));
        line.on(called(Call::ListAccessKeys, false));
        line.on(Event::AccountFinished {
            account,
            status: "partial",
            findings: 3,
            problems: 1,
            calls: 2,
            took: Duration::ZERO,
        });
        line.bar.force_draw();
        let shown = terminal.contents();
        assert!(shown.contains("1/50 accounts, 3 keys, 3 calls, 1 throttled, 1 problem"), "{shown}");
        assert!(shown.contains(" left: "), "{shown}");
        assert!(line.accounts_are_known());
        line.clear();
        terminal.flush().unwrap();
        assert_eq!(terminal.contents().trim(), "");
    }
}
