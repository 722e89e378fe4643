//! Delivers the report when it is written (`--to`), and says what arrived, what did not, why, and how to send it again. What is
//! wrong with the destinations is told before anything is called.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use keysweep_app::deliver::{Delivered, import_findings, post_files, put_files};
use keysweep_aws::Session;
use keysweep_core::account::AccountId;
use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::Assessment;
use keysweep_core::call::CallErrorKind;
use keysweep_core::delivery::{Batch, Destination, File, HookSecret, Undelivered, What, Why};
use keysweep_core::ports::{Accounts as _, Archive as _, Clock};
use keysweep_report::resolved::{Resolved, Settling};
use keysweep_report::words;
use keysweep_report::{Format, Options, Style, asff};
use keysweep_store::Sql;

use crate::config::SECRET_VARIABLE;
use crate::failure::Failure;
use crate::reports::Shown;
use crate::settings::Settings;
use crate::terminal::note;

/// So many scans before the one that is sent are looked at for findings that it settles.
const SCANS_BACK: usize = 30;
/// So many of the things that did not arrive for one reason are named.
const NAMED: usize = 20;

/// Deliveries to be made.
pub struct Deliveries {
    to: Vec<Destination>,
    secret: Option<HookSecret>,
    formats: Vec<Format>,
    give_up_after: Duration,
    quiet: bool,
    /// The arguments, beside destinations and formats, with which the same report is made again.
    again: String,
}

/// What deliveries are made of.
pub struct Parcel<'a> {
    /// What the report shows.
    pub shown: &'a Shown<'a>,
    /// The caller's own account; it is asked for where it is not known.
    pub own: Option<AccountId>,
    /// Where the scans before it are.
    pub store: &'a Sql,
}

impl Deliveries {
    /// What the settings ask for, in the formats of the report.
    pub fn prepare(settings: &Settings, formats: &[Format], is_anonymous: bool) -> Result<Self, Failure> {
        let to = settings.to.clone();
        if is_anonymous && to.contains(&Destination::SecurityHub) {
            let error = anyhow!(
                "Security Hub takes findings of real accounts only, and an anonymous report has none"
            );
            return Err(Failure::usage(error).hint("leave --anonymize out, or deliver elsewhere"));
        }
        let has_hook = to.iter().any(|destination| matches!(destination, Destination::Hook(_)));
        let secret = if has_hook { Some(secret(settings)?) } else { None };
        let mut again = String::new();
        if settings.mask {
            again.push_str(" --mask");
        }
        if is_anonymous {
            again.push_str(" --anonymize");
        }
        Ok(Self {
            to,
            secret,
            formats: formats.to_vec(),
            give_up_after: settings.give_up_after,
            quiet: settings.quiet,
            again,
        })
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.to.is_empty()
    }

    /// Makes all of them, one after the other; one that fails keeps none of the others from being made.
    pub async fn send(
        &self,
        session: &Session,
        clock: &impl Clock,
        parcel: Parcel<'_>,
    ) -> Result<(), Failure> {
        let scan = &parcel.shown.assessment.id;
        let mut failed: Vec<(&Destination, Delivered)> = Vec::new();
        let files = self.files(parcel.shown)?;
        let own = match parcel.own {
            Some(own) => Ok(own),
            // Security Hub needs to know it, and S3 the partition.
            None => session.get_caller_identity().await.map(|identity| identity.account),
        };
        for destination in &self.to {
            let delivered = match (destination, &own) {
                (Destination::Hook(url), _) => match &self.secret {
                    Some(secret) => post_files(session, url, secret, scan, &files, clock).await,
                    None => Delivered::default(),
                },
                (Destination::SecurityHub | Destination::Bucket(_), Err(error)) => Delivered {
                    arrived: 0,
                    missing: vec![Undelivered { what: What::Everything, why: Why::Call(error.clone()) }],
                },
                (Destination::Bucket(place), Ok(_)) => {
                    put_files(session, place, scan, &files, clock, self.give_up_after).await
                }
                (Destination::SecurityHub, Ok(own)) => {
                    let batches = batches(&parcel, session.region()).await?;
                    import_findings(session, *own, batches, clock, self.give_up_after).await
                }
            };
            if delivered.missing.is_empty() {
                note(
                    self.quiet,
                    &format!("delivered to {destination}: {}", arrived(destination, &delivered)),
                );
            } else {
                failed.push((destination, delivered));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(self.failure(scan, &failed)) }
    }

    /// The report in each format; none where nobody takes files.
    fn files(&self, shown: &Shown<'_>) -> Result<Vec<File>, Failure> {
        if self.to.iter().all(|destination| *destination == Destination::SecurityHub) {
            return Ok(Vec::new());
        }
        // A file is no terminal.
        let style = Style { colour: false, width: None, max_rows: usize::MAX };
        let options = Options { style, ..shown.options.clone() };
        let file = |format: &Format| {
            let mut bytes = Vec::new();
            keysweep_report::write(&shown.assessment, *format, &options, &mut bytes)?;
            Ok(File {
                format: format.name(),
                name: format.file_name(),
                media_type: format.media_type(),
                bytes,
            })
        };
        let files: Result<Vec<File>, keysweep_report::Error> = self.formats.iter().map(file).collect();
        files.map_err(|error| {
            Failure::failed(anyhow::Error::new(error).context("the report was written, and not delivered"))
        })
    }

    fn failure(&self, scan: &str, failed: &[(&Destination, Delivered)]) -> Failure {
        let mut text = String::from("the report was made, but not all of it was delivered:");
        let mut takes_files = false;
        let mut destinations = String::new();
        for (destination, delivered) in failed {
            if delivered.arrived > 0 {
                let _ = write!(text, "\n  {destination}: {} arrived", arrived(destination, delivered));
            }
            for (why, what) in by_reason(&delivered.missing) {
                let _ = write!(text, "\n  {destination}: {what}: {why}");
            }
            takes_files |= **destination != Destination::SecurityHub;
            let _ = write!(destinations, " --to {destination}");
        }
        let names: Vec<&str> = self.formats.iter().map(|format| format.name()).collect();
        let formats = if takes_files { format!(" --format {}", names.join(",")) } else { String::new() };
        let hint = format!(
            "send it again with `keysweep report {scan}{formats}{}{destinations}`; what arrived already is replaced, never doubled",
            self.again
        );
        Failure::failed(anyhow!(text)).hint(hint)
    }
}

/// What did not arrive for each reason, the first of them named.
fn by_reason(missing: &[Undelivered]) -> Vec<(String, String)> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Undelivered { what, why } in missing {
        reasons.entry(format!("{why}{}", advice(why))).or_default().push(what.to_string());
    }
    let told = |(why, what): (String, Vec<String>)| {
        let mut list: String = what.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(more) = what.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let _ = write!(list, " and {more} more");
        }
        (why, list)
    };
    reasons.into_iter().map(told).collect()
}

