//! `keysweep report`: the report of a scan that is in the store, byte for byte as the scan wrote it, in any format, or delivered
//! once more.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use keysweep_aws::{Session, SystemClock};
use keysweep_core::account::AccountId;
use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::Assessment;
use keysweep_core::diff::Difference;
use keysweep_core::ports::{Archive as _, ExemptionSource as _, Store as _};
use keysweep_report::resolved::{Resolved, settled};
use keysweep_report::{Compared, Format, Options, trend};
use keysweep_store::Sql;
use tokio::sync::watch;

use super::scan::{
    deliver, expected_accounts, no_exemptions, no_session, session_options, tell, wrong_configuration,
};
use crate::anonymous::anonymizer;
use crate::args::ReportArgs;
use crate::config::{self, have_a_place};
use crate::delivery::{Deliveries, Parcel};
use crate::exempt::Sources;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::reports::Reports;
use crate::setting_flags::DeliveryArgs;
use crate::setting_values;
use crate::settings::Settings;
use crate::state::{failed, named, open_existing};
use crate::terminal::{note, use_color};

/// Writes it.
pub fn run(args: ReportArgs) -> Outcome {
    use_color(args.text.color);
    let formats =
        setting_values::formats(&args.format.join(",")).map_err(|error| Failure::usage(anyhow!(error)))?;
    let delivery = delivery_settings(&args)?;
    let anonymizer = anonymizer(args.anonymize, args.anonymize_key_file.as_deref())?;
    let deliveries = Deliveries::prepare(&delivery, &formats, anonymizer.is_some())?;
    // What is delivered is written here too only where a place is named.
    let written_here = if deliveries.is_empty() || args.output.is_some() { &formats[..] } else { &[] };
    have_a_place(written_here, args.output.as_deref()).map_err(wrong_configuration)?;
    let expected = expected_accounts(args.expect_accounts.as_deref())?;
    let reports = Reports::open(written_here, args.output.as_deref())?.anonymous(anonymizer);
    let work = Work { args, formats, expected, reports, delivery, deliveries };
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = work.write(stop.clone()) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!(
                "interrupted: there is no report, or not all of it was delivered"
            ))),
        }
    })
}

/// The settings of deliveries. What keysweep.toml and the environment deliver to is for scans: a report is delivered only where
/// its command line says so.
fn delivery_settings(args: &ReportArgs) -> Result<Settings, Failure> {
    if !args.delivery.given.contains_key("to") {
        return Ok(Settings::default());
    }
    let DeliveryArgs { given, config } = &args.delivery;
    let resolved = config::resolve(given, config.as_deref(), std::env::vars_os());
    let mut settings = resolved.map_err(wrong_configuration)?.settings;
    (settings.mask, settings.quiet) = (args.mask, args.quiet);
    Ok(settings)
}

/// What is asked for.
struct Work {
    args: ReportArgs,
    formats: Vec<Format>,
    expected: BTreeSet<AccountId>,
    reports: Reports,
    delivery: Settings,
    deliveries: Deliveries,
}

impl Work {
    async fn write(self, mut stop: watch::Receiver<bool>) -> Outcome {
        let Self { args, formats, expected, reports, delivery, deliveries } = self;
        let settings = exemption_settings(&args)?;
        let store = open_existing(settings.state.clone()).await?;
        let exemptions = Sources::new(&store, &settings).exemptions().await.map_err(no_exemptions)?;
        let scans = store.scans().await.map_err(failed)?;
        let mut assessment = whole(&store, named(&scans, &args.scan)?).await?;
        assessment.expect_accounts(&expected);
        assessment.tell_exemptions(&exemptions);
        let (resolved, compared) = match &args.compare {
            Some(text) => {
                let earlier = whole(&store, named(&scans, text)?).await?;
                (resolved(&earlier, &assessment)?, Some(compared(&store, earlier, &assessment).await?))
            }
            None => (Vec::new(), None),
        };
        let place = reports.place();
        let options = Options {
            mask: args.mask,
            style: args.text.style(place.is_some()),
            resolved,
            compared,
            trend: trend::before(&assessment, &scans),
            ..Options::default()
        };
        let shown = reports.write(&assessment, &options)?;
        if deliveries.is_empty() {
            tell(&assessment, &formats, place, args.quiet);
            return Ok(Exit::Clean);
        }
        if let Some(place) = place {
            note(args.quiet, &place);
        }
        let session = Session::load(session_options(&delivery)).await.map_err(no_session)?;
        let parcel = Parcel { shown: &shown, own: None, store: &store };
        deliver(&deliveries, &session, &SystemClock::new(), parcel, &mut stop).await?;
        Ok(Exit::Clean)
    }
}

/// Where the store and the exemptions are, by the settings that the flags share with those of a scan.
fn exemption_settings(args: &ReportArgs) -> Result<Settings, Failure> {
    let exemptions = args.exemptions.as_ref().map(|file| ("exemptions", vec![file.display().to_string()]));
    let state = args.state.state.as_ref().map(|state| ("state", vec![state.clone()]));
    let given: BTreeMap<_, _> = exemptions.into_iter().chain(state).collect();
    config::resolve(&given, None, std::env::vars_os())
        .map(|resolved| resolved.settings)
        .map_err(wrong_configuration)
}

/// The assessment of a scan, which must have finished.
async fn whole(store: &Sql, scan: &ScanRecord) -> Result<Assessment, Failure> {
    let id = &scan.begun.id;
    store.assessment(id).await.map_err(failed)?.ok_or_else(|| {
        Failure::failed(anyhow!("scan {id} did not finish, so it has no report"))
            .hint("go on with it by `keysweep scan --resume`, or name another scan")
    })
}

/// The scan to compare with, and what other scans tell of keys that are no longer among the inactive ones.
async fn compared(store: &Sql, earlier: Assessment, later: &Assessment) -> Result<Compared, Failure> {
    let became = {
        let mut difference = Difference::between(&earlier, later);
        for account in difference.undecided() {
            let remembered = store.recall(account).await.map_err(failed)?;
            difference.decide(account, &remembered);
        }
        Compared::decided(&difference)
    };
    Ok(Compared { earlier, became })
}

fn resolved(earlier: &Assessment, later: &Assessment) -> Result<Vec<Resolved>, Failure> {
    // Within a second, ids tell the order.
    if (earlier.started_at, &earlier.id) > (later.started_at, &later.id) {
        let error = anyhow!("scan {} is later than scan {}", earlier.id, later.id);
        return Err(Failure::usage(error).hint("--compare takes the earlier of the two"));
    }
    Ok(settled(earlier, later))
}
