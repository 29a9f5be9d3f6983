//! What happened: activity (who did what), transaction records (every exchange
//! with an outside system), the trace that ties them, and the masking that
//! keeps secrets and personal data out of both.

pub mod activity;
pub mod activity_list;
pub mod mask;
pub mod record;
pub mod records_list;
pub mod trace;

pub use activity::{Actor, ActorKind, Entry};
pub use record::{LogType, RecordStatus};
pub use trace::TraceId;
