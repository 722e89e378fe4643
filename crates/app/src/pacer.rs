//! How fast one kind of call may be sent to one account. AWS does not publish the limits, so the pace rises while calls
//! pass and is cut when one is throttled. Pure: time is an argument; [`crate::gate`] does the waiting.
//!
//! AWS limits by token buckets that hold a burst. So the pace starts fast, and uses the burst; the first throttled call
//! drops it to a usual rate; from there it searches upwards until the second, and then moves slowly around the limit. As
//! the bucket fills while the pace is below its rate, little is lost by staying just below it.

use std::time::Duration;

use keysweep_core::call::Pacing;

/// Calls a second at the start. AWS's IAM buckets are known to hold 20 and more.
const START: f64 = 100.0;
/// So many calls that passed double the pace of the start. Counting calls, not time, lets a pace without a limit rise
/// within a few answers, and a small bucket stop it before many are on their way.
const DOUBLED_BY: f64 = 8.0;
/// Calls a second after the first throttled call: the careful end of what practitioners report for IAM, 15 to 35.
const USUAL: f64 = 15.0;
/// Never slower than this.
const SLOWEST: f64 = 0.5;
/// Never faster than this: far above any limit of the APIs used.
const FASTEST: f64 = 2_000.0;
/// Calls that were on their way when the pace was cut are throttled too; they must not cut it again.
const ONE_CUT_EACH: Duration = Duration::from_millis(200);
/// How much of a pause may be caught up with: timers are a millisecond coarse.
const CATCH_UP: Duration = Duration::from_millis(20);
/// Growth counts only while somebody waits: a pace that nobody uses proves nothing.
const PRESSED_FOR: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was throttled yet: doubles with every few calls that pass.
    Start,
    /// One cut: a quarter more every second.
    Search,
    /// At the limit: one and a half percent more every second.
    Steady,
    /// The limit is published.
    Fixed,
}

/// The pace of one kind of call to one account. Times are elapsed time on one clock.
#[derive(Clone, Debug)]
pub struct Pacer {
    phase: Phase,
    rate: f64,
    /// Calls a second that are never exceeded.
    fastest: f64,
    ready_at: Duration,
    pressed_at: Option<Duration>,
    grown_at: Duration,
    cut_at: Option<Duration>,
    passed_since_cut: u32,
    throttled_since: Option<Duration>,
}

impl Pacer {
    /// A pace that nothing is known of yet; never more than `at_most` calls a second.
    pub fn new(pacing: Pacing, at_most: Option<f64>) -> Self {
        let fastest = at_most.unwrap_or(FASTEST).min(FASTEST);
        let (phase, rate) = match pacing {
            Pacing::Adaptive => (Phase::Start, START),
            Pacing::Fixed { per_second } => (Phase::Fixed, f64::from(per_second.max(1))),
        };
        Self {
            phase,
            rate: rate.min(fastest),
            fastest,
            ready_at: Duration::ZERO,
            pressed_at: None,
            grown_at: Duration::ZERO,
            cut_at: None,
            passed_since_cut: 0,
            throttled_since: None,
        }
    }

    /// How long the next call has to wait; zero when it may be sent now.
    pub fn wait(&mut self, now: Duration) -> Duration {
        let wait = self.ready_at.saturating_sub(now);
        if wait > Duration::ZERO {
            self.pressed_at = Some(now);
        }
        wait
    }

    /// A call was sent.
    pub fn sent(&mut self, now: Duration) {
        let gap = Duration::from_secs_f64(1.0 / self.rate);
        // The published limit is exact and holds no known burst: nothing is caught up with.
        let catch_up = if self.phase == Phase::Fixed { Duration::ZERO } else { CATCH_UP };
        self.ready_at = self.ready_at.max(now.saturating_sub(catch_up)) + gap;
    }

    /// A call was answered, and not throttled.
    pub fn passed(&mut self, now: Duration) {
        self.throttled_since = None;
        self.passed_since_cut = self.passed_since_cut.saturating_add(1);
        let seconds = now.saturating_sub(self.grown_at).min(Duration::from_millis(100)).as_secs_f64();
        self.grown_at = now;
        if self.pressed_at.is_some_and(|pressed| now.saturating_sub(pressed) < PRESSED_FOR) {
            let growth = match self.phase {
                Phase::Start => DOUBLED_BY.recip().exp2(),
                Phase::Search => 1.0 + 0.25 * seconds,
                Phase::Steady => 1.0 + 0.015 * seconds,
                Phase::Fixed => 1.0,
            };
            self.rate = (self.rate * growth).min(self.fastest);
        }
    }

    /// A call was throttled.
    pub fn throttled(&mut self, now: Duration) {
        self.throttled_since.get_or_insert(now);
        let since_cut = self.cut_at.map(|cut_at| now.saturating_sub(cut_at));
        if since_cut.is_some_and(|since| since < ONE_CUT_EACH) {
            return;
        }
        match self.phase {
            Phase::Start => {
                self.phase = Phase::Search;
                self.rate = (self.rate / 2.0).min(USUAL);
            }
            Phase::Search | Phase::Steady => {
                // Still searching, the limit may be far below; at the limit, a larger fall would be noise.
                let lowest = if self.phase == Phase::Search { 0.25 } else { 0.6 };
                self.phase = Phase::Steady;
                // The bucket is empty, so what passed since the last cut is what it lets through.
                let passed =
                    since_cut.map_or(0.0, |since| f64::from(self.passed_since_cut) / since.as_secs_f64());
                self.rate = passed.clamp(self.rate * lowest, self.rate * 0.9).max(SLOWEST).min(self.fastest);
            }
            // The published limit was used up by somebody else: hold still for a second.
            Phase::Fixed => {
                self.ready_at = self.ready_at.max(now + Duration::from_secs(1));
            }
        }
        if self.phase != Phase::Fixed {
            self.ready_at = self.ready_at.max(now + Duration::from_secs_f64(1.0 / self.rate));
        }
        self.cut_at = Some(now);
        self.passed_since_cut = 0;
    }

