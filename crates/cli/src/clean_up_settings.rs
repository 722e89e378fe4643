//! What a clean-up may do, from the section `[clean_up]` of the configuration file. These settings have neither flags nor
//! variables: what may be deleted is decided in a file that can be reviewed, never on a command line.

use keysweep_app::apply::StopAfter;
use keysweep_core::approval::ApprovalPolicy;
use keysweep_core::exemption::{KEEP_TAG, UserPattern};
use keysweep_core::plan::lint::Limits;
use keysweep_core::time::SignedDuration;

use crate::setting_table::{Setting, Shape};
use crate::setting_values::{duration, not_empty, number, parse, role_name, set, switch};
use crate::settings::Settings;

/// The section of the file.
pub const SECTION: &str = "clean_up";

/// What a clean-up may do.
#[derive(Clone, Debug)]
pub struct CleanUp {
    /// The role to assume in member accounts: another than the one that scans.
    pub role: String,
    /// What plans are held against.
    pub limits: Limits,
    /// Tags of users that keep their keys, `keysweep:keep` among them.
    pub keep_tags: Vec<String>,
    /// Whose approval a plan needs.
    pub approval: ApprovalPolicy,
    /// What stops an apply.
    pub stop_after: StopAfter,
    /// What `keysweep clean --auto` may do.
    pub auto: Auto,
}

/// What `keysweep clean --auto` may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auto {
    /// The most keys of a plan that it approves by itself; `None` where it approves nothing.
    pub approve: Option<u32>,
    /// How long a key must have been in published plans before it may be deleted.
    pub grace: SignedDuration,
    /// Whether keys of an account are left alone in the first run that comes upon it, whatever the grace.
    pub first_run_is_dry: bool,
}

impl Default for CleanUp {
    fn default() -> Self {
        Self {
            role: "keysweep-clean-up".to_owned(),
            limits: Limits::default(),
            keep_tags: vec![KEEP_TAG.to_owned()],
            approval: ApprovalPolicy::default(),
            stop_after: StopAfter::default(),
            auto: Auto { approve: None, grace: SignedDuration::from_hours(7 * 24), first_run_is_dry: true },
        }
    }
}

/// Where a list of the file is to replace the default and not to be added to it.
pub fn begin_list(settings: &mut Settings, setting: &Setting) {
    if setting.name == "clean_up.break_glass" {
        settings.clean_up.limits.break_glass.clear();
    }
}

const HEADING: &str = "Clean-up: the section `[clean_up]`";

/// A setting of the section.
const fn setting(
    name: &'static str,
    shape: Shape,
    default: &'static str,
    help: &'static str,
    example: &'static str,
    apply: fn(&mut Settings, &str) -> Result<(), String>,
) -> Setting {
    Setting { name, short: None, shape, value_name: "", default, heading: HEADING, help, example, apply }
}

