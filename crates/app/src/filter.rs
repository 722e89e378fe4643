//! Which accounts of an organization are assessed: `--include` and `--exclude`.

use std::fmt;
use std::str::FromStr;

use keysweep_core::account::{Account, AccountId};

/// Names accounts by id, by organizational unit or by tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `111122223333`.
    Account(AccountId),
    /// `ou-…` or `r-…`, or a path of names below the root such as `ou:Workloads/Production`: all accounts below it.
    OrganizationalUnit(String),
    /// `tag:KEY` or `tag:KEY=VALUE`.
    Tag {
        /// The tag's key.
        key: String,
        /// Its value; any where `None`.
        value: Option<String>,
    },
}

/// Why a text selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} selects no accounts: write an account id (111122223333), an organizational unit (ou-ab12-cdefgh34 or ou:Workloads/Production) or a tag (tag:env=prod)"
)]
pub struct NotASelector {
    text: String,
}

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Self, NotASelector> {
        let error = || NotASelector { text: text.to_owned() };
        if let Some(tag) = text.strip_prefix("tag:") {
            let (key, value) = match tag.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None => (tag, None),
            };
            return if key.is_empty() { Err(error()) } else { Ok(Self::Tag { key: key.to_owned(), value }) };
        }
        if let Some(path) = text.strip_prefix("ou:") {
            let path = path.trim_matches('/');
            return if path.is_empty() {
                Err(error())
            } else {
                Ok(Self::OrganizationalUnit(path.to_owned()))
            };
        }
        if text.starts_with("ou-") || text.starts_with("r-") {
            return Ok(Self::OrganizationalUnit(text.to_owned()));
        }
        text.parse().map(Self::Account).map_err(|_| error())
    }
}

/// The text that [`Selector::from_str`] reads.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::OrganizationalUnit(unit) if unit.starts_with("ou-") || unit.starts_with("r-") => {
                f.write_str(unit)
            }
            Self::OrganizationalUnit(path) => write!(f, "ou:{path}"),
            Self::Tag { key, value: Some(value) } => write!(f, "tag:{key}={value}"),
            Self::Tag { key, value: None } => write!(f, "tag:{key}"),
        }
    }
}

impl Selector {
    /// Whether it selects `account`; `None` where that needs something that is not known of the account.
    pub fn matches(&self, account: &Account) -> Option<bool> {
        match self {
            Self::Account(id) => Some(*id == account.id),
            Self::OrganizationalUnit(wanted) => {
                let path = account.path.as_ref()?;
                let below: Vec<&str> = path.iter().skip(1).map(|unit| unit.name.as_str()).collect();
                let names: Vec<&str> = wanted.split('/').collect();
                Some(path.iter().any(|unit| unit.id == *wanted) || below.starts_with(&names))
            }
            Self::Tag { key, value } => {
                let found = account.tags.as_ref()?.get(key);
                Some(match value {
                    Some(value) => found == Some(value),
                    None => found.is_some(),
                })
            }
        }
    }
}

/// The accounts to assess. An account is in when nothing is included by name or something that includes it is, and
/// nothing excludes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// `--include`.
    pub include: Vec<Selector>,
    /// `--exclude`.
    pub exclude: Vec<Selector>,
}

impl Filters {
    /// Whether `account` is to be assessed. What cannot be told is assessed: leaving it out could hide its keys.
    pub fn lets_through(&self, account: &Account) -> bool {
        let may = |selector: &Selector| selector.matches(account).unwrap_or(true);
        let surely = |selector: &Selector| selector.matches(account).unwrap_or(false);
        (self.include.is_empty() || self.include.iter().any(may)) && !self.exclude.iter().any(surely)
    }

    /// The filters of `--include`, and then those of `--exclude`, that surely select none of these accounts.
    pub fn idle(&self, accounts: &[&Account]) -> (Vec<&Selector>, Vec<&Selector>) {
        let idle =
            |selector: &&Selector| accounts.iter().all(|account| selector.matches(account) == Some(false));
        (self.include.iter().filter(idle).collect(), self.exclude.iter().filter(idle).collect())
    }

    /// Whether any filter asks for tags of accounts.
    pub fn needs_tags(&self) -> bool {
        self.include.iter().chain(&self.exclude).any(|selector| matches!(selector, Selector::Tag { .. }))
    }

    /// Whether any filter asks for the place of accounts in the organization.
    pub fn needs_units(&self) -> bool {
        self.include
            .iter()
            .chain(&self.exclude)
            .any(|selector| matches!(selector, Selector::OrganizationalUnit(_)))
    }
}

#[cfg(test)]
mod tests {
    use keysweep_core::account::{OrganizationalUnit, Tags};

    use super::*;

    fn account() -> Account {
        let unit = |id: &str, name: &str| OrganizationalUnit { id: id.into(), name: name.into() };
        Account {
            path: Some(vec![
                unit("r-ab12", "Root"),
                unit("ou-ab12-1", "Workloads"),
                unit("ou-ab12-2", "Production"),
            ]),
            tags: Some(Tags::from([("env".into(), "prod".into())])),
            ..Account::alone("111122223333".parse().unwrap())
        }
    }

    fn selects(text: &str) -> Option<bool> {
        text.parse::<Selector>().unwrap().matches(&account())
    }

    #[test]
    fn accounts_are_selected_by_id_unit_and_tag() {
        for text in [
            "111122223333",
            "r-ab12",
            "ou-ab12-2",
            "ou:Workloads",
            "ou:/Workloads/Production/",
            "tag:env",
            "tag:env=prod",
        ] {
            assert_eq!(selects(text), Some(true), "{text}");
        }
        for text in ["444455556666", "ou-ab12-3", "ou:Production", "ou:Work", "tag:env=dev", "tag:team"] {
            assert_eq!(selects(text), Some(false), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_assessed() {
        let bare = Account::alone("111122223333".parse().unwrap());
        let filters = |include: &[&str], exclude: &[&str]| Filters {
            include: include.iter().map(|text| text.parse().unwrap()).collect(),
            exclude: exclude.iter().map(|text| text.parse().unwrap()).collect(),
        };
        assert!(filters(&["ou:Workloads"], &[]).lets_through(&bare));
        assert!(filters(&[], &["tag:env=dev"]).lets_through(&bare));
        assert!(!filters(&["444455556666"], &[]).lets_through(&bare));
        assert!(!filters(&[], &["111122223333"]).lets_through(&bare));
    }

    #[test]
    fn selectors_are_shown_as_they_are_read_and_others_refused() {
        for text in ["111122223333", "ou-ab12-2", "ou:Workloads/Production", "tag:env=prod", "tag:env"] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        for text in ["", "prod", "tag:", "tag:=x", "ou:", "12345"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
