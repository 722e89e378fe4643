//! `keysweep policies`: the least-privilege policies of keysweep, or the proof that they are exactly that. Calls nothing.

use std::fmt::Write as _;

use anyhow::anyhow;
use keysweep_core::account::{AccountId, Partition};
use keysweep_core::delivery::{BucketPrefix, Destination};
use keysweep_report::policies::{self, Allowed, Names, PolicyFormat};

use crate::args::{PoliciesArgs, PolicyFileFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, create_directory, write_file};
use crate::terminal::note;

/// Writes the policies, or checks them.
pub fn run(args: &PoliciesArgs) -> Outcome {
    let names = names(args);
    if args.check {
        let allowed = policies::check(&names).map_err(|error| {
            Failure::failed(anyhow!(error)).hint("this is a defect of keysweep: please report it")
        })?;
        Output::stdout().write(|to| to.write_all(proof(&allowed).as_bytes()))?;
        return Ok(Exit::Clean);
    }
    let format = match args.format {
        PolicyFileFormat::Json => PolicyFormat::Json,
        PolicyFileFormat::Cloudformation => PolicyFormat::CloudFormation,
        PolicyFileFormat::Terraform => PolicyFormat::Terraform,
    };
    if format == PolicyFormat::Json && names.trusted_account.is_none() {
        note(
            false,
            "note: without --trusted-account there is no trust policy: it names the account that keysweep runs in",
        );
    }
    let Some(directory) = &args.output else {
        Output::stdout().write(|to| to.write_all(policies::text(&names, format).as_bytes()))?;
        return Ok(Exit::Clean);
    };
    for file in policies::files(&names, format) {
        let path = directory.join(&file.path);
        if let Some(parent) = path.parent() {
            create_directory(parent)?;
        }
        write_file(&path, file.text.as_bytes())?;
        note(false, &format!("written: {}", path.display()));
    }
    Ok(Exit::Clean)
}

fn names(args: &PoliciesArgs) -> Names {
    // What is proved is proved of every call.
    let bucket = args.to.iter().find_map(|destination| match destination {
        Destination::Bucket(place) => Some(place.clone()),
        _ => None,
    });
    let bucket = if args.check { bucket.or_else(BucketPrefix::example) } else { bucket };
    Names {
        security_hub: args.check || args.to.contains(&Destination::SecurityHub),
        bucket,
        partition: args.partition,
        role_name: args.role_name.clone(),
        role_path: args.role_path.clone(),
        trusted_account: args.trusted_account,
        external_id: args.external_id.clone(),
    }
}

/// What allows each call, a line for each.
fn proof(allowed: &[Allowed]) -> String {
    let mut text = String::new();
    for Allowed { call, by } in allowed {
        if by.is_empty() {
            let _ = writeln!(text, "{call}\n    AWS asks for no permission");
            continue;
        }
        let _ = writeln!(text, "{call}");
        for (grant, resource) in by {
            let _ = writeln!(text, "    {} on {resource}", grant.name());
        }
    }
    let _ = writeln!(
        text,
        "Every one of the {} calls that keysweep can make is allowed where it is needed, and nothing else is: in the JSON, in \
         the CloudFormation templates and in the Terraform modules.",
        allowed.len()
    );
    text
}

/// The partition with this name.
pub fn partition(text: &str) -> Result<Partition, String> {
    let known = [Partition::Aws, Partition::AwsUsGov, Partition::AwsCn];
    known
        .into_iter()
        .find(|partition| partition.id() == text)
        .ok_or_else(|| "it is not one of aws, aws-us-gov, aws-cn".to_owned())
}

/// An account id.
pub fn account(text: &str) -> Result<AccountId, String> {
    text.parse().map_err(|error: keysweep_core::account::NotAnAccountId| error.to_string())
}

/// The path of a role, of characters that mean nothing more in a policy: `*`, `?` and `$` would let more roles in.
pub fn role_path(text: &str) -> Result<String, String> {
    let path = crate::setting_values::role_path(text)?;
    let plain = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-/".contains(character);
    if path.chars().all(plain) && !path.contains("//") {
        Ok(path)
    } else {
        Err("only letters, digits and _+=,.@- between its slashes go into a policy".to_owned())
    }
}

/// The name of a role, with room for the clean-up role's.
pub fn role_name(text: &str) -> Result<String, String> {
    let name = crate::setting_values::role_name(text)?;
    let most = 64 - policies::CLEAN_UP_SUFFIX.len();
    if name.len() <= most {
        Ok(name)
    } else {
        Err(format!(
            "it has more than {most} characters; the role that cleans up has {} behind it",
            policies::CLEAN_UP_SUFFIX
        ))
    }
}
