//! A server on 127.0.0.1 that gives canned answers to AWS calls: whole, cut off, or never.

use std::sync::{Arc, Mutex};

use keysweep_aws::{Session, SessionOptions, StaticCredentials};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// A call as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) operation: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// The region that the request is signed for.
    pub(crate) fn signed_for(&self) -> &str {
        let scope = self.head.split("Credential=").nth(1).unwrap();
        scope.split('/').nth(2).unwrap()
    }

    /// The access key that it is signed with.
    pub(crate) fn signed_by(&self) -> &str {
        let scope = self.head.split("Credential=").nth(1).unwrap();
        scope.split('/').next().unwrap()
    }
}

/// What the server does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Answers with a status, one more header and a body.
    With(u16, &'static str, String),
    /// Announces more of the body than it sends, and closes the connection.
    CutOff(String),
    /// Says nothing and keeps the connection open.
    Silence,
    /// Closes the connection.
    Close,
}

pub(crate) const REQUEST_ID: &str = "11111111-2222-3333-4444-555555555555";

/// A whole answer of the Query protocol.
pub(crate) fn query(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n<{operation}Result>{result}\
         </{operation}Result><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>\
         </{operation}Response>\n"
    )
}

/// A refusal of the Query protocol.
pub(crate) fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
}

/// A running server. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers every call with what `handler` says.
    pub(crate) async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let handler = Arc::new(handler);
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&log)));
            }
        });
        Self { url, requests }
    }

    /// The calls so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The operations so far.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.operation).collect()
    }

    pub(crate) fn options(&self) -> SessionOptions {
        options(&self.url)
    }

    pub(crate) async fn session(&self) -> Session {
        Session::load(self.options()).await.unwrap()
    }
}

/// A session's options that depend on nothing of this machine.
pub(crate) fn options(url: &str) -> SessionOptions {
    SessionOptions {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(url.to_owned()),
        credentials: Some(StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        }),
        ..SessionOptions::default()
    }
}

/// Serves one connection, whatever it goes over.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    handler: Arc<impl Fn(&Request) -> Reply>,
    log: Arc<Mutex<Vec<Request>>>,
) {
    let mut received = Vec::new();
    while let Some(request) = read(&mut stream, &mut received).await {
        log.lock().unwrap().push(request.clone());
        let head = |status: u16, length: usize| {
            // The instance metadata service says how long its token lives; nothing else minds the header.
            format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nx-amzn-RequestId: {REQUEST_ID}\r\n\
                 x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n"
            )
        };
        let (answer, go_on) = match handler(&request) {
            Reply::Answer(status, body) => (head(status, body.len()) + &body, true),
            Reply::With(status, header, body) => {
                (head(status, body.len()).replacen("\r\n", &format!("\r\n{header}\r\n"), 1) + &body, true)
            }
            Reply::CutOff(body) => (head(200, body.len() + 1000) + &body, false),
            Reply::Close => (String::new(), false),
            Reply::Silence => return std::future::pending().await,
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || !go_on {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec()).unwrap();
            let header = |name: &str| {
                head.lines()
                    .filter_map(|line| line.split_once(": "))
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
            };
            let length: usize = header("content-length").map_or(0, |(_, value)| value.parse().unwrap());
            if received.len() >= end + 4 + length {
                let body = String::from_utf8(received[end + 4..end + 4 + length].to_vec()).unwrap();
                let operation = match header("x-amz-target") {
                    Some((_, target)) => target.rsplit('.').next().unwrap().to_owned(),
                    None => body
                        .split('&')
                        .find_map(|pair| pair.strip_prefix("Action="))
                        .unwrap_or_default()
                        .to_owned(),
                };
                let request = Request { operation, head: head.clone(), body };
                received.drain(..end + 4 + length);
                return Some(request);
            }
        }
        if stream.read_buf(received).await.ok()? == 0 {
            return None;
        }
    }
}
