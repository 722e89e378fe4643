//! `keysweep plan`: from what a scan found to exactly which keys are to be deleted. It deletes nothing.

use std::path::PathBuf;

use anyhow::anyhow;
use keysweep_aws::SystemClock;
use keysweep_core::archive::{NotAScan, ScanRecord};
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::document;
use keysweep_core::plan::lint::{Context, Limits, blocks, lint};
use keysweep_core::ports::{Agreements as _, Archive as _, Clock as _};
use keysweep_report::terminal::plan::plan as drawn;

use crate::clean_up::{AwsArgs, enter, exemptions, kept};
use crate::exempt::Sources;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::settings::Color;
use crate::state::{StateArgs, failed};
use crate::terminal::{note, style, use_color};
use crate::verb::scan::new_id;

/// The command line of `keysweep plan`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct PlanArgs {
    /// Plan from this scan, by its id or the beginning of it, or `latest`
    #[arg(long, value_name = "SCAN", default_value = "latest")]
    pub scan: String,
    /// Where the plan is written
    #[arg(long, short, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,
    /// The reviewed file of exemptions [default: exemptions.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub exemptions: Option<PathBuf>,
    /// The columns of the table [default: the terminal's]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Whose credentials are used.
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Plans.
pub fn run(args: PlanArgs) -> Outcome {
    use_color(args.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = plan(&args) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

async fn plan(args: &PlanArgs) -> Outcome {
    let output = Output::open(Some(&args.out))?;
    let store = args.state.open().await?;
    let scans = store.scans().await.map_err(failed)?;
    let record = ScanRecord::named(&scans, &args.scan).map_err(no_scan)?;
    let Some(assessment) = store.assessment(&record.begun.id).await.map_err(failed)? else {
        let error =
            anyhow!("scan {} did not finish: what it did not look at could not be judged", record.begun.id);
        return Err(Failure::usage(error).hint("`keysweep scan --resume` goes on with it"));
    };
    let (_, caller) = enter(&args.aws.settings()?).await?;
    let sources = Sources::new(&store, args.exemptions.as_deref());
    let exemptions = exemptions(&sources, false).await?;
    let (clock, limits) = (SystemClock::new(), Limits::default());
    let plan = build(
        &assessment,
        &Order {
            id: &new_id(&clock),
            version: env!("CARGO_PKG_VERSION"),
            author: (&caller).into(),
            exemptions: &exemptions,
            allow_observed: limits.allow_observed,
            holdings: &Holdings::new(),
            now: clock.now(),
        },
    );
    let digest = document::digest(&plan);
    let objections =
        lint(&Context { plan: &plan, limits: &limits, caller_arn: &caller.arn, now: plan.made_at });
    store.keep_plan(&kept(&plan, digest)).await.map_err(failed)?;
    output.write(|to| to.write_all(document::write(&plan).as_bytes()))?;
    let text = drawn(&plan, digest, &objections, &style(args.color, args.width, false));
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    let file = args.out.display();
    if blocks(&objections) {
        return Err(Failure::refused(anyhow!("rules object to the plan: it cannot be approved"))
            .hint(format!("it is in {file} to be looked at; docs/lint says what each rule is for")));
    }
    let next = if plan.keys.is_empty() {
        format!("nothing is to be deleted; the plan that says why is in {file}")
    } else {
        format!("the plan is in {file}; `keysweep approve {file} --by NAME` agrees to it")
    };
    note(false, &next);
    Ok(Exit::Clean)
}

fn no_scan(error: NotAScan) -> Failure {
    Failure::usage(error).hint("`keysweep scan` makes one, and keeps it in the store")
}
