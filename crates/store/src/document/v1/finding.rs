//! Findings.

use std::borrow::Cow;

use keysweep_core::account::Tags;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::key::{LastUsed, Owner};
use serde::{Deserialize, Serialize};

use super::evidence::{AssertionV1, ClaimV1, ContradictionV1, EvidenceV1};
use super::{InstantV1, Result, Text, parse, read_all};

#[derive(Serialize, Deserialize)]
pub(crate) struct FindingV1<'a> {
    account: String,
    owner: OwnerV1<'a>,
    key: Option<Text<'a>>,
    created: InstantV1,
    verdict: VerdictV1,
    inactive_since: ClaimV1,
    assertion: AssertionV1,
    known_by: Option<InstantV1>,
    last_used: LastUsedV1<'a>,
    used_since: Option<InstantV1>,
    contradictions: Vec<ContradictionV1>,
    evidence: Vec<EvidenceV1<'a>>,
    tags: Option<Cow<'a, Tags>>,
    assessed_at: InstantV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnerV1<'a> {
    Root,
    User { name: Text<'a>, arn: Text<'a> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictV1 {
    LongTerm,
    Recent,
    Undetermined,
    Contradictory,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LastUsedV1<'a> {
    NotRecorded,
    At { at: InstantV1, service: Option<Text<'a>>, region: Option<Text<'a>> },
    NotRead,
}

impl<'a> FindingV1<'a> {
    pub(crate) fn of(finding: &'a Finding) -> Self {
        Self {
            account: finding.account.to_string(),
            owner: match &finding.owner {
                Owner::Root => OwnerV1::Root,
                Owner::User { name, arn } => {
                    OwnerV1::User { name: name.as_str().into(), arn: arn.as_str().into() }
                }
            },
            key: finding.key.as_ref().map(|key| key.as_str().into()),
            created: finding.created.into(),
            verdict: match finding.verdict {
                Verdict::LongTerm => VerdictV1::LongTerm,
                Verdict::Recent => VerdictV1::Recent,
                Verdict::Undetermined => VerdictV1::Undetermined,
                Verdict::Contradictory => VerdictV1::Contradictory,
            },
            inactive_since: ClaimV1::of(&finding.inactive_since),
            assertion: AssertionV1::of(finding.assertion),
            known_by: finding.known_by.map(InstantV1::from),
            last_used: match &finding.last_used {
                LastUsed::NotRecorded => LastUsedV1::NotRecorded,
                LastUsed::At { at, service, region } => LastUsedV1::At {
                    at: (*at).into(),
                    service: service.as_deref().map(Text::from),
                    region: region.as_deref().map(Text::from),
                },
                LastUsed::NotRead => LastUsedV1::NotRead,
            },
            used_since: finding.used_since.map(InstantV1::from),
            contradictions: finding.contradictions.iter().map(ContradictionV1::of).collect(),
            evidence: finding.evidence.iter().map(EvidenceV1::of).collect(),
            tags: finding.tags.as_ref().map(Cow::Borrowed),
            assessed_at: finding.assessed_at.into(),
        }
    }

    pub(crate) fn read(self) -> Result<Finding> {
        Ok(Finding {
            account: parse(&self.account)?,
            owner: match self.owner {
                OwnerV1::Root => Owner::Root,
                OwnerV1::User { name, arn } => Owner::User { name: parse(&name)?, arn: arn.into_owned() },
            },
            key: self.key.as_deref().map(parse).transpose()?,
            created: self.created.into(),
            verdict: match self.verdict {
                VerdictV1::LongTerm => Verdict::LongTerm,
                VerdictV1::Recent => Verdict::Recent,
                VerdictV1::Undetermined => Verdict::Undetermined,
                VerdictV1::Contradictory => Verdict::Contradictory,
            },
            inactive_since: self.inactive_since.read()?,
            assertion: self.assertion.read(),
            known_by: self.known_by.map(Into::into),
            last_used: match self.last_used {
                LastUsedV1::NotRecorded => LastUsed::NotRecorded,
                LastUsedV1::At { at, service, region } => LastUsed::At {
                    at: at.into(),
                    service: service.map(Text::into_owned),
                    region: region.map(Text::into_owned),
                },
                LastUsedV1::NotRead => LastUsed::NotRead,
            },
            used_since: self.used_since.map(Into::into),
            contradictions: self.contradictions.into_iter().map(ContradictionV1::read).collect(),
            evidence: read_all(self.evidence, EvidenceV1::read)?,
            tags: self.tags.map(Cow::into_owned),
            exemption: None,
            assessed_at: self.assessed_at.into(),
        })
    }
}
