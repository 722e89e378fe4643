//! AWS CloudTrail: the event history of the caller's account.

use keysweep_core::account::{AccountId, Partition};
use keysweep_core::time::Instant;

use super::{seal, unseal};
use crate::context::Context;
use crate::error::{ApiError, ApiResult};
use crate::seed;
use crate::world::{history, record};

/// Parameters of `LookupEvents`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookupEventsInput {
    /// `LookupAttributes`: at most one pair of `AttributeKey` and `AttributeValue`.
    pub lookup_attributes: Vec<(String, String)>,
    /// `StartTime`: events at or after it.
    pub start_time: Option<Instant>,
    /// `EndTime`: events at or before it.
    pub end_time: Option<Instant>,
    /// `MaxResults`: 1 to 50, 50 where it is missing.
    pub max_results: Option<i64>,
    /// `NextToken` of the page before; every other parameter must be the same as there.
    pub next_token: Option<String>,
}

/// Answer of `LookupEvents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupEventsOutput {
    /// `Events`, newest first.
    pub events: Vec<Event>,
    /// `NextToken` for the next page.
    pub next_token: Option<String>,
}

/// `Event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `EventId`.
    pub event_id: String,
    /// `EventName`.
    pub event_name: String,
    /// `ReadOnly`: `"true"` or `"false"`.
    pub read_only: &'static str,
    /// `AccessKeyId`: the key that signed the call.
    pub access_key_id: Option<String>,
    /// `EventTime`.
    pub event_time: Instant,
    /// `EventSource`.
    pub event_source: &'static str,
    /// `Username`.
    pub username: Option<String>,
    /// `Resources`.
    pub resources: Vec<Resource>,
    /// `CloudTrailEvent`: the record, a JSON text.
    pub cloud_trail_event: String,
}

/// `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `ResourceType`, such as `AWS::IAM::User`.
    pub resource_type: &'static str,
    /// `ResourceName`.
    pub resource_name: String,
}

/// `Trail`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "AWS's shape")]
pub struct Trail {
    /// `Name`.
    pub name: String,
    /// `S3BucketName`.
    pub s3_bucket_name: String,
    /// `IncludeGlobalServiceEvents`.
    pub include_global_service_events: bool,
    /// `IsMultiRegionTrail`.
    pub is_multi_region_trail: bool,
    /// `HomeRegion`.
    pub home_region: &'static str,
    /// `TrailARN`.
    pub trail_arn: String,
    /// `LogFileValidationEnabled`.
    pub log_file_validation_enabled: bool,
    /// `HasCustomEventSelectors`.
    pub has_custom_event_selectors: bool,
    /// `HasInsightSelectors`.
    pub has_insight_selectors: bool,
    /// `IsOrganizationTrail`.
    pub is_organization_trail: bool,
}

const PAGE: i64 = 50;

fn error(code: &'static str, message: &str) -> ApiError {
    ApiError::new(400, code, message)
}

impl LookupEventsInput {
    /// A number for everything but the token.
    fn fingerprint(&self) -> u64 {
        let mut parts: Vec<u64> = self
            .lookup_attributes
            .iter()
            .flat_map(|(key, value)| [seed::text(key), seed::text(value)])
            .collect();
        let number = |value: Option<i64>| seed::text(&format!("{value:?}"));
        parts.push(number(self.start_time.map(Instant::unix)));
        parts.push(number(self.end_time.map(Instant::unix)));
        parts.push(number(self.max_results));
        seed::mix(&parts)
    }

    fn check(&self) -> ApiResult<Option<&(String, String)>> {
        if self.lookup_attributes.len() > 1 {
            let text = "You can only specify one lookup attribute.";
            return Err(error("InvalidLookupAttributesException", text));
        }
        let attribute = self.lookup_attributes.first();
        if attribute.is_some_and(|(key, _)| !ATTRIBUTES.contains(&key.as_str())) {
            let text = "Specify a valid lookup attribute key.";
            return Err(error("InvalidLookupAttributesException", text));
        }
        if self.max_results.is_some_and(|size| !(1..=PAGE).contains(&size)) {
            return Err(error("InvalidMaxResultsException", "Specify a max results value from 1 to 50."));
        }
        if let (Some(start), Some(end)) = (self.start_time, self.end_time)
            && start > end
        {
            return Err(error("InvalidTimeRangeException", "Start time cannot be later than end time."));
        }
        Ok(attribute)
    }

