//! `keysweep exempt`: keeps the exemptions, lists them, and says whether and why a key is protected. It calls nothing of AWS.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use keysweep_aws::SystemClock;
use keysweep_core::account::{Account, AccountId, Tags};
use keysweep_core::archive::{KeyQuery, ScanRecord};
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::exemption::{EXPIRED_SHOWN_FOR, Exemption, Exemptions, Protected, Subject};
use keysweep_core::key::{AccessKeyId, UserName};
use keysweep_core::memory::ListedUser;
use keysweep_core::ports::{Agreements as _, Archive as _, Clock as _, Store as _};
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_report::exemptions::{self, Checked, Kept};
use keysweep_report::terminal::exemptions as drawn;
use keysweep_store::{Location, Sql};

use crate::clean_up::{unknown, warn_of_idle_unit};
use crate::exempt::{DEFAULT_FILE, Place, Sources, moment, read, write};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::ids::new_id;
use crate::interrupt;
use crate::output::{Output, write_file};
use crate::setting_flags::ExemptArgs;
use crate::settings::Settings;
use crate::state::{failed, open, open_existing, open_if_there, outlasts};
use crate::terminal::{note, style};

/// The command line of `keysweep exempt`.
#[derive(Debug, clap::Args)]
pub struct ExemptVerb {
    /// What to do.
    #[command(subcommand)]
    pub action: ExemptAction,
}

/// What `keysweep exempt` does.
#[derive(Debug, clap::Subcommand)]
pub enum ExemptAction {
    /// Keep keys out of clean-up, for a reason and a time
    Add(AddArgs),
    /// List the exemptions of the store and of the file
    List(ListArgs),
    /// Remove an exemption from the store
    Remove(RemoveArgs),
    /// Say whether keys are protected, and why
    Check(CheckArgs),
}

/// The command line of `keysweep exempt add`.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// What is protected: key:AKIA…, user:ARN (with * and ? as wildcards), account:ID, ou:Workloads/Production or
    /// tag:NAME[=VALUE]
    #[arg(value_name = "WHAT", value_parser = protected)]
    pub protects: Protected,
    /// Why the keys must stay
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub author: String,
    /// When it ceases to protect, at most in a year: a day such as 2027-01-31, a moment, or a length such as 90d
    #[arg(long, value_name = "TIME")]
    pub expires: String,
    /// Its id [default: one that no other has]
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Add it to the reviewed file instead of the store
    #[arg(long)]
    pub to_file: bool,
    /// Where exemptions are kept.
    #[command(flatten)]
    pub place: ExemptArgs,
}

/// The command line of `keysweep exempt list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Also those that expired more than 90 days ago
    #[arg(long)]
    pub all: bool,
    /// How they are written
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ExemptFormat,
    /// Where exemptions are kept.
    #[command(flatten)]
    pub place: ExemptArgs,
}

/// The command line of `keysweep exempt remove`.
#[derive(Debug, clap::Args)]
pub struct RemoveArgs {
    /// The exemption's id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where exemptions are kept.
    #[command(flatten)]
    pub place: ExemptArgs,
}

/// The command line of `keysweep exempt check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The key's id
    #[arg(value_name = "KEY_ID", required_unless_present = "user", conflicts_with = "user")]
    pub key: Option<AccessKeyId>,
    /// All keys of a user of this name, in any account
    #[arg(long, value_name = "NAME")]
    pub user: Option<UserName>,
    /// How it is written
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ExemptFormat,
    /// Where exemptions are kept.
    #[command(flatten)]
    pub place: ExemptArgs,
}

/// How exemptions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExemptFormat {
    /// To read in a terminal
    Terminal,
    /// One JSON document
    Json,
}

/// What is meant by a key id, an account id or an ARN alone is plain too.
fn protected(text: &str) -> Result<Protected, String> {
    let whole = if text.parse::<AccessKeyId>().is_ok() {
        format!("key:{text}")
    } else if text.parse::<AccountId>().is_ok() {
        format!("account:{text}")
    } else if text.starts_with("arn:") {
        format!("user:{text}")
    } else {
        text.to_owned()
    };
    Protected::written(&whole).map_err(|error| error.to_string())
}

