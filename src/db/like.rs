/// A `like` pattern that finds the text anywhere: lower-cased, as search columns
/// are, and its wildcards taken as they are. An apostrophe is found however it is
/// written: `’`, `'` and their kin are one to whoever types.
pub fn contains(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// As [`contains`], at the beginning.
pub fn starts_with(text: &str) -> String {
    literal(text) + "%"
}

/// As [`contains`], at the end.
pub fn ends_with(text: &str) -> String {
    format!("%{}", literal(text))
}

fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for c in text.to_lowercase().chars() {
        if matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´') {
            pattern.push('_');
            continue;
        }
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
