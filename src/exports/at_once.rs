//! Files that are small enough to be answered while they are asked for: CSV row by
//! row while it is read, XLSX from a file that is gone once it is sent.

use super::{Content, Files, Format, Wanted, comma, list::file_name, read::Reader, write::Writing};
use crate::{
    clock::Instant,
    db::Db,
    filters::{LONGEST_SEARCH, ListError},
    ids::AccountId,
};
use anyhow::Context;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::io;

/// A file on its way.
pub struct Answer {
    /// What it is saved as.
    pub name: String,
    /// How it is written.
    pub format: Format,
    /// How long it is, where that is known.
    pub bytes: Option<u64>,
    /// All of it.
    pub pieces: BoxStream<'static, io::Result<Bytes>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// What was asked for cannot be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// Ours.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Begins to answer. What cannot be read at all is said before anything is sent.
pub async fn answer(
    db: &Db,
    files: &Files,
    account: AccountId,
    wanted: Wanted,
    now: Instant,
) -> Result<Answer, NoAnswer> {
    let (format, tree) = (wanted.format, wanted.which.tree().cloned());
    let name = file_name(wanted.which.resource(), format, now);
    let failed = |error| NoAnswer::List(ListError::of(error, tree.as_ref()));
    // one picture of the first page, and of a workbook of all pages
    let mut scope = db.snapshot(account).await.map_err(failed)?;
    let mut reader = Reader::open(&mut scope, wanted.which, wanted.columns).await.map_err(failed)?;
    let first = reader.page(&mut scope, LONGEST_SEARCH).await.map_err(failed)?;
    if format == Format::Csv {
        drop(scope);
        let text = comma::text(Some(reader.columns()), &first)?;
        let pieces = rest(db.clone(), account, reader);
        let pieces = stream::once(async move { Ok(Bytes::from(text)) }).chain(pieces).boxed();
        return Ok(Answer { name, format, bytes: None, pieces });
    }
    let passing = Files::passing(format);
    let path = files.ready().context("the folder for exports")?.join(&passing);
    let writing = Writing::begin(path, format, reader.columns().to_vec());
    let mut page = first;
    while !page.is_empty() && writing.push(page).await.is_ok() {
        page = reader.page(&mut scope, LONGEST_SEARCH).await.map_err(failed)?;
    }
    drop(scope);
    writing.finish().await?;
    let content = open(files, &passing)?;
    let bytes = Some(content.bytes);
    // open it stays readable
    files.remove(&passing);
    Ok(Answer { name, format, bytes, pieces: content.pieces().boxed() })
}

fn open(files: &Files, name: &str) -> anyhow::Result<Content> {
    files.open(name).context("opening the file")?.context("the file is gone")
}

/// Every further page, in a transaction of its own: whoever reads slowly keeps no
/// connection.
fn rest(db: Db, account: AccountId, reader: Reader) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((db, reader), move |(db, mut reader)| async move {
        let read = async {
            let mut scope = db.snapshot(account).await?;
            let rows = reader.page(&mut scope, LONGEST_SEARCH).await?;
            anyhow::Ok((!rows.is_empty()).then(|| comma::text(None, &rows)).transpose()?)
        };
        match read.await {
            Ok(Some(text)) => Ok(Some((Bytes::from(text), (db, reader)))),
            Ok(None) => Ok(None),
            Err(error) => {
                // a file that breaks off is seen to: it has no end
                tracing::error!(?error, "an export broke off");
                Err(io::Error::other(error))
            }
        }
    })
}
