//! Renders an [`Assessment`]: a pure function from the assessment and the options to bytes, one module for each format.
//!
//! Nothing here reads a clock, a terminal or an environment. Whether there is a terminal, how wide it is and whether it
//! shows colour are options that the caller decides. All formats take their sentences from [`words`], their ids from
//! [`identity`] and their sums from [`keysweep_core::totals`], so that they cannot disagree.

pub mod anonymize;
pub mod asff;
pub mod causes;
pub mod compared;
mod compliance;
pub mod csv;
pub mod diagnosis;
pub mod diff;
pub mod exemptions;
pub mod explanation;
pub mod history;
pub mod html;
pub mod identity;
pub mod journal;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod mask;

pub mod ndjson;
pub mod ocsf;
pub mod pdf;
pub mod policies;
pub mod resolved;
pub mod rules;
pub mod summary;
pub mod terminal;
pub mod timeline;
pub mod trend;
pub mod visible;
pub mod words;

use std::fmt;
use std::io;
use std::str::FromStr;

use keysweep_core::assessment::Assessment;

pub use compared::Compared;
pub use resolved::Resolved;
pub use terminal::Style;

macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident: $name:literal, $file_name:literal, $media_type:literal;)*) => {
        /// A format of output.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Format { $($(#[$doc])* $format,)* }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$format,)*];

            /// The name of every format, in the order of [`Format::ALL`].
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Its name in `--format`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$format => $name,)* }
            }

            /// The name of its file in a directory of reports.
            pub const fn file_name(self) -> &'static str {
                match self { $(Self::$format => $file_name,)* }
            }

            /// Its media type, as in `Content-Type`.
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$format => $media_type,)* }
            }
        }
    };
}

formats! {
    /// A summary to read in a terminal.
    Terminal: "terminal", "summary.txt", "text/plain; charset=utf-8";
    /// The whole assessment as one JSON document, schema `keysweep.assessment/v1`.
    Json: "json", "assessment.json", "application/json";
    /// A page to read and to share, in one file.
    Html: "html", "report.html", "text/html; charset=utf-8";
    /// A summary to print and to hand on, with the list of keys.
    Pdf: "pdf", "report.pdf", "application/pdf";
    /// One JSON object a line: the assessment, each account, finding and problem; schema `keysweep.ndjson/v1`.
    Ndjson: "ndjson", "assessment.ndjson", "application/x-ndjson";
    /// One row for each account, finding and problem, RFC 4180.
    Csv: "csv", "findings.csv", "text/csv; charset=utf-8; header=present";
    /// Events of the OCSF 1.8.0 class Compliance Finding.
    Ocsf: "ocsf", "findings.ocsf.json", "application/json";
    /// Requests of Security Hub's `BatchImportFindings`, one a line.
    Asff: "asff", "findings.asff.ndjson", "application/x-ndjson";
    /// Markdown for an issue or a pull request, as long as GitHub takes.
    Markdown: "markdown", "report.md", "text/markdown; charset=utf-8";
    /// Markdown for the summary of a step of GitHub Actions, as long as that may be.
    GithubSummary: "github-summary", "step-summary.md", "text/markdown; charset=utf-8";
    /// `JUnit` XML: one test case for each key and for each problem.
    Junit: "junit", "junit.xml", "application/xml";
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is not the name of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a format: {}", Format::NAMES.join(", "))]
pub struct NotAFormat {
    text: String,
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        let format = Self::ALL.iter().copied().find(|format| format.name() == text);
        format.ok_or_else(|| NotAFormat { text: text.to_owned() })
    }
}

/// What the caller decides about an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether access key ids are masked everywhere, also inside the messages of AWS.
    pub mask: bool,
    /// How the terminal summary looks. The other formats do not depend on it.
    pub style: Style,
    /// Findings of an earlier scan that are settled. The formats that other systems keep (`ndjson`, `ocsf`, `asff`) tell of
    /// them.
    pub resolved: Vec<Resolved>,
    /// The earlier scan that this one is compared with. The formats that people read (`terminal`, `html`, `pdf`, `markdown`,
    /// `github-summary`) tell what changed.
    pub compared: Option<Compared>,
    /// What earlier scans of the same came to, the earliest first. `html` and `pdf` show the trend.
    pub trend: Vec<trend::Point>,
    /// The region that the findings of `asff` are for; the partition's lead region where `None`.
    pub region: Option<String>,
}

/// Why an output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the {format} output could not be written: check that there is room and that it may be written to")]
pub struct Error {
    format: Format,
    source: io::Error,
}

impl Error {
    /// What kind of failure it was, such as [`io::ErrorKind::BrokenPipe`], which is the reader's choice and no fault.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// Writes an assessment. Nothing but one account's findings and small buffers is held in memory on the way.
pub fn write(
    assessment: &Assessment,
    format: Format,
    options: &Options,
    out: impl io::Write,
) -> Result<(), Error> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    let written = match format {
        Format::Terminal => io::Write::write_all(&mut out, terminal::summary(assessment, options).as_bytes()),
        Format::Json => json::write(assessment, options.mask, &mut out),
        Format::Html => html::write(assessment, options, &mut out),
        Format::Pdf => pdf::write(assessment, options, &mut out),
        Format::Ndjson => ndjson::write(assessment, options, &mut out),
        Format::Ocsf => ocsf::write(assessment, options, &mut out),
        Format::Asff => asff::write(assessment, options, &mut out),
        Format::Markdown => markdown::write(assessment, options, markdown::COMMENT, &mut out),
        Format::GithubSummary => markdown::write(assessment, options, markdown::STEP_SUMMARY, &mut out),
        Format::Junit => junit::write(assessment, options.mask, &mut out),
        Format::Csv => csv::write(assessment, options.mask, &mut out),
    };
    written.and_then(|()| io::Write::flush(&mut out)).map_err(|source| Error { format, source })
}

/// An assessment as text: for the PDF, what its pages say.
pub fn render(assessment: &Assessment, format: Format, options: &Options) -> Result<String, Error> {
    if format == Format::Pdf {
        let pages = pdf::text(assessment, options).map_err(|source| Error { format, source })?;
        return Ok(pages.join("\n"));
    }
    let mut bytes = Vec::new();
    write(assessment, format, options, &mut bytes)?;
    String::from_utf8(bytes)
        .map_err(|error| Error { format, source: io::Error::new(io::ErrorKind::InvalidData, error) })
}