/// Every setting of the section, in the order of documents.
pub static TABLE: &[Setting] = &[
    setting(
        "clean_up.role",
        Shape::Text,
        "keysweep-clean-up",
        "The role that apply assumes in member accounts; --cleanup-role wins over it",
        r#""keysweep-delete""#,
        |settings, text| set(&mut settings.clean_up.role, role_name(text)),
    ),
    setting(
        "clean_up.max_keys",
        Shape::Number,
        "50",
        "The most keys of one plan (rule KL001)",
        "20",
        |settings, text| set(&mut settings.clean_up.limits.max_keys, count(text, 0)),
    ),
    setting(
        "clean_up.max_account_share",
        Shape::Text,
        "20%",
        "The most keys of a plan in one account, as a share of its users; two keys are always let through (KL002)",
        r#""5%""#,
        |settings, text| set(&mut settings.clean_up.limits.max_account_share, parse(text)),
    ),
    setting(
        "clean_up.max_organization_share",
        Shape::Text,
        "20%",
        "The most keys of a plan, as a share of all users; two keys are always let through (KL003)",
        r#""5%""#,
        |settings, text| set(&mut settings.clean_up.limits.max_organization_share, parse(text)),
    ),
    setting(
        "clean_up.max_age",
        Shape::Text,
        "7d",
        "How old a plan, and the scan that it was made from, may be when it is approved or applied (KL009)",
        r#""2d""#,
        |settings, text| set(&mut settings.clean_up.limits.max_age, length(text)),
    ),
    setting(
        "clean_up.allow_observed",
        Shape::Switch,
        "false",
        "Whether keys may be deleted whose staying inactive was observed and not proven (KL010)",
        "true",
        |settings, text| set(&mut settings.clean_up.limits.allow_observed, switch(text)),
    ),
    setting(
        "clean_up.protected_users",
        Shape::List,
        "",
        "Users whose keys are never deleted, as patterns over their ARNs (KL005)",
        r#"["arn:aws:iam::*:user/service/*"]"#,
        |settings, text| {
            parse::<UserPattern>(text).map(|pattern| settings.clean_up.limits.protected_users.push(pattern))
        },
    ),
    setting(
        "clean_up.protected_accounts",
        Shape::List,
        "",
        "Accounts in which no keys are deleted (KL006)",
        r#"["111122223333"]"#,
        |settings, text| parse(text).map(|account| settings.clean_up.limits.protected_accounts.push(account)),
    ),
    setting(
        "clean_up.protected_units",
        Shape::List,
        "",
        "Organizational units, by id or by the names on the way to them, below which no keys are deleted (KL007)",
        r#"["Workloads/Production"]"#,
        |settings, text| unit(text).map(|unit| settings.clean_up.limits.protected_units.push(unit)),
    ),
    setting(
        "clean_up.break_glass",
        Shape::List,
        "*break*glass*, *emergency*, *firecall*",
        "Names of users that are kept for emergencies, in any case; `*` and `?` are wildcards (KL008). It replaces the default",
        r#"["*break*glass*", "rescue-?"]"#,
        |settings, text| not_empty(text).map(|name| settings.clean_up.limits.break_glass.push(name)),
    ),
    setting(
        "clean_up.keep_tags",
        Shape::List,
        "",
        "Tags of users that keep their keys whatever their values, beside `keysweep:keep`",
        r#"["team:keep"]"#,
        |settings, text| not_empty(text.trim()).map(|tag| settings.clean_up.keep_tags.push(tag)),
    ),
    setting(
        "clean_up.approvers",
        Shape::Number,
        "1",
        "How many different people must approve a plan: their names and their AWS identities differ",
        "2",
        |settings, text| set(&mut settings.clean_up.approval.approvers, count(text, 1)),
    ),
    setting(
        "clean_up.approve_own",
        Shape::Switch,
        "true",
        "Whether who made a plan may approve it",
        "false",
        |settings, text| set(&mut settings.clean_up.approval.by_author, switch(text)),
    ),
    setting(
        "clean_up.approval_holds",
        Shape::Text,
        "3d",
        "How long an approval holds",
        r#""24h""#,
        |settings, text| set(&mut settings.clean_up.approval.holds_for, length(text)),
    ),
    setting(
        "clean_up.stop_after_reactivated",
        Shape::Number,
        "5",
        "An apply stops when so many of its keys were switched on, or off again, since the plan",
        "1",
        |settings, text| set(&mut settings.clean_up.stop_after.reactivated, count(text, 1)),
    ),
    setting(
        "clean_up.stop_after_denied",
        Shape::Number,
        "5",
        "An apply stops when AWS has denied so many calls",
        "1",
        |settings, text| set(&mut settings.clean_up.stop_after.denied, count(text, 1)),
    ),
    setting(
        "clean_up.stop_after_unknown",
        Shape::Number,
        "3",
        "An apply stops when of so many deletes it cannot be found out what came of them",
        "1",
        |settings, text| set(&mut settings.clean_up.stop_after.unknown, count(text, 1)),
    ),
    setting(
        "clean_up.auto_approve",
        Shape::Number,
        "",
        "The most keys of a plan that `keysweep clean --auto` approves by itself; without it, it approves nothing",
        "10",
        |settings, text| set(&mut settings.clean_up.auto.approve, count(text, 0).map(Some)),
    ),
    setting(
        "clean_up.grace",
        Shape::Text,
        "7d",
        "How long a key must have been in published plans before `keysweep clean --auto` may delete it",
        r#""14d""#,
        |settings, text| set(&mut settings.clean_up.auto.grace, length(text)),
    ),
    setting(
        "clean_up.first_run_is_dry",
        Shape::Switch,
        "true",
        "Whether `keysweep clean --auto` deletes nothing in an account in its first run there, even with a grace of `0s`",
        "false",
        |settings, text| set(&mut settings.clean_up.auto.first_run_is_dry, switch(text)),
    ),
];

fn count(text: &str, least: usize) -> Result<u32, String> {
    number(text, least, 100_000).and_then(|number| u32::try_from(number).map_err(|error| error.to_string()))
}

fn length(text: &str) -> Result<SignedDuration, String> {
    if text == "0s" {
        return Ok(SignedDuration::ZERO);
    }
    duration(text).and_then(|length| SignedDuration::try_from(length).map_err(|error| error.to_string()))
}

fn unit(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('/') || text.ends_with('/') {
        Err(format!(
            "{text:?} is not an organizational unit: its id, ou-…, or the names on the way to it, such as Workloads/Production"
        ))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_states_the_real_defaults() {
        let mut stated = Settings::default();
        stated.clean_up.limits.break_glass.clear();
        for setting in TABLE.iter().filter(|setting| !setting.default.is_empty()) {
            for text in setting.default.split(", ") {
                (setting.apply)(&mut stated, text).unwrap();
            }
        }
        assert_eq!(format!("{stated:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn senseless_values_are_refused() {
        for (name, text) in [
            ("role", "a/b"),
            ("max_keys", "-1"),
            ("max_keys", "many"),
            ("max_account_share", "120%"),
            ("max_organization_share", "2.5%"),
            ("max_age", "soon"),
            ("allow_observed", "perhaps"),
            ("protected_users", "alice"),
            ("protected_users", "arn:aws:iam::*:user/[ab]"),
            ("protected_accounts", "42"),
            ("protected_units", "/A"),
            ("break_glass", ""),
            ("keep_tags", " "),
            ("approvers", "0"),
            ("approval_holds", "0"),
            ("stop_after_reactivated", "0"),
            ("grace", "-1d"),
            ("first_run_is_dry", ""),
        ] {
            let setting = TABLE.iter().find(|setting| setting.key() == name).unwrap();
            assert!((setting.apply)(&mut Settings::default(), text).is_err(), "{name} {text}");
        }
    }

    #[test]
    fn the_tag_of_keysweep_cannot_be_given_up() {
        let mut settings = Settings::default();
        let setting = TABLE.iter().find(|setting| setting.key() == "keep_tags").unwrap();
        begin_list(&mut settings, setting);
        (setting.apply)(&mut settings, "team:keep").unwrap();
        assert_eq!(settings.clean_up.keep_tags, [KEEP_TAG, "team:keep"]);
    }
}
