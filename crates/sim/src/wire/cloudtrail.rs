//! AWS CloudTrail on the wire: its parameters and its JSON.

use keysweep_core::time::{Instant, SignedDuration};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, present};
use super::connection::Answer;
use crate::service::cloudtrail::{Event, LookupEventsInput, Resource, Trail};
use crate::{Action, ApiError, ApiResult, Context};

/// The parameters of `LookupEvents`. Times are seconds since 1970, with a fraction if the client likes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    #[serde(default)]
    lookup_attributes: Vec<LookupAttribute>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LookupAttribute {
    attribute_key: String,
    attribute_value: String,
}

/// Calls the operation that the context was begun for.
pub(super) fn call(context: &Context<'_>, body: &[u8]) -> ApiResult<Answer> {
    let body = if context.action() == Action::LookupEvents {
        lookup_events(context, body)?
    } else {
        describe_trails(context)?
    };
    Ok(answer::json(context.request_id(), &body))
}

fn lookup_events(context: &Context<'_>, body: &[u8]) -> ApiResult<Value> {
    let parameters: Parameters = answer::read_json(body)?;
    let attributes = parameters.lookup_attributes.into_iter();
    let output = context.lookup_events(&LookupEventsInput {
        lookup_attributes: attributes.map(|pair| (pair.attribute_key, pair.attribute_value)).collect(),
        // Events lie on whole seconds: the first one at or after the start, and the last one at or before the end.
        start_time: parameters.start_time.map(f64::ceil).map(instant).transpose()?,
        end_time: parameters.end_time.map(f64::floor).map(instant).transpose()?,
        max_results: parameters.max_results,
        next_token: parameters.next_token,
    })?;
    Ok(present(json!({
        "Events": output.events.iter().map(event).collect::<Vec<_>>(),
        "NextToken": output.next_token,
    })))
}

fn instant(seconds: f64) -> ApiResult<Instant> {
    SignedDuration::try_from_secs_f64(seconds).map(|since| Instant::from_unix(since.as_secs())).map_err(
        |_| {
            ApiError::new(
                400,
                "SerializationException",
                format!("{seconds} is not a time in seconds since 1970"),
            )
        },
    )
}

fn event(event: &Event) -> Value {
    present(json!({
        "EventId": event.event_id,
        "EventName": event.event_name,
        "ReadOnly": event.read_only,
        "AccessKeyId": event.access_key_id,
        "EventTime": answer::json_date(event.event_time),
        "EventSource": event.event_source,
        "Username": event.username,
        "Resources": event.resources.iter().map(resource).collect::<Vec<_>>(),
        "CloudTrailEvent": event.cloud_trail_event,
    }))
}

fn resource(resource: &Resource) -> Value {
    json!({ "ResourceType": resource.resource_type, "ResourceName": resource.resource_name })
}

fn describe_trails(context: &Context<'_>) -> ApiResult<Value> {
    let trails = context.describe_trails()?;
    Ok(json!({ "trailList": trails.iter().map(trail).collect::<Vec<_>>() }))
}

fn trail(trail: &Trail) -> Value {
    json!({
        "Name": trail.name,
        "S3BucketName": trail.s3_bucket_name,
        "IncludeGlobalServiceEvents": trail.include_global_service_events,
        "IsMultiRegionTrail": trail.is_multi_region_trail,
        "HomeRegion": trail.home_region,
        "TrailARN": trail.trail_arn,
        "LogFileValidationEnabled": trail.log_file_validation_enabled,
        "HasCustomEventSelectors": trail.has_custom_event_selectors,
        "HasInsightSelectors": trail.has_insight_selectors,
        "IsOrganizationTrail": trail.is_organization_trail,
    })
}
