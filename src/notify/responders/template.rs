//! Templates: text with `{{variables}}` out of a fixed set.

use super::Trigger;

/// The variables a template may use, with what they stand for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("customer_name", "the customer’s name"),
    ("order_number", "the order’s number"),
    ("shipment_number", "the shipment’s number"),
    ("item_name", "the item"),
    ("item_sku", "the item’s SKU"),
    ("quantity", "how many of it"),
    ("courier", "the courier; empty before it has left"),
    ("tracking_number", "the tracking number; empty before it has left"),
    ("tracking_url", "where it can be followed; empty where that is not known"),
];

/// A text to start from.
#[derive(Debug, Clone, Copy)]
pub struct Starter {
    /// On what it is sent.
    pub trigger: Trigger,
    /// What people call it.
    pub name: &'static str,
    /// One line.
    pub subject: &'static str,
    /// Plain text.
    pub body: &'static str,
}

/// A text to start from for each trigger.
pub const STARTERS: &[Starter] = &[
    Starter {
        trigger: Trigger::Fulfilled,
        name: "It is being packed",
        subject: "Your order {{order_number}}: {{item_name}}",
        body: "Dear {{customer_name}},\n\nwe are packing {{quantity}} × {{item_name}} of your order {{order_number}}.\n",
    },
    Starter {
        trigger: Trigger::Shipped,
        name: "It has left",
        subject: "{{item_name}} is on its way",
        body: "Dear {{customer_name}},\n\n{{item_name}} left with {{courier}}. Its number is {{tracking_number}}.\n{{tracking_url}}\n",
    },
    Starter {
        trigger: Trigger::Delivered,
        name: "It has arrived",
        subject: "Your order {{order_number}} has arrived",
        body: "Dear {{customer_name}},\n\n{{item_name}} should be with you by now. Write to us if it is not.\n",
    },
];

/// The first variable that is not of the set, or whose braces do not close: a
/// sentence that names it and its line.
pub fn check(text: &str) -> Result<(), String> {
    for (at, line) in text.lines().enumerate() {
        let line_no = at + 1;
        let mut rest = line;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start + 2..].find("}}") else {
                return Err(format!("Line {line_no}: {{{{ is not closed by }}}}."));
            };
            let name = rest[start + 2..start + 2 + length].trim();
            if !VARIABLES.iter().any(|(known, _)| *known == name) {
                let name: String = name.chars().take(40).collect();
                return Err(format!("Line {line_no}: there is no variable {{{{{name}}}}}."));
            }
            rest = &rest[start + length + 4..];
        }
    }
    Ok(())
}

/// Puts values into a template's `{{variables}}`. Unknown ones stay as they are:
/// saving a template refuses them. What a value holds is text and is not read again.
pub fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start + 2..].find("}}") else {
            break;
        };
        let name = rest[start + 2..start + 2 + length].trim();
        out.push_str(&rest[..start]);
        match values.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..start + length + 4]),
        }
        rest = &rest[start + length + 4..];
    }
    out.push_str(rest);
    out
}
