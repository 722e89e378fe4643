//! `keysweep man`: the man pages, made from the command line's own descriptions.

use anyhow::{Context as _, anyhow};

use crate::args::{ManArgs, command};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, create_directory, write_file};

/// Writes one page to standard output, or all of them to a directory.
pub fn run(args: &ManArgs) -> Outcome {
    let mut keysweep = command();
    keysweep.build();
    let pages = pages(&keysweep, "keysweep");
    if let Some(directory) = &args.directory {
        create_directory(directory)?;
        for (name, command) in &pages {
            write_file(&directory.join(format!("{name}.1")), &page(command, name)?)?;
        }
        return Ok(Exit::Clean);
    }
    let wanted = args.verb.as_ref().map_or_else(|| "keysweep".to_owned(), |verb| format!("keysweep-{verb}"));
    let (name, command) = pages.iter().find(|(name, _)| *name == wanted).ok_or_else(|| {
        let known: Vec<&str> = pages.iter().filter_map(|(name, _)| name.strip_prefix("keysweep-")).collect();
        Failure::usage(anyhow!("there is no verb {:?}", args.verb.as_deref().unwrap_or_default()))
            .hint(format!("the verbs are {}", known.join(", ")))
    })?;
    let page = page(command, name)?;
    Output::stdout().write(|to| to.write_all(&page))?;
    Ok(Exit::Clean)
}

/// The command and all below it, by the names of their pages: `keysweep`, `keysweep-scan`, `keysweep-evidence-import`.
fn pages<'a>(command: &'a clap::Command, name: &str) -> Vec<(String, &'a clap::Command)> {
    let below = command.get_subcommands().filter(|verb| verb.get_name() != "help");
    let below = below.flat_map(|verb| pages(verb, &format!("{name}-{}", verb.get_name())));
    std::iter::once((name.to_owned(), command)).chain(below).collect()
}

fn page(command: &clap::Command, title: &str) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(title)
        .render(&mut page)
        .context("the man page could not be made")
        .map_err(Failure::failed)?;
    Ok(page)
}
