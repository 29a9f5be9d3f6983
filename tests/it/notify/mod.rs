//! What others are told: events, endpoints, responders and their e-mails.

mod endpoints;
mod events;
mod mails;
mod pages;
mod responders;
