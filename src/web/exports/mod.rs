//! Exports: choosing what goes into a file, and the files there are.

mod choose;
mod index;

pub(super) use choose::link;
pub use choose::{at_once, choose, create};
pub use index::{cancel, delete, download, index};

use crate::exports::at_once::Answer;
use actix_web::{HttpResponse, HttpResponseBuilder, body::SizedStream, http::header};

/// An answer that is saved as a file and never shown.
fn attachment(name: &str, media: &'static str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    answer
}

/// A file that is answered while it is asked for.
pub fn passing(answer: Answer) -> HttpResponse {
    let mut head = attachment(&answer.name, answer.format.media());
    match answer.bytes {
        Some(bytes) => head.body(SizedStream::new(bytes, answer.pieces)),
        None => head.streaming(answer.pieces),
    }
}

/// A file that was kept.
pub fn kept(export: &crate::exports::Export, content: crate::exports::Content) -> HttpResponse {
    let bytes = content.bytes;
    attachment(&export.file_name(), export.format.media())
        .body(SizedStream::new(bytes, Box::pin(content.pieces())))
}
