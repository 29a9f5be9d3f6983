//! How a state looks: tone, certainty, icon and words.
//!
//! Three things carry a state, so that it can be read in grey and by ear: the
//! icon, the word, and the certainty of the border. Filled is settled, outlined
//! is still moving, dashed is what we do not know.

mod states;

pub use states::*;

/// The colour family of a badge, a banner, a flash or a spine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Nothing to say: not started, stopped, not required.
    Neutral,
    /// Under way.
    Info,
    /// Done as wished.
    Success,
    /// Worth a look.
    Warning,
    /// Failed; somebody is needed.
    Danger,
    /// Held back on purpose.
    Hold,
}

impl Tone {
    /// The name of the CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Hold => "hold",
        }
    }
}

/// How sure we are of what the badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It will stay so until somebody does something: filled.
    Settled,
    /// It is about to change: outlined.
    Moving,
    /// We do not know: dashed.
    Unknown,
}

impl Certainty {
    /// The name of the CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Moving => "moving",
            Self::Unknown => "unsure",
        }
    }
}

/// One state, ready to be shown by the macro `badge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Badge {
    /// Its colour family.
    pub tone: Tone,
    /// Its border: filled, outlined or dashed.
    pub certainty: Certainty,
    /// The name of a symbol in `icons.svg`.
    pub icon: &'static str,
    /// One to three words.
    pub label: &'static str,
    /// One sentence that says what the state means; empty when the label does.
    pub explanation: &'static str,
}

impl Badge {
    /// Any badge. The named constructors below keep to the grammar; prefer them.
    pub const fn new(tone: Tone, certainty: Certainty, icon: &'static str, label: &'static str) -> Self {
        Self { tone, certainty, icon, label, explanation: "" }
    }

    /// Has not begun: not posted, queued, waiting. Neutral, outlined.
    pub const fn waiting(label: &'static str) -> Self {
        Self::new(Tone::Neutral, Certainty::Moving, "circle-dashed", label)
    }

    /// Is over without a result: voided, cancelled, not required. Neutral, filled.
    pub const fn closed(label: &'static str) -> Self {
        Self::new(Tone::Neutral, Certainty::Settled, "ban", label)
    }

    /// Is under way: posting, sending, running. Info, outlined.
    pub const fn moving(label: &'static str) -> Self {
        Self::new(Tone::Info, Certainty::Moving, "refresh-cw", label)
    }

    /// Came out as wished: posted, synced, delivered. Success, filled.
    pub const fn done(label: &'static str) -> Self {
        Self::new(Tone::Success, Certainty::Settled, "circle-check", label)
    }

    /// Nobody knows how it came out. Warning, dashed.
    pub const fn unknown(label: &'static str) -> Self {
        Self::new(Tone::Warning, Certainty::Unknown, "circle-help", label)
    }

    /// Wants a look: late, returned, finished with skips. Warning, filled.
    pub const fn attention(label: &'static str) -> Self {
        Self::new(Tone::Warning, Certainty::Settled, "triangle-alert", label)
    }

    /// Failed: error, rejected, bounced. Danger, filled.
    pub const fn failed(label: &'static str) -> Self {
        Self::new(Tone::Danger, Certainty::Settled, "circle-x", label)
    }

    /// Held back on purpose. Hold, filled.
    pub const fn held(label: &'static str) -> Self {
        Self::new(Tone::Hold, Certainty::Settled, "hand", label)
    }

    /// The same badge with another icon.
    pub const fn with_icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }

    /// The same badge with a sentence that says what the state means.
    pub const fn with_explanation(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    /// The class of a row's spine, for rows that need somebody: settled trouble,
    /// holds and unknowns. Empty for the others, which carry no spine.
    pub const fn spine(&self) -> &'static str {
        match (self.tone, self.certainty) {
            (Tone::Danger, _) => "spine danger",
            (Tone::Hold, _) => "spine hold",
            (Tone::Warning, _) => "spine warning",
            _ => "",
        }
    }
}
