//! What `--stats` tells: what a run cost, as a text after the summary or, where the log is JSON, as lines of it.

use std::fmt::Write as _;
use std::time::Duration;

use keysweep_app::stats::{Cost, Lengths};
use keysweep_aws::Traffic;
use keysweep_core::call::Call;
use keysweep_report::words::{count, grouped};

use crate::log;
use crate::terminal::say;

/// What is logged under: it is let through at any level.
const SAID: &str = "keysweep::said";

/// What a run cost, and how long it took in all.
pub struct Bill {
    /// Calls and phases.
    pub cost: Cost,
    /// What went over the wire.
    pub traffic: Vec<(Call, Traffic)>,
    /// From the beginning to the end of the reports.
    pub took: Duration,
}

impl Bill {
    /// Tells it on standard error.
    pub fn tell(&self) {
        if log::is_json() {
            self.log();
        } else {
            say(&self.text());
        }
    }

    fn of_call(&self, call: Call) -> Traffic {
        let of_call = |(of, _): &&(Call, Traffic)| *of == call;
        self.traffic.iter().find(of_call).map_or_else(Traffic::default, |(_, traffic)| *traffic)
    }

    fn whole_traffic(&self) -> Traffic {
        self.traffic.iter().fold(Traffic::default(), |sum, (_, one)| Traffic {
            attempts: sum.attempts + one.attempts,
            repeated: sum.repeated + one.repeated,
            bytes_sent: sum.bytes_sent + one.bytes_sent,
            bytes_received: sum.bytes_received + one.bytes_received,
        })
    }

    /// The operations that took most time first.
    fn calls(&self) -> Vec<(Call, &keysweep_app::stats::CallCost)> {
        let mut calls: Vec<_> = self.cost.calls.iter().map(|(call, cost)| (*call, cost)).collect();
        calls.sort_by_key(|(call, cost)| (std::cmp::Reverse(cost.took.total()), *call));
        calls
    }

    fn text(&self) -> String {
        let (mut sent, mut throttled, mut failed) = (0, 0, 0);
        for cost in self.cost.calls.values() {
            sent += cost.took.count();
            throttled += cost.throttled;
            failed += cost.failed;
        }
        let wire = self.whole_traffic();
        let mut text = format!(
            "\nStatistics\n  Time      {} for {}\n  Calls     {} sent, {} throttled, {} failed, {} repeated after a fault on the way\n  \
             Bytes     {} sent, {} received, without headers\n",
            length(self.took),
            count(self.cost.accounts, "account"),
            grouped(sent),
            grouped(throttled),
            grouped(failed),
            grouped(wire.repeated),
            grouped(wire.bytes_sent),
            grouped(wire.bytes_received),
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n  {:<46}{:>9}{:>10}{:>8}{:>10}{:>14}{:>10}{:>9}{:>9}{:>9}{:>10}",
            "Operation",
            "calls",
            "throttled",
            "failed",
            "repeated",
            "received",
            "total",
            "p50",
            "p95",
            "max",
            "waited"
        );
        for (call, cost) in self.calls() {
            let wire = self.of_call(call);
            let _ = writeln!(
                text,
                "  {:<46}{:>9}{:>10}{:>8}{:>10}{:>14}{}{:>10}",
                call.to_string(),
                grouped(cost.took.count()),
                grouped(cost.throttled),
                grouped(cost.failed),
                grouped(wire.repeated),
                grouped(wire.bytes_received),
                spread(&cost.took),
                length(cost.waited),
            );
        }
        let _ = writeln!(
            text,
            "\n  {:<46}{:>9}{:>10}{:>9}{:>9}{:>9}",
            "Phase (accounts side by side)", "times", "total", "p50", "p95", "max"
        );
        for (phase, lengths) in &self.cost.phases {
            let _ =
                writeln!(text, "  {:<46}{:>9}{}", phase.name(), grouped(lengths.count()), spread(lengths));
        }
        if !self.cost.slowest.is_empty() {
            text.push_str("\n  Slowest accounts\n");
        }
        for slow in &self.cost.slowest {
            let _ =
                writeln!(text, "  {}{:>12}  {}", slow.account, length(slow.took), count(slow.calls, "call"));
        }
        text
    }

    fn log(&self) {
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        for (call, cost) in self.calls() {
            let wire = self.of_call(call);
            tracing::info!(
                target: SAID,
                operation = %call,
                calls = cost.took.count(),
                throttled = cost.throttled,
                failed = cost.failed,
                repeated = wire.repeated,
                bytes_sent = wire.bytes_sent,
                bytes_received = wire.bytes_received,
                total_ms = ms(cost.took.total()),
                p50_ms = ms(cost.took.percentile(50)),
                p95_ms = ms(cost.took.percentile(95)),
                max_ms = ms(cost.took.longest()),
                waited_ms = ms(cost.waited),
                "operation cost"
            );
        }
        for (phase, lengths) in &self.cost.phases {
            tracing::info!(
                target: SAID,
                phase = phase.name(),
                times = lengths.count(),
                total_ms = ms(lengths.total()),
                p50_ms = ms(lengths.percentile(50)),
                p95_ms = ms(lengths.percentile(95)),
                max_ms = ms(lengths.longest()),
                "phase cost"
            );
        }
        for slow in &self.cost.slowest {
            tracing::info!(
                target: SAID,
                account = %slow.account,
                calls = slow.calls,
                duration_ms = ms(slow.took),
                "slow account"
            );
        }
        tracing::info!(target: SAID, accounts = self.cost.accounts, duration_ms = ms(self.took), "run cost");
    }
}

fn spread(lengths: &Lengths) -> String {
    format!(
        "{:>10}{:>9}{:>9}{:>9}",
        length(lengths.total()),
        length(lengths.percentile(50)),
        length(lengths.percentile(95)),
        length(lengths.longest())
    )
}

/// A length of time for a column: `840 µs`, `12.3 ms`, `4.56 s`, `1 h 02 min`.
fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    match length.as_micros() {
        0..1_000 => format!("{} µs", length.as_micros()),
        1_000..1_000_000 => format!("{:.1} ms", length.as_secs_f64() * 1e3),
        1_000_000..100_000_000 => format!("{:.2} s", length.as_secs_f64()),
        _ if seconds < 3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fit_their_columns() {
        for (micros, shown) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_000, "1.0 ms"),
            (12_345, "12.3 ms"),
            (4_560_000, "4.56 s"),
            (99_990_000, "99.99 s"),
            (100_000_000, "1 min 40 s"),
            (3_725_000_000, "1 h 02 min"),
        ] {
            assert_eq!(length(Duration::from_micros(micros)), shown);
        }
    }
}
