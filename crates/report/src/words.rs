//! The words for durations, instants, intervals, verdicts and evidence. Every format takes them from here, so that the
//! terminal, the CSV and an explanation say the same of the same key.
//!
//! Sentences that begin with a verb are about a key or an account; they start in lower case and have no full stop, so
//! that they can be joined. Names in them are as AWS wrote them: whoever shows them masks and escapes them.

use keysweep_core::assessment::{AccountStatus, Conclusion, SkipReason};
use keysweep_core::evidence::{ChangeSource, Evidence, Observation, ObservationSource, StatusChange};
use keysweep_core::exemption::{Exemption, Standing};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Confidence};
use keysweep_core::key::{KeyStatus, LastUsed};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Interval, SignedDuration};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Whole days, rounded down: what "at least" may claim.
pub fn days_down(length: SignedDuration) -> i64 {
    length.as_secs().max(0) / DAY
}

/// Whole days, rounded up: what "at most" may claim.
pub fn days_up(length: SignedDuration) -> i64 {
    (length.as_secs().max(0) + DAY - 1) / DAY
}

/// A length in its largest unit up to days, rounded down, for "at least": `40 days`, `5 hours`.
pub fn rounded_down(length: SignedDuration) -> String {
    let (seconds, unit, name) = largest_unit(length);
    plural(seconds / unit, name)
}

/// A length in its largest unit up to days, rounded up, for "at most": `41 days`, `6 hours`.
pub fn rounded_up(length: SignedDuration) -> String {
    let (seconds, unit, name) = largest_unit(length);
    plural((seconds + unit - 1) / unit, name)
}

/// A length to the second: `30 days`, `1 day 2 hours`.
pub fn exactly(length: SignedDuration) -> String {
    let mut rest = length.as_secs().max(0);
    let mut parts = Vec::new();
    for (unit, name) in [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")] {
        if rest >= unit {
            parts.push(plural(rest / unit, name));
            rest %= unit;
        }
    }
    if parts.is_empty() { plural(0, "second") } else { parts.join(" ") }
}

/// A negative length can only come from clocks that disagree; nothing shorter than zero is claimed.
fn largest_unit(length: SignedDuration) -> (i64, i64, &'static str) {
    let seconds = length.as_secs().max(0);
    match seconds {
        DAY.. => (seconds, DAY, "day"),
        HOUR.. => (seconds, HOUR, "hour"),
        MINUTE.. => (seconds, MINUTE, "minute"),
        _ => (seconds, 1, "second"),
    }
}

/// A sentence, with a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `1 key`, `2 keys`, `12,345 keys`.
pub fn plural(count: i64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count.unsigned_abs()), if count == 1 { "" } else { "s" })
}

/// [`plural`] for counts that cannot be negative.
pub fn count(count: u64, noun: &str) -> String {
    plural(count.try_into().unwrap_or(i64::MAX), noun)
}

