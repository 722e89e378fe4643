//! Status changes, observations, and claims.

use keysweep_core::account::AccountId;
use keysweep_core::evidence::{
    ChangeSource, EventId, Evidence, Observation, ObservationSource, StatusChange, Target,
};
use keysweep_core::infer::{
    Assertion, Claim, Confidence, Contradiction, EarliestGround, Grounds, LatestGround,
};
use keysweep_core::time::Interval;
use serde::{Deserialize, Serialize};

use super::{DocumentError, InstantV1, Result, StatusV1, Text, parse};

#[derive(Serialize, Deserialize)]
pub(crate) struct ChangeV1<'a> {
    at: InstantV1,
    status: StatusV1,
    key: Text<'a>,
    target: TargetV1<'a>,
    account: Option<String>,
    event: Text<'a>,
    actor: Option<Text<'a>>,
    source_ip: Option<Text<'a>>,
    source: ChangeSourceV1<'a>,
}

/// Where the record of a change was read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChangeSourceV1<'a> {
    EventHistory,
    File { name: Text<'a>, record: u64 },
}

/// Whose key a recorded call changed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TargetV1<'a> {
    User(Text<'a>),
    Root,
    NotRecorded,
}

impl<'a> TargetV1<'a> {
    pub(crate) fn of(target: &'a Target) -> Self {
        match target {
            Target::User(user) => Self::User(user.as_str().into()),
            Target::Root => Self::Root,
            Target::NotRecorded => Self::NotRecorded,
        }
    }

    pub(crate) fn read(&self) -> Result<Target> {
        Ok(match self {
            Self::User(user) => Target::User(parse(user)?),
            Self::Root => Target::Root,
            Self::NotRecorded => Target::NotRecorded,
        })
    }
}

impl<'a> ChangeV1<'a> {
    pub(crate) fn of(change: &'a StatusChange) -> Self {
        Self {
            at: change.at.into(),
            status: change.status.into(),
            key: change.key.as_str().into(),
            target: TargetV1::of(&change.target),
            account: change.account.map(|account| account.to_string()),
            event: change.event.as_str().into(),
            actor: change.actor.as_deref().map(Text::from),
            source_ip: change.source_ip.as_deref().map(Text::from),
            source: match &change.source {
                ChangeSource::EventHistory => ChangeSourceV1::EventHistory,
                ChangeSource::File { name, record } => {
                    ChangeSourceV1::File { name: name.as_str().into(), record: *record }
                }
            },
        }
    }

