//! *Edit address*: where what is still to be sent of an order goes. An address
//! never changes; the order gets another one.

use super::{Subject, find, status};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{activity, mask},
    ids::AddressId,
    notify::events,
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest part of an address.
const LONGEST: usize = 200;

/// The action.
#[derive(Debug)]
pub struct EditAddress;

/// The address, all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the parts of an address")]
pub struct Input {
    pub name: String,
    pub company: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    /// ISO 3166 alpha-2.
    pub country: String,
    pub phone: String,
}

impl From<&find::Address> for Input {
    fn from(address: &find::Address) -> Input {
        let a = address.clone();
        Input {
            name: a.name,
            company: a.company,
            line1: a.line1,
            line2: a.line2,
            city: a.city,
            region: a.region,
            postal_code: a.postal_code,
            country: a.country,
            phone: a.phone,
        }
    }
}

impl Input {
    /// Its parts by their names.
    pub fn parts(&self) -> [(&'static str, &str); 9] {
        [
            ("name", &self.name),
            ("company", &self.company),
            ("line1", &self.line1),
            ("line2", &self.line2),
            ("city", &self.city),
            ("region", &self.region),
            ("postal_code", &self.postal_code),
            ("country", &self.country),
            ("phone", &self.phone),
        ]
    }

    /// In one spelling, and whether a parcel can be sent there.
    fn checked(&self) -> Result<Input, ActionError> {
        let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let input = Input {
            name: tidy(&self.name),
            company: tidy(&self.company),
            line1: tidy(&self.line1),
            line2: tidy(&self.line2),
            city: tidy(&self.city),
            region: tidy(&self.region),
            postal_code: tidy(&self.postal_code),
            country: tidy(&self.country).to_uppercase(),
            phone: tidy(&self.phone),
        };
        let mut wrong = Vec::new();
        let mut ask = |field: &str, sentence: &str| wrong.push((field.to_owned(), sentence.to_owned()));
        if input.name.is_empty() && input.company.is_empty() {
            ask("name", "Enter a name or a company.");
        }
        if input.line1.is_empty() {
            ask("line1", "Enter street and number.");
        }
        if input.city.is_empty() {
            ask("city", "Enter the town or city.");
        }
        if input.country.len() != 2 || !input.country.bytes().all(|b| b.is_ascii_uppercase()) {
            ask("country", "Enter the country in two letters, as in BE.");
        }
        for (field, text) in input.parts() {
            if text.chars().count() > LONGEST {
                ask(field, "Keep it under 200 characters.");
            }
        }
        if wrong.is_empty() { Ok(input) } else { Err(ActionError::Refused(wrong)) }
    }

    /// As the history keeps it: names, streets and numbers are masked, the rows
    /// of the addresses keep them.
    fn kept(&self, id: Option<AddressId>) -> Value {
        let parts: serde_json::Map<String, Value> =
            self.parts().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        let masked = mask::body(&json!({ "ship_to": parts }).to_string());
        let mut kept: Value = serde_json::from_str(&masked).unwrap_or_default();
        let mut kept = kept["ship_to"].take();
        kept["address"] = json!({ "id": id });
        kept
    }
}

/// Where the order goes now.
pub async fn current(scope: &mut Scope, subject: &Subject) -> DbResult<Input> {
    let ids: Vec<AddressId> = subject.order.ship_address_id.into_iter().collect();
    let found = find::addresses(scope, &ids).await?;
    Ok(found.first().map(Input::from).unwrap_or_default())
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = BigInt)]
    id: AddressId,
}

impl Action for EditAddress {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "edit_address";
    const LABEL: &'static str = "Edit address";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        subject.editable()
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let effect = "What is posted from now on goes to this address.";
        Ok(subject.asks("Edit the address", effect, "Save address"))
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let new = input.checked()?;
        let old = current(scope, &subject).await?;
        let number = &subject.order.number;
        if new == old {
            return Ok(Outcome::unchanged(format!("Order {number} goes to this address already.")));
        }
        let account = scope.account();
        let made: Option<Made> = scope
            .row(
                sql("insert into addresses (account_id, name, company, line1, line2, city, region, postal_code, country, \
                     phone, created_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
                .bind(account)
                .bind(&new.name)
                .bind(&new.company)
                .bind(&new.line1)
                .bind(&new.line2)
                .bind(&new.city)
                .bind(&new.region)
                .bind(&new.postal_code)
                .bind(&new.country)
                .bind(&new.phone)
                .bind(now),
            )
            .await?;
        let made = made.map(|made| made.id);
        scope
            .execute(
                sql("update orders set ship_address_id = {} where account_id = {} and id = {}")
                    .bind(made)
                    .bind(account)
                    .bind(subject.order.id),
            )
            .await?;
        let parts = old.parts().into_iter().zip(new.parts());
        let changed: Vec<&str> = parts.filter(|(was, is)| was != is).map(|(_, (name, _))| name).collect();
        let (before, mut after) = (old.kept(subject.order.ship_address_id), new.kept(made));
        after["changed"] = changed.join(", ").replace('_', " ").into();
        let entry = subject
            .entry(by, "order_address_changed", format!("Changed the ship-to address of order {number}"))
            .changed(before, after);
        activity::record(scope, entry).await?;
        status::refresh(scope, subject.order.id).await?;
        events::order_updated(scope, subject.order.id, &by.trace, now).await?;
        let there = subject.as_it_was();
        Ok(Outcome::done(format!("The address of order {number} is saved.{there}")))
    }
}