/// A number with its thousands set apart: `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// The day: `2026-08-01`.
pub fn date(instant: Instant) -> String {
    let text = instant.to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// The minute that holds the instant: `2026-08-01 09:12 UTC`.
pub fn minute(instant: Instant) -> String {
    let text = instant.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {} UTC", time.get(..5).unwrap_or(time))
}

/// The second: `2026-08-01 09:12:45 UTC`.
pub fn second(instant: Instant) -> String {
    let text = instant.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {} UTC", time.trim_end_matches('Z'))
}

/// "since 2026-08-01 09:12 UTC", or "since some time between … and …". The minutes shown hold the whole interval.
pub fn since(interval: Interval) -> String {
    if interval.is_exact() {
        return format!("since {}", minute(interval.latest()));
    }
    let end = interval.latest() + SignedDuration::from_secs(MINUTE - 1);
    format!("since some time between {} and {}", minute(interval.earliest()), minute(end))
}

/// The days of [`since`] for a narrow column: `2026-08-01`, or `2026-08-01–2026-09-30`.
pub fn since_dates(interval: Interval) -> String {
    let (earliest, latest) = (date(interval.earliest()), date(interval.latest()));
    if earliest == latest { latest } else { format!("{earliest}–{latest}") }
}

/// The days of [`since`] in a sentence: "since 2026-08-01", "since some day from 2026-08-01 to 2026-09-30".
pub fn since_days(interval: Interval) -> String {
    let (earliest, latest) = (date(interval.earliest()), date(interval.latest()));
    if earliest == latest {
        format!("since {latest}")
    } else {
        format!("since some day from {earliest} to {latest}")
    }
}

/// How long a key has been inactive, as far as its verdict needs: "inactive for at least 40 days (proven)".
pub fn inactive_for(finding: &Finding) -> String {
    let confidence = finding.inactive_since.confidence;
    let at_least = rounded_down(finding.at_least());
    let at_most = rounded_up(finding.at_most());
    match finding.verdict {
        Verdict::LongTerm => format!("inactive for at least {at_least} ({confidence})"),
        Verdict::Recent => format!("inactive for at most {at_most} ({confidence})"),
        Verdict::Undetermined if finding.at_least() <= SignedDuration::ZERO => {
            format!("inactive for at most {at_most} ({confidence})")
        }
        Verdict::Undetermined => {
            format!("inactive for at least {at_least} and at most {at_most} ({confidence})")
        }
        Verdict::Contradictory => "inactive now; its evidence contradicts itself".to_owned(),
    }
}

/// A verdict in a table: `long-term`.
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::LongTerm => "long-term",
        Verdict::Recent => "recent",
        Verdict::Undetermined => "undetermined",
        Verdict::Contradictory => "contradictory",
    }
}

/// What is said of a key and why, in one sentence.
pub fn finding(finding: &Finding, policy: &Policy) -> String {
    let threshold = exactly(policy.threshold.length());
    let (lasting, since) = (inactive_for(finding), since(finding.inactive_since.interval));
    let sentence = match finding.verdict {
        Verdict::LongTerm => format!("{lasting}, {since}: the threshold of {threshold} is reached"),
        Verdict::Recent => format!("{lasting}, {since}: the threshold of {threshold} is not reached"),
        Verdict::Undetermined => format!(
            "{lasting}, {since}: whether the threshold of {threshold} is reached {}",
            known_by(finding.known_by)
        ),
        Verdict::Contradictory => {
            let contradictions: Vec<String> =
                finding.contradictions.iter().map(ToString::to_string).collect();
            format!("{lasting} ({}): nothing is concluded from it", contradictions.join("; "))
        }
    };
    let more = assertion(finding.assertion).into_iter().chain(finding.exemption.as_ref().map(exemption));
    more.fold(sentence, |sentence, more| format!("{sentence}; {more}"))
}

/// Where a key stands towards the exemptions.
pub fn exemption(standing: &Standing) -> String {
    let by = |exemption: &Exemption| {
        format!("{} ({}): {}", exemption.id(), exemption.author(), exemption.reason())
    };
    match standing {
        Standing::Exempt(exemption) => {
            format!("exempt from clean-up until {} by {}", date(exemption.expires()), by(exemption))
        }
        Standing::KeepTag { name, value } if value.is_empty() => {
            format!("exempt from clean-up by the user's tag {name}")
        }
        Standing::KeepTag { name, value } => {
            format!("exempt from clean-up by the user's tag {name}={value}")
        }
        Standing::CannotTell(unread) => {
            format!("left alone by clean-up, for whether it is exempt cannot be told: {unread}")
        }
        Standing::Expired(exemption) => {
            format!("not exempt any more: it was until {} by {}", date(exemption.expires()), by(exemption))
        }
    }
}

/// When an undetermined key will be known: "will be known by 2026-09-30 if it stays inactive".
pub fn known_by(known_by: Option<Instant>) -> String {
    match known_by {
        Some(at) => format!("will be known by {} if it stays inactive", known_by_day(at)),
        None => "is not known until its history can be read".to_owned(),
    }
}

/// The first day on which what is known by `at` is known all day long: the day after, where the instant lies within a day.
pub fn known_by_day(at: Instant) -> String {
    date(at + SignedDuration::from_secs(DAY - 1))
}

