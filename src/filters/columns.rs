//! What a resource can be filtered by: names, types, and where the values lie.

use crate::{accounts::Permission, text_enum::text_enum};

text_enum! {
    /// How a condition compares.
    Operator {
        /// Is.
        Eq = "eq",
        /// Is not.
        Neq = "neq",
        /// Any of.
        In = "in",
        /// None of.
        NotIn = "not_in",
        /// Has the text in it; of a list, has it as a member.
        Contains = "contains",
        /// Has it not.
        NotContains = "not_contains",
        /// Begins with the text.
        StartsWith = "starts_with",
        /// Ends with the text.
        EndsWith = "ends_with",
        /// More, or later.
        Gt = "gt",
        /// At least, or since.
        Gte = "gte",
        /// Less, or before.
        Lt = "lt",
        /// At most, or until.
        Lte = "lte",
        /// From one to another, both of it.
        Between = "between",
        /// Has nothing there.
        IsEmpty = "is_empty",
        /// Has something there.
        IsNotEmpty = "is_not_empty",
        /// In the time before now: `7d`, `24h`.
        WithinLast = "within_last",
    }
}

impl Operator {
    /// The operator of which this is the exact opposite, if it is one.
    pub(super) fn negates(self) -> Option<Operator> {
        match self {
            Operator::Neq => Some(Operator::Eq),
            Operator::NotIn => Some(Operator::In),
            Operator::NotContains => Some(Operator::Contains),
            Operator::IsEmpty => Some(Operator::IsNotEmpty),
            _ => None,
        }
    }

    /// As a person chooses it.
    pub fn label(self) -> &'static str {
        match self {
            Operator::Eq => "is",
            Operator::Neq => "is not",
            Operator::In => "is any of",
            Operator::NotIn => "is none of",
            Operator::Contains => "contains",
            Operator::NotContains => "does not contain",
            Operator::StartsWith => "starts with",
            Operator::EndsWith => "ends with",
            Operator::Gt => "is more than, or after",
            Operator::Gte => "is at least, or from",
            Operator::Lt => "is less than, or before",
            Operator::Lte => "is at most, or until",
            Operator::Between => "is between",
            Operator::IsEmpty => "is empty",
            Operator::IsNotEmpty => "is not empty",
            Operator::WithinLast => "is within the last",
        }
    }

    /// Whether it compares with nothing.
    pub fn takes_no_value(self) -> bool {
        matches!(self, Operator::IsEmpty | Operator::IsNotEmpty)
    }

    /// Whether it compares with several values.
    pub fn takes_a_list(self) -> bool {
        matches!(self, Operator::In | Operator::NotIn)
    }
}

/// The type of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text; letters compare alike whatever their case.
    Text,
    /// One of these words, each with what people read.
    Choice(Vec<(&'static str, String)>),
    /// Something of the account that has a number and a name; either is taken.
    Named,
    /// A whole number.
    Number,
    /// An amount: `12.34`, in the currency its order has.
    Money,
    /// An instant.
    Time,
    /// Yes or no.
    Boolean,
    /// Several texts, as tags are.
    List,
}

impl Kind {
    /// The type in a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Choice(_) => "choice",
            Kind::Named => "name or id",
            Kind::Number => "number",
            Kind::Money => "money",
            Kind::Time => "time",
            Kind::Boolean => "boolean",
            Kind::List => "list",
        }
    }

    /// The operators that mean something for it.
    pub fn operators(&self) -> &'static [Operator] {
        use Operator::*;
        match self {
            Kind::Text => {
                &[Eq, Neq, In, NotIn, Contains, NotContains, StartsWith, EndsWith, IsEmpty, IsNotEmpty]
            }
            Kind::Choice(_) | Kind::Named => &[Eq, Neq, In, NotIn, IsEmpty, IsNotEmpty],
            Kind::Number | Kind::Money => {
                &[Eq, Neq, In, NotIn, Gt, Gte, Lt, Lte, Between, IsEmpty, IsNotEmpty]
            }
            Kind::Time => &[Gt, Gte, Lt, Lte, Between, WithinLast, IsEmpty, IsNotEmpty],
            Kind::Boolean => &[Eq, Neq],
            Kind::List => &[Contains, NotContains, In, NotIn, IsEmpty, IsNotEmpty],
        }
    }
}

