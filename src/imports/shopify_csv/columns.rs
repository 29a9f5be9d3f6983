//! The columns of the export, in any order and under any spelling Shopify has
//! used for them.

use std::collections::HashMap;

use super::{MAX_COLUMNS, NotAnExport, Notes, cells, failures};

/// A column with a field of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Name,
    Id,
    Email,
    Phone,
    FinancialStatus,
    FulfillmentStatus,
    PaidAt,
    FulfilledAt,
    CreatedAt,
    CanceledAt,
    Currency,
    Subtotal,
    Shipping,
    Taxes,
    Total,
    DiscountAmount,
    RefundedAmount,
    OutstandingBalance,
    DiscountCode,
    ShippingMethod,
    PaymentMethod,
    RiskLevel,
    Source,
    Vendor,
    Tags,
    Notes,
    NoteAttributes,
    ItemQuantity,
    ItemName,
    ItemPrice,
    ItemCompareAtPrice,
    ItemSku,
    ItemRequiresShipping,
    ItemTaxable,
    ItemFulfillmentStatus,
    ItemDiscount,
    Billing(Part),
    ShippingTo(Part),
    TaxName(u8),
    TaxValue(u8),
}

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Name,
    Street,
    Address1,
    Address2,
    Company,
    City,
    Zip,
    Province,
    ProvinceName,
    Country,
    Phone,
}

const TITLES: [(Column, &str); 36] = [
    (Column::Name, "Name"),
    (Column::Id, "Id"),
    (Column::Email, "Email"),
    (Column::Phone, "Phone"),
    (Column::FinancialStatus, "Financial Status"),
    (Column::FulfillmentStatus, "Fulfillment Status"),
    (Column::PaidAt, "Paid at"),
    (Column::FulfilledAt, "Fulfilled at"),
    (Column::CreatedAt, "Created at"),
    (Column::CanceledAt, "Cancelled at"),
    (Column::Currency, "Currency"),
    (Column::Subtotal, "Subtotal"),
    (Column::Shipping, "Shipping"),
    (Column::Taxes, "Taxes"),
    (Column::Total, "Total"),
    (Column::DiscountAmount, "Discount Amount"),
    (Column::RefundedAmount, "Refunded Amount"),
    (Column::OutstandingBalance, "Outstanding Balance"),
    (Column::DiscountCode, "Discount Code"),
    (Column::ShippingMethod, "Shipping Method"),
    (Column::PaymentMethod, "Payment Method"),
    (Column::RiskLevel, "Risk Level"),
    (Column::Source, "Source"),
    (Column::Vendor, "Vendor"),
    (Column::Tags, "Tags"),
    (Column::Notes, "Notes"),
    (Column::NoteAttributes, "Note Attributes"),
    (Column::ItemQuantity, "Lineitem quantity"),
    (Column::ItemName, "Lineitem name"),
    (Column::ItemPrice, "Lineitem price"),
    (Column::ItemCompareAtPrice, "Lineitem compare at price"),
    (Column::ItemSku, "Lineitem sku"),
    (Column::ItemRequiresShipping, "Lineitem requires shipping"),
    (Column::ItemTaxable, "Lineitem taxable"),
    (Column::ItemFulfillmentStatus, "Lineitem fulfillment status"),
    (Column::ItemDiscount, "Lineitem discount"),
];

const PARTS: [(Part, &str); 11] = [
    (Part::Name, "name"),
    (Part::Street, "street"),
    (Part::Address1, "address1"),
    (Part::Address2, "address2"),
    (Part::Company, "company"),
    (Part::City, "city"),
    (Part::Zip, "zip"),
    (Part::Province, "province"),
    (Part::ProvinceName, "provincename"),
    (Part::Country, "country"),
    (Part::Phone, "phone"),
];

/// Columns Shopify writes that have no field here; kept as extras, not noted.
const KEPT: [&str; 14] = [
    "acceptsmarketing",
    "paymentreference",
    "paymentreferencedeprecated",
    "paymentreferences",
    "employee",
    "location",
    "deviceid",
    "receiptnumber",
    "duties",
    "paymentid",
    "paymentterms",
    "paymenttermsname",
    "nextpaymentdueat",
    "tip",
];

/// Without these there is no order to build.
const REQUIRED: [Column; 8] = [
    Column::Name,
    Column::FinancialStatus,
    Column::CreatedAt,
    Column::Currency,
    Column::Total,
    Column::ItemQuantity,
    Column::ItemName,
    Column::ItemPrice,
];

