//! The reports of one assessment: in which formats, and where each goes. Places are opened before anything is assessed, so
//! that one that cannot be written is told of at once; files get their names only when all of them are whole.

use std::borrow::Cow;
use std::error::Error as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use keysweep_core::assessment::Assessment;
use keysweep_report::anonymize::Anonymizer;
use keysweep_report::{Format, Options};

use crate::failure::Failure;
use crate::output::{Filled, Output, create_directory};

/// Reports that are to be written.
pub struct Reports {
    outputs: Vec<(Format, Output)>,
    /// The directory of their files, where they go into one.
    directory: Option<PathBuf>,
    /// What makes them anonymous, where they are to be.
    anonymizer: Option<Anonymizer>,
}

impl Reports {
    /// One format goes to the file `path`, or to standard output. Several, or one where `path` is a directory, go to
    /// files of their own names in it ([`Format::file_name`]).
    pub fn open(formats: &[Format], path: Option<&Path>) -> Result<Self, Failure> {
        let named_as_directory = |path: &Path| path.is_dir() || path.to_string_lossy().ends_with('/');
        let Some(directory) = path.filter(|path| formats.len() > 1 || named_as_directory(path)) else {
            let open = |&format: &Format| Output::open(path).map(|output| (format, output));
            let outputs = formats.iter().map(open).collect::<Result<_, _>>()?;
            return Ok(Self { outputs, directory: None, anonymizer: None });
        };
        if directory.exists() && !directory.is_dir() {
            let error = anyhow!("{} is a file, and several formats go into a directory", directory.display());
            return Err(Failure::failed(error).hint("name a directory, or ask for one format"));
        }
        create_directory(directory)?;
        let open = |&format: &Format| {
            Output::open(Some(&directory.join(format.file_name()))).map(|output| (format, output))
        };
        let outputs = formats.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { outputs, directory: Some(directory.to_owned()), anonymizer: None })
    }

    /// They are written without names and ids.
    pub fn anonymous(self, anonymizer: Option<Anonymizer>) -> Self {
        Self { anonymizer, ..self }
    }

    /// Where they are, to be said when they are written: "the report is in …"; `None` for standard output.
    pub fn place(&self) -> Option<String> {
        if let Some(directory) = &self.directory {
            let names: Vec<&str> = self.outputs.iter().map(|(format, _)| format.file_name()).collect();
            return Some(format!("{} in {}", names.join(", "), directory.display()));
        }
        let path = self.outputs.iter().find_map(|(_, output)| output.path())?;
        Some(format!("the report is in {}", path.display()))
    }

    /// Writes all of them. Where one of the files cannot be written, none is replaced. Gives what they show.
    pub fn write<'a>(self, assessment: &'a Assessment, options: &Options) -> Result<Shown<'a>, Failure> {
        let shown = match self.anonymizer {
            None => Shown { assessment: Cow::Borrowed(assessment), options: options.clone() },
            Some(anonymizer) => {
                let resolved =
                    options.resolved.iter().map(|resolved| anonymizer.resolved(resolved)).collect();
                let compared = options.compared.as_ref().map(|compared| anonymizer.compared(compared));
                Shown {
                    assessment: Cow::Owned(anonymizer.assessment(assessment)),
                    options: Options { resolved, compared, ..options.clone() },
                }
            }
        };
        let mut written = Vec::new();
        for (format, output) in self.outputs {
            written.push(output.fill(|to| render(&shown.assessment, format, &shown.options, to))?);
        }
        written.into_iter().try_for_each(Filled::keep)?;
        Ok(shown)
    }
}

/// What reports show: the assessment, or what stands for it in anonymous ones.
pub struct Shown<'a> {
    /// The assessment.
    pub assessment: Cow<'a, Assessment>,
    /// How it is written.
    pub options: Options,
}

fn render(assessment: &Assessment, format: Format, options: &Options, to: &mut dyn Write) -> io::Result<()> {
    keysweep_report::write(assessment, format, options, to).map_err(|error| {
        // What failed is said by whoever knows the file; why, by the operating system.
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        match source.and_then(io::Error::raw_os_error) {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[Format] = &[Format::Json, Format::Csv];

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn several_formats_make_their_directory_and_one_uses_what_is_there() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("a/b");
        let reports = Reports::open(TWO, Some(&directory)).unwrap();
        assert_eq!(
            reports.place().unwrap(),
            format!("assessment.json, findings.csv in {}", directory.display())
        );
        assert!(directory.is_dir());
        let one = Reports::open(&TWO[..1], Some(&directory)).unwrap();
        assert_eq!(one.place().unwrap(), format!("assessment.json in {}", directory.display()));
        let file = Reports::open(&TWO[..1], Some(&base.path().join("x.json"))).unwrap();
        assert!(file.place().unwrap().ends_with("x.json"));
        assert_eq!(Reports::open(&TWO[..1], None).unwrap().place(), None);
    }

    #[test]
    fn a_directory_that_is_a_file_is_refused_at_once() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("reports");
        std::fs::write(&path, "mine").unwrap();
        let text = Reports::open(TWO, Some(&path)).err().unwrap().text();
        assert!(text.contains("reports is a file") && text.contains("name a directory"), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_place_in_the_way_of_one_file_leaves_nothing_of_the_others() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("findings.csv")).unwrap();
        let text = Reports::open(TWO, Some(base.path())).err().unwrap().text();
        assert!(text.contains("findings.csv could not be written"), "{text}");
        assert_eq!(names(base.path()), ["findings.csv"]);
    }
}
