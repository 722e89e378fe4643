//! How fast the user lets a service be called, where that is slower than AWS lets it.

use std::str::FromStr;

use keysweep_core::call::{Call, Service};

/// Calls a second, at most, for each account and operation of a service: `iam=5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxRate {
    /// The service.
    pub service: Service,
    /// Calls a second.
    pub per_second: f64,
}

/// The slowest of the rates that concern a call; `None` where none does.
pub(crate) fn of(rates: &[MaxRate], call: Call) -> Option<f64> {
    let own = rates.iter().filter(|rate| rate.service == call.service());
    own.map(|rate| rate.per_second).reduce(f64::min)
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a service and its calls a second, from 0.1 to 1000: {names}, such as iam=5", names = names())]
pub struct NotAMaxRate(String);

fn names() -> String {
    Service::ALL.iter().map(|service| service.prefix()).collect::<Vec<_>>().join(", ")
}

impl FromStr for MaxRate {
    type Err = NotAMaxRate;

    fn from_str(text: &str) -> Result<Self, NotAMaxRate> {
        let read = || {
            let (name, rate) = text.split_once('=')?;
            let service = *Service::ALL.iter().find(|service| service.prefix() == name.trim())?;
            let per_second = rate.trim().parse().ok().filter(|rate| (0.1..=1_000.0).contains(rate))?;
            Some(Self { service, per_second })
        };
        read().ok_or_else(|| NotAMaxRate(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_the_slowest_counts() {
        let rates: Vec<MaxRate> =
            ["iam=5", " iam = 2.5", "cloudtrail=1"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(of(&rates, Call::ListAccessKeys), Some(2.5));
        assert_eq!(of(&rates, Call::LookupEvents), Some(1.0));
        assert_eq!(of(&rates, Call::AssumeRole), None);
        for text in ["", "iam", "iam=", "iam=0", "iam=-1", "iam=NaN", "ec2=5", "iam=1001"] {
            let error = text.parse::<MaxRate>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("organizations"), "{error}");
        }
    }
}
