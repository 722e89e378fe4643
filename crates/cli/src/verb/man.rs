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
    let verbs = || keysweep.get_subcommands().filter(|verb| verb.get_name() != "help");
    if let Some(directory) = &args.directory {
        create_directory(directory)?;
        write_file(&directory.join("keysweep.1"), &page(&keysweep, "keysweep")?)?;
        for verb in verbs() {
            let name = format!("keysweep-{}", verb.get_name());
            write_file(&directory.join(format!("{name}.1")), &page(verb, &name)?)?;
        }
        return Ok(Exit::Clean);
    }
    let page = match &args.verb {
        None => page(&keysweep, "keysweep")?,
        Some(name) => {
            let verb = verbs().find(|verb| verb.get_name() == name).ok_or_else(|| {
                let known: Vec<&str> = verbs().map(clap::Command::get_name).collect();
                Failure::usage(anyhow!("there is no verb {name:?}"))
                    .hint(format!("the verbs are {}", known.join(", ")))
            })?;
            page(verb, &format!("keysweep-{name}"))?
        }
    };
    Output::stdout().write(|to| to.write_all(&page))?;
    Ok(Exit::Clean)
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
