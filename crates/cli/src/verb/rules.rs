//! `keysweep rules`: the rules that findings and problems are instances of.

use anyhow::anyhow;
use keysweep_core::rule::{RULES, Rule};
use keysweep_report::rules::{json, markdown};
use keysweep_report::terminal::rules;

use crate::args::{RulesArgs, RulesFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::terminal::{style, use_color};

/// Writes one rule, or all of them, to standard output.
pub fn run(args: &RulesArgs) -> Outcome {
    use_color(args.color);
    let one = args.rule.as_deref().map(find).transpose()?;
    let text = match (args.format, one) {
        (RulesFormat::Terminal, None) => rules::list(&style(args.color, None, false)),
        (RulesFormat::Terminal, Some(rule)) => rules::rule(rule, &style(args.color, None, false)),
        (RulesFormat::Json, None) => json::document(&RULES),
        (RulesFormat::Json, Some(rule)) => json::document(&[rule]),
        (RulesFormat::Markdown, None) => markdown::index(),
        (RulesFormat::Markdown, Some(rule)) => markdown::page(rule),
    };
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}

fn find(id: &str) -> Result<&'static Rule, Failure> {
    Rule::by_id(id).ok_or_else(|| {
        let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        Failure::usage(anyhow!("there is no rule {id:?}")).hint(format!("the rules are {}", known.join(", ")))
    })
}
