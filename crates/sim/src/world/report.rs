//! The credential report of one account: its states, its four hours, and its CSV exactly as AWS writes it.

use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, SignedDuration};

use super::iam::{Iam, User};
use super::key::Key;
use crate::seed;

/// How long a report is kept before a new one is made.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(4);

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// A report that was made.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) content: Vec<u8>,
    /// `GeneratedTime`.
    pub(crate) generated: Instant,
    /// From then on it can be fetched.
    pub(crate) ready: Instant,
}

/// What the account has in the way of reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports {
    /// The report that was made last, or is being made.
    pub(crate) last: Option<Report>,
    /// Whether a report that never gets done was begun.
    pub(crate) stuck: bool,
}

/// How AWS happens to write this account's report.
struct Style {
    upper: bool,
    offset: bool,
    additional: bool,
}

impl Style {
    fn date(&self, at: Instant) -> String {
        let text = at.to_string();
        if self.offset { text.replace('Z', "+00:00") } else { text }
    }

    fn optional(&self, at: Option<Instant>) -> String {
        at.map_or_else(|| "N/A".to_owned(), |at| self.date(at))
    }

    fn flag(&self, value: bool) -> &'static str {
        match (value, self.upper) {
            (true, false) => "true",
            (true, true) => "TRUE",
            (false, false) => "false",
            (false, true) => "FALSE",
        }
    }
}

/// A field in quotes where CSV needs them. Names of users cannot, but hostile worlds have such.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The CSV of the account as it was at the end of the second `at`.
pub(crate) fn write(iam: &Iam, at: Instant, additional: bool) -> Vec<u8> {
    let dice = seed::mix(&[seed::account(iam.account), 0xc5]);
    let style = Style { upper: dice.is_multiple_of(10), offset: dice % 4 == 1, additional };
    let mut text = String::with_capacity(COLUMNS.len() + 2 + iam.users.len() * 220);
    text.push_str(COLUMNS);
    if additional {
        text.push_str(",additional_credentials_info");
    }
    text.push('\n');
    root(iam, at, &style, &mut text);
    for user in iam.users.values().filter(|user| user.created <= at) {
        row(iam, user, at, &style, &mut text);
    }
    text.into_bytes()
}

fn root(iam: &Iam, at: Instant, style: &Style, text: &mut String) {
    let (partition, account) = (iam.partition, iam.account);
    let fields = [
        "<root_account>".to_owned(),
        format!("arn:{partition}:iam::{account}:root"),
        style.date(iam.created),
        "not_supported".to_owned(),
        "no_information".to_owned(),
        "not_supported".to_owned(),
        "not_supported".to_owned(),
        style.flag(true).to_owned(),
    ];
    line(&fields, &credentials(&iam.root_keys, &account.to_string(), at, style), text);
}

fn row(iam: &Iam, user: &User, at: Instant, style: &Style, text: &mut String) {
    let password = user.password.as_ref();
    let last_used = match password {
        Some(password) => password
            .last_used
            .filter(|used| *used <= at)
            .map_or_else(|| "no_information".to_owned(), |used| style.date(used)),
        None => "N/A".to_owned(),
    };
    let fields = [
        quoted(&user.name),
        quoted(&iam.arn(user)),
        style.date(user.created),
        style.flag(password.is_some()).to_owned(),
        last_used,
        style.optional(password.map(|password| password.changed)),
        "N/A".to_owned(),
        style.flag(password.is_some_and(|password| password.mfa)).to_owned(),
    ];
    line(&fields, &credentials(&user.keys, &user.id, at, style), text);
}

fn line(user: &[String], credentials: &[String], text: &mut String) {
    text.push_str(&user.join(","));
    text.push(',');
    text.push_str(&credentials.join(","));
    text.push('\n');
}

/// The key and certificate columns. Which key is in which slot follows neither creation nor status.
fn credentials(keys: &[Key], id: &str, at: Instant, style: &Style) -> Vec<String> {
    let mut keys: Vec<&Key> = keys.iter().filter(|key| key.created <= at).collect();
    if seed::mix(&[seed::text(id), 0x510]).is_multiple_of(2) {
        keys.reverse();
    }
    let none = || "N/A".to_owned();
    let no = || style.flag(false).to_owned();
    let mut fields = Vec::with_capacity(15);
    for slot in 0..2 {
        let Some(key) = keys.get(slot) else {
            fields.extend([no(), none(), none(), none(), none()]);
            continue;
        };
        let active = key.listed_as.is_none() && key.status_at(at) == KeyStatus::Active;
        fields.extend([style.flag(active).to_owned(), style.date(key.created)]);
        fields.extend(match key.last_use.as_ref().filter(|used| used.at <= at) {
            Some(used) => [style.date(used.at), used.region.clone(), used.service.clone()],
            None => [none(), none(), none()],
        });
    }
    fields.extend([no(), none(), no(), none()]);
    if style.additional {
        fields.push(match keys.len().saturating_sub(2) {
            0 => String::new(),
            more => format!("\"{more} additional access key(s), use ListAccessKeys\""),
        });
    }
    fields
}