/// Where a column's values lie. All of it is fixed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the row itself.
    Own(&'static str),
    /// In rows that belong to it: `orders fo where fo.account_id = s.account_id and
    /// fo.id = s.order_id`, and the value there. Several rows: any of them counts.
    Related(&'static str, &'static str),
    /// In the row is the id; the name is in another: its id here, the rows there,
    /// the name there.
    Named(&'static str, &'static str, &'static str),
}

/// One thing to filter by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the API calls it.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// Where they lie.
    pub reach: Reach,
    /// Of money: what turns minor units into thousandths; [`thousandths!`] makes it.
    pub scale: &'static str,
    /// Whether the usual comparison is answered from an index.
    pub indexed: bool,
}

impl Column {
    /// A column in the row itself.
    pub fn own(name: &'static str, label: &'static str, kind: Kind, expression: &'static str) -> Column {
        Column { name, label, kind, reach: Reach::Own(expression), scale: "1", indexed: false }
    }

    /// A column in rows that belong to it.
    pub fn related(
        name: &'static str,
        label: &'static str,
        kind: Kind,
        rows: &'static str,
        expression: &'static str,
    ) -> Column {
        Column { reach: Reach::Related(rows, expression), ..Column::own(name, label, kind, "") }
    }

    /// A column that is the id of something with a name.
    pub fn named(
        name: &'static str,
        label: &'static str,
        id: &'static str,
        rows: &'static str,
        their_name: &'static str,
    ) -> Column {
        Column { reach: Reach::Named(id, rows, their_name), ..Column::own(name, label, Kind::Named, "") }
    }

    /// Answered from an index.
    pub fn indexed(self) -> Column {
        Column { indexed: true, ..self }
    }

    /// An amount whose minor units this turns into thousandths.
    pub fn scaled(self, scale: &'static str) -> Column {
        Column { scale, ..self }
    }

    /// Whether the operator means something for it.
    pub fn allows(&self, operator: Operator) -> bool {
        self.kind.operators().contains(&operator)
    }
}

/// Everything a resource can be filtered by, for whoever asks.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns {
    /// What is filtered, in the plural: `orders`.
    pub resource: &'static str,
    /// The columns, in the order people choose from.
    pub list: Vec<Column>,
    /// Those that exist but are not for whoever asks, with the permission they need.
    pub withheld: Vec<(&'static str, &'static str)>,
}

/// A column, and the permission that it needs.
pub type Guarded = (Column, Option<Permission>);

impl Columns {
    /// Those of a resource that somebody may filter by.
    pub fn of(resource: &'static str, all: Vec<Guarded>, can: impl Fn(Permission) -> bool) -> Columns {
        let mut columns = Columns { resource, list: Vec::new(), withheld: Vec::new() };
        for (column, needs) in all {
            match needs {
                Some(permission) if !can(permission) => {
                    columns.withheld.push((column.name, permission.label()))
                }
                _ => columns.list.push(column),
            }
        }
        columns
    }

    /// The column of a name.
    pub fn find(&'static self, name: &str) -> Option<&'static Column> {
        self.list.iter().find(|column| column.name == name)
    }
}

/// What turns minor units of the currency in a column into thousandths of its
/// unit, so that amounts of all currencies compare with what people write. As
/// `money::exponent` has it; a test compares the two.
macro_rules! thousandths {
    ($currency:literal) => {
        concat!(
            "(case when ",
            $currency,
            " in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', \
             'VUV', 'XAF', 'XOF', 'XPF') then 1000 when ",
            $currency,
            " in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 1 else 10 end)"
        )
    };
}
pub(crate) use thousandths;

/// A choice of words, each as [`in_words`] reads it unless it is given.
pub fn choice<'a>(
    words: impl IntoIterator<Item = &'static str>,
    labels: impl IntoIterator<Item = &'a (&'static str, &'static str)>,
) -> Kind {
    let labels: Vec<_> = labels.into_iter().collect();
    let read = |word: &'static str| {
        let label = labels.iter().find(|(known, _)| *known == word);
        (word, label.map_or_else(|| in_words(word), |(_, label)| (*label).to_owned()))
    };
    Kind::Choice(words.into_iter().map(read).collect())
}

/// Words as they are read where nothing better is known: `courier_unmapped` →
/// `Courier unmapped`.
pub fn in_words(word: &str) -> String {
    let words = word.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
