//! Files of orders and shipments: exactly the rows a filter matches, in the order
//! of the list, in chosen columns, as CSV or XLSX of any size in constant memory.
//!
//! `columns` says what a file can hold and for whom; `read` reads rows page by page;
//! `cell`, `comma` and `workbook` say how they are written; `at_once` answers what is
//! small while it is asked for; `begin` and `job` write the rest in the background.

pub mod at_once;
pub mod begin;
pub mod cell;
pub mod columns;
mod comma;
mod expire;
mod files;
mod job;
pub mod list;
pub mod read;
mod workbook;
pub mod write;

pub use columns::Column;
pub use expire::sweep;
pub use files::{Content, Files};
pub use job::{Payload, WriteExport};
pub use list::Export;

use crate::{
    accounts::Permission,
    db::{DbResult, Scope},
    filters::{ListError, Tree},
    jobs::Handlers,
    orders, shipments,
    text_enum::text_enum,
};
use serde::{Deserialize, Serialize};

/// The job that writes a file.
pub const WRITE_EXPORT: &str = "write_export";
/// So many rows are answered at once; more are written in the background.
pub const AT_ONCE: i64 = 10_000;
/// A file is kept so long.
pub const KEPT: chrono::Duration = chrono::Duration::days(7);
/// So many files of one account are written at the same time.
pub const LANES: i32 = 2;

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers.with(WRITE_EXPORT, WriteExport)
}

text_enum! {
    /// What a file is of.
    Resource {
        /// Orders.
        Orders = "orders",
        /// Shipments.
        Shipments = "shipments",
    }
}

impl Resource {
    /// So many of them, in a word.
    pub fn noun(self, n: i64) -> &'static str {
        match (self, n) {
            (Resource::Orders, 1) => "order",
            (Resource::Orders, _) => "orders",
            (Resource::Shipments, 1) => "shipment",
            (Resource::Shipments, _) => "shipments",
        }
    }
}

text_enum! {
    /// How a file is written.
    Format {
        /// Comma-separated values.
        Csv = "csv",
        /// A workbook.
        Xlsx = "xlsx",
    }
}

impl Format {
    /// As people call it.
    pub fn label(self) -> &'static str {
        match self {
            Format::Csv => "CSV",
            Format::Xlsx => "XLSX",
        }
    }

    /// Its media type.
    pub fn media(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

text_enum! {
    /// How far an export is.
    ExportState {
        /// Waits for its turn.
        Queued = "queued",
        /// Is being written.
        Running = "running",
        /// Its file can be opened.
        Finished = "finished",
        /// It could not be written; the reason says why.
        Failed = "failed",
        /// Was stopped before it was whole.
        Canceled = "canceled",
        /// Its file was kept as long as files are.
        Expired = "expired",
        /// Its file was deleted by somebody.
        Deleted = "deleted",
    }
}

/// Which rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Orders.
    Orders(Box<orders::list::Filter>),
    /// Shipments.
    Shipments(Box<shipments::list::Filter>),
}

impl Which {
    /// What they are.
    pub fn resource(&self) -> Resource {
        match self {
            Which::Orders(_) => Resource::Orders,
            Which::Shipments(_) => Resource::Shipments,
        }
    }

    fn tree(&self) -> Option<&Tree> {
        match self {
            Which::Orders(filter) => filter.tree.as_ref(),
            Which::Shipments(filter) => filter.tree.as_ref(),
        }
    }

    /// How many there are, counted up to one past [`AT_ONCE`]; `None`: counting took
    /// too long.
    pub async fn count(&self, scope: &mut Scope) -> Result<Option<i64>, ListError> {
        let counted = match self {
            Which::Orders(filter) => orders::list::count(scope, filter).await,
            Which::Shipments(filter) => shipments::list::count(scope, filter).await,
        };
        match counted {
            Ok(n) => Ok(Some(n)),
            Err(error) if error.is_too_slow() && self.tree().is_some() => Ok(None),
            Err(error) => Err(ListError::Db(error)),
        }
    }

    /// For somebody with other rights than whoever chose it: what they may not ask
    /// for is an error, what they may not search is not searched.
    fn for_somebody(mut self, can: impl Fn(Permission) -> bool + Copy) -> Result<Which, String> {
        let personal = can(Permission::PersonalView);
        let (tree, columns) = match &mut self {
            Which::Orders(filter) => {
                filter.personal &= personal;
                (&filter.tree, orders::filter_columns::columns(can))
            }
            Which::Shipments(filter) => {
                filter.personal &= personal;
                (&filter.tree, shipments::filter_columns::columns(can))
            }
        };
        if let Some(tree) = tree {
            let kept = serde_json::to_value(tree).map_err(|error| error.to_string())?;
            Tree::from_value(kept, columns).map_err(|faults| {
                faults.into_iter().map(|fault| fault.detail).collect::<Vec<_>>().join(" ")
            })?;
        }
        Ok(self)
    }
}

/// A file to be written.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its rows.
    pub which: Which,
    /// Its columns, in order.
    pub columns: Vec<&'static Column>,
    /// How it is written.
    pub format: Format,
    /// Its rows in words.
    pub phrase: String,
}

impl Wanted {
    /// How many rows it will have; see [`Which::count`].
    pub async fn count(&self, scope: &mut Scope) -> Result<Option<i64>, ListError> {
        self.which.count(scope).await
    }
}

/// Whether somebody may open a file with these columns, or a name is not known any
/// more.
fn may_see(resource: Resource, names: &[String], can: impl Fn(Permission) -> bool) -> bool {
    columns::chosen(resource, names, can).is_ok()
}

/// An export of the account.
pub async fn find(scope: &mut Scope, id: crate::ids::ExportId) -> DbResult<Option<Export>> {
    list::find(scope, id).await
}
