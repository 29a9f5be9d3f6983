//! How somebody likes their pages: theme, density, single keys.

use super::{Fields, Visitor, WebError, WebResult};
use crate::accounts::users::{self, Preferences};
use actix_web::HttpResponse;

/// `POST /preferences`: changes what the form names, keeps the rest.
pub async fn save(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let person = &visitor.person;
    let mut wanted = Preferences {
        theme: person.theme.clone(),
        density: person.density.clone(),
        shortcuts: person.shortcuts,
    };
    for (name, value) in &fields.0 {
        match (name.as_str(), value.as_str()) {
            ("theme", "system" | "light" | "dark") => wanted.theme.clone_from(value),
            ("density", "comfortable" | "compact") => wanted.density.clone_from(value),
            ("shortcuts", "on" | "off") => wanted.shortcuts = value == "on",
            (name, _) => return Err(WebError::field(name, "Choose one of the values the page offers.")),
        }
    }
    let (db, user) = (visitor.app.db.clone(), person.user);
    visitor.app.finish(async move { users::set_preferences(&db, user, &wanted).await }).await??;
    visitor.see_other(visitor.asked.here.as_ref().map_or("/", |here| here.as_str()))
}
