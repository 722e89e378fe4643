//! The paths below `/_sim/`, which are not AWS's: they show and change the simulation itself.

use hyper::Method;
use serde_json::{Value, json};

use super::connection::Answer;
use crate::Sim;

/// Answers `/_sim/COMMAND`. Errors say what to send instead.
pub(super) fn answer(method: &Method, command: &str, body: &[u8], sim: &Sim) -> Answer {
    let _ = body;
    match (method, command) {
        (&Method::GET, "health") => {
            json_answer(200, &json!({ "status": "ok", "now": sim.now().to_string() }))
        }
        _ => json_answer(404, &json!({ "error": "nothing here" })),
    }
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        content_type: "application/json",
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}
