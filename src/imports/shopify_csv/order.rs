//! From the rows of one order to the order, or to every reason against it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::cells::{self, Advice};
use super::columns::{Column, Header, Part};
use super::currencies;
use super::{CsvAddress, CsvItem, CsvOrder, CsvTaxLine};

/// One row, cut into cells.
pub(super) struct Row<'a> {
    pub header: &'a Header,
    pub line: u64,
    pub cells: Vec<String>,
}

impl Row<'_> {
    /// A cell without the blanks around it; blank where the column is missing.
    pub fn cell(&self, column: Column) -> &str {
        self.header
            .place(column)
            .and_then(|place| self.cells.get(place))
            .map_or("", |cell| self.header.plain(cell))
    }

    fn text(&self, column: Column) -> Option<String> {
        let cell = self.cell(column);
        (!cell.is_empty()).then(|| cell.replace("\r\n", "\n"))
    }

    fn status(&self, column: Column) -> Option<String> {
        self.text(column).map(|text| text.to_lowercase())
    }

    /// Whether the row sells anything.
    pub fn has_item(&self) -> bool {
        [Column::ItemQuantity, Column::ItemName, Column::ItemPrice, Column::ItemSku]
            .iter()
            .any(|column| !self.cell(*column).is_empty())
    }

    fn extras(&self) -> BTreeMap<String, String> {
        let cell = |place: usize| {
            self.cells.get(place).map(|cell| self.header.plain(cell)).filter(|cell| !cell.is_empty())
        };
        let extras = self.header.extras.iter();
        extras.filter_map(|(place, title)| Some((title.clone(), cell(*place)?.to_owned()))).collect()
    }
}

/// The currency amounts are read in.
#[derive(Clone, Copy)]
struct Money<'a> {
    currency: &'a str,
    decimals: u32,
}

/// What is known about an order while it is read.
#[derive(Default)]
pub(super) struct Draft {
    pub reasons: Vec<(u64, String)>,
    pub notes: Vec<String>,
    /// Lines of dates whose offset was assumed.
    pub assumed: Vec<u64>,
}

