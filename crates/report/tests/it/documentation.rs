//! `docs/OUTPUT.md` names every column of the CSV and every field of the JSON.

use std::collections::BTreeSet;

use keysweep_report::csv::HEADER;
use keysweep_report::{Format, Options, render};
use serde_json::Value;

use crate::samples;

const DOCUMENT: &str = include_str!("../../../../docs/OUTPUT.md");

/// What stands between backticks.
fn named() -> BTreeSet<&'static str> {
    DOCUMENT.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_format_is_in_the_table_with_its_file() {
    let rows = DOCUMENT.lines().skip_while(|line| !line.starts_with("| `--format`")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let told: Vec<(&str, &str)> = rows
        .map(|row| {
            let mut words = row.split('`').skip(1).step_by(2);
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    let formats: Vec<_> = Format::ALL.iter().map(|format| (format.name(), format.file_name())).collect();
    assert_eq!(told, formats);
}

#[test]
fn every_column_is_explained_in_its_order() {
    let table = DOCUMENT.split("## CSV").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")).filter(|line| line.starts_with('`'));
    let columns: Vec<&str> =
        rows.flat_map(|row| row.split(" | ").next().unwrap().split('`').skip(1).step_by(2)).collect();
    assert_eq!(columns, HEADER);
}

#[test]
fn every_field_is_explained() {
    fn fields(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    found.insert(name.clone());
                    if name != "tags" {
                        fields(inner, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for (_, assessment) in samples::all() {
        let json = render(&assessment, Format::Json, &Options::default()).unwrap();
        fields(&serde_json::from_str(&json).unwrap(), &mut found);
    }
    let named = named();
    let missing: Vec<_> = found.iter().filter(|field| !named.contains(field.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
