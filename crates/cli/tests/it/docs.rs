//! The documents are true: what is generated from the tables is compared, and every command that stands in them is one
//! that the program takes. `UPDATE_DOCS=1 cargo test -p keysweep` writes what is generated.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use keysweep_cli::clean_up_settings;
use keysweep_cli::exit::{Ends, Exit, VERBS};
use keysweep_cli::lifecycle_settings;
use keysweep_cli::setting_table::{Shape, TABLE};
use keysweep_core::account::Partition;
use keysweep_core::call::{Access, Resource};
use keysweep_core::delivery::BucketPrefix;
use keysweep_core::permissions::Grant;
use keysweep_report::policies::{self, Names};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a generated document with the one in the repository, or writes it.
fn is_generated(name: &str, text: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{name} is out of date: run UPDATE_DOCS=1 cargo test -p keysweep --test it docs");
}

#[test]
fn the_reference_of_settings_is_the_table() {
    let mut text = String::from(
        "# Settings\n\n\
         <!-- Generated from crates/cli/src/settings.rs: UPDATE_DOCS=1 cargo test -p keysweep --test it docs -->\n\n\
         Every setting has one name: the flag `--threshold`, the key `threshold` in `keysweep.toml` and the variable\n\
         `KEYSWEEP_THRESHOLD` are the same thing. A flag wins over the environment, the environment over the file, the file\n\
         over the default. A list replaces the list of a lesser source; it is not added to it.\n\n\
         - The file is `keysweep.toml` in the working directory, or the one that `--config` or `KEYSWEEP_CONFIG` names. A key\n\
         \x20 that is no setting, or a value that is none, is an error that names the line.\n\
         - A variable that is empty says nothing. Lists have commas in a variable: `KEYSWEEP_INCLUDE=ou:Workloads,tag:env=prod`.\n\
         \x20 A `KEYSWEEP_*` variable that is no setting is warned of on standard error.\n\
         - A switch is turned off by a flag too: `--org=false`.\n\
         - Lengths of time are written as `45d`, `6weeks`, `12h` or `1h 30m`.\n\
         - `include` and `exclude` count only with `org`.\n",
    );
    let mut heading = "";
    for setting in TABLE.iter().chain(clean_up_settings::TABLE).chain(lifecycle_settings::TABLE) {
        if setting.heading != heading {
            heading = setting.heading;
            let _ = write!(text, "\n## {heading}\n");
            if heading.contains("[clean_up]") {
                text.push_str(
                    "\nWhat a clean-up may do. These stand in the file only, in the section `[clean_up]`: they have neither flags nor\n\
                     variables, so that what may be deleted is decided where it can be reviewed. [SAFETY.md](SAFETY.md) says what the\n\
                     rules and grace are for.\n",
                );
            }
        }
        if setting.name.starts_with("lifecycle.") {
            text.push_str(
                "\nWhether unused keys are deactivated. It stands in the file only, as what a clean-up may do;\n\
                 [SAFETY.md](SAFETY.md#deactivating-unused-keys) says what is promised of it.\n",
            );
        }
        let kind = match setting.shape {
            Shape::Switch => "`true` or `false`".to_owned(),
            Shape::Number => "a whole number".to_owned(),
            Shape::Text => "a text".to_owned(),
            Shape::Choice(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Shape::Choices(words) => format!(
                "one or more of {}, with commas between them",
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            ),
            Shape::List => "a list of texts".to_owned(),
        };
        let default = match setting.default {
            "" => String::new(),
            default => format!("; default `{default}`"),
        };
        let (names, section) = match setting.name.split_once('.') {
            Some((section, key)) => (format!("`{key}`: "), format!("[{section}]\n")),
            None => (format!("`--{}`, `{}`: ", setting.name, setting.variable()), String::new()),
        };
        let _ = write!(
            text,
            "\n### {}\n\n{}.\n\n{names}{kind}{default}.\n\n```toml\n{section}{} = {}\n```\n",
            setting.key(),
            setting.help,
            setting.key(),
            setting.example
        );
    }
    is_generated("docs/CONFIG.md", &text);
}

#[test]
fn the_exit_codes_are_the_enum() {
    let mut text = String::from(
        "# Exit codes\n\n\
         <!-- Generated from crates/cli/src/exit.rs: UPDATE_DOCS=1 cargo test -p keysweep --test it docs -->\n\n\
         These numbers never change their meaning. Incomplete is never clean: where anything could not be assessed, the code\n\
         is 4, whatever was found.\n\n\
         | code | name | meaning |\n| ---: | --- | --- |\n",
    );
    for exit in Exit::ALL {
        let _ = writeln!(text, "| {} | {} | {} |", exit.code(), exit.name(), exit.meaning());
    }
    text.push_str(
        "\n## By verb\n\n\
         A wrong command line ends every verb with 2. A second Ctrl-C does not wait for the report.\n\n\
         | verb | ends with | 0 means |\n| --- | --- | --- |\n",
    );
    for Ends { verb, clean, exits } in VERBS {
        let codes: Vec<String> = exits.iter().map(|exit| exit.code().to_string()).collect();
        let _ = writeln!(text, "| `{verb}` | {} | {clean} |", codes.join(", "));
    }
    text.push_str(
        "\n## In a pipeline\n\n\
         In a pipeline that must fail on long-term inactive keys and on gaps alike:\n\n\
         ```sh\nkeysweep scan --org --format json --output assessment.json\n```\n\n\
         In one that must fail on gaps only:\n\n\
         ```sh\nkeysweep scan --org --format json --output assessment.json || test $? -eq 3\n```\n",
    );
    is_generated("docs/EXIT-CODES.md", &text);
}

#[test]
fn the_permissions_are_the_call_table() {
    let names = Names {
        partition: Partition::Aws,
        role_name: "keysweep".to_owned(),
        role_path: "/".to_owned(),
        trusted_account: "111122223333".parse().ok(),
        external_id: Some("keysweep-7f3a".to_owned()),
        security_hub: true,
        bucket: BucketPrefix::example(),
    };
    let mut text = String::from(
        "# Permissions\n\n\
         <!-- Generated from crates/core/src/call.rs: UPDATE_DOCS=1 cargo test -p keysweep --test it docs -->\n\n\
         What keysweep needs in AWS, made from the one table of the calls that it can make. `keysweep policies` writes all of\n\
         it for your names; `keysweep policies --check` reads what was written back and shows that each call is allowed where\n\
         it is made and that nothing else is allowed.\n\n\
         ```sh\n\
         keysweep policies --trusted-account 111122223333 --external-id keysweep-7f3a\n\
         keysweep policies --format cloudformation --output policies --trusted-account 111122223333\n\
         keysweep policies --format terraform --output policies --role-name keysweep --role-path /security/\n\
         keysweep policies --partition aws-us-gov\n\
         keysweep policies --to security-hub --to s3://amzn-s3-demo-bucket/keysweep\n\
         keysweep policies --check\n\
         ```\n\n\
         ## An organization, step by step\n\n\
         1. Choose the account that keysweep runs in: a delegated administrator account (or the management account).\n\
         2. `keysweep policies --format cloudformation --output policies --trusted-account` that account, with an `--external-id`\n\
         \x20  of your own.\n\
         3. Make a StackSet of `keysweep-account.yaml` over the organization. A service-managed StackSet never reaches the\n\
         \x20  management account: create the same stack there by itself. Or apply the Terraform module `account` in each account.\n\
         4. Make a stack of `keysweep-caller.yaml` (or apply the module `caller`) in the account of step 1, and attach its policies\n\
         \x20  to the role or user that runs keysweep.\n\
         5. `keysweep scan --org --role-name keysweep --external-id` the id of step 2.\n\n\
         The role that cleans up is another one, with `-clean-up` behind its name, and is made only on request (the parameter\n\
         `CleanUp`, the variable `clean_up`): who scans can never delete.\n\
         Whoever approves a plan for an organization is asked for no more than `organizations:DescribeOrganization`, which both policies of\n\
         the caller have.\n\n\
         `delivery` and `delivery-to-bucket` are only written where `--to` names what reports are delivered to\n\
         ([DELIVERY.md](DELIVERY.md)). A bucket that encrypts with a key of KMS asks for `kms:GenerateDataKey` on that key, too.\n\n\
         Service control policies win over all of this. Those that deny regions must let `cloudtrail:LookupEvents` pass in\n\
         us-east-1 (us-gov-west-1 in GovCloud, cn-north-1 in China), where IAM's events are; IAM, Organizations and STS must be\n\
         reachable as well. They do not bind the management account.\n\n\
         ## Calls\n\n\
         | call | permission on | allowed by | changes |\n| --- | --- | --- | --- |\n",
    );
    for allowed in policies::check(&names).unwrap() {
        let call = allowed.call;
        let on = match (call.permission(), call.resource()) {
            (None, _) => "none is needed",
            (_, Resource::Any) => "`*`: AWS knows no narrower one, or all are needed",
            (_, Resource::Users) => "the account's users",
            (_, Resource::MemberRole) => "the role in other accounts",
            (_, Resource::OwnProduct) => "the account's own product in Security Hub",
            (_, Resource::Reports) => "the objects below the prefix of `--to s3://…`",
        };
        let by: Vec<&str> = allowed.by.iter().map(|(grant, _)| grant.name()).collect();
        let changes = if call.access() == Access::Write { "yes" } else { "nothing" };
        let _ = writeln!(text, "| `{call}` | {on} | {} | {changes} |", by.join(", "));
    }
    text.push_str("\n## Policies\n");
    for grant in Grant::ALL {
        let document = policies::document(&names, *grant);
        let _ = write!(text, "\n### {}\n\n{}\n\n```json\n{document}```\n", grant.name(), grant.purpose());
    }
    let trust = policies::trust(&names).unwrap();
    let _ = write!(
        text,
        "\n### trust\n\nThe trust policy of the roles in each account: who may assume them. The external id keeps another party\n\
         whom that account also serves from using the role.\n\n```json\n{trust}```\n"
    );
    is_generated("docs/PERMISSIONS.md", &text);
}

#[test]
fn every_rule_has_its_page() {
    for rule in keysweep_core::rule::RULES {
        is_generated(&rule.page(), &keysweep_report::rules::markdown::page(rule));
    }
    is_generated("docs/rules/README.md", &keysweep_report::rules::markdown::index());
}

/// The lines of fenced blocks that run keysweep, without prompt, variables, comment and what follows the command.
fn commands(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut commands = Vec::new();
    for line in text.replace("\\\n", " ").lines() {
        let line = line.trim();
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let line = line.trim_start_matches("$ ").replace("cargo run --release --locked -- ", "keysweep ");
        let is_variable = |word: &&str| word.contains('=') && !word.starts_with('-');
        let goes_on = |word: &&str| !matches!(*word, "|" | "||" | "&&" | ">" | "#" | "&" | ";");
        let command: Vec<&str> =
            line.split_whitespace().skip_while(is_variable).take_while(goes_on).collect();
        if fenced && command.first() == Some(&"keysweep") {
            commands.push(command.join(" "));
        }
    }
    commands
}

#[test]
fn every_command_in_the_documents_is_one_that_the_program_takes() {
    let mut seen = 0;
    let documents = [
        "README.md",
        "docs/CLI.md",
        "docs/CONFIG.md",
        "docs/DOCTOR.md",
        "docs/EVIDENCE.md",
        "docs/LOGGING.md",
        "docs/STATE.md",
        "docs/EXIT-CODES.md",
        "docs/PERMISSIONS.md",
        "docs/SAFETY.md",
    ]
    .map(str::to_owned);
    let pages = keysweep_core::rule::RULES.iter().map(|rule| rule.page());
    for name in documents.into_iter().chain(pages) {
        let text = std::fs::read_to_string(root().join(&name)).unwrap();
        for command in commands(&text) {
            let words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
            let parsed = keysweep_cli::args::command().try_get_matches_from(words);
            if let Err(error) = parsed {
                let answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                assert!(answer, "{name}: {command}: {error}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} commands were found in the documents");
}

#[test]
fn commands_are_found_in_documents() {
    let text = "keysweep no\n```sh\n$ keysweep scan --org | jq .   \nKEYSWEEP_ORG=true keysweep scan  # why\nls\nkeysweep scan \\\n  --mask\n```\nkeysweep no\n";
    assert_eq!(commands(text), ["keysweep scan --org", "keysweep scan", "keysweep scan --mask"]);
    let text = "```\ncargo run --release --locked -- demo\n```";
    assert_eq!(commands(text), ["keysweep demo"]);
}