/// What a confidence rests on.
pub const fn confidence(confidence: Confidence, assertion: Assertion) -> &'static str {
    match confidence {
        Confidence::Proven => "the evidence alone entails it",
        Confidence::Settling => "proven once CloudTrail has had the settling margin to deliver every change",
        Confidence::Observed if matches!(assertion, Assertion::Used) => {
            "somebody who imported events asserted that every change of a span that this rests on is among them"
        }
        Confidence::Observed => {
            "every scan since then saw the key Inactive, and no history covers the time between the scans"
        }
    }
}

/// The name of what asserted spans did for a claim, in every output.
pub const fn assertion_name(assertion: Assertion) -> &'static str {
    match assertion {
        Assertion::NotUsed => "not_used",
        Assertion::Used => "used",
        Assertion::Refuted { .. } => "refuted",
    }
}

/// What asserted spans did for a claim; nothing where they did nothing.
pub fn assertion(assertion: Assertion) -> Option<String> {
    match assertion {
        Assertion::NotUsed => None,
        Assertion::Used => Some("it rests on what somebody asserted, and is true if that is".to_owned()),
        Assertion::Refuted { seen_at, seen } => Some(format!(
            "the events that somebody asserted to be complete are not: the key was seen {} at {}, which they do not \
             allow; it does not rest on them",
            status(seen),
            second(seen_at)
        )),
    }
}

/// One fact: "set Inactive at 2026-08-01 09:12:45 UTC by … (CloudTrail event …)".
pub fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Created(at) => format!("created, Active, at {}", second(*at)),
        Evidence::Changed(change) => change_words(change),
        Evidence::Observed(observation) => observation_words(observation),
    }
}

fn change_words(change: &StatusChange) -> String {
    let actor = change.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default();
    let source_ip = change.source_ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    let (status, at, event) = (status(change.status), second(change.at), &change.event);
    let file = match &change.source {
        ChangeSource::EventHistory => String::new(),
        ChangeSource::File { name, record } => format!(", imported from {name}, record {record}"),
    };
    format!("set {status} at {at}{actor}{source_ip} (CloudTrail event {event}{file})")
}

fn observation_words(observation: &Observation) -> String {
    let source = match &observation.source {
        ObservationSource::ListAccessKeys => "ListAccessKeys".to_owned(),
        ObservationSource::CredentialReport => "credential report".to_owned(),
        ObservationSource::EarlierScan(scan) => format!("scan {scan}"),
        ObservationSource::CleanUp(run) => format!("keysweep's own run of plan {run}"),
    };
    let status = status(observation.status);
    if observation.from == observation.to {
        format!("seen {status} at {} ({source})", second(observation.to))
    } else {
        format!(
            "seen {status} between {} and {} ({source})",
            second(observation.from),
            second(observation.to)
        )
    }
}

/// A status as AWS writes it.
pub const fn status(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}

/// How much is known of the last use, by its name in every output.
pub const fn last_used_name(last_used: &LastUsed) -> &'static str {
    match last_used {
        LastUsed::NotRecorded => "not_recorded",
        LastUsed::NotRead => "not_read",
        LastUsed::At { .. } => "recorded",
    }
}

/// The last use for a narrow column: a day, `never`, or `not known`.
pub fn last_used_date(last_used: &LastUsed) -> String {
    match last_used {
        LastUsed::At { at, .. } => date(*at),
        // AWS records uses since 2015-04-22; a key without one is shown by everyone as never used.
        LastUsed::NotRecorded => "never".to_owned(),
        LastUsed::NotRead => "not known".to_owned(),
    }
}

/// The last use in a sentence: `last used 2026-08-01`, `never used`.
pub fn last_used(last_used: &LastUsed) -> String {
    match last_used {
        LastUsed::At { at, .. } => format!("last used {}", date(*at)),
        LastUsed::NotRecorded => "never used".to_owned(),
        LastUsed::NotRead => "last use not known".to_owned(),
    }
}

