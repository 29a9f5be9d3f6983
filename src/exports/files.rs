//! Where files lie: in `exports` of the installation's folder, under names of ours.

use super::Format;
use crate::{
    ids::{AccountId, ExportId},
    secrets::random_hex,
};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// What is read of a file at a time.
const PIECE: usize = 64 * 1024;

/// The folder.
#[derive(Debug, Clone)]
pub struct Files(PathBuf);

/// A file that is read.
#[derive(Debug)]
pub struct Content {
    /// How long it is.
    pub bytes: u64,
    file: File,
}

impl Content {
    /// Piece by piece, on threads that may wait for disks.
    pub fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        stream::try_unfold(Some(self.file), |file| async move {
            let Some(mut file) = file else { return Ok(None) };
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; PIECE];
                let n = file.read(&mut piece)?;
                piece.truncate(n);
                Ok::<_, io::Error>((piece, file))
            });
            let (piece, file) = read.await.map_err(io::Error::other)??;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), Some(file))))
        })
    }
}

impl Files {
    /// In an installation's folder.
    pub fn of(folder: &Path) -> Files {
        Files(folder.join("exports"))
    }

    /// The folder, made where it is missing; nobody else may look into it.
    pub(super) fn ready(&self) -> io::Result<&Path> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        Ok(&self.0)
    }

    /// A new name for the file of an export, and one for it while it is not whole.
    pub(super) fn names(account: AccountId, id: ExportId, format: Format) -> (String, String) {
        let name = format!("{account}-{id}-{}.{format}", random_hex::<8>());
        (format!("{name}.part"), name)
    }

    /// A name for what is read once and never found again.
    pub(super) fn passing(format: Format) -> String {
        format!("once-{}.{format}.part", random_hex::<8>())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Opens a file by its name; `None`: it is not here.
    pub fn open(&self, name: &str) -> io::Result<Option<Content>> {
        // only names of ours are ever kept, and they hold no folder
        if name.contains(['/', '\\']) {
            return Ok(None);
        }
        match File::open(self.path(name)) {
            Ok(file) => Ok(Some(Content { bytes: file.metadata()?.len(), file })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a file away; it may be gone already.
    pub fn remove(&self, name: &str) {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(?error, name, "an export's file could not be removed");
            }
            _ => {}
        }
    }

    /// The names of everything there that was not written to for so long.
    pub(super) fn older_than(&self, age: std::time::Duration) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let old = entry.metadata()?.modified()?.elapsed().is_ok_and(|past| past > age);
            if old && let Ok(name) = entry.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }
}
