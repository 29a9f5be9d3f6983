//! The database: its migrations, its catalogue, the schema file, the private server.

mod catalogue;
mod embedded;
mod migrations;
mod schema;
