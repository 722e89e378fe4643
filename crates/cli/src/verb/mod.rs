//! One file per verb.

pub mod apply;
pub mod approve;
pub mod clean;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod evidence;
pub mod exempt;
pub mod explain;
pub mod history;
pub mod journal;
pub mod man;
pub mod plan;
pub mod policies;
pub mod report;
pub mod revert;
pub mod rules;
pub mod scan;
pub mod simulate;
pub mod state;
