//! AWS CloudTrail: the event history of the caller's account.

use keysweep_core::time::Instant;

use crate::context::Context;
use crate::error::ApiResult;

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

impl Context<'_> {
    /// `LookupEvents`: events of the own account that were delivered, at most 90 days old, newest first.
    pub fn lookup_events(&self, input: &LookupEventsInput) -> ApiResult<LookupEventsOutput> {
        let _ = input;
        Err(self.unfinished())
    }

    /// `DescribeTrails`: `trailList`.
    pub fn describe_trails(&self) -> ApiResult<Vec<Trail>> {
        Err(self.unfinished())
    }
}
