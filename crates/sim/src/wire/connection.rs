//! One client's connection: HTTP/1.1 with keep-alive, and the ways in which a connection can fail a client. What is
//! answered is decided by [`super::dispatch`].

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::dispatch::{self, Received};
use crate::Sim;

/// Larger than any request of the simulated services.
const LARGEST_REQUEST: usize = 1 << 20;

/// How long a stopping server waits for requests that are being answered, or that a client never finishes sending.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// What happens to a request in the end.
pub(super) enum Reply {
    /// It is answered.
    Answer(Answer),
    /// The answer breaks off half way, and the connection with it.
    Truncated(Answer),
    /// The connection ends without an answer.
    Close,
    /// The connection is reset (TCP RST) without an answer.
    Reset,
    /// There is no answer, and the connection stays open until the client gives up.
    Hang,
}

/// An HTTP answer.
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// `Content-Type`.
    pub(super) content_type: &'static str,
    /// Further headers.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Serves one connection until the client closes it, it breaks, or the server stops.
pub(super) async fn serve(stream: TcpStream, sim: Arc<Sim>, mut stopping: watch::Receiver<bool>) {
    let for_requests = stopping.clone();
    let service = service_fn(move |request| respond(request, Arc::clone(&sim), for_requests.clone()));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        () = stopped(&mut stopping) => {
            Pin::new(&mut connection).graceful_shutdown();
            tokio::time::timeout(LAST_ANSWER, &mut connection).await.unwrap_or(Ok(()))
        }
    };
    let reset = outcome
        .err()
        .and_then(|error| error.source()?.downcast_ref::<Broken>().map(|broken| broken.reset))
        .unwrap_or(false);
    if reset {
        // A socket that is closed with zero linger sends RST. Where that cannot be set, it is closed in the usual way.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// Waits until the server stops: it was told to, or was dropped.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn respond(
    request: Request<Incoming>,
    sim: Arc<Sim>,
    mut stopping: watch::Receiver<bool>,
) -> Result<Response<Payload>, Broken> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        return Ok(too_large());
    };
    let received = Received { head, body: body.to_bytes() };
    match dispatch::reply(&received, &sim).await {
        Reply::Answer(answer) => Ok(answer.into_response(false)),
        Reply::Truncated(answer) => Ok(answer.into_response(true)),
        Reply::Close => Err(Broken { reset: false }),
        Reply::Reset => Err(Broken { reset: true }),
        Reply::Hang => {
            // hyper drops this future when the client goes away.
            stopped(&mut stopping).await;
            Err(Broken { reset: false })
        }
    }
}

fn too_large() -> Response<Payload> {
    let answer = Answer {
        status: 413,
        content_type: "text/plain",
        headers: Vec::new(),
        body: b"the request could not be read, or is larger than 1 MiB\n".to_vec(),
    };
    answer.into_response(false)
}

impl Answer {
    fn into_response(self, truncated: bool) -> Response<Payload> {
        let mut rest = Bytes::from(self.body);
        let whole = rest.len();
        if truncated {
            rest.truncate(whole / 2);
        }
        let missing = whole - rest.len();
        let mut response = Response::new(Payload { rest, missing, sent: false });
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulated connection breaks")]
struct Broken {
    reset: bool,
}

/// A body that is sent at once, or breaks off before its promised length.
struct Payload {
    rest: Bytes,
    /// How many promised bytes are never sent.
    missing: usize,
    /// Whether hyper had a turn to send `rest` before it learns that there is no more.
    sent: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        if !std::mem::replace(&mut self.sent, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Broken { reset: false })))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.missing == 0
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self.rest.len() + self.missing;
        SizeHint::with_exact(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}
