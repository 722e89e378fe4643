//! The controls of well-known frameworks that rules bear on, with the numbers that each edition gives them. Controls of
//! unused credentials are met once a credential is *disabled*: none of them asks to delete a key that is inactive already,
//! and it would be wrong to tell an auditor otherwise. [`Fit`] keeps the two apart.

use std::fmt;

/// Who wrote a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// CIS Amazon Web Services Foundations Benchmark.
    CisAws,
    /// AWS Security Hub's own controls.
    SecurityHub,
    /// NIST Special Publication 800-53.
    Nist80053,
    /// Payment Card Industry Data Security Standard.
    PciDss,
    /// ISO/IEC 27001, Annex A.
    Iso27001,
    /// AICPA Trust Services Criteria, as used for SOC 2.
    Soc2,
}

impl Framework {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::CisAws, Self::SecurityHub, Self::Nist80053, Self::PciDss, Self::Iso27001, Self::Soc2];

    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CisAws => "CIS AWS Foundations Benchmark",
            Self::SecurityHub => "AWS Security Hub",
            Self::Nist80053 => "NIST SP 800-53",
            Self::PciDss => "PCI DSS",
            Self::Iso27001 => "ISO/IEC 27001",
            Self::Soc2 => "SOC 2",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How close a control comes to what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// The control asks for what mends the finding.
    Asks,
    /// The control is about the same risk and is met without mending the finding.
    Near,
}

impl Fit {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Near => "near",
        }
    }
}

/// A control's number in one edition of its framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The edition: `5.0.0`, `Rev. 5`, `2022`; empty where the framework has none.
    pub version: &'static str,
    /// The number: `1.11`, `AC-2(3)`.
    pub number: &'static str,
}

/// A control, by all the numbers that its editions gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Who wrote it.
    pub framework: Framework,
    /// Its numbers, the earliest edition first.
    pub references: &'static [Reference],
    /// What it asks for, in our words.
    pub asks: &'static str,
    /// How close that comes.
    pub fit: Fit,
}

impl Control {
    /// `CIS AWS Foundations Benchmark 5.0.0`, one for each edition.
    pub fn editions(&self) -> impl Iterator<Item = String> {
        let framework = self.framework;
        self.references.iter().map(move |reference| match reference.version {
            "" => framework.to_string(),
            version => format!("{framework} {version}"),
        })
    }

    /// `CIS AWS Foundations Benchmark 5.0.0 1.11`, one for each edition.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let framework = self.framework;
        self.references.iter().map(move |reference| match reference.version {
            "" => format!("{framework} {}", reference.number),
            version => format!("{framework} {version} {}", reference.number),
        })
    }
}

const fn at(version: &'static str, number: &'static str) -> Reference {
    Reference { version, number }
}

pub(super) const CIS_UNUSED: Control = Control {
    framework: Framework::CisAws,
    references: &[
        at("3.0.0", "1.12"),
        at("4.0.1", "1.12"),
        at("5.0.0", "1.11"),
        at("6.0.0", "2.11"),
        at("7.0.0", "2.11"),
    ],
    asks: "credentials unused for 45 days are deactivated or removed; an inactive key is deactivated",
    fit: Fit::Near,
};

pub(super) const CIS_ROOT: Control = Control {
    framework: Framework::CisAws,
    references: &[at("3.0.0", "1.4"), at("4.0.1", "1.4"), at("7.0.0", "2.4")],
    asks: "the root user has no access key: keys are to be deleted, and an inactive one still counts in its audit",
    fit: Fit::Asks,
};

pub(super) const HUB_UNUSED: Control = Control {
    framework: Framework::SecurityHub,
    references: &[at("", "IAM.8"), at("", "IAM.22")],
    asks: "passwords and active access keys are used within 90 (IAM.8) or 45 days (IAM.22); inactive keys are not looked at",
    fit: Fit::Near,
};

pub(super) const HUB_ROTATION: Control = Control {
    framework: Framework::SecurityHub,
    references: &[at("", "IAM.3")],
    asks: "active access keys are rotated within 90 days; the key that a rotation leaves behind is not looked at",
    fit: Fit::Near,
};

pub(super) const NIST_DISABLE: Control = Control {
    framework: Framework::Nist80053,
    references: &[at("Rev. 5", "AC-2(3)")],
    asks: "accounts that are unused for a time the organization sets are disabled",
    fit: Fit::Near,
};

pub(super) const NIST_LEAST: Control = Control {
    framework: Framework::Nist80053,
    references: &[at("Rev. 5", "AC-6")],
    asks: "no more access is granted than tasks need",
    fit: Fit::Near,
};

pub(super) const PCI_INACTIVE: Control = Control {
    framework: Framework::PciDss,
    references: &[at("4.0", "8.2.6")],
    asks: "accounts without use for 90 days are removed or disabled",
    fit: Fit::Near,
};

pub(super) const ISO_ACCESS: Control = Control {
    framework: Framework::Iso27001,
    references: &[at("2022", "A.5.15")],
    asks: "access is controlled by rules that follow from business and security requirements",
    fit: Fit::Near,
};

pub(super) const SOC2_REMOVE: Control = Control {
    framework: Framework::Soc2,
    references: &[at("2017", "CC6.3")],
    asks: "access is authorized, changed and removed by role and least privilege",
    fit: Fit::Near,
};
