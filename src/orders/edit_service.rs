//! *Edit shipping method*: how what is still to be sent of an order is shipped.

use super::{Subject, status};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{activity, mask},
    notify::events,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The longest name of a method.
const LONGEST: usize = 100;

/// The action.
#[derive(Debug)]
pub struct EditService;

/// Which.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// As the provider knows it.
    #[serde(default)]
    pub shipping_method: String,
}

impl Action for EditService {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "edit_service";
    const LABEL: &'static str = "Edit shipping method";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        subject.editable()
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let effect = "What is posted from now on asks for this method.";
        Ok(subject.asks("Edit the shipping method", effect, "Save method"))
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let method = input.shipping_method.split_whitespace().collect::<Vec<_>>().join(" ");
        match method.chars().count() {
            0 => return Err(ActionError::field("shipping_method", "Enter the shipping method.")),
            1..=LONGEST => {}
            _ => return Err(ActionError::field("shipping_method", "Keep it under 100 characters.")),
        }
        let order = &subject.order;
        if method == order.shipping_method {
            let said = format!("Order {} has this shipping method already.", order.number);
            return Ok(Outcome::unchanged(said));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update orders set shipping_method = {} where account_id = {} and id = {}")
                    .bind(&method)
                    .bind(account)
                    .bind(order.id),
            )
            .await?;
        let summary = format!("Changed the shipping method of order {}", order.number);
        let entry = subject.entry(by, "order_service_changed", summary).changed(
            json!({ "shipping_method": mask::body(&order.shipping_method) }),
            json!({ "shipping_method": mask::body(&method) }),
        );
        activity::record(scope, entry).await?;
        status::refresh(scope, order.id).await?;
        events::order_updated(scope, order.id, &by.trace, now).await?;
        let there = subject.as_it_was();
        let outcome = Outcome::done(format!("Order {} is to be shipped by {method}.{there}", order.number));
        Ok(match order.shipping_method.is_empty() {
            true => outcome,
            false => {
                outcome.undone_by(EditService::NAME, json!({ "shipping_method": order.shipping_method }))
            }
        })
    }
}
