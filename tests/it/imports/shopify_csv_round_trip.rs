//! What is written as such an export is read back as it was.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, FixedOffset, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use waybill::imports::shopify_csv::{CsvAddress, CsvItem, CsvOrder, CsvTaxLine, read};

const CURRENCIES: [(&str, usize); 4] = [("EUR", 2), ("JPY", 0), ("KWD", 3), ("UYW", 4)];

/// Text as people write it, without blanks around it: those are not kept.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zäß東,;\"'#=]([a-zA-Z0-9 ,;\"'\n\téß東😀:=+@-]{0,18}[a-z0-9\"!])?"
}

fn word() -> impl Strategy<Value = String> {
    "[a-z0-9\"é]{1,8}"
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_000_000_000).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

fn money() -> impl Strategy<Value = Option<i64>> {
    option::of(0_i64..10_000_000_000)
}

prop_compose! {
    fn address()(
        (name, address1, address2, company, city) in (option::of(text()), option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        zip in option::of("[A-Z0-9]{2,8}"),
        (province, province_name) in (option::of("[A-Z]{2}"), option::of(text())),
        country in option::of("[A-Z]{2}"),
        phone in option::of("\\+[0-9]{8,12}"),
    ) -> CsvAddress {
        CsvAddress { name, street: address1.clone(), address1, address2, company, city, zip, province, province_name, country, phone }
    }
}

prop_compose! {
    fn item()(
        quantity in 1_u32..1_000_000,
        name in text(),
        price_minor in 0_i64..10_000_000_000,
        (compare_at_minor, discount_minor) in (money(), money()),
        (sku, vendor, fulfillment_status) in (option::of(text()), option::of(text()), option::of("[a-z]{3,9}")),
        (requires_shipping, taxable) in (option::of(any::<bool>()), option::of(any::<bool>())),
    ) -> CsvItem {
        CsvItem { line: 0, quantity, name, price_minor, compare_at_minor, sku, requires_shipping, taxable, fulfillment_status, discount_minor, vendor, extras: Default::default() }
    }
}

prop_compose! {
    fn order()(
        currency in 0..CURRENCIES.len(),
        (email, discount_code, shipping_method, payment_method) in (option::of("[a-z]{1,5}@example\\.com"), option::of(text()), option::of(text()), option::of(text())),
        (risk_level, source, note) in (option::of(text()), option::of(text()), option::of(text())),
        phone in option::of("\\+[0-9]{8,12}"),
        (financial_status, fulfillment_status) in (option::of("[a-z_]{3,9}"), option::of("[a-z]{3,9}")),
        (paid_at, fulfilled_at, created_at, canceled_at) in (option::of(moment()), option::of(moment()), moment(), option::of(moment())),
        (subtotal_minor, shipping_minor, taxes_minor, total_minor) in (money(), money(), money(), 0_i64..10_000_000_000),
        (discount_minor, refunded_minor, outstanding_minor) in (money(), money(), option::of(-10_000_000_i64..10_000_000)),
        tags in vec("[a-z][a-z \"]{0,6}[a-z]", 0..4),
        note_attributes in vec((word(), "[a-z0-9 \",=]{0,10}[a-z](\n[a-z\"]{1,5})?"), 0..4),
        (billing, shipping) in (address(), address()),
        items in vec(item(), 1..4),
        taxes in vec((text(), 0_i64..1_000_000), 0..3),
        extra in option::of(text()),
        id in any::<bool>(),
    ) -> CsvOrder {
        CsvOrder {
            line: 0, lines: Vec::new(), name: String::new(), id: id.then(String::new), email, phone, financial_status, fulfillment_status,
            paid_at, fulfilled_at, created_at, canceled_at, currency: CURRENCIES[currency].0.to_owned(),
            subtotal_minor, shipping_minor, taxes_minor, total_minor, discount_minor, refunded_minor, outstanding_minor,
            discount_code, shipping_method, payment_method, risk_level, source, vendor: items[0].vendor.clone(), tags, note,
            note_attributes: note_attributes.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect(),
            billing, shipping, items,
            tax_lines: taxes.into_iter().map(|(name, amount_minor)| CsvTaxLine { name, amount_minor }).collect(),
            extras: extra.into_iter().map(|text| ("Gift wrap".to_owned(), text)).collect(),
        }
    }
}

fn amount(minor: i64, currency: &str) -> String {
    let decimals = CURRENCIES.iter().find(|(code, _)| *code == currency).unwrap().1;
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let dot = if decimals == 0 { "" } else { "." };
    format!("{}{whole}{dot}{fraction}", if minor < 0 { "-" } else { "" })
}

/// How one file is written.
#[derive(Clone, Debug)]
struct Style {
    columns: Vec<prop::sample::Index>,
    quotes: Vec<bool>,
    minutes: Vec<i32>,
    crlf: bool,
    mark: bool,
    repeat: bool,
    scatter: bool,
}

prop_compose! {
    fn style()(
        columns in vec(any::<prop::sample::Index>(), 90),
        quotes in vec(any::<bool>(), 1..40),
        minutes in vec(-14 * 60..=14 * 60, 1..6),
        (crlf, mark, repeat, scatter) in any::<(bool, bool, bool, bool)>(),
    ) -> Style {
        Style { columns, quotes, minutes, crlf, mark, repeat, scatter }
    }
}

type Cells = Vec<(String, String)>;

fn date(at: DateTime<Utc>, style: &Style, salt: usize) -> String {
    let offset = FixedOffset::east_opt(style.minutes[salt % style.minutes.len()] * 60).unwrap();
    let local = at.with_timezone(&offset);
    match salt % 3 {
        0 => local.format("%Y-%m-%d %H:%M:%S %z").to_string(),
        1 => local.to_rfc3339(),
        _ => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    }
}

fn item_cells(item: &CsvItem, currency: &str) -> Cells {
    let flag = |value: Option<bool>| value.map(|yes| yes.to_string()).unwrap_or_default();
    let money = |minor: Option<i64>| minor.map(|minor| amount(minor, currency)).unwrap_or_default();
    [
        ("Lineitem quantity", item.quantity.to_string()),
        ("Lineitem name", item.name.clone()),
        ("Lineitem price", amount(item.price_minor, currency)),
        ("Lineitem compare at price", money(item.compare_at_minor)),
        ("Lineitem sku", item.sku.clone().unwrap_or_default()),
        ("Lineitem requires shipping", flag(item.requires_shipping)),
        ("Lineitem taxable", flag(item.taxable)),
        ("Lineitem fulfillment status", item.fulfillment_status.clone().unwrap_or_default()),
        ("Lineitem discount", money(item.discount_minor)),
        ("Vendor", item.vendor.clone().unwrap_or_default()),
    ]
    .into_iter()
    .map(|(title, cell)| (title.to_owned(), cell))
    .collect()
}

fn order_cells(order: &CsvOrder, style: &Style, salt: usize) -> Cells {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let money = |minor: Option<i64>| minor.map(|minor| amount(minor, &order.currency)).unwrap_or_default();
    let at = |at: Option<DateTime<Utc>>| at.map(|at| date(at, style, salt)).unwrap_or_default();
    let attributes: Vec<String> =
        order.note_attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut cells: Cells = [
        ("Name", order.name.clone()),
        ("Id", own(&order.id)),
        ("Email", own(&order.email)),
        ("Phone", own(&order.phone)),
        ("Financial Status", own(&order.financial_status)),
        ("Fulfillment Status", own(&order.fulfillment_status)),
        ("Paid at", at(order.paid_at)),
        ("Fulfilled at", at(order.fulfilled_at)),
        ("Created at", at(Some(order.created_at))),
        ("Cancelled at", at(order.canceled_at)),
        ("Currency", order.currency.clone()),
        ("Subtotal", money(order.subtotal_minor)),
        ("Shipping", money(order.shipping_minor)),
        ("Taxes", money(order.taxes_minor)),
        ("Total", money(Some(order.total_minor))),
        ("Discount Amount", money(order.discount_minor)),
        ("Refunded Amount", money(order.refunded_minor)),
        ("Outstanding Balance", money(order.outstanding_minor)),
        ("Discount Code", own(&order.discount_code)),
        ("Shipping Method", own(&order.shipping_method)),
        ("Payment Method", own(&order.payment_method)),
        ("Risk Level", own(&order.risk_level)),
        ("Source", own(&order.source)),
        ("Tags", order.tags.join(", ")),
        ("Notes", own(&order.note)),
        ("Note Attributes", attributes.join("\n")),
        ("Gift wrap", order.extras.get("Gift wrap").cloned().unwrap_or_default()),
    ]
    .into_iter()
    .map(|(title, cell)| (title.to_owned(), cell))
    .collect();
    for (place, line) in order.tax_lines.iter().enumerate() {
        cells.push((format!("Tax {} Name", place + 1), line.name.clone()));
        cells.push((format!("Tax {} Value", place + 1), amount(line.amount_minor, &order.currency)));
    }
    for (kind, address) in [("Billing", &order.billing), ("Shipping", &order.shipping)] {
        let zip = address.zip.as_ref().map(|zip| format!("'{zip}")).unwrap_or_default();
        let phone = address.phone.as_ref().map(|phone| format!("'{phone}")).unwrap_or_default();
        let parts = [
            ("Name", own(&address.name)),
            ("Street", own(&address.street)),
            ("Address1", own(&address.address1)),
            ("Address2", own(&address.address2)),
            ("Company", own(&address.company)),
            ("City", own(&address.city)),
            ("Zip", zip),
            ("Province", own(&address.province)),
            ("Province Name", own(&address.province_name)),
            ("Country", own(&address.country)),
            ("Phone", phone),
        ];
        cells.extend(parts.into_iter().map(|(part, cell)| (format!("{kind} {part}"), cell)));
    }
    cells
}

fn write(orders: &[CsvOrder], style: &Style) -> String {
    let mut heads = Vec::new();
    let mut tails = Vec::new();
    for (salt, order) in orders.iter().enumerate() {
        for (place, item) in order.items.iter().enumerate() {
            let mut cells = item_cells(item, &order.currency);
            if place == 0 {
                cells.extend(order_cells(order, style, salt));
                heads.push(cells);
                continue;
            }
            cells.push(("Name".to_owned(), order.name.clone()));
            if style.repeat {
                cells.push(("Email".to_owned(), order.email.clone().unwrap_or_default()));
                cells.push(("Created at".to_owned(), date(order.created_at, style, salt + place)));
            }
            if style.scatter { tails.push(cells) } else { heads.push(cells) }
        }
    }
    heads.extend(tails);
    let mut titles: Vec<String> = Vec::new();
    for (title, _) in heads.iter().flatten() {
        if !titles.contains(title) {
            titles.push(title.clone());
        }
    }
    for place in (1..titles.len()).rev() {
        titles.swap(place, style.columns[place % style.columns.len()].index(place + 1));
    }
    let end = if style.crlf { "\r\n" } else { "\n" };
    let mut file = String::from(if style.mark { "\u{feff}" } else { "" });
    let mut quoted = style.quotes.iter().cycle();
    let mut put = |file: &mut String, cells: Vec<&str>| {
        let cells: Vec<String> = cells.into_iter().map(|cell| quote(cell, *quoted.next().unwrap())).collect();
        file.push_str(&cells.join(","));
        file.push_str(end);
    };
    put(&mut file, titles.iter().map(String::as_str).collect());
    for row in &heads {
        let cell =
            |title: &String| row.iter().find(|(own, _)| own == title).map_or("", |(_, cell)| cell.as_str());
        put(&mut file, titles.iter().map(cell).collect());
    }
    file
}

fn quote(cell: &str, wanted: bool) -> String {
    let needed = cell.contains([',', '"', '\n', '\r']);
    if needed || wanted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(mut orders in vec(order(), 1..5), style in style()) {
        for (place, order) in orders.iter_mut().enumerate() {
            order.name = format!("#{}", 1001 + place);
            if order.id.is_some() {
                order.id = Some(format!("{}", 5_600_000_000_000_u64 + place as u64));
            }
        }
        let file = write(&orders, &style);
        let mut parsed = read(file.as_bytes()).unwrap();
        prop_assert_eq!(&parsed.failures, &[]);
        prop_assert_eq!(parsed.rows, orders.iter().map(|order| order.items.len() as u64).sum::<u64>());
        let physical: Vec<&str> = file.split('\n').collect();
        for order in &mut parsed.orders {
            prop_assert_eq!(order.lines.len(), order.items.len());
            prop_assert!(order.lines.iter().all(|line| *line >= 2 && *line as usize <= physical.len()));
            order.line = 0;
            order.lines.clear();
            order.items.iter_mut().for_each(|item| item.line = 0);
        }
        prop_assert_eq!(parsed.orders, orders);
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..2000)) {
        let _ = read(bytes.as_slice());
    }

    #[test]
    fn any_bytes_below_a_header_are_answered(bytes in vec(any::<u8>(), 0..600), text in "[#1-3,\"\r\n'a.0-]{0,300}") {
        let header = "Name,Currency,Total,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Notes,Id,Note Attributes,Billing Zip\n";
        let _ = read([header.as_bytes(), &bytes].concat().as_slice());
        if let Ok(parsed) = read(format!("{header}{text}").as_bytes()) {
            for failure in &parsed.failures {
                prop_assert!(failure.line >= 2 && failure.reason.starts_with("Line "), "{:?}", failure);
            }
        }
    }

    #[test]
    fn any_cells_are_answered(cells in vec("[0-9#.,:TZ+eE '\"éa-]{0,14}", 12), name in "#[12]") {
        let header = "Name,Currency,Total,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Notes,Id,Note Attributes,Billing Zip\n";
        let row = |currency: &str| {
            let cells: Vec<String> = cells.iter().skip(2).map(|cell| quote(cell, true)).collect();
            format!("{name},{currency},{}\n", cells.join(","))
        };
        let parsed = read(format!("{header}{}{}", row("EUR"), row("")).as_bytes()).unwrap();
        prop_assert!(parsed.orders.len() + parsed.failures.len() <= 2);
    }
}