impl Draft {
    /// Reads the rows of one order; `None` or any reason refuses it.
    pub fn build(&mut self, rows: &[Row<'_>], starts_at: usize) -> Option<CsvOrder> {
        let first = rows.get(starts_at)?;
        let currency = first.cell(Column::Currency).to_uppercase();
        let money = self.money(first, &currency);
        let created_at = self.date(first, Column::CreatedAt);
        if first.cell(Column::CreatedAt).is_empty() {
            self.refuse(
                first,
                Column::CreatedAt,
                "write a date such as 2026-11-20 09:41:00 +0100".to_owned(),
            );
        }
        let total = self.amount(first, Column::Total, money);
        if first.cell(Column::Total).is_empty() {
            self.refuse(first, Column::Total, "write what the customer pays, 0 if it is nothing".to_owned());
        }
        for row in rows {
            self.same_order(first, row, created_at);
        }
        let items = self.items(rows, first.line, money);
        let id = self.long_number(first, Column::Id, first.text(Column::Id));
        let phone = self.phone(first, Column::Phone);
        Some(CsvOrder {
            line: first.line,
            lines: rows.iter().map(|row| row.line).collect(),
            name: first.cell(Column::Name).to_owned(),
            id,
            email: first.text(Column::Email),
            phone,
            financial_status: first.status(Column::FinancialStatus),
            fulfillment_status: first.status(Column::FulfillmentStatus),
            paid_at: self.date(first, Column::PaidAt),
            fulfilled_at: self.date(first, Column::FulfilledAt),
            created_at: created_at.unwrap_or_default(),
            canceled_at: self.date(first, Column::CanceledAt),
            subtotal_minor: self.amount(first, Column::Subtotal, money),
            shipping_minor: self.amount(first, Column::Shipping, money),
            taxes_minor: self.amount(first, Column::Taxes, money),
            total_minor: total.unwrap_or_default(),
            discount_minor: self.amount(first, Column::DiscountAmount, money),
            refunded_minor: self.amount(first, Column::RefundedAmount, money),
            outstanding_minor: self.amount(first, Column::OutstandingBalance, money),
            discount_code: first.text(Column::DiscountCode),
            shipping_method: first.text(Column::ShippingMethod),
            payment_method: first.text(Column::PaymentMethod),
            risk_level: first.text(Column::RiskLevel),
            source: first.text(Column::Source),
            vendor: first.text(Column::Vendor),
            tags: cells::tags(first.cell(Column::Tags)),
            note: first.text(Column::Notes),
            note_attributes: cells::note_attributes(first.cell(Column::NoteAttributes)),
            billing: self.address(first, Column::Billing),
            shipping: self.address(first, Column::ShippingTo),
            items,
            tax_lines: self.tax_lines(first, money),
            extras: first.extras(),
            currency: currency.clone(),
        })
    }

    fn refuse(&mut self, row: &Row<'_>, column: Column, advice: Advice) {
        let (line, title) = (row.line, column.title());
        let cell = row.cell(column);
        let shown: String = cell.chars().take(40).collect();
        let dots = if shown.len() < cell.len() { "…" } else { "" };
        let what = if cell.is_empty() { "blank".to_owned() } else { format!("\"{shown}{dots}\"") };
        self.reasons.push((line, format!("Line {line}: {title} is {what}; {advice}.")));
    }

    fn money<'c>(&mut self, row: &Row<'_>, currency: &'c str) -> Option<Money<'c>> {
        let decimals = currencies::decimals(currency);
        if decimals.is_none() {
            let advice = "write the three letters of an ISO 4217 currency, such as EUR".to_owned();
            self.refuse(row, Column::Currency, advice);
        }
        Some(Money { currency, decimals: decimals? })
    }

    fn amount(&mut self, row: &Row<'_>, column: Column, money: Option<Money<'_>>) -> Option<i64> {
        let cell = row.cell(column);
        let Money { currency, decimals } = money?;
        if cell.is_empty() {
            return None;
        }
        match cells::amount(cell, currency, decimals) {
            // What the shop owes the customer is the one amount below zero.
            Ok(minor) if minor < 0 && column != Column::OutstandingBalance => {
                self.refuse(row, column, "write an amount of zero or more".to_owned());
                None
            }
            Ok(minor) => Some(minor),
            Err(advice) => {
                self.refuse(row, column, advice);
                None
            }
        }
    }

    fn date(&mut self, row: &Row<'_>, column: Column) -> Option<DateTime<Utc>> {
        let cell = row.cell(column);
        if cell.is_empty() {
            return None;
        }
        match cells::moment(cell) {
            Ok(moment) => {
                if moment.assumed {
                    self.assumed.push(row.line);
                }
                Some(moment.at)
            }
            Err(advice) => {
                self.refuse(row, column, advice);
                None
            }
        }
    }

    /// A number that a spreadsheet has shortened is no longer that number.
    fn long_number(&mut self, row: &Row<'_>, column: Column, text: Option<String>) -> Option<String> {
        let text = text?;
        if cells::is_shortened_number(&text) {
            let (line, title) = (row.line, column.title());
            self.notes.push(format!(
                "Line {line}: {title} \"{text}\" was shortened by a spreadsheet; it was left out."
            ));
            return None;
        }
        Some(text)
    }

    fn phone(&mut self, row: &Row<'_>, column: Column) -> Option<String> {
        let cell = cells::without_quote_mark(row.cell(column));
        self.long_number(row, column, (!cell.is_empty()).then(|| cell.to_owned()))
    }

    /// What a continuing row repeats has to agree with the row it continues.
    fn same_order(&mut self, first: &Row<'_>, row: &Row<'_>, created_at: Option<DateTime<Utc>>) {
        if row.line == first.line {
            return;
        }
        let name = first.cell(Column::Name);
        let mut differs = |column: Column| {
            let (line, other, title) = (row.line, first.line, column.title());
            let sentence = format!(
                "Line {line}: {title} is not the one that order {name} has at line {other}; make them the same."
            );
            self.reasons.push((line, sentence));
        };
        for column in [Column::Id, Column::Email] {
            let (here, there) = (row.cell(column), first.cell(column));
            if !here.is_empty() && !there.is_empty() && !here.eq_ignore_ascii_case(there) {
                differs(column);
            }
        }
        let repeated = row.cell(Column::CreatedAt);
        if let (false, Some(created_at)) = (repeated.is_empty(), created_at) {
            match cells::moment(repeated) {
                Ok(moment) if moment.at != created_at => differs(Column::CreatedAt),
                Ok(_) => {}
                Err(advice) => self.refuse(row, Column::CreatedAt, advice),
            }
        }
    }

    fn items(&mut self, rows: &[Row<'_>], first_line: u64, money: Option<Money<'_>>) -> Vec<CsvItem> {
        let mut items = Vec::new();
        for row in rows {
            if row.has_item() {
                items.push(self.item(row, first_line, money));
            } else if row.line != first_line {
                let line = row.line;
                self.notes.push(format!("Line {line}: the row has no line item; it was ignored."));
            }
        }
        if !rows.iter().any(Row::has_item) {
            let sentence =
                format!("Line {first_line}: the order has no line items; add a row with at least one.");
            self.reasons.push((first_line, sentence));
        }
        items
    }

    fn item(&mut self, row: &Row<'_>, first_line: u64, money: Option<Money<'_>>) -> CsvItem {
        let quantity = match cells::quantity(row.cell(Column::ItemQuantity)) {
            Ok(quantity) => Some(quantity),
            Err(advice) => {
                self.refuse(row, Column::ItemQuantity, advice);
                None
            }
        };
        if row.cell(Column::ItemName).is_empty() {
            self.refuse(row, Column::ItemName, "write the name of the product".to_owned());
        }
        if row.cell(Column::ItemPrice).is_empty() {
            self.refuse(row, Column::ItemPrice, "write the price of one, 0 if it is free".to_owned());
        }
        if cells::is_shortened_number(row.cell(Column::ItemSku)) {
            self.refuse(
                row,
                Column::ItemSku,
                "a spreadsheet has shortened it, write all its digits".to_owned(),
            );
        }
        let price = self.amount(row, Column::ItemPrice, money);
        CsvItem {
            line: row.line,
            quantity: quantity.unwrap_or_default(),
            name: row.text(Column::ItemName).unwrap_or_default(),
            price_minor: price.unwrap_or_default(),
            compare_at_minor: self.amount(row, Column::ItemCompareAtPrice, money),
            sku: row.text(Column::ItemSku),
            requires_shipping: self.yes_or_no(row, Column::ItemRequiresShipping),
            taxable: self.yes_or_no(row, Column::ItemTaxable),
            fulfillment_status: row.status(Column::ItemFulfillmentStatus),
            discount_minor: self.amount(row, Column::ItemDiscount, money),
            vendor: row.text(Column::Vendor),
            extras: if row.line == first_line { BTreeMap::new() } else { row.extras() },
        }
    }

    fn yes_or_no(&mut self, row: &Row<'_>, column: Column) -> Option<bool> {
        let cell = row.cell(column);
        if cell.is_empty() {
            return None;
        }
        cells::yes_or_no(cell).map_err(|advice| self.refuse(row, column, advice)).ok()
    }

    fn tax_lines(&mut self, row: &Row<'_>, money: Option<Money<'_>>) -> Vec<CsvTaxLine> {
        let mut lines = Vec::new();
        for &number in &row.header.taxes {
            let name = row.cell(Column::TaxName(number)).to_owned();
            let value = self.amount(row, Column::TaxValue(number), money);
            if !name.is_empty() || value.is_some() {
                lines.push(CsvTaxLine { name, amount_minor: value.unwrap_or_default() });
            }
        }
        lines
    }

    fn address(&mut self, row: &Row<'_>, of: fn(Part) -> Column) -> CsvAddress {
        let text = |part: Part| row.text(of(part));
        let zip = cells::without_quote_mark(row.cell(of(Part::Zip)));
        CsvAddress {
            name: text(Part::Name),
            street: text(Part::Street),
            address1: text(Part::Address1).or_else(|| text(Part::Street)),
            address2: text(Part::Address2),
            company: text(Part::Company),
            city: text(Part::City),
            zip: (!zip.is_empty()).then(|| zip.to_owned()),
            province: text(Part::Province),
            province_name: text(Part::ProvinceName),
            country: text(Part::Country),
            phone: self.phone(row, of(Part::Phone)),
        }
    }
}
