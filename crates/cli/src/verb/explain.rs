//! `keysweep explain`: why a key has the verdict that it has, from what the last scan of its account found.

use anyhow::anyhow;
use keysweep_core::archive::{KeyQuery, KnownKey, ScanRecord};
use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::Finding;
use keysweep_core::ports::Archive as _;
use keysweep_report::explanation::{Explanation, json};
use keysweep_report::terminal::explanation::explanation as drawn;
use keysweep_report::timeline::Timeline;
use keysweep_report::visible::visible;
use keysweep_report::words::{count, second};
use keysweep_store::Sql;

use crate::args::{ExplainArgs, ExplainFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state::{failed, named};
use crate::terminal::use_color;

/// So many keys are named where a beginning of an id fits more than one.
const NAMED: usize = 10;

/// Explains.
pub fn run(args: ExplainArgs) -> Outcome {
    use_color(args.text.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = explain(&args) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

async fn explain(args: &ExplainArgs) -> Outcome {
    let store = args.state.open().await?;
    let scans = store.scans().await.map_err(failed)?;
    let scan = args.scan.as_deref().map(|text| named(&scans, text)).transpose()?;
    let mut texts = Vec::new();
    for key in keys(&store, args).await? {
        texts.push(one(&store, &scans, scan, &key, args).await?);
    }
    Output::stdout().write(|to| to.write_all(texts.join("\n").as_bytes()))?;
    Ok(Exit::Clean)
}

/// The keys to explain: the one whose id begins so, or those of a user.
async fn keys(store: &Sql, args: &ExplainArgs) -> Result<Vec<KnownKey>, Failure> {
    let (query, wanted) = match (&args.key, &args.user) {
        (Some(key), _) => (KeyQuery::IdPrefix(key.clone()), format!("whose id begins with {key}")),
        (None, Some(user)) => (KeyQuery::User(user.clone()), format!("of user {}", visible(user.as_str()))),
        (None, None) => return Err(Failure::usage(anyhow!("name a key, or a user with --user"))),
    };
    let found = store.find_keys(&query).await.map_err(failed)?;
    if found.is_empty() {
        let error = anyhow!("no scan in the store has seen a key {wanted}");
        return Err(Failure::failed(error)
            .hint("scan its account first; keys that were Active in every scan are mostly not listed, and not known here"));
    }
    if args.key.is_some() && found.len() > 1 {
        let ids: Vec<String> = found.iter().take(NAMED).map(describe).collect();
        let more = if found.len() > NAMED { ", …" } else { "" };
        let error = anyhow!(
            "{} have an id that begins so: {}{more}",
            count(found.len() as u64, "key"),
            ids.join(", ")
        );
        return Err(Failure::usage(error).hint("give more of the id"));
    }
    Ok(found)
}

fn describe(key: &KnownKey) -> String {
    let owner = key.owners.last().map(|owner| format!(" of {}", visible(owner.as_str()))).unwrap_or_default();
    format!("{} ({}{owner})", key.key, key.account)
}

/// The text about one key.
async fn one(
    store: &Sql,
    scans: &[ScanRecord],
    scan: Option<&ScanRecord>,
    key: &KnownKey,
    args: &ExplainArgs,
) -> Result<String, Failure> {
    let of_account = store.scans_of(key.account).await.map_err(failed)?;
    let asked = |id: &&String| scan.is_none_or(|scan| scan.begun.id == **id);
    let mut newer: Option<(String, AccountAssessment)> = None;
    for id in of_account.iter().filter(asked) {
        let Some(result) = store.account_result(id, key.account).await.map_err(failed)? else { continue };
        let Some(record) = scans.iter().find(|record| record.begun.id == *id) else { continue };
        if let Some(finding) = result.findings.iter().find(|finding| finding.key.as_ref() == Some(&key.key)) {
            return told(record, finding, &result, newer.as_ref(), args);
        }
        newer.get_or_insert_with(|| (id.clone(), result));
    }
    let Some((id, result)) = newer else {
        let error = anyhow!("no scan that is asked for has a result of account {}", key.account);
        return Err(Failure::failed(error).hint("leave --scan out to look at all of them"));
    };
    Ok(match args.format {
        ExplainFormat::Terminal => format!("{}: {}\n", describe(key), absent(&id, &result)),
        ExplainFormat::Json => {
            let document = serde_json::json!({
                "schema": json::SCHEMA,
                "scan_id": id,
                "summary": format!("{}: {}", key.key, absent(&id, &result)),
            });
            format!("{document:#}\n")
        }
    })
}

/// What can be said of a key that a scan does not have among its findings.
fn absent(scan: &str, result: &AccountAssessment) -> String {
    let when = result.assessed_at.map(|at| format!(" at {}", second(at))).unwrap_or_default();
    match result.problems.len() {
        0 => format!(
            "not among the inactive keys that scan {scan} found{when}: it was Active then, or deleted"
        ),
        problems => format!(
            "not among the inactive keys that scan {scan} found{when}; but the account was not assessed as a whole ({}), so \
             this says nothing certain",
            count(problems as u64, "problem")
        ),
    }
}

fn told(
    record: &ScanRecord,
    finding: &Finding,
    result: &AccountAssessment,
    newer: Option<&(String, AccountAssessment)>,
    args: &ExplainArgs,
) -> Result<String, Failure> {
    let policy = record.begun.policy;
    let mut explanation = Explanation::of(finding, result, &policy);
    if let Some((id, later)) = newer {
        explanation.outlook.insert(
            0,
            format!("This is what scan {} found. Since then: {}.", record.begun.id, absent(id, later)),
        );
    }
    let timeline = Timeline::of(finding, result, &policy);
    match args.format {
        ExplainFormat::Terminal => Ok(drawn(&explanation, &timeline, &args.text.style(false))),
        ExplainFormat::Json => json::document(&record.begun.id, &explanation, &timeline).map_err(|error| {
            Failure::failed(anyhow::Error::from(error).context("the explanation could not be written"))
        }),
    }
}
