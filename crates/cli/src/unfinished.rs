//! Files that are written beside the name that they are to get. Whoever writes one holds a lock on it, which the system lets go
//! of when the process ends, however it ends: what a killed one left is told from what another is just writing, and removed by
//! the next that writes to the same place.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".keysweep-";
const SUFFIX: &str = ".unfinished";
/// Most file systems have names of 255 bytes; the rest of this one needs 30.
const LONGEST: usize = 200;

/// A file beside `path` that is to get its name. It is removed with the value.
pub(crate) fn unfinished(path: &Path) -> io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = prefix(path);
    // What is left there harms nothing: a directory that cannot be listed only keeps it.
    let _ = remove_left(directory, &prefix);
    loop {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any program creates files: the user's umask decides.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let made = builder.tempfile_in(directory)?;
        // Where the file system has no locks nobody removes anything. Where it has, another may have taken the file for one
        // that was left, just before it was locked.
        if made.as_file().lock().is_err() || made.path().exists() {
            return Ok(made);
        }
    }
}

/// `.keysweep-report.json-`
fn prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = (0..=LONGEST.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{PREFIX}{}-", &name[..end])
}

/// Removes what killed processes left. Whoever is just writing holds the lock.
fn remove_left(directory: &Path, prefix: &str) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)?.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(SUFFIX));
        // Neither a link nor a pipe, which could lead or keep it elsewhere.
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // The lock is held until it is gone, so that nobody begins to write it meanwhile.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_left_is_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let others = [
            ".keysweep-other.json-AAAAAA.unfinished",
            ".keysweep-report.json-AAAAAA.txt",
            "report.json-AAAAAA.unfinished",
        ];
        for name in others.iter().chain(&[".keysweep-report.json-AAAAAA.unfinished"]) {
            std::fs::write(directory.path().join(name), "half").unwrap();
        }
        let writing = unfinished(&path).unwrap();
        let also_writing = unfinished(&path).unwrap();
        assert!(writing.path().exists() && also_writing.path().exists());
        drop((writing, also_writing));
        assert_eq!(names(directory.path()), others);
    }

    #[test]
    fn long_names_leave_space() {
        for name in ["x".repeat(255), "ü".repeat(127)] {
            let directory = tempfile::tempdir().unwrap();
            assert!(unfinished(&directory.path().join(name)).is_ok());
        }
    }
}
