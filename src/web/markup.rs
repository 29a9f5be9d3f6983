//! The plain values that the shared templates take: no business nouns, only
//! what a page shows. Their macros stand in `templates/_macros.html`.

/// A moment, written in the viewer's zone by whoever knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// For machines, in UTC: `2026-11-20T07:27:14Z`.
    pub iso: String,
    /// For lists: `09:27`, `18 Nov`, `18 Nov 2025`.
    pub short: String,
    /// To the second: `09:27:14`.
    pub clock: String,
    /// With zone: `2026-11-20 08:27:14 UTC+1 (Europe/Brussels)`.
    pub full: String,
}

/// Previous and next page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pager {
    /// What is shown: `1–50 of 48,211 orders`.
    pub summary: String,
    /// Address of the previous page; none on the first.
    pub prev: Option<String>,
    /// Address of the next page; none on the last.
    pub next: Option<String>,
}

/// What is wrong with a form, in the order of its fields.
///
/// A field's name is also the `id` of its control, so that the summary can link
/// to it. An empty name is a message about the form as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormErrors(Vec<(String, String)>);

impl FormErrors {
    /// No errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message to a field.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((field.into(), message.into()));
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Field and message, all of them.
    pub fn list(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first message of a field.
    pub fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, message)| message.as_str())
    }
}

impl<F: Into<String>, M: Into<String>> FromIterator<(F, M)> for FormErrors {
    fn from_iter<I: IntoIterator<Item = (F, M)>>(errors: I) -> Self {
        Self(errors.into_iter().map(|(field, message)| (field.into(), message.into())).collect())
    }
}

/// One line of the actions panel. An action that cannot be taken now stays
/// visible and says why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionItem {
    /// Verb and noun: `Re-post to fulfillment`.
    pub label: String,
    /// The name of a symbol in `icons.svg`.
    pub icon: &'static str,
    /// The page that confirms the action.
    pub href: String,
    /// Whether it can be taken now.
    pub available: bool,
    /// Why not; empty when available.
    pub reason: String,
    /// Whether it is the one most likely wanted. At most one per panel.
    pub primary: bool,
    /// The key that triggers it, as in `data-key`; empty for none.
    pub key: String,
    /// What would make it available, where there is such a thing.
    pub offer: Option<Offer>,
}

/// A link that repairs what stands in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Verb and noun: `Map this courier`.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// An account that the signed-in person may switch to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLink {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is the one being looked at.
    pub current: bool,
}

/// The result of what was just done, shown once at the top of the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// A tone's class: `success`, `info`, `warning`, `danger`.
    pub tone: &'static str,
    /// What happened, in one sentence.
    pub text: String,
    /// What takes it back.
    pub undo: Option<Undo>,
}

/// A form of one press that takes back what was just done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Undo {
    /// Where it goes.
    pub action: String,
    /// What it carries.
    pub fields: Vec<(String, String)>,
}

/// The parts of the navigation a person may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Can {
    /// Stores and their channels.
    pub stores: bool,
    /// Fulfillment connections.
    pub connections: bool,
    /// E-mails and responders.
    pub emails: bool,
    /// The activity log.
    pub activity: bool,
    /// Transaction records.
    pub records: bool,
    /// Webhook endpoints.
    pub webhooks: bool,
    /// API tokens.
    pub tokens: bool,
    /// Order imports.
    pub imports: bool,
    /// Files of orders and shipments.
    pub exports: bool,
    /// Products and movements of stock.
    pub inventory: bool,
}
