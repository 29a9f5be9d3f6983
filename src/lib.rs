//! Waybill: an order and shipment operations portal.
//!
//! A room is a noun, a file in it is a verb. Imports go down the floors, never
//! up and never in a circle; `tests/it/house.rs` keeps it so.

// 0 closets: single files, no business nouns
pub mod clock;
pub mod config;
pub mod crash;
pub mod ids;
pub mod money;
pub mod paging;
pub mod secrets;
pub mod text_enum;
// 0 the database: pool, the scope of one account, the private server, the schema
pub mod db;
// 1 who may · what happened
pub mod accounts;
pub mod evidence;
// 2 the queue · the one HTTP client · the action mechanism · grouped filters
pub mod actions;
pub mod filters;
pub mod jobs;
pub mod outbound;
// 3 the courier catalogue and the mappings · stock and what it costs · webhooks, responders, e-mails
pub mod couriers;
pub mod inventory;
pub mod notify;
// 4 what was bought · where it came from · who ships it
pub mod channels;
pub mod orders;
pub mod providers;
// 5 what went wrong, in words
pub mod problems;
// 6 the heart: states, post, re-post, submit
pub mod shipments;
// 7 fixing one cause everywhere · many at once · files in and out · one chain drawn
pub mod bulk;
pub mod exports;
pub mod imports;
pub mod remedies;
pub mod traces;
// 8 the front desks, and the make-believe outside world
pub mod api;
pub mod demo;
pub mod sandbox;
pub mod web;
// 9 commands
pub mod cli;
