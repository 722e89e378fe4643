//! `keysweep rules`.

use crate::program::keysweep;

#[test]
fn rules_are_listed_and_shown() {
    for (name, arguments) in [
        ("rules", &["rules"][..]),
        ("rules_ks001", &["rules", "KS001"]),
        ("rules_ks007_json", &["rules", "ks007", "--format", "json"]),
    ] {
        let run = keysweep().args(arguments).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        insta::assert_snapshot!(name, run.stdout);
    }
}

#[test]
fn every_rule_is_in_the_json_by_its_id() {
    let run = keysweep().args(["rules", "--format", "json"]).run();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "keysweep.rules/v1");
    let ids: Vec<&str> =
        document["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let expected: Vec<&str> = keysweep_core::rule::RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids, expected);
}
