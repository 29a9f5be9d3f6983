//! Writing a file on a thread of its own, while the next rows are read.

use super::{
    Format,
    cell::Row,
    columns::Column,
    comma,
    workbook::{self, Workbook},
};
use anyhow::{Context, Result, anyhow};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// So many pages wait for the writer; then reading waits for it.
const WAITING: usize = 2;

enum Part {
    Rows(Vec<Row>),
    End,
}

/// A file that is being written. Dropped before [`Writing::finish`], the file is gone.
#[derive(Debug)]
pub struct Writing {
    parts: mpsc::Sender<Part>,
    thread: JoinHandle<Result<u64>>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Rows(_) => "Rows",
            Part::End => "End",
        })
    }
}

impl Writing {
    /// Begins a file at a path whose folder is there.
    pub fn begin(path: PathBuf, format: Format, columns: Vec<&'static Column>) -> Writing {
        Writing::in_sheets_of(workbook::MOST_ROWS, path, format, columns)
    }

    /// As [`Writing::begin`], with so many rows on each sheet of a workbook.
    pub fn in_sheets_of(most: u32, path: PathBuf, format: Format, columns: Vec<&'static Column>) -> Writing {
        let (parts, mut given) = mpsc::channel(WAITING);
        let thread = tokio::task::spawn_blocking(move || {
            let written = write(&path, most, format, &columns, &mut given);
            if written.is_err() {
                // what is not whole is no file
                let _ = fs::remove_file(&path);
            }
            written
        });
        Writing { parts, thread }
    }

    /// Gives it more rows. An error says only that it stopped: [`Writing::finish`]
    /// says why.
    pub async fn push(&self, rows: Vec<Row>) -> Result<()> {
        self.parts.send(Part::Rows(rows)).await.map_err(|_| anyhow!("the writer stopped"))
    }

    /// Ends without a file; the thread ends when it is gone.
    pub fn give_up(self) -> JoinHandle<Result<u64>> {
        self.thread
    }

    /// Ends the file; answers how many bytes it has.
    pub async fn finish(self) -> Result<u64> {
        // where the writer has stopped, it says itself why
        let _ = self.parts.send(Part::End).await;
        drop(self.parts);
        self.thread.await.context("the writer")?
    }
}

fn write(
    path: &Path,
    most: u32,
    format: Format,
    columns: &[&'static Column],
    given: &mut mpsc::Receiver<Part>,
) -> Result<u64> {
    let mut sheet = match format {
        Format::Csv => Either::Csv(Box::new(comma::File::create(path, columns)?)),
        Format::Xlsx => Either::Xlsx(Box::new(Workbook::create(path, columns, most)?)),
    };
    loop {
        match given.blocking_recv() {
            Some(Part::Rows(rows)) => match &mut sheet {
                Either::Csv(file) => file.write(&rows)?,
                Either::Xlsx(workbook) => workbook.write(&rows)?,
            },
            Some(Part::End) => break,
            None => return Err(anyhow!("it was given up")),
        }
    }
    match sheet {
        Either::Csv(file) => file.finish()?,
        Either::Xlsx(workbook) => workbook.finish()?,
    }
    let file = fs::File::open(path).context("opening what was written")?;
    file.sync_all().context("keeping what was written")?;
    Ok(file.metadata()?.len())
}

enum Either {
    Csv(Box<comma::File>),
    Xlsx(Box<Workbook>),
}