/// Does it.
pub fn run(verb: ExemptVerb) -> Outcome {
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = act(&verb.action) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

async fn act(action: &ExemptAction) -> Outcome {
    let place = match action {
        ExemptAction::Add(args) => &args.place,
        ExemptAction::List(args) => &args.place,
        ExemptAction::Remove(args) => &args.place,
        ExemptAction::Check(args) => &args.place,
    };
    let settings = place.settings()?;
    let store = store(action, settings.state.clone()).await?;
    let sources = Sources::new(&store, &settings);
    let now = SystemClock::new().now();
    match action {
        ExemptAction::Add(args) => add(args, &settings, &store, &sources, now).await,
        ExemptAction::List(args) => list(args, &settings, &sources, now).await,
        ExemptAction::Remove(args) => remove(args, &settings, &store, &sources).await,
        ExemptAction::Check(args) => check(args, &settings, &store, &sources, now).await,
    }
}

/// Opens the store. Only what is added makes one; what is kept there must be found again.
async fn store(action: &ExemptAction, location: Option<Location>) -> Result<Sql, Failure> {
    match action {
        ExemptAction::Add(args) => {
            if !args.to_file {
                outlasts(location.as_ref())?;
            }
            open(location).await
        }
        ExemptAction::Remove(_) => {
            outlasts(location.as_ref())?;
            open_existing(location).await
        }
        ExemptAction::List(_) | ExemptAction::Check(_) => open_if_there(location).await,
    }
}

/// A day, a moment, or a length from `now`.
fn until(text: &str, now: Instant) -> Result<Instant, String> {
    match humantime::parse_duration(text).ok().and_then(|length| SignedDuration::try_from(length).ok()) {
        Some(length) => Ok(now + length),
        None => moment(text).map_err(|error| format!("--expires: {error}, nor a length of time such as 90d")),
    }
}

async fn add(
    args: &AddArgs,
    settings: &Settings,
    store: &Sql,
    sources: &Sources<'_>,
    now: Instant,
) -> Outcome {
    let wrong = |error: String| {
        Failure::usage(anyhow!(error))
            .hint("it needs --reason, --author and --expires, at most a year from now")
    };
    let id = args.id.clone().unwrap_or_else(|| new_id(&SystemClock::new()));
    let expires = until(&args.expires, now).map_err(wrong)?;
    let exemption = Exemption::new(&id, args.protects.clone(), &args.reason, &args.author, now, expires)
        .map_err(|error| wrong(format!("this is no exemption: {error}")))?;
    let (all, _) = sources.all().await.map_err(unknown)?;
    let taken = || {
        Failure::usage(anyhow!("there is an exemption with the id {id:?} already"))
            .hint("choose another --id, or `keysweep exempt remove` the other")
    };
    if all.iter().any(|(other, _)| other.id() == exemption.id()) {
        return Err(taken());
    }
    // Before anything is added: if it cannot be read, nothing was done.
    let unit = match &args.protects {
        Protected::OrganizationalUnit(unit) => last_of_organization(store).await?.map(|last| (last, unit)),
        _ => None,
    };
    let place = if args.to_file {
        let file = sources.files().pop().unwrap_or_else(|| DEFAULT_FILE.into());
        append(&file, &exemption, now)?;
        format!("to {}", file.display())
    } else if store.exempt(&exemption).await.map_err(failed)? {
        "to the store".to_owned()
    } else {
        return Err(taken());
    };
    note(
        settings.quiet,
        &format!(
            "exemption {} was added {place}; it protects {} until {}",
            exemption.id(),
            args.protects,
            expires
        ),
    );
    if let Some((assessment, unit)) = unit {
        warn_of_idle_unit(&assessment, &format!("exemption {}", exemption.id()), unit);
    }
    Ok(Exit::Clean)
}

/// The last scan of an organization that the store has, if it has any.
async fn last_of_organization(store: &Sql) -> Result<Option<Assessment>, Failure> {
    let scans = store.scans().await.map_err(failed)?;
    let of_organization =
        |scan: &&ScanRecord| scan.finished.is_some() && matches!(scan.begun.scope, Scope::Organization(_));
    match scans.iter().find(of_organization) {
        Some(last) => store.assessment(&last.begun.id).await.map_err(failed),
        None => Ok(None),
    }
}

/// Adds an exemption at the end of a file, which stays as it was where the whole could not be read again.
fn append(file: &Path, exemption: &Exemption, now: Instant) -> Result<(), Failure> {
    let mut text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let context = format!("{} could not be read", file.display());
            return Err(Failure::failed(anyhow::Error::from(error).context(context)));
        }
    };
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(&write(exemption));
    read(&text, now)
        .with_context(|| format!("{} would not be readable any more", file.display()))
        .map_err(|error| Failure::failed(error).hint("add it by hand; nothing was changed"))?;
    write_file(file, text.as_bytes())
}

async fn list(args: &ListArgs, settings: &Settings, sources: &Sources<'_>, now: Instant) -> Outcome {
    let (all, keep_tags) = sources.all().await.map_err(unknown)?;
    let shown = |exemption: &Exemption| args.all || now - exemption.expires() < EXPIRED_SHOWN_FOR;
    let kept: Vec<Kept<'_>> = all
        .iter()
        .filter(|(exemption, _)| shown(exemption))
        .map(|(exemption, place)| Kept {
            exemption,
            file: match place {
                Place::Store => None,
                Place::File(file, line) => Some((file.display().to_string(), *line)),
            },
        })
        .collect();
    let bytes = match args.format {
        ExemptFormat::Terminal => {
            let style = style(settings.color, settings.width, false);
            drawn::list(&kept, &keep_tags, now, &style).into_bytes()
        }
        ExemptFormat::Json => exemptions::list(&kept, &keep_tags, now).map_err(Failure::failed)?,
    };
    Output::stdout().write(|to| to.write_all(&bytes))?;
    Ok(Exit::Clean)
}

