//! How it was found out, what that cannot tell, and who looked when, with how many calls.

use std::cmp::Reverse;
use std::io;

use super::{Page, some_of};
use crate::words::{self, grouped};

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Page { assessment, totals, texts, .. } = page;
    write!(
        out,
        "<section id=facts aria-labelledby=method class=two><div><h2 id=method>Method and limits</h2><p>No AWS API tells since \
         when a key has been inactive. keysweep derives it, as an interval: from recorded status changes, from every time that \
         the key was seen, and from the time in which each change would be on record. Nothing is guessed.</p><dl><dt>long-term\
         <dd>inactive for at least {threshold}<dt>recent<dd>inactive for less than {threshold}<dt>undetermined<dd>the evidence \
         allows both<dt>contradictory<dd>the evidence contradicts itself, and nothing is concluded<dt>proven<dd>the evidence \
         alone entails it<dt>settling<dd>proven once CloudTrail has had {} to deliver every event<dt>observed<dd>rests on \
         nothing having happened between looks that all saw the key inactive, or on what somebody asserted</dl><p>AWS counts \
         refused attempts as uses and records them late, so a last use is shown and never decides. CloudTrail keeps 90 days: \
         \"at least\" grows beyond that with later scans, or with imported records.</p></div>",
        words::exactly(assessment.policy.settling_margin.length()),
        threshold = words::exactly(assessment.policy.threshold.length()),
    )?;
    let total = totals.calls.total();
    let mut calls: Vec<_> = totals.calls.iter().collect();
    calls.sort_by_key(|(call, counts)| (Reverse(counts.sent), *call));
    let calls = some_of(&calls, calls.len(), |(call, counts)| format!("{call} {}", grouped(counts.sent)));
    writeln!(
        out,
        "<div><h2>The scan</h2><dl><dt>Scope<dd>{}<dt>Made by<dd>{}<dt>Began<dd>{}<dt>Took<dd>{}<dt>Scan<dd>{}<dt>Version\
         <dd>keysweep {}<dt>Requests<dd>{} sent, {} of them throttled<dt>By call<dd>{calls}</dl></div></section>",
        texts.of(&crate::history::scope(&assessment.scope, assessment.caller.account)),
        texts.of(&assessment.caller.arn),
        words::second(assessment.started_at),
        words::exactly(assessment.finished_at - assessment.started_at),
        texts.of(&assessment.id),
        texts.of(&assessment.version),
        grouped(total.sent),
        grouped(total.throttled),
    )
}
