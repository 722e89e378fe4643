//! The fields of `keysweep.explanation/v1`: frozen, as those of the assessment are. A field may be added; none is renamed,
//! removed or given another meaning under this schema.

use serde::Serialize;

use super::Explanation;
use crate::timeline::Timeline;

/// The name of the schema.
pub const SCHEMA: &str = "keysweep.explanation/v1";

/// An explanation with its timeline, as one JSON document.
#[derive(Serialize)]
struct ExplanationV1<'a> {
    schema: &'static str,
    scan_id: &'a str,
    summary: &'a str,
    subject: Vec<DetailV1<'a>>,
    facts: Vec<FactV1<'a>>,
    steps: Vec<StepV1<'a>>,
    outlook: &'a [String],
    timeline: TimelineV1<'a>,
}

#[derive(Serialize)]
struct DetailV1<'a> {
    label: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct FactV1<'a> {
    at: String,
    text: &'a str,
}

#[derive(Serialize)]
struct StepV1<'a> {
    topic: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct TimelineV1<'a> {
    from: String,
    to: String,
    bars: Vec<BarV1<'a>>,
    marks: Vec<MarkV1<'a>>,
}

#[derive(Serialize)]
struct BarV1<'a> {
    kind: &'static str,
    from: String,
    to: String,
    text: &'a str,
}

#[derive(Serialize)]
struct MarkV1<'a> {
    kind: &'static str,
    at: String,
    text: &'a str,
}

/// The explanation as a JSON document that ends in a newline. `scan` is the id of the scan that found what it explains.
pub fn document(
    scan: &str,
    explanation: &Explanation,
    timeline: &Timeline,
) -> Result<String, serde_json::Error> {
    let Explanation { subject, summary, facts, steps, outlook } = explanation;
    let document = ExplanationV1 {
        schema: SCHEMA,
        scan_id: scan,
        summary,
        subject: subject.iter().map(|detail| DetailV1 { label: detail.label, text: &detail.text }).collect(),
        facts: facts.iter().map(|fact| FactV1 { at: fact.at.to_string(), text: &fact.text }).collect(),
        steps: steps.iter().map(|step| StepV1 { topic: step.topic.name(), text: &step.text }).collect(),
        outlook,
        timeline: TimelineV1 {
            from: timeline.scale.from().to_string(),
            to: timeline.scale.to().to_string(),
            bars: timeline
                .bars
                .iter()
                .map(|bar| BarV1 {
                    kind: bar.kind.name(),
                    from: bar.from.to_string(),
                    to: bar.to.to_string(),
                    text: &bar.text,
                })
                .collect(),
            marks: timeline
                .marks
                .iter()
                .map(|mark| MarkV1 { kind: mark.kind.name(), at: mark.at.to_string(), text: &mark.text })
                .collect(),
        },
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