/// What an assessment comes to, in one sentence.
pub const fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Clean => "everything was assessed, and no access key is known to be long-term inactive",
        Conclusion::LongTermKeys => "everything was assessed, and there are long-term inactive access keys",
        Conclusion::Incomplete => {
            "something could not be assessed: more long-term inactive access keys may exist than are shown"
        }
    }
}

/// A conclusion's name in every output.
pub const fn conclusion_name(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Clean => "clean",
        Conclusion::LongTermKeys => "long_term_keys",
        Conclusion::Incomplete => "incomplete",
    }
}

/// How far the assessment of an account came.
pub fn account_status(status: &AccountStatus) -> String {
    match status {
        AccountStatus::Complete => "every access key was assessed, with its history".to_owned(),
        AccountStatus::Partial => "some of it was assessed; its problems say what was not".to_owned(),
        AccountStatus::NotAssessed => "nothing of it was assessed; its problems say why".to_owned(),
        AccountStatus::Skipped(reason) => format!("left out: {}", skip_reason(reason)),
    }
}

/// The name of a reason in every output.
pub const fn skip_reason_name(reason: &SkipReason) -> &'static str {
    match reason {
        SkipReason::State(_) => "state",
        SkipReason::Filtered => "filtered",
    }
}

/// Why an account was left out.
pub fn skip_reason(reason: &SkipReason) -> String {
    match reason {
        SkipReason::State(state) => {
            format!("its state is {state}, and no credentials of such an account work")
        }
        SkipReason::Filtered => "the filters of the scan (--include, --exclude) leave it out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn interval(earliest: &str, latest: &str) -> Interval {
        Interval::new(at(earliest), at(latest)).unwrap()
    }

    #[test]
    fn at_least_rounds_down_and_at_most_rounds_up() {
        for (seconds, down, up) in [
            (-5, "0 seconds", "0 seconds"),
            (0, "0 seconds", "0 seconds"),
            (1, "1 second", "1 second"),
            (61, "1 minute", "2 minutes"),
            (DAY - 1, "23 hours", "24 hours"),
            (DAY, "1 day", "1 day"),
            (40 * DAY + 1, "40 days", "41 days"),
            (12_345 * DAY, "12,345 days", "12,345 days"),
        ] {
            let length = SignedDuration::from_secs(seconds);
            assert_eq!((rounded_down(length).as_str(), rounded_up(length).as_str()), (down, up), "{seconds}");
        }
        assert_eq!(days_down(SignedDuration::from_secs(DAY - 1)), 0);
        assert_eq!(days_up(SignedDuration::from_secs(1)), 1);
    }

    #[test]
    fn thresholds_are_told_exactly() {
        assert_eq!(exactly(SignedDuration::from_hours(26)), "1 day 2 hours");
        assert_eq!(exactly(SignedDuration::from_secs(30 * DAY)), "30 days");
        assert_eq!(exactly(SignedDuration::ZERO), "0 seconds");
    }

    #[test]
    fn the_minutes_of_an_interval_hold_all_of_it() {
        let exact = interval("2026-08-01T09:12:45Z", "2026-08-01T09:12:45Z");
        assert_eq!(since(exact), "since 2026-08-01 09:12 UTC");
        let wide = interval("2026-08-01T09:12:45Z", "2026-08-03T23:59:01Z");
        assert_eq!(since(wide), "since some time between 2026-08-01 09:12 UTC and 2026-08-04 00:00 UTC");
        assert_eq!(since_dates(wide), "2026-08-01–2026-08-03");
    }

    #[test]
    fn by_the_day_told_it_is_known() {
        assert!(known_by(Some(at("2026-09-30T00:00:00Z"))).contains("by 2026-09-30 "));
        assert!(known_by(Some(at("2026-09-30T00:00:01Z"))).contains("by 2026-10-01 "));
    }

    #[test]
    fn far_instants_have_words() {
        for unix in [i64::MIN, -1, i64::MAX] {
            let instant = Instant::from_unix(unix);
            assert!(
                !date(instant).is_empty()
                    && minute(instant).ends_with("UTC")
                    && second(instant).ends_with("UTC")
            );
        }
    }
}
