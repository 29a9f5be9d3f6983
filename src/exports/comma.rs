//! CSV as RFC 4180 has it: commas, CRLF, quotes where they are needed.

use super::{cell::Row, columns::Column};
use anyhow::{Context, Result};
use std::{
    fs,
    io::{BufWriter, Write},
    path::Path,
};

fn writer<W: Write>(to: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to)
}

fn put<W: Write>(writer: &mut csv::Writer<W>, rows: &[Row]) -> csv::Result<()> {
    for row in rows {
        for cell in row {
            writer.write_field(cell.plain().as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

fn head<W: Write>(writer: &mut csv::Writer<W>, columns: &[&'static Column]) -> csv::Result<()> {
    writer.write_record(columns.iter().map(|column| column.head()))
}

/// Rows as text, and the head before them where they are the first.
pub(super) fn text(columns: Option<&[&'static Column]>, rows: &[Row]) -> Result<Vec<u8>> {
    let mut writer = writer(Vec::new());
    if let Some(columns) = columns {
        head(&mut writer, columns)?;
    }
    put(&mut writer, rows)?;
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}

/// A file that grows by rows.
pub(super) struct File(csv::Writer<BufWriter<fs::File>>);

impl File {
    /// With its head.
    pub fn create(path: &Path, columns: &[&'static Column]) -> Result<File> {
        let file = fs::File::create(path).context("creating the file")?;
        let mut file = writer(BufWriter::new(file));
        head(&mut file, columns)?;
        Ok(File(file))
    }

    /// More rows.
    pub fn write(&mut self, rows: &[Row]) -> Result<()> {
        Ok(put(&mut self.0, rows)?)
    }

    /// Its end.
    pub fn finish(self) -> Result<()> {
        let mut inner = self.0.into_inner().map_err(|error| error.into_error())?;
        Ok(inner.flush()?)
    }
}
