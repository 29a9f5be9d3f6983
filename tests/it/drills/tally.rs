//! What a drill counted, and the line it leaves for the table of `bin/drills`.

use std::{path::PathBuf, time::Instant};

/// As many broken promises are told in words.
const MOST_SHOWN: usize = 20;

/// The counts of one drill. Whatever stands in its lists is a broken promise.
pub struct Tally {
    name: String,
    started: Instant,
    /// Situations tried: a fault at a point, for one kind of work.
    pub cells: usize,
    /// Rounds of killing.
    pub cycles: usize,
    /// More than one live order, or fulfillment, for a shipment.
    pub duplicates: Vec<String>,
    /// Acknowledged and gone, or taken for done and not there.
    pub losses: Vec<String>,
    /// Not done, and no page says so with what to do.
    pub unexplained: Vec<String>,
    /// Requests an outside system saw that no record or step of ours tells of.
    pub unlisted: Vec<String>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(name: impl Into<String>) -> Tally {
        Tally {
            name: name.into(),
            started: Instant::now(),
            cells: 0,
            cycles: 0,
            duplicates: Vec::new(),
            losses: Vec::new(),
            unexplained: Vec::new(),
            unlisted: Vec::new(),
        }
    }

    /// Leaves the drill's line and fails if anything was broken.
    pub fn close(self) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drills");
        std::fs::create_dir_all(&folder).expect("a folder for the table");
        let lists = [&self.duplicates, &self.losses, &self.unexplained, &self.unlisted];
        let counts: Vec<String> = lists.iter().map(|list| list.len().to_string()).collect();
        let line = format!(
            "{}\t{}\t{}\t{}\t{:.1}\n",
            self.name,
            self.cells,
            self.cycles,
            counts.join("\t"),
            self.started.elapsed().as_secs_f64()
        );
        std::fs::write(folder.join(format!("{}.tsv", self.name)), line).expect("the drill's line");
        let broken: Vec<String> = ["two of it", "lost", "not explained", "not listed"]
            .iter()
            .zip(lists)
            .flat_map(|(what, list)| list.iter().map(move |one| format!("{what}: {one}")))
            .collect();
        let shown = broken.iter().take(MOST_SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(broken.is_empty(), "{}, {} in all:\n{shown}", self.name, broken.len());
    }
}
