//! AWS Security Token Service: who the caller is, and the way into other accounts.

use keysweep_core::account::{AccountId, AccountState};
use keysweep_core::call::Service;
use keysweep_core::time::{Instant, SignedDuration};

use crate::context::{Context, Scene};
use crate::error::{ApiError, ApiResult};
use crate::fault::Subject;
use crate::seed;
use crate::world::Session;

/// Answer of `GetCallerIdentity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetCallerIdentityOutput {
    /// `UserId`.
    pub user_id: String,
    /// `Account`.
    pub account: AccountId,
    /// `Arn`.
    pub arn: String,
}

/// Parameters of `AssumeRole`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRoleInput {
    /// `RoleArn`.
    pub role_arn: String,
    /// `RoleSessionName`.
    pub role_session_name: String,
    /// `DurationSeconds`: 900 to 43200, 3600 where it is missing.
    pub duration_seconds: Option<i64>,
    /// `ExternalId`.
    pub external_id: Option<String>,
}

/// Answer of `AssumeRole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleOutput {
    /// `Credentials`.
    pub credentials: Credentials,
    /// `AssumedRoleUser`.
    pub assumed_role_user: AssumedRoleUser,
}

/// Credentials of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `AccessKeyId`: `ASIA…`.
    pub access_key_id: String,
    /// `SecretAccessKey`.
    pub secret_access_key: String,
    /// `SessionToken`.
    pub session_token: String,
    /// `Expiration`.
    pub expiration: Instant,
}

/// The session as a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRoleUser {
    /// `AssumedRoleId`: `AROA…:session`.
    pub assumed_role_id: String,
    /// `Arn`.
    pub arn: String,
}

/// The permitted length of a session, in seconds.
const DURATIONS: std::ops::RangeInclusive<i64> = 900..=43_200;
const DEFAULT_DURATION: i64 = 3_600;

impl Context<'_> {
    /// `GetCallerIdentity`. Needs no permission.
    pub fn get_caller_identity(&self) -> ApiResult<GetCallerIdentityOutput> {
        self.run(&self.about("*"), None, |_| {
            Ok(GetCallerIdentityOutput {
                user_id: self.caller.user_id.clone(),
                account: self.caller.account,
                arn: self.caller.arn.clone(),
            })
        })
    }

    /// `AssumeRole`. A role that does not exist, another external id and a closed account are all refused in the same
    /// words, as on AWS.
    pub fn assume_role(&self, input: &AssumeRoleInput) -> ApiResult<AssumeRoleOutput> {
        let role = RoleArn::parse(&input.role_arn)?;
        // A fault plan speaks of the account that is entered.
        let subject = Subject { account: role.account, user: None, key: None, resource: &input.role_arn };
        self.run(&subject, None, |scene| {
            check_session_name(&input.role_session_name)?;
            let duration = input.duration_seconds.unwrap_or(DEFAULT_DURATION);
            if !DURATIONS.contains(&duration) {
                let text = format!("1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200");
                return Err(ApiError::invalid(Service::Sts, text));
            }
            let partition = scene.world.spec.partition.id();
            let allowed = role.partition == partition
                && scene.world.member(role.account).is_some_and(|member| {
                    let role = member.roles.iter().find(|known| known.name == role.name);
                    let known = role.is_some_and(|role| {
                        role.external_id.is_none() || role.external_id == input.external_id
                    });
                    known && member.state == AccountState::Active
                });
            if !allowed {
                let (arn, resource) = (&self.caller.arn, &input.role_arn);
                let text =
                    format!("User: {arn} is not authorized to perform: sts:AssumeRole on resource: {resource}");
                return Err(ApiError::denied(Service::Sts, text));
            }
            Ok(issue(scene, &role, &input.role_session_name, duration))
        })
    }
}

/// Makes the session's credentials.
fn issue(scene: &mut Scene<'_>, role: &RoleArn<'_>, session: &str, duration: i64) -> AssumeRoleOutput {
    let dice = scene.world.draw();
    let access_key_id = seed::key_id("ASIA", role.account, dice);
    let caller = scene.world.session_caller(role.account, role.name, session, &access_key_id);
    let token = format!("IQoJb3JpZ2luX2Vj{}{}", seed::letters(dice, 60), seed::letters(!dice, 60));
    let expiration = scene.now + SignedDuration::from_secs(duration);
    let assumed_role_user =
        AssumedRoleUser { assumed_role_id: caller.user_id.clone(), arn: caller.arn.clone() };
    let session = Session { caller, token: token.clone(), expires: Some(expiration) };
    scene.world.sessions.insert(access_key_id.clone(), session);
    let credentials = Credentials {
        access_key_id,
        secret_access_key: seed::secret(dice),
        session_token: token,
        expiration,
    };
    AssumeRoleOutput { credentials, assumed_role_user }
}

struct RoleArn<'a> {
    partition: &'a str,
    account: AccountId,
    /// With its path.
    name: &'a str,
}

impl<'a> RoleArn<'a> {
    fn parse(arn: &'a str) -> ApiResult<Self> {
        let invalid = || ApiError::invalid(Service::Sts, format!("{arn} is invalid"));
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return Err(invalid());
        };
        let account = account.parse().map_err(|_| invalid())?;
        let name = resource.strip_prefix("role/").filter(|name| !name.is_empty()).ok_or_else(invalid)?;
        Ok(Self { partition, account, name })
    }
}

fn check_session_name(name: &str) -> ApiResult<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (2..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let text = format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
    );
    Err(ApiError::invalid(Service::Sts, text))
}
