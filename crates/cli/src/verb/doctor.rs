//! `keysweep doctor`: whether a scan with the same settings will work, and what mends what will not.

use anyhow::anyhow;
use keysweep_app::doctor::{DoctorRequest, Sample, examine};
use keysweep_aws::{Session, SystemClock};
use keysweep_core::account::Partition;
use keysweep_core::diagnosis::Diagnosis;
use keysweep_report::diagnosis::{json, text};
use keysweep_report::policies::Names;

use super::scan::{no_session, session_options};
use crate::args::{DoctorArgs, DoctorFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::log;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::settings::Settings;

/// The variables that lead calls of every service, or of one, elsewhere than to AWS.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL";

/// Looks.
pub fn run(args: DoctorArgs) -> Outcome {
    let settings = args.access.settings()?;
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = look(&args, &settings) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted: nothing was changed"))),
        }
    })
}

async fn look(args: &DoctorArgs, settings: &Settings) -> Outcome {
    let session = Session::load(session_options(settings)).await.map_err(no_session)?;
    let request = DoctorRequest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        organization: settings.org.then(|| settings.filters.clone()),
        sample: if args.all { Sample::All } else { Sample::Some(args.sample) },
        endpoints: endpoints(),
        concurrency: settings.concurrency,
        give_up_after: settings.give_up_after,
    };
    let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
    let diagnosis = examine(&session, &SystemClock::new(), &request, &progress).await;
    progress.clear();
    let names = names(&diagnosis, settings);
    let written = match args.format {
        DoctorFormat::Terminal => text(&diagnosis, &names),
        DoctorFormat::Json => json::document(&diagnosis, &names).map_err(|error| {
            Failure::failed(anyhow::Error::from(error).context("the diagnosis could not be written"))
        })?,
    };
    Output::stdout().write(|to| to.write_all(written.as_bytes()))?;
    Ok(if diagnosis.is_fine() { Exit::Clean } else { Exit::Incomplete })
}

fn endpoints() -> Vec<(String, String)> {
    let named = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    let mut endpoints: Vec<(String, String)> = std::env::vars_os().filter_map(named).collect();
    endpoints.retain(|(name, value)| name.starts_with(ENDPOINT_VARIABLE) && !value.is_empty());
    endpoints.sort();
    endpoints
}

/// The names that statements and policies are written for: those that the scan would use.
fn names(diagnosis: &Diagnosis, settings: &Settings) -> Names {
    Names {
        partition: diagnosis.caller.as_ref().map_or(Partition::Aws, |caller| caller.partition),
        role_name: settings.role.name.clone(),
        role_path: settings.role.path.clone(),
        trusted_account: diagnosis.caller.as_ref().map(|caller| caller.account),
        external_id: settings.role.external_id.clone(),
        security_hub: false,
        bucket: None,
    }
}