async fn remove(args: &RemoveArgs, settings: &Settings, store: &Sql, sources: &Sources<'_>) -> Outcome {
    if store.remove_exemption(&args.id).await.map_err(failed)? {
        note(settings.quiet, &format!("exemption {} was removed from the store", args.id));
        return Ok(Exit::Clean);
    }
    let (all, _) = sources.all().await.map_err(unknown)?;
    let of_file = all.iter().find_map(|(exemption, place)| match place {
        Place::File(file, line) if exemption.id() == args.id => Some((file, line)),
        _ => None,
    });
    Err(match of_file {
        Some((file, line)) => {
            let place = format!("{}, line {line}", file.display());
            Failure::usage(anyhow!("exemption {:?} is kept in {place}, not in the store", args.id))
                .hint("remove it there: who reviews the file sees that it goes")
        }
        None => Failure::usage(anyhow!("there is no exemption {:?}", args.id))
            .hint("`keysweep exempt list --all` shows all of them"),
    })
}

/// A key as the last listing of its account knows it.
struct Known {
    key: AccessKeyId,
    account: AccountId,
    user: String,
    listed: Option<ListedUser>,
    of: Option<Account>,
}

async fn check(
    args: &CheckArgs,
    settings: &Settings,
    store: &Sql,
    sources: &Sources<'_>,
    now: Instant,
) -> Outcome {
    let exemptions = {
        let (all, tags) = sources.all().await.map_err(unknown)?;
        Exemptions::new(all.into_iter().map(|(exemption, _)| exemption), tags)
    };
    let known = known(args, store).await?;
    let mut checked: Vec<Checked<'_>> = known.iter().map(|known| checked(known, &exemptions, now)).collect();
    if let (Some(key), true) = (&args.key, known.is_empty()) {
        // Of a key that no scan has seen, nothing but its id is known: what would tell more cannot be told.
        let account = AccountId::from_number(0);
        let subject = account.map(|account| Subject { account, path: None, user_arn: "", key, tags: None });
        let standing = subject.and_then(|subject| exemptions.standing(&subject, now));
        checked.push(Checked { key, of: None, standing, tags_read: None });
    }
    if checked.is_empty() {
        return Err(Failure::usage(anyhow!("no scan has seen a key of a user of this name"))
            .hint("`keysweep scan` looks for keys; `keysweep exempt check KEY_ID` takes any key's id"));
    }
    let bytes = match args.format {
        ExemptFormat::Terminal => {
            drawn::check(&checked, &style(settings.color, settings.width, false)).into_bytes()
        }
        ExemptFormat::Json => exemptions::check(&checked).map_err(Failure::failed)?,
    };
    Output::stdout().write(|to| to.write_all(&bytes))?;
    Ok(Exit::Clean)
}

/// The keys that are asked for, with what the store knows of their users and accounts.
async fn known(args: &CheckArgs, store: &Sql) -> Result<Vec<Known>, Failure> {
    let query = match (&args.key, &args.user) {
        (Some(key), _) => KeyQuery::IdPrefix(key.to_string()),
        (None, Some(user)) => KeyQuery::User(user.clone()),
        (None, None) => return Ok(Vec::new()),
    };
    let mut known = Vec::new();
    for found in store.find_keys(&query).await.map_err(failed)? {
        let listing = store.recall(found.account).await.map_err(failed)?.listing;
        let listed = listing.into_iter().flat_map(|listing| listing.users);
        let listed = listed.into_iter().find(|user| user.keys.iter().any(|key| key.id == found.key));
        let mut of = None;
        if let Some(scan) = store.scans_of(found.account).await.map_err(failed)?.first() {
            let result = store.account_result(scan, found.account).await.map_err(failed)?;
            of = result.map(|result| result.account);
        }
        let owner = found.owners.last().map(ToString::to_string).unwrap_or_default();
        let user = listed.as_ref().map_or(owner, |user| user.row.user.to_string());
        known.push(Known { key: found.key, account: found.account, user, listed, of });
    }
    Ok(known)
}

fn checked<'a>(known: &'a Known, exemptions: &Exemptions, now: Instant) -> Checked<'a> {
    let tags: Option<&(Instant, Tags)> = known.listed.as_ref().and_then(|user| user.tags.as_ref());
    let subject = Subject {
        account: known.account,
        path: known.of.as_ref().and_then(|account| account.path.as_deref()),
        user_arn: known.listed.as_ref().map_or("", |user| user.row.arn.as_str()),
        key: &known.key,
        tags: tags.map(|(_, tags)| tags),
    };
    Checked {
        key: &known.key,
        of: Some((known.account, &known.user)),
        standing: exemptions.standing(&subject, now),
        tags_read: tags.map(|(at, _)| *at),
    }
}