/// What to do about it, where that is known.
fn advice(why: &Why) -> &'static str {
    match why {
        Why::Call(error) if error.code.as_deref() == Some("InvalidAccessException") => {
            " (Security Hub is off there: turn it on in that account and region)"
        }
        Why::Call(error) if error.kind == CallErrorKind::Denied => {
            " (`keysweep policies --to …` writes the permissions)"
        }
        _ => "",
    }
}

fn arrived(destination: &Destination, delivered: &Delivered) -> String {
    let noun = if *destination == Destination::SecurityHub { "finding" } else { "file" };
    words::count(u64::try_from(delivered.arrived).unwrap_or(u64::MAX), noun)
}

/// The findings as Security Hub takes them, with those of earlier scans that this one settles.
async fn batches(parcel: &Parcel<'_>, region: &str) -> Result<Vec<Batch>, Failure> {
    let Shown { assessment, options } = parcel.shown;
    let mut options = Options { region: Some(region.to_owned()), ..options.clone() };
    if options.resolved.is_empty() {
        options.resolved = settled(parcel.store, assessment).await.map_err(crate::state::failed)?;
    }
    let mut batches = Vec::new();
    asff::batches::<std::io::Error>(assessment, &options, |batch| {
        batches.push(batch);
        Ok(())
    })
    .map_err(|error| {
        Failure::failed(anyhow::Error::new(error).context("the findings could not be written"))
    })?;
    Ok(batches)
}

/// The findings of earlier scans of the same scope that this one settles.
async fn settled(store: &Sql, later: &Assessment) -> Result<Vec<Resolved>, keysweep_store::StoreError> {
    let scans = store.scans().await?;
    let Some(at) = scans.iter().position(|scan| scan.begun.id == later.id) else { return Ok(Vec::new()) };
    let (of, before) = (scans.get(at), scans.get(at + 1..).unwrap_or_default());
    let like =
        |scan: &&ScanRecord| scan.finished.is_some() && of.is_some_and(|of| scan.begun.same_scope(&of.begun));
    let mut settling = Settling::of(later);
    for scan in before.iter().filter(like).take(SCANS_BACK) {
        let Some(earlier) = store.assessment(&scan.begun.id).await? else { continue };
        if !settling.take(&earlier) {
            break;
        }
    }
    Ok(settling.into_settled())
}

/// The secret of web hooks: of the file, or of the environment.
fn secret(settings: &Settings) -> Result<HookSecret, Failure> {
    let hint = format!(
        "put the secret that the receiver knows into {SECRET_VARIABLE}, or into a file that --webhook-secret-file names; `openssl rand -hex 32` makes one"
    );
    let (bytes, place) = if let Some(file) = &settings.webhook_secret_file {
        let read = std::fs::read(file).context("the secret of the web hook could not be read");
        let bytes = read.map_err(|error| Failure::usage(error).of(file).hint(&hint))?;
        (bytes, file.display().to_string())
    } else {
        let secret = std::env::var(SECRET_VARIABLE).map_err(|_| {
            let error = anyhow!("a web hook needs a secret to sign with, and there is none");
            Failure::usage(error).hint(&hint)
        })?;
        (secret.into_bytes(), SECRET_VARIABLE.to_owned())
    };
    // An editor's newline at the end is no part of it.
    HookSecret::new(bytes.trim_ascii_end().to_vec())
        .map_err(|error| Failure::usage(anyhow::Error::new(error).context(place)).hint(&hint))
}
