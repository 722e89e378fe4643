//! The documents that a store keeps: frozen, versioned JSON, compressed. Each version has its own module, which is never
//! changed once released; the domain may change, and is converted to the newest version and from every one.
//!
//! A document is a first byte, the version, and the DEFLATE of its JSON. One account's findings repeat the same words
//! for every key, so that this makes them about eight times smaller.

pub(crate) mod v1;

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It has no bytes at all.
    #[error("it is empty")]
    Empty,
    /// A version that this program does not know.
    #[error("it has version {0}, which this keysweep does not know")]
    UnknownVersion(u8),
    /// It is damaged.
    #[error("it cannot be decompressed: {0}")]
    Compression(std::io::Error),
    /// It is not the JSON that it should be.
    #[error("it is not what its version says: {0}")]
    Json(serde_json::Error),
    /// A value that the domain does not allow.
    #[error("it holds {0}")]
    Value(String),
}

impl DocumentError {
    pub(crate) fn value(error: impl std::fmt::Display) -> Self {
        Self::Value(error.to_string())
    }
}

const VERSION_1: u8 = 1;
/// Larger than the result of any account: IAM has at most 5,000 users in one. A damaged or foreign document cannot ask for
/// more memory than this.
const LONGEST: u64 = 1 << 30;

/// The bytes of a document of version 1.
pub(crate) fn write<T: Serialize>(document: &T) -> Result<Vec<u8>, DocumentError> {
    // Compressed as a whole: serde_json writes a few bytes at a time.
    let json = serde_json::to_vec(document).map_err(DocumentError::Json)?;
    let mut bytes = vec![VERSION_1];
    let mut compressed = DeflateEncoder::new(&mut bytes, Compression::fast());
    compressed.write_all(&json).map_err(DocumentError::Compression)?;
    compressed.finish().map_err(DocumentError::Compression)?;
    Ok(bytes)
}

/// The document in these bytes.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(&json(bytes)?).map_err(DocumentError::Json)
}

/// The JSON in these bytes.
pub(crate) fn json(bytes: &[u8]) -> Result<Vec<u8>, DocumentError> {
    match bytes.split_first() {
        Some((&VERSION_1, compressed)) => {
            let mut json = Vec::with_capacity(8 * compressed.len());
            let mut reader = DeflateDecoder::new(compressed).take(LONGEST);
            reader.read_to_end(&mut json).map_err(DocumentError::Compression)?;
            Ok(json)
        }
        Some((&version, _)) => Err(DocumentError::UnknownVersion(version)),
        None => Err(DocumentError::Empty),
    }
}