    /// Where the page begins: before the event with this time and id.
    fn position(&self) -> ApiResult<Option<(Instant, String)>> {
        let Some(token) = &self.next_token else { return Ok(None) };
        let wrong = || error("InvalidNextTokenException", "The NextToken is not valid for these parameters.");
        let text = unseal(token).ok_or_else(wrong)?;
        let parts: Vec<&str> = text.split('|').collect();
        let [fingerprint, at, id] = parts.as_slice() else { return Err(wrong()) };
        if *fingerprint != self.fingerprint().to_string() {
            return Err(wrong());
        }
        let at = at.parse().map_err(|_| wrong())?;
        Ok(Some((Instant::from_unix(at), (*id).to_owned())))
    }
}

const ATTRIBUTES: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

fn matches(event: &history::Event, attribute: Option<&(String, String)>) -> bool {
    let Some((key, value)) = attribute else { return true };
    match key.as_str() {
        "EventId" => event.id == *value,
        "EventName" => event.deed.name() == value,
        "ReadOnly" => value == "false",
        "Username" => event.actor.username() == value,
        "ResourceType" => resources(event).iter().any(|resource| resource.resource_type == value),
        "ResourceName" => resources(event).iter().any(|resource| resource.resource_name == *value),
        "EventSource" => value == "iam.amazonaws.com",
        _ => event.actor.key() == value,
    }
}

/// The resources of the envelope; a call refused without parameters names none.
fn resources(event: &history::Event) -> Vec<Resource> {
    if event.refused.as_ref().is_some_and(|refused| refused.without_parameters) {
        return Vec::new();
    }
    let resource = |resource_type, name: &str| Resource { resource_type, resource_name: name.to_owned() };
    let key = event.deed.key().map(|key| resource("AWS::IAM::AccessKey", key));
    let user = event.deed.user().map(|user| resource("AWS::IAM::User", user));
    key.into_iter().chain(user).collect()
}

impl Context<'_> {
    /// `LookupEvents`: events of the own account that were delivered, at most 90 days old, newest first. IAM's events
    /// lie in the partition's lead region; elsewhere the history is empty.
    pub fn lookup_events(&self, input: &LookupEventsInput) -> ApiResult<LookupEventsOutput> {
        self.run(&self.about("*"), None, |scene| {
            let attribute = input.check()?;
            let position = input.position()?;
            let now = scene.now;
            let partition = scene.world.spec.partition;
            if self.region != partition.lead_region() {
                return Ok(LookupEventsOutput { events: Vec::new(), next_token: None });
            }
            let size = usize::try_from(input.max_results.unwrap_or(PAGE)).unwrap_or(50);
            let account = self.caller.account;
            let iam = scene.iam(account)?;
            let older = |event: &&history::Event| {
                position.as_ref().is_none_or(|(at, id)| (event.at, &event.id) < (*at, id))
            };
            let found = iam.history.visible(now, input.start_time, input.end_time);
            let mut found = found.filter(older).filter(|event| matches(event, attribute));
            let page: Vec<&history::Event> = found.by_ref().take(size).collect();
            let next_token = match (page.last(), found.next()) {
                (Some(last), Some(_)) => {
                    Some(seal(&format!("{}|{}|{}", input.fingerprint(), last.at.unix(), last.id)))
                }
                _ => None,
            };
            let events = page.into_iter().map(|event| envelope(account, partition, event)).collect();
            Ok(LookupEventsOutput { events, next_token })
        })
    }

    /// `DescribeTrails`: `trailList`. An organization has one trail, which every member sees.
    pub fn describe_trails(&self) -> ApiResult<Vec<Trail>> {
        self.run(&self.about("*"), None, |scene| {
            let spec = &scene.world.spec;
            let (true, Some(management)) = (spec.organization, scene.world.members.first()) else {
                return Ok(Vec::new());
            };
            let region = spec.partition.lead_region();
            Ok(vec![Trail {
                name: "organization-trail".to_owned(),
                s3_bucket_name: format!("cloudtrail-{}", scene.world.organization.id),
                include_global_service_events: true,
                is_multi_region_trail: true,
                home_region: region,
                trail_arn: format!(
                    "arn:{}:cloudtrail:{region}:{}:trail/organization-trail",
                    spec.partition, management.id
                ),
                log_file_validation_enabled: true,
                has_custom_event_selectors: false,
                has_insight_selectors: false,
                is_organization_trail: true,
            }])
        })
    }
}

fn envelope(account: AccountId, partition: Partition, event: &history::Event) -> Event {
    Event {
        event_id: event.id.clone(),
        event_name: event.deed.name().to_owned(),
        read_only: "false",
        access_key_id: Some(event.actor.key().to_owned()),
        event_time: event.at,
        event_source: "iam.amazonaws.com",
        username: Some(event.actor.username().to_owned()),
        resources: resources(event),
        cloud_trail_event: record::write(account, partition, event),
    }
}
