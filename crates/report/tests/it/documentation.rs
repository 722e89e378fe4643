//! `docs/OUTPUT.md` names every format, every column of the CSV and every field of the others.

use std::collections::BTreeSet;

use keysweep_report::csv::HEADER;
use keysweep_report::{Format, render};
use serde_json::Value;

use crate::samples;
use crate::security_tools::settled;

const DOCUMENT: &str = include_str!("../../../../docs/OUTPUT.md");

/// What stands between backticks.
fn named(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
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
fn every_schema_is_in_the_table() {
    let directory = format!("{}/../../docs/schema", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let table = DOCUMENT.split("## Schemas").nth(1).unwrap().split("\n## ").next().unwrap();
    for file in files.map(|file| file.into_string().unwrap()) {
        let name = file.strip_suffix("-v1.schema.json").unwrap();
        assert!(table.contains(&format!("[`keysweep.{name}/v1`](schema/{file})")), "{name}");
    }
}

#[test]
fn every_column_is_explained_in_its_order() {
    let table = DOCUMENT.split("## CSV").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")).filter(|line| line.starts_with('`'));
    let columns: Vec<&str> =
        rows.flat_map(|row| row.split(" | ").next().unwrap().split('`').skip(1).step_by(2)).collect();
    assert_eq!(columns, HEADER);
}

fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                found.insert(name.clone());
                if name != "tags" && name != "Tags" {
                    fields(inner, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_is_explained() {
    for format in [Format::Json, Format::Ndjson, Format::Ocsf, Format::Asff] {
        let mut found = BTreeSet::new();
        for (_, assessment) in samples::all() {
            let text = render(&assessment, format, &settled()).unwrap();
            for value in serde_json::Deserializer::from_str(&text).into_iter() {
                fields(&value.unwrap(), &mut found);
            }
        }
        // OCSF and ASFF have names of their own; those of NDJSON are the JSON's.
        let heading = match format {
            Format::Ocsf => "## OCSF",
            Format::Asff => "## ASFF",
            _ => "# Output",
        };
        let section = DOCUMENT.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
        let named = named(if heading == "# Output" { DOCUMENT } else { section });
        let missing: Vec<_> = found.iter().filter(|field| !named.contains(field.as_str())).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{format}");
    }
}
