//! The wire of the simulated AWS: an HTTP server that the AWS SDKs, the AWS CLI and boto3 talk to unchanged through
//! `AWS_ENDPOINT_URL`. STS and IAM speak the Query protocol (XML), Organizations and CloudTrail JSON 1.1. What the
//! calls do is decided by [`crate::service`]; paths below `/_sim/` control the simulation itself.

mod admin;
mod answer;
mod cloudtrail;
mod connection;
mod dispatch;
mod iam;
mod organizations;
mod parameters;
mod signature;
mod sts;
mod xml;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::Sim;

/// How long to wait before accepting again when the process has no file descriptor left for a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A running server. Dropping it stops the server without waiting for open connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    connections: mpsc::Receiver<()>,
}

/// Serves the simulated AWS on `listener`. Must be called inside a tokio runtime.
pub fn serve(listener: TcpListener, sim: Arc<Sim>) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    // Nothing is ever sent: each connection holds a sender, so that the channel closes with the last of them.
    let (open, connections) = mpsc::channel(1);
    let accepting = tokio::spawn(accept(listener, sim, stopping, open));
    Ok(Server { address, stop, accepting, connections })
}

impl Server {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets the requests in flight be answered, and returns when the last connection is closed: after
    /// five seconds at the latest. Requests that a fault keeps hanging are cut off at once.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // It ends by itself; an error would mean that it panicked, and then nothing is accepted either.
        let _ = self.accepting.await;
        self.connections.recv().await;
    }
}

async fn accept(
    listener: TcpListener,
    sim: Arc<Sim>,
    mut stopping: watch::Receiver<bool>,
    open: mpsc::Sender<()>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connection::stopped(&mut stopping) => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        // Answers are written in one piece: waiting for more of them would only add latency.
        let _ = stream.set_nodelay(true);
        let (sim, stopping, open) = (Arc::clone(&sim), stopping.clone(), open.clone());
        tokio::spawn(async move {
            connection::serve(stream, sim, stopping).await;
            drop(open);
        });
    }
}
