//! The journal: accepted changes as JSON lines, so that a restart keeps the same world.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::world::{Command, World};

#[derive(Serialize, Deserialize)]
struct Entry<C> {
    at: DateTime<Utc>,
    command: C,
}

/// An open journal.
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the file, plays what stands in it on the world, and is ready for more.
    /// A last line without an end is what a kill left behind: it is cut off.
    pub fn open(path: &Path, world: &mut World) -> io::Result<Journal> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut reader = BufReader::new(&file);
        let mut good = 0_u64;
        let mut line = String::new();
        loop {
            line.clear();
            let read = reader.read_line(&mut line)?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            let entry: Entry<Command> = serde_json::from_str(&line)?;
            if let Err(refusal) = world.apply(entry.at, &entry.command) {
                let message = format!("the journal does not replay at byte {good}: {refusal}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            good += read as u64;
        }
        file.set_len(good)?;
        Ok(Journal { file })
    }

    /// Adds one accepted change.
    pub fn write(&mut self, at: DateTime<Utc>, command: &Command) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Entry { at, command })?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
