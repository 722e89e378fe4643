//! What the verbs of clean-up share: the plan's file, the way into AWS, and how a refusal is said.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use keysweep_aws::Session;
use keysweep_core::account::CallerIdentity;
use keysweep_core::exemption::Exemptions;
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::ports::{Accounts as _, ExemptionSource as _, KeptPlan};

use crate::config;
use crate::exempt::{ExemptionsUnknown, Sources};
use crate::failure::Failure;
use crate::log::{self, Level, LogFormat};
use crate::settings::Settings;
use crate::terminal::note;
use crate::verb::scan::{caller_hint, no_session, session_options, wrong_configuration};

/// The options of the verbs that call AWS.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AwsArgs {
    /// The AWS profile whose credentials are used [default: as every AWS tool finds them]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The AWS region [default: as every AWS tool finds it]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// What is logged on standard error: off, error, warn, info, debug or trace [default: as for `keysweep scan`]
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(Level::NAMES), hide_possible_values = true)]
    pub log_level: Option<String>,
    /// As what it is logged: text or json [default: text]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(LogFormat::NAMES), hide_possible_values = true)]
    pub log_format: Option<String>,
}

impl AwsArgs {
    /// The settings, with these options and the environment and keysweep.toml behind them. The log begins with them.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let given = [
            ("profile", &self.profile),
            ("region", &self.region),
            ("log-level", &self.log_level),
            ("log-format", &self.log_format),
        ];
        let given: BTreeMap<_, _> = given
            .into_iter()
            .filter_map(|(name, value)| value.clone().map(|value| (name, vec![value])))
            .collect();
        let resolved = config::resolve(&given, None, std::env::vars_os()).map_err(wrong_configuration)?;
        log::begin(&resolved.settings);
        Ok(resolved.settings)
    }
}

/// A way into AWS; nothing is called yet.
pub async fn connect(settings: &Settings) -> Result<Session, Failure> {
    Session::load(session_options(settings)).await.map_err(no_session)
}

/// A way into AWS, and whose it is.
pub async fn enter(settings: &Settings) -> Result<(Session, CallerIdentity), Failure> {
    let session = connect(settings).await?;
    let caller = session.get_caller_identity().await.map_err(|error| {
        let hint = caller_hint(&error);
        Failure::failed(anyhow::Error::from(error).context("the caller's credentials could not be used"))
            .hint(hint)
    })?;
    Ok((session, caller))
}

/// The plan in a file, and its digest. One that was changed is refused.
pub fn read_plan(file: &Path) -> Result<(Plan, Digest), Failure> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the plan {} could not be read", file.display()))
        .map_err(|error| Failure::usage(error).hint("`keysweep plan` makes one"))?;
    document::read(&text).map_err(|error| {
        Failure::refused(anyhow::Error::from(error))
            .of(file)
            .hint("nothing was deleted; make a new plan with `keysweep plan`, and change nothing in it")
    })
}

/// The plan as the store keeps it.
pub fn kept(plan: &Plan, digest: Digest) -> KeptPlan {
    KeptPlan { digest, id: plan.id.clone(), made_at: plan.made_at, text: document::write(plan) }
}

/// The exemptions of the moment; says on standard error where they come from.
pub async fn exemptions(sources: &Sources<'_>, quiet: bool) -> Result<Exemptions, Failure> {
    let exemptions = sources.exemptions().await.map_err(unknown)?;
    let known = keysweep_report::words::count(exemptions.list().len() as u64, "exemption");
    let places = match sources.file() {
        Some(file) => format!("in the store and in {}", file.display()),
        None => "in the store; there is no exemptions.toml".to_owned(),
    };
    note(quiet, &format!("{known} {places}"));
    Ok(exemptions)
}

/// Exemptions that are not known stop a clean-up.
pub fn unknown(error: ExemptionsUnknown) -> Failure {
    Failure::refused(anyhow::Error::from(error))
        .hint("nothing was deleted: what is exempt must be known; mend the file, or `keysweep state check` the store")
}
