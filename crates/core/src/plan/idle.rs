//! Organizational units that are to be protected and protect nothing, mostly for a name that was written wrong or changed since.

use crate::assessment::{Assessment, Scope};
use crate::exemption::lies_below;
use crate::problem::Gap;

/// Those of `units`, each by its id or by the names on the way to it, that no account lies below. None is told of an assessment
/// that does not know every account of the organization, with its units: an account that filters left out is known as well.
pub fn idle_units<'a>(assessment: &Assessment, units: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let unknown = |gap: &Gap| {
        matches!(gap, Gap::AccountsNotListed | Gap::OrganizationalUnitsNotRead | Gap::Interrupted)
    };
    let paths: Option<Vec<_>> =
        assessment.accounts.iter().map(|assessed| assessed.account.path.as_deref()).collect();
    let known = matches!(assessment.scope, Scope::Organization(_))
        && !assessment.problems().any(|problem| unknown(&problem.gap));
    let Some(paths) = paths.filter(|_| known) else { return Vec::new() };
    units.into_iter().filter(|unit| !paths.iter().any(|path| lies_below(path, unit))).collect()
}
