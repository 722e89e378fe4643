//! `keysweep report`: the report of a scan that is in the store, byte for byte as the scan wrote it, in any format.

use std::collections::BTreeSet;

use anyhow::anyhow;
use keysweep_core::account::AccountId;
use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::Assessment;
use keysweep_core::ports::Archive as _;
use keysweep_report::resolved::{Resolved, settled};
use keysweep_report::{Format, Options};
use keysweep_store::Sql;

use super::scan::{expected_accounts, tell, wrong_configuration};
use crate::anonymous::anonymizer;
use crate::args::ReportArgs;
use crate::config::have_a_place;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::reports::Reports;
use crate::settings;
use crate::state::{failed, named};
use crate::terminal::{style, use_color};

/// Writes it.
pub fn run(args: ReportArgs) -> Outcome {
    use_color(args.color);
    let formats =
        settings::formats(&args.format.join(",")).map_err(|error| Failure::usage(anyhow!(error)))?;
    have_a_place(&formats, args.output.as_deref()).map_err(wrong_configuration)?;
    let expected = expected_accounts(args.expect_accounts.as_deref())?;
    let anonymizer = anonymizer(args.anonymize, args.anonymize_key_file.as_deref())?;
    let reports = Reports::open(&formats, args.output.as_deref())?.anonymous(anonymizer);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = write(&args, &formats, &expected, reports) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted: there is no report"))),
        }
    })
}

async fn write(
    args: &ReportArgs,
    formats: &[Format],
    expected: &BTreeSet<AccountId>,
    reports: Reports,
) -> Outcome {
    let store = args.state.open().await?;
    let scans = store.scans().await.map_err(failed)?;
    let mut assessment = whole(&store, named(&scans, &args.scan)?).await?;
    assessment.expect_accounts(expected);
    let resolved = match &args.compare {
        Some(text) => resolved(&whole(&store, named(&scans, text)?).await?, &assessment)?,
        None => Vec::new(),
    };
    let place = reports.place();
    let options = Options {
        mask: args.mask,
        style: style(args.color, args.width.map(usize::from), place.is_some()),
        resolved,
        ..Options::default()
    };
    reports.write(&assessment, &options)?;
    tell(&assessment, formats, place, args.quiet);
    Ok(Exit::Clean)
}

/// The assessment of a scan, which must have finished.
async fn whole(store: &Sql, scan: &ScanRecord) -> Result<Assessment, Failure> {
    let id = &scan.begun.id;
    store.assessment(id).await.map_err(failed)?.ok_or_else(|| {
        Failure::failed(anyhow!("scan {id} did not finish, so it has no report"))
            .hint("go on with it by `keysweep scan --resume`, or name another scan")
    })
}

fn resolved(earlier: &Assessment, later: &Assessment) -> Result<Vec<Resolved>, Failure> {
    if earlier.started_at > later.started_at {
        let error = anyhow!("scan {} is later than scan {}", earlier.id, later.id);
        return Err(Failure::usage(error).hint("--compare takes the earlier of the two"));
    }
    Ok(settled(earlier, later))
}
