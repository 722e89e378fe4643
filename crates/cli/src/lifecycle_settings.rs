//! Whether unused keys are deactivated, from the section `[lifecycle]` of the configuration file. As what a clean-up may do, it has
//! neither flags nor variables.

use keysweep_core::policy::UnusedLimit;

use crate::setting_table::{Setting, Shape};
use crate::setting_values::parse;

/// The section of the file.
pub const SECTION: &str = "lifecycle";

/// Every setting of the section, in the order of documents.
pub static TABLE: &[Setting] = &[Setting {
    name: "lifecycle.deactivate_unused",
    short: None,
    shape: Shape::Text,
    value_name: "",
    default: "",
    heading: "Lifecycle: the section `[lifecycle]`",
    help: "Also plan to deactivate keys that are Active and have not been used for longer than this, at least 30d; without it no key is deactivated",
    example: r#""90d""#,
    apply: |settings, text| {
        parse::<UnusedLimit>(text).map(|limit| settings.clean_up.limits.deactivate_unused = Some(limit))
    },
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_limit_that_a_monthly_job_would_not_survive_is_refused() {
        let [setting] = TABLE else { panic!("there are more") };
        let mut settings = Settings::default();
        for text in ["29d", "0s", "soon", ""] {
            assert!((setting.apply)(&mut settings, text).is_err(), "{text}");
        }
        assert_eq!(settings.clean_up.limits.deactivate_unused, None);
        (setting.apply)(&mut settings, "90d").unwrap();
        let days = settings.clean_up.limits.deactivate_unused.unwrap().length().as_hours() / 24;
        assert_eq!(days, 90);
    }
}
