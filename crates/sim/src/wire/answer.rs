//! Answers and errors in the two protocols: XML of the Query protocol and JSON 1.1. What an answer holds is decided
//! by the services.

use hyper::header::{HeaderName, HeaderValue};
use keysweep_core::time::Instant;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connection::Answer;
use super::xml::Xml;
use crate::{ApiError, ApiResult, Context};

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Parameters as a form, answers as XML in this namespace.
    Query {
        /// The namespace of the answer's root element.
        namespace: &'static str,
    },
    /// `X-Amz-Target` and JSON both ways.
    Json {
        /// What the service calls the member of an error that holds its message.
        message: &'static str,
    },
}

const XML: &str = "text/xml";
const JSON: &str = "application/x-amz-json-1.1";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The answer of an operation of the Query protocol. `result` writes what stands in `<ActionResult>`.
pub(super) fn query(namespace: &str, context: &Context<'_>, result: impl FnOnce(&mut Xml)) -> Answer {
    enveloped(namespace, context, |xml| {
        xml.element(&format!("{}Result", context.action().name()), result);
    })
}

/// The answer of an operation of the Query protocol that has no result, such as `DeleteAccessKey`.
pub(super) fn query_without_result(namespace: &str, context: &Context<'_>) -> Answer {
    enveloped(namespace, context, |_| {})
}

fn enveloped(namespace: &str, context: &Context<'_>, write: impl FnOnce(&mut Xml)) -> Answer {
    let mut xml = Xml::new();
    xml.element_in(&format!("{}Response", context.action().name()), namespace, |xml| {
        write(xml);
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", context.request_id()));
    });
    answer(200, XML, context.request_id(), xml.finish())
}

/// The answer of an operation of the JSON protocol.
pub(super) fn json(request_id: &str, body: &Value) -> Answer {
    answer(200, JSON, request_id, body.to_string())
}

/// An object without those of its members that are null: AWS leaves out what it does not know.
pub(super) fn present(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// A time as JSON 1.1 writes it: seconds since 1970, a number with a fraction.
pub(super) fn json_date(instant: Instant) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 million years around 1970")]
    Value::from(instant.unix() as f64)
}

/// Reads the parameters of an operation of the JSON protocol. No body at all is an empty object.
pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        ApiError::new(400, "SerializationException", format!("The request's JSON could not be read: {error}"))
    })
}

/// A refusal or a failure, in the protocol's form and with the protocol's name for it.
pub(super) fn error(protocol: Protocol, error: &ApiError, request_id: &str) -> Answer {
    match protocol {
        Protocol::Query { namespace } => {
            let mut xml = Xml::new();
            xml.element_in("ErrorResponse", namespace, |xml| {
                xml.element("Error", |xml| {
                    xml.text("Type", if error.status < 500 { "Sender" } else { "Receiver" });
                    xml.text("Code", &error.code);
                    xml.text("Message", &error.message);
                });
                xml.text("RequestId", request_id);
            });
            answer(error.status, XML, request_id, xml.finish())
        }
        Protocol::Json { message } => {
            let (status, code) = json_name(error);
            let body = json!({ "__type": code, message: error.message });
            answer(status, JSON, request_id, body.to_string())
        }
    }
}

/// What the JSON protocol calls the errors that are found before a service is asked, with the status it gives them.
fn json_name(error: &ApiError) -> (u16, &str) {
    match &*error.code {
        "IncompleteSignature" => (400, "IncompleteSignatureException"),
        "InvalidAction" => (400, "UnknownOperationException"),
        "MissingAuthenticationToken" => (400, "MissingAuthenticationTokenException"),
        code => (error.status, code),
    }
}

fn answer(status: u16, content_type: &'static str, request_id: &str, body: String) -> Answer {
    let id = HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("unknown"));
    Answer { status, content_type, headers: vec![(REQUEST_ID, id)], body: body.into_bytes() }
}
