//! The accounts that somebody expects to be assessed completely: a list that is kept elsewhere, such as an inventory. An
//! account that fell out of the organization's listing is missed by nobody else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keysweep_core::account::{AccountId, NotAnAccountId};

/// What is wrong with the list.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// It could not be read.
    #[error("the list of expected accounts {} could not be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not an account id.
    #[error("{}, line {line}: {why}", .file.display())]
    NotAnAccount {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: NotAnAccountId,
    },
    /// It names no account: nothing would be checked.
    #[error("the list of expected accounts {} names none", .file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

/// The accounts that the file lists: one id a line; what follows a `#` or the id is a comment, and lines may be empty.
pub fn read(file: &Path) -> Result<BTreeSet<AccountId>, ExpectedError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ExpectedError::Unreadable { file: file.to_owned(), source })?;
    let mut accounts = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start_matches('\u{feff}').split('#').next().unwrap_or_default();
        let Some(id) = content.split([' ', '\t', ',', ';']).find(|word| !word.is_empty()) else { continue };
        let not_an_account =
            |why| ExpectedError::NotAnAccount { file: file.to_owned(), line: index + 1, why };
        accounts.insert(id.parse().map_err(not_an_account)?);
    }
    if accounts.is_empty() {
        return Err(ExpectedError::Empty { file: file.to_owned() });
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
            .map(|accounts| accounts.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn ids_are_read_and_comments_are_not() {
        let text = "# ours\n111122223333\n\n  444455556666  payments\r\n000000000042,audit # old\n";
        assert_eq!(of(text).unwrap(), ["000000000042", "111122223333", "444455556666"]);
    }

    #[test]
    fn what_is_not_an_account_is_an_error_with_its_line() {
        assert!(of("111122223333\npayments\n").unwrap_err().contains("line 2"));
        assert!(of("1111 2222 3333\n").unwrap_err().contains("line 1"));
        assert!(of("# nothing\n\n").unwrap_err().contains("names none"));
    }
}
