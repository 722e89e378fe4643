//! The key under which reports are made anonymous: a random one for each run, or the one in the file that
//! `--anonymize-key-file` names.

use std::path::Path;

use anyhow::anyhow;
use keysweep_report::anonymize::Anonymizer;

use crate::failure::Failure;

/// Who guesses the key can find out whom a report is about. This many bytes cannot be guessed if they are random.
const SHORTEST: usize = 16;

/// `None` where nothing is asked for.
pub(crate) fn anonymizer(asked: bool, key_file: Option<&Path>) -> Result<Option<Anonymizer>, Failure> {
    let Some(file) = key_file else {
        return if asked { random().map(Some) } else { Ok(None) };
    };
    let hint = "`openssl rand -hex 32` makes one; who has it can find out whom the reports are about";
    let key = std::fs::read(file).map_err(|error| {
        let error = anyhow::Error::from(error).context("the key of --anonymize-key-file could not be read");
        Failure::usage(error).of(file).hint(hint)
    })?;
    // An editor's newline at the end is no part of the key.
    let key = key.trim_ascii_end();
    if key.len() < SHORTEST {
        let error = anyhow!("the key of --anonymize-key-file has less than {SHORTEST} bytes");
        return Err(Failure::usage(error).of(file).hint(hint));
    }
    Ok(Some(Anonymizer::new(key)))
}

fn random() -> Result<Anonymizer, Failure> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| {
        Failure::failed(anyhow!("the system gave no random key for --anonymize: {error}"))
    })?;
    Ok(Anonymizer::new(&key))
}
