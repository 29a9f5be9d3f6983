//! A file as the database keeps it until its job has read it, and that job's
//! payload.

use super::shopify_csv::MAX_FILE_BYTES;
use crate::ids::ImportId;
use diesel::{QueryableByName, sql_types::BigInt};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Result, Write};

/// What the job of an import is told.
#[derive(Serialize, Deserialize)]
pub(super) struct Payload {
    pub(super) import_id: ImportId,
}

/// The import that was made.
#[derive(QueryableByName)]
pub(super) struct NewId {
    #[diesel(sql_type = BigInt)]
    pub(super) id: ImportId,
}

/// A file to be kept.
pub(super) struct Packed {
    /// Its name, fit for a page.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
}

impl Packed {
    pub(super) fn of(name: &str, bytes: &[u8]) -> Result<Packed> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes)?;
        Ok(Packed {
            name: name.chars().filter(|c| !c.is_control()).take(200).collect(),
            bytes: encoder.finish()?,
            sha256: Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect(),
        })
    }
}

/// What was packed; it was checked for size when it came.
pub(super) fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
