//! What went wrong, one row per problem, in words a person understands: the
//! error queue. Fixing one cause everywhere is `remedies`' work.

pub mod diagnose;
pub mod list;
pub mod queue;
pub mod work;

use crate::text_enum::text_enum;

text_enum! {
    /// What kind of work a problem stopped.
    ProblemKind {
        /// Sending a shipment to its provider.
        Post = "post",
        /// Sending tracking to a channel.
        Submit = "submit",
        /// Delivering a webhook.
        Webhook = "webhook",
        /// Sending an e-mail.
        Email = "email",
        /// Importing a file.
        Import = "import",
        /// Talking to a provider at all.
        Connection = "connection",
        /// Talking to a channel at all.
        Channel = "channel",
        /// A shipment with more orders at providers than one.
        Duplicate = "duplicate",
        /// Canceling an order at a provider.
        Cancel = "cancel",
        /// Changing an order at a provider.
        Update = "update",
    }
}

impl ProblemKind {
    /// As a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            ProblemKind::Post => "Post failed",
            ProblemKind::Submit => "Channel sync failed",
            ProblemKind::Webhook => "Webhook failed",
            ProblemKind::Email => "E-mail failed",
            ProblemKind::Import => "Import failed",
            ProblemKind::Connection => "Connection failing",
            ProblemKind::Channel => "Channel failing",
            ProblemKind::Duplicate => "Two orders at the provider",
            ProblemKind::Cancel => "Cancel failed",
            ProblemKind::Update => "Change not taken",
        }
    }
}