impl Column {
    /// The title as Shopify writes it; for messages.
    pub fn title(self) -> &'static str {
        match self {
            Self::TaxName(_) => "Tax name",
            Self::TaxValue(_) => "Tax value",
            Self::Billing(_) => "Billing address",
            Self::ShippingTo(_) => "Shipping address",
            _ => TITLES.iter().find(|(column, _)| *column == self).map_or("", |(_, title)| title),
        }
    }

    fn of(title: &str) -> Option<Self> {
        let key = key(title);
        if key == "canceledat" {
            return Some(Self::CanceledAt);
        }
        if let Some((column, _)) = TITLES.iter().find(|(_, title)| self::key(title) == key) {
            return Some(*column);
        }
        let part = |rest: &str| PARTS.iter().find(|(_, name)| *name == rest).map(|(part, _)| *part);
        if let Some(found) = key.strip_prefix("billing").and_then(part) {
            return Some(Self::Billing(found));
        }
        if let Some(found) = key.strip_prefix("shipping").and_then(part) {
            return Some(Self::ShippingTo(found));
        }
        let rest = key.strip_prefix("tax")?;
        let digits = rest.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number = digits.parse().ok()?;
        match rest.strip_prefix(digits)? {
            "name" => Some(Self::TaxName(number)),
            "value" => Some(Self::TaxValue(number)),
            _ => None,
        }
    }
}

/// Case, spaces, hyphens and brackets differ between Shopify's own help page
/// and its files.
fn key(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Which cell is which.
pub(super) struct Header {
    places: HashMap<Column, usize>,
    /// Columns without a field: place and title.
    pub extras: Vec<(usize, String)>,
    /// The numbers of the tax columns, ascending.
    pub taxes: Vec<u8>,
    /// How many columns there are.
    pub width: usize,
    unknown: Vec<String>,
    repeated: Vec<String>,
    /// Whether we wrote the file, of rows we refused.
    ours: bool,
}

impl Header {
    pub fn read(titles: &[String]) -> Result<Self, NotAnExport> {
        if titles.len() > MAX_COLUMNS {
            return Err(NotAnExport::TooManyColumns);
        }
        let mut header = Self {
            places: HashMap::new(),
            extras: Vec::new(),
            taxes: Vec::new(),
            width: titles.len(),
            unknown: Vec::new(),
            repeated: Vec::new(),
            ours: titles.iter().any(|title| title.trim() == failures::REASON),
        };
        for (place, title) in titles.iter().enumerate() {
            let title = if header.ours { cells::unguarded(title.trim()) } else { title.trim() };
            if title == failures::REASON {
                continue;
            }
            let Some(column) = Column::of(title) else {
                header.keep(place, title);
                continue;
            };
            if header.places.contains_key(&column) {
                header.repeated.push(title.to_owned());
                header.keep(place, title);
                continue;
            }
            header.places.insert(column, place);
            if let Column::TaxName(number) | Column::TaxValue(number) = column {
                header.taxes.push(number);
            }
        }
        header.taxes.sort_unstable();
        header.taxes.dedup();
        let missing: Vec<&str> =
            REQUIRED.iter().filter(|column| !header.has(**column)).map(|column| column.title()).collect();
        if missing.is_empty() { Ok(header) } else { Err(NotAnExport::MissingColumns { missing }) }
    }

    /// A cell without the blanks around it and without the mark we put before it.
    pub fn plain<'c>(&self, cell: &'c str) -> &'c str {
        if self.ours { cells::unguarded(cell.trim()) } else { cell.trim() }
    }

    fn keep(&mut self, place: usize, title: &str) {
        let listed = Column::of(title).is_some() || KEPT.contains(&key(title).as_str());
        let mut unique = if title.is_empty() { format!("Column {}", place + 1) } else { title.to_owned() };
        if self.extras.iter().any(|(_, taken)| *taken == unique) {
            unique = format!("{unique} (column {})", place + 1);
        }
        if !listed && !title.is_empty() {
            self.unknown.push(title.chars().take(60).collect());
        }
        self.extras.push((place, unique));
    }

    pub fn has(&self, column: Column) -> bool {
        self.places.contains_key(&column)
    }

    pub fn place(&self, column: Column) -> Option<usize> {
        self.places.get(&column).copied()
    }

    pub fn describe(&self, notes: &mut Notes) {
        if !self.unknown.is_empty() {
            notes.push(format!(
                "Columns that Shopify's export does not have were kept beside the order: {}.",
                self.unknown.join(", ")
            ));
        }
        if !self.repeated.is_empty() {
            notes.push(format!(
                "Columns that occur more than once; the first of each was read, the others were kept beside the order: {}.",
                self.repeated.join(", ")
            ));
        }
    }
}