    pub(crate) fn read(self) -> Result<StatusChange> {
        Ok(StatusChange {
            at: self.at.into(),
            status: self.status.into(),
            key: parse(&self.key)?,
            target: self.target.read()?,
            account: self.account.as_deref().map(parse::<AccountId>).transpose()?,
            event: EventId::new(&self.event),
            actor: self.actor.map(Text::into_owned),
            source_ip: self.source_ip.map(Text::into_owned),
            source: match self.source {
                ChangeSourceV1::EventHistory => ChangeSource::EventHistory,
                ChangeSourceV1::File { name, record } => {
                    ChangeSource::File { name: name.into_owned(), record }
                }
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ObservationV1<'a> {
    from: InstantV1,
    to: InstantV1,
    status: StatusV1,
    source: SourceV1<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceV1<'a> {
    ListAccessKeys,
    CredentialReport,
    EarlierScan(Text<'a>),
    CleanUp(Text<'a>),
}

impl<'a> ObservationV1<'a> {
    pub(crate) fn of(observation: &'a Observation) -> Self {
        Self {
            from: observation.from.into(),
            to: observation.to.into(),
            status: observation.status.into(),
            source: match &observation.source {
                ObservationSource::ListAccessKeys => SourceV1::ListAccessKeys,
                ObservationSource::CredentialReport => SourceV1::CredentialReport,
                ObservationSource::EarlierScan(id) => SourceV1::EarlierScan(id.as_str().into()),
                ObservationSource::CleanUp(id) => SourceV1::CleanUp(id.as_str().into()),
            },
        }
    }

    pub(crate) fn read(self) -> Observation {
        Observation {
            from: self.from.into(),
            to: self.to.into(),
            status: self.status.into(),
            source: match self.source {
                SourceV1::ListAccessKeys => ObservationSource::ListAccessKeys,
                SourceV1::CredentialReport => ObservationSource::CredentialReport,
                SourceV1::EarlierScan(id) => ObservationSource::EarlierScan(id.into_owned()),
                SourceV1::CleanUp(id) => ObservationSource::CleanUp(id.into_owned()),
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EvidenceV1<'a> {
    Created(InstantV1),
    Changed(ChangeV1<'a>),
    Observed(ObservationV1<'a>),
}

impl<'a> EvidenceV1<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        match evidence {
            Evidence::Created(at) => Self::Created((*at).into()),
            Evidence::Changed(change) => Self::Changed(ChangeV1::of(change)),
            Evidence::Observed(observation) => Self::Observed(ObservationV1::of(observation)),
        }
    }

    pub(crate) fn read(self) -> Result<Evidence> {
        Ok(match self {
            Self::Created(at) => Evidence::Created(at.into()),
            Self::Changed(change) => Evidence::Changed(change.read()?),
            Self::Observed(observation) => Evidence::Observed(observation.read()),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ClaimV1 {
    as_of: InstantV1,
    earliest: InstantV1,
    latest: InstantV1,
    confidence: ConfidenceV1,
    earliest_ground: EarliestGroundV1,
    latest_ground: LatestGroundV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EarliestGroundV1 {
    Created,
    SwitchedOn,
    SwitchedOff,
    ActiveBefore,
    SeenActive { from: InstantV1, to: InstantV1 },
}

impl EarliestGroundV1 {
    fn of(ground: EarliestGround) -> Self {
        match ground {
            EarliestGround::Created => Self::Created,
            EarliestGround::SwitchedOn => Self::SwitchedOn,
            EarliestGround::SwitchedOff => Self::SwitchedOff,
            EarliestGround::ActiveBefore => Self::ActiveBefore,
            EarliestGround::SeenActive { from, to } => Self::SeenActive { from: from.into(), to: to.into() },
        }
    }

    fn read(self) -> EarliestGround {
        match self {
            Self::Created => EarliestGround::Created,
            Self::SwitchedOn => EarliestGround::SwitchedOn,
            Self::SwitchedOff => EarliestGround::SwitchedOff,
            Self::ActiveBefore => EarliestGround::ActiveBefore,
            Self::SeenActive { from, to } => EarliestGround::SeenActive { from: from.into(), to: to.into() },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LatestGroundV1 {
    SwitchedOff,
    CoverageBegins,
    AssertionBegins,
    SeenInactive,
}

impl LatestGroundV1 {
    fn of(ground: LatestGround) -> Self {
        match ground {
            LatestGround::SwitchedOff => Self::SwitchedOff,
            LatestGround::CoverageBegins => Self::CoverageBegins,
            LatestGround::AssertionBegins => Self::AssertionBegins,
            LatestGround::SeenInactive => Self::SeenInactive,
        }
    }

    fn read(self) -> LatestGround {
        match self {
            Self::SwitchedOff => LatestGround::SwitchedOff,
            Self::CoverageBegins => LatestGround::CoverageBegins,
            Self::AssertionBegins => LatestGround::AssertionBegins,
            Self::SeenInactive => LatestGround::SeenInactive,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConfidenceV1 {
    Proven,
    Settling,
    Observed,
}

impl ClaimV1 {
    pub(crate) fn of(claim: &Claim) -> Self {
        Self {
            as_of: claim.as_of.into(),
            earliest: claim.interval.earliest().into(),
            latest: claim.interval.latest().into(),
            confidence: match claim.confidence {
                Confidence::Proven => ConfidenceV1::Proven,
                Confidence::Settling => ConfidenceV1::Settling,
                Confidence::Observed => ConfidenceV1::Observed,
            },
            earliest_ground: EarliestGroundV1::of(claim.grounds.earliest),
            latest_ground: LatestGroundV1::of(claim.grounds.latest),
        }
    }

    pub(crate) fn read(self) -> Result<Claim> {
        let (earliest, latest) = (self.earliest.into(), self.latest.into());
        Ok(Claim {
            as_of: self.as_of.into(),
            interval: Interval::new(earliest, latest).ok_or_else(|| {
                DocumentError::Value(format!("an interval from {earliest} back to {latest}"))
            })?,
            confidence: match self.confidence {
                ConfidenceV1::Proven => Confidence::Proven,
                ConfidenceV1::Settling => Confidence::Settling,
                ConfidenceV1::Observed => Confidence::Observed,
            },
            grounds: Grounds { earliest: self.earliest_ground.read(), latest: self.latest_ground.read() },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssertionV1 {
    NotUsed,
    Used,
    Refuted { seen_at: InstantV1, seen: StatusV1 },
}

impl AssertionV1 {
    pub(crate) fn of(assertion: Assertion) -> Self {
        match assertion {
            Assertion::NotUsed => Self::NotUsed,
            Assertion::Used => Self::Used,
            Assertion::Refuted { seen_at, seen } => {
                Self::Refuted { seen_at: seen_at.into(), seen: seen.into() }
            }
        }
    }

    pub(crate) fn read(self) -> Assertion {
        match self {
            Self::NotUsed => Assertion::NotUsed,
            Self::Used => Assertion::Used,
            Self::Refuted { seen_at, seen } => {
                Assertion::Refuted { seen_at: seen_at.into(), seen: seen.into() }
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContradictionV1 {
    SeenAgainstHistory { seen_at: InstantV1, seen: StatusV1 },
    BeforeCreation { at: InstantV1 },
}

impl ContradictionV1 {
    pub(crate) fn of(contradiction: &Contradiction) -> Self {
        match contradiction {
            Contradiction::SeenAgainstHistory { seen_at, seen } => {
                Self::SeenAgainstHistory { seen_at: (*seen_at).into(), seen: (*seen).into() }
            }
            Contradiction::BeforeCreation { at } => Self::BeforeCreation { at: (*at).into() },
        }
    }

    pub(crate) fn read(self) -> Contradiction {
        match self {
            Self::SeenAgainstHistory { seen_at, seen } => {
                Contradiction::SeenAgainstHistory { seen_at: seen_at.into(), seen: seen.into() }
            }
            Self::BeforeCreation { at } => Contradiction::BeforeCreation { at: at.into() },
        }
    }
}
