//! A body as a page shows it: pretty when it is JSON, and no more of it than a
//! page can bear.

/// The most of a body a page shows.
pub const SHOWN: usize = 64 * 1024;

/// A body ready to be shown, and what is to be said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Whether it was longer than [`SHOWN`].
    pub cut: bool,
}

/// Indents JSON, cuts what is too long at a line or character.
pub fn shown(body: &str) -> Shown {
    let pretty = serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .filter(|value| value.is_object() || value.is_array())
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| body.to_owned());
    if text.len() <= SHOWN {
        return Shown { text, cut: false };
    }
    let mut end = SHOWN;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').filter(|line| *line > SHOWN / 2).unwrap_or(end);
    Shown { text: text[..end].to_owned(), cut: true }
}
