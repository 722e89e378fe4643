//! Which files a path names: itself, or every regular file below it, in an order that does not depend on the file system.

use std::io;
use std::path::{Path, PathBuf};

/// The files below a path, and what else was there.
#[derive(Debug, Default)]
pub struct Listing {
    /// Regular files, sorted by path.
    pub files: Vec<PathBuf>,
    /// What is neither a file nor a directory, such as symbolic links: they are not followed, so that no loop and no other
    /// directory is entered.
    pub passed_over: Vec<PathBuf>,
    /// Directories that could not be listed, and why.
    pub not_listed: Vec<(PathBuf, String)>,
}

/// Lists the files that `path` names. A link that is named itself is followed.
pub fn list(path: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    if !path.metadata()?.is_dir() {
        listing.files.push(path.to_owned());
        return Ok(listing);
    }
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        if let Err(error) = listing.enter(&directory, &mut directories) {
            listing.not_listed.push((directory, error.to_string()));
        }
    }
    listing.files.sort_unstable();
    listing.passed_over.sort_unstable();
    listing.not_listed.sort_unstable();
    Ok(listing)
}

impl Listing {
    fn enter(&mut self, directory: &Path, directories: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file() {
                self.files.push(entry.path());
            } else {
                self.passed_over.push(entry.path());
            }
        }
        Ok(())
    }
}
