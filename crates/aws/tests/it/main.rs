//! The adapters through the real SDK, against servers on 127.0.0.1.

mod answers;
mod environment;
mod failures;
mod roles;
mod server;