    /// For how long every call has been throttled; zero when the last answer was not.
    pub fn throttled_for(&self, now: Duration) -> Duration {
        self.throttled_since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hidden token bucket as AWS has them.
    struct Bucket {
        rate: f64,
        burst: f64,
        tokens: f64,
        filled_at: Duration,
    }

    impl Bucket {
        fn new(rate: f64, burst: f64) -> Self {
            Self { rate, burst, tokens: burst, filled_at: Duration::ZERO }
        }

        fn take(&mut self, now: Duration) -> bool {
            let seconds = now.saturating_sub(self.filled_at).as_secs_f64();
            self.tokens = (self.tokens + seconds * self.rate).min(self.burst);
            self.filled_at = now;
            let passes = self.tokens >= 1.0;
            if passes {
                self.tokens -= 1.0;
            }
            passes
        }
    }

    /// Sends as fast as the pacer lets, with at most `in_flight` calls of `latency` on their way, for `length`.
    fn run(
        pacing: Pacing,
        bucket: &mut Bucket,
        latency: Duration,
        in_flight: usize,
        length: Duration,
    ) -> (u32, u32) {
        let mut pacer = Pacer::new(pacing, None);
        let (mut now, mut passed, mut throttled) = (Duration::ZERO, 0, 0);
        let mut answers: std::collections::VecDeque<(Duration, bool)> = std::collections::VecDeque::new();
        while now < length {
            if answers.len() < in_flight && pacer.wait(now).is_zero() {
                pacer.sent(now);
                answers.push_back((now + latency, bucket.take(now)));
            }
            now += Duration::from_millis(1);
            while answers.front().is_some_and(|(at, _)| *at <= now) {
                if answers.pop_front().is_some_and(|(_, passes)| passes) {
                    passed += 1;
                    pacer.passed(now);
                } else {
                    throttled += 1;
                    pacer.throttled(now);
                }
            }
        }
        (passed, throttled)
    }

    #[test]
    fn the_allowed_rate_is_used_and_few_calls_are_throttled() {
        for rate in [5.0, 15.0, 20.0, 35.0, 100.0] {
            let length = Duration::from_secs(40);
            let burst = 2.0 * rate;
            let (passed, throttled) =
                run(Pacing::Adaptive, &mut Bucket::new(rate, burst), Duration::from_millis(40), 10, length);
            let allowed = rate * length.as_secs_f64();
            println!("{rate}/s: {passed} passed of {allowed} allowed, {throttled} throttled");
            assert!(f64::from(passed) >= 0.95 * allowed, "{rate}/s: {passed} of {allowed}");
            assert!(
                f64::from(throttled) <= 0.05 * f64::from(passed + throttled),
                "{rate}/s: {throttled} throttled"
            );
        }
    }

    #[test]
    fn no_pace_exceeds_what_the_user_allows() {
        for pacing in [Pacing::Adaptive, Pacing::Fixed { per_second: 300 }] {
            let mut pacer = Pacer::new(pacing, Some(4.0));
            let (mut now, mut sent) = (Duration::ZERO, 0);
            while now < Duration::from_secs(10) {
                if pacer.wait(now).is_zero() {
                    pacer.sent(now);
                    pacer.passed(now);
                    sent += 1;
                }
                now += Duration::from_millis(1);
            }
            assert!((39..=41).contains(&sent), "{sent} calls in 10 s");
        }
    }

    #[test]
    fn without_a_limit_calls_soon_flow_freely() {
        let mut bucket = Bucket::new(1e9, 1e9);
        let (passed, throttled) =
            run(Pacing::Adaptive, &mut bucket, Duration::from_millis(2), 10, Duration::from_secs(1));
        assert_eq!(throttled, 0);
        assert!(passed > 200, "{passed}");
    }

    #[test]
    fn a_fixed_pace_is_never_exceeded() {
        let mut bucket = Bucket::new(2.0, 1.0);
        let (passed, throttled) = run(
            Pacing::Fixed { per_second: 2 },
            &mut bucket,
            Duration::from_millis(40),
            10,
            Duration::from_secs(30),
        );
        assert_eq!(throttled, 0);
        assert!((59..=60).contains(&passed), "{passed}");
    }

    #[test]
    fn a_pace_that_nobody_presses_does_not_grow() {
        let mut pacer = Pacer::new(Pacing::Adaptive, None);
        for second in 0..1000 {
            let now = Duration::from_secs(second);
            assert!(pacer.wait(now).is_zero());
            pacer.sent(now);
            pacer.passed(now);
        }
        assert!((pacer.rate - START).abs() < f64::EPSILON);
    }

    #[test]
    fn throttling_that_never_ends_is_told() {
        let mut pacer = Pacer::new(Pacing::Adaptive, None);
        for second in 10..=100 {
            pacer.throttled(Duration::from_secs(second));
        }
        assert_eq!(pacer.throttled_for(Duration::from_secs(100)), Duration::from_secs(90));
        assert!(pacer.rate >= SLOWEST);
        pacer.passed(Duration::from_secs(101));
        assert_eq!(pacer.throttled_for(Duration::from_secs(102)), Duration::ZERO);
    }
}
