//! Where reports go. A file is written beside its final name and moved there when it is whole, so that nobody ever finds
//! half a report under it; what it is to hold belongs to others.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::unfinished::unfinished;

/// Where a report goes.
pub struct Output {
    target: Target,
}

enum Target {
    Stdout,
    /// A file that does not exist yet or is to be replaced.
    File {
        path: PathBuf,
        unfinished: NamedTempFile,
    },
    /// A device or a pipe, such as `/dev/stderr`: it is written to, and never replaced by a file.
    Device {
        path: PathBuf,
        device: File,
    },
}

impl Output {
    /// Standard output.
    pub const fn stdout() -> Self {
        Self { target: Target::Stdout }
    }

    /// The file `path`, or standard output. Tells now, not after a long scan, when it cannot be written.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::stdout()) };
        let target = open(path).map_err(|error| failure(path, error))?;
        Ok(Self { target })
    }

    /// The file; `None` for standard output.
    pub fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::Stdout => None,
            Target::File { path, .. } | Target::Device { path, .. } => Some(path),
        }
    }

    /// Writes the whole report with `write`. A reader that closes its end of standard output has seen enough: that is no
    /// error.
    pub fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        self.fill(write)?.keep()
    }

    /// Writes the whole report with `write`; a file is whole then, and has not got its name yet.
    pub fn fill(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Filled, Failure> {
        match self.target {
            Target::Stdout => match buffered(io::stdout().lock(), write) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Filled { file: None }),
                Err(error) => Err(Failure::failed(
                    anyhow::Error::new(error).context("standard output could not be written"),
                )
                .hint("look where it goes: whether there is space, and whether it may be written")),
                Ok(_) => Ok(Filled { file: None }),
            },
            Target::Device { path, device } => match buffered(device, write) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failure(&path, error)),
                _ => Ok(Filled { file: None }),
            },
            Target::File { path, mut unfinished } => {
                match buffered(unfinished.as_file_mut(), write).and_then(|file| file.sync_all()) {
                    Ok(()) => Ok(Filled { file: Some((path, unfinished)) }),
                    Err(error) => Err(failure(&path, error)),
                }
            }
        }
    }
}

/// A report that is written. Dropped without being kept, a file leaves nothing behind.
#[must_use]
pub struct Filled {
    file: Option<(PathBuf, NamedTempFile)>,
}

impl Filled {
    /// Gives a file its name, in place of what had it.
    pub fn keep(self) -> Result<(), Failure> {
        let Some((path, unfinished)) = self.file else { return Ok(()) };
        unfinished.persist(&path).map(drop).map_err(|error| failure(&path, error.error))
    }
}

fn buffered<W: Write>(inner: W, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<W> {
    let mut buffer = BufWriter::with_capacity(1 << 16, inner);
    write(&mut buffer)?;
    buffer.flush()?;
    buffer.into_inner().map_err(io::IntoInnerError::into_error)
}

fn open(path: &Path) -> io::Result<Target> {
    // A link keeps pointing where it points: what it names is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match path.metadata() {
        Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => {
            let device = OpenOptions::new().write(true).open(&path)?;
            return Ok(Target::Device { path, device });
        }
        Ok(found) if found.permissions().readonly() => return Err(ErrorKind::PermissionDenied.into()),
        _ => {}
    }
    let unfinished = unfinished(&path)?;
    Ok(Target::File { path, unfinished })
}

fn failure(path: &Path, error: io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space there, or write to another place"
        }
        ErrorKind::NotFound => "create the directory, or write to another place",
        ErrorKind::IsADirectory => "name a file in that directory, such as --output assessment.json",
        _ => "make it writable, or write to another place",
    };
    Failure::failed(anyhow::Error::new(error).context(format!("{} could not be written", path.display())))
        .hint(hint)
}

/// Writes a file that nobody waits for, such as a man page: whole or not at all.
pub fn write_file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    Output::open(Some(path))?.write(|to| to.write_all(content))
}

/// Creates a directory and all above it.
pub fn create_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("the directory {} could not be created", path.display()))
        .map_err(|error| Failure::failed(error).hint("choose another place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_report_replaces_the_old_one_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        std::fs::write(&path, "old").unwrap();
        let output = Output::open(Some(&path)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        output.write(|to| to.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn two_that_write_the_same_report_do_not_disturb_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let (one, other) = (Output::open(Some(&path)).unwrap(), Output::open(Some(&path)).unwrap());
        one.write(|to| to.write_all(b"one")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        other.write(|to| to.write_all(b"other")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "other");
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn a_report_that_fails_half_way_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let output = Output::open(Some(&path)).unwrap();
        let failure = output
            .write(|to| {
                to.write_all(&vec![b'x'; 1 << 20])?;
                Err(ErrorKind::StorageFull.into())
            })
            .unwrap_err();
        assert!(failure.text().contains("report.json could not be written"), "{}", failure.text());
        assert!(failure.text().contains("free some space"), "{}", failure.text());
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn a_scan_that_fails_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        drop(Output::open(Some(&directory.path().join("report.json"))).unwrap());
        assert!(names(directory.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_where_it_points() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        std::fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
    }

    #[test]
    fn a_directory_and_a_place_that_does_not_exist_are_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let text = |path: &Path| Output::open(Some(path)).err().unwrap().text();
        assert!(text(directory.path()).contains("name a file in that directory"));
        assert!(text(&directory.path().join("missing/report.json")).contains("create the directory"));
    }
}
