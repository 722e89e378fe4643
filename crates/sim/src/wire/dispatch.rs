//! From an HTTP request to its reply: finds the protocol, the signer and the operation, calls the service, and lets
//! faults spoil the delivery of the answer.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use keysweep_core::call::Service;

use super::answer::{self, Protocol};
use super::connection::{Answer, Reply};
use super::parameters::Parameters;
use super::{admin, cloudtrail, iam, organizations, signature, sts};
use crate::{Action, ApiError, ApiResult, Context, Delivery, Sim};

/// A request that was read to its end.
pub(super) struct Received {
    /// Method, address and headers.
    pub(super) head: Parts,
    /// The body.
    pub(super) body: Bytes,
}

/// What becomes of a request.
pub(super) async fn reply(received: &Received, sim: &Sim) -> Reply {
    if let Some(command) = received.head.uri.path().strip_prefix("/_sim/") {
        return Reply::Answer(admin::answer(&received.head.method, command, &received.body, sim));
    }
    let latency = sim.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let (answer, delivery) = perform(received, sim);
    match delivery {
        Delivery::Answer => Reply::Answer(answer),
        Delivery::Slow(wait) => {
            tokio::time::sleep(wait).await;
            Reply::Answer(answer)
        }
        Delivery::Hang => Reply::Hang,
        Delivery::Lost => Reply::Close,
        Delivery::Reset => Reply::Reset,
        Delivery::Truncated => Reply::Truncated(answer),
        Delivery::Malformed => {
            Reply::Answer(Answer { body: b"<<{{ neither XML nor JSON".to_vec(), ..answer })
        }
        Delivery::WrongContentType => Reply::Answer(proxy_page()),
        Delivery::Redirect => Reply::Answer(redirect(received)),
    }
}

/// Performs the operation. Nothing in here waits, so that the world's lock is never held while anything does.
fn perform(received: &Received, sim: &Sim) -> (Answer, Delivery) {
    let target = signature::text(&received.head.headers, "x-amz-target");
    let refused = |protocol, error: &ApiError| {
        (answer::error(protocol, error, &sim.new_request_id()), Delivery::Answer)
    };
    let unsigned = if target.is_some() { JSON } else { Protocol::Query { namespace: iam::NAMESPACE } };
    let signature = match signature::read(&received.head.headers) {
        Ok(signature) => signature,
        Err(error) => return refused(unsigned, &error),
    };
    let Some((service, protocol)) = service(signature.service) else {
        return refused(unsigned, &no_such_service(signature.service));
    };
    let request = match Request::read(received, protocol, target) {
        Ok(request) => request,
        Err(error) => return refused(protocol, &error),
    };
    let Some(action) = Action::find(service, request.action()) else {
        return refused(protocol, &no_such_action(&request));
    };
    match sim.begin(signature.access_key_id, signature.session_token, action, signature.region) {
        Err(error) => refused(protocol, &error),
        Ok(context) => {
            let answer = request
                .call(&context)
                .unwrap_or_else(|error| answer::error(protocol, &error, context.request_id()));
            (answer, context.delivery())
        }
    }
}

const JSON: Protocol = Protocol::Json { message: "message" };

/// The service that a credential scope names, and how it speaks.
fn service(scope: &str) -> Option<(Service, Protocol)> {
    match scope {
        "iam" => Some((Service::Iam, Protocol::Query { namespace: iam::NAMESPACE })),
        "sts" => Some((Service::Sts, Protocol::Query { namespace: sts::NAMESPACE })),
        "organizations" => Some((Service::Organizations, Protocol::Json { message: "Message" })),
        "cloudtrail" => Some((Service::CloudTrail, JSON)),
        _ => None,
    }
}

/// What a request asks for.
enum Request<'a> {
    /// In the Query protocol.
    Query { parameters: Parameters<'a> },
    /// In the JSON protocol.
    Json { action: &'a str, body: &'a [u8] },
}

impl<'a> Request<'a> {
    fn read(received: &'a Received, protocol: Protocol, target: Option<&'a str>) -> ApiResult<Self> {
        let post = received.head.method == Method::POST;
        match protocol {
            Protocol::Json { .. } => {
                let action =
                    target.and_then(|target| target.rsplit_once('.')).map_or("", |(_, action)| action);
                Ok(Self::Json { action, body: &received.body })
            }
            Protocol::Query { namespace } => {
                let query = received.head.uri.query().unwrap_or("").as_bytes();
                let parameters = Parameters::read(if post { &received.body } else { query });
                match parameters.get("Version") {
                    Some(version) if namespace.rsplit('/').nth(1) != Some(version) => Err(ApiError::new(
                        400,
                        "InvalidAction",
                        format!("Could not find operation {} for version {version}", action_of(&parameters)),
                    )),
                    _ => Ok(Self::Query { parameters }),
                }
            }
        }
    }

    fn action(&self) -> &str {
        match self {
            Self::Query { parameters } => action_of(parameters),
            Self::Json { action, .. } => action,
        }
    }

    fn call(&self, context: &Context<'_>) -> ApiResult<Answer> {
        match (self, context.action().service()) {
            (Self::Query { parameters }, Service::Sts) => sts::call(context, parameters),
            (Self::Query { parameters }, _) => iam::call(context, parameters),
            (Self::Json { body, .. }, Service::Organizations) => organizations::call(context, body),
            (Self::Json { body, .. }, _) => cloudtrail::call(context, body),
        }
    }
}

fn action_of<'a>(parameters: &'a Parameters<'_>) -> &'a str {
    parameters.get("Action").unwrap_or("")
}

fn no_such_service(scope: &str) -> ApiError {
    let message = format!(
        "The request is signed for the service {scope:?}. The simulated AWS has sts, iam, organizations and cloudtrail."
    );
    ApiError::new(400, "InvalidAction", message)
}

fn no_such_action(request: &Request<'_>) -> ApiError {
    // The JSON protocol's name for it is given by answer::error.
    let message = format!("The simulated AWS does not answer the operation {:?}", request.action());
    ApiError::new(400, "InvalidAction", message)
}

/// What a captive portal or a company's proxy answers in AWS's place.
fn proxy_page() -> Answer {
    Answer {
        status: 200,
        content_type: "text/html",
        headers: Vec::new(),
        body: b"<!DOCTYPE html><html><body>Please sign in to the network.</body></html>".to_vec(),
    }
}

/// A redirect to the address that was asked.
fn redirect(received: &Received) -> Answer {
    let host = signature::text(&received.head.headers, HOST.as_str()).unwrap_or("localhost");
    let location = HeaderValue::from_str(&format!("http://{host}/")).unwrap_or(HeaderValue::from_static("/"));
    Answer { status: 307, content_type: "text/plain", headers: vec![(LOCATION, location)], body: Vec::new() }
}
