#![allow(missing_docs, clippy::unwrap_used)]
use super::{badge::*, markup::*};
use askama::Template;
pub struct Shell { pub nonce: String, pub section: &'static str, pub account_name: String, pub accounts: Vec<AccountLink>, pub user_name: String, pub role_label: &'static str, pub error_count: String, pub theme: String, pub density: String, pub shortcuts: bool, pub flash: Option<Flash>, pub support_view: bool, pub can: Can }
#[derive(Template)] #[template(path = "kit.html")]
pub struct Kit { shell: Shell, badges: Vec<Badge>, stamp: Stamp, pager: Pager, errors: FormErrors, actions: Vec<ActionItem>, headers: Vec<(String,String)>, request: String, response: String }
#[derive(Template)] #[template(path = "error.html")]
pub struct ErrorPage { heading: String, text: String, incident: String, action: Option<Offer> }
#[derive(Template)] #[template(ext = "html", source = r##"{% extends "plain.html" %}{% import "_macros.html" as ui %}{% block title %}Sign in{% endblock %}{% block main %}<div class="card stack"><h1>Sign in</h1><form class="form" method="post" action="/login" novalidate>{{ ui::text_field(errors, "email", "E-mail address", "", kind="email", autocomplete="username") }}{{ ui::text_field(errors, "password", "Password", "", kind="password", autocomplete="current-password") }}<div class="btn-row"><button class="btn primary">Sign in</button></div></form></div>{% endblock %}"##)]
pub struct Login { errors: FormErrors }
pub fn login() -> String { Login { errors: FormErrors::new() }.render().unwrap() }
pub fn error() -> String { ErrorPage { heading: "This order is not here".into(), text: "It may have been moved, or it belongs to another account.".into(), incident: "7f3a-19c2".into(), action: Some(Offer{label:"Search orders".into(), href:"/orders".into()}) }.render().unwrap() }
pub fn kit(nonce: &str, theme: &str, density: &str, plainish: bool) -> String {
    let act = |label: &str, icon, available, reason: &str, primary, key: &str, offer: Option<(&str,&str)>| ActionItem { label: label.into(), icon, href: "/_kit/dialog".into(), available, reason: reason.into(), primary, key: key.into(), offer: offer.map(|(l,h)| Offer{label:l.into(), href:h.into()}) };
    Kit { shell: Shell { nonce: nonce.into(), section: "orders", account_name: "Harbour & Pine".into(), accounts: if plainish {vec![]} else {vec![AccountLink{id:1,name:"Harbour & Pine".into(),current:true}, AccountLink{id:2,name:"Fjord Outdoor".into(),current:false}]}, user_name: "Noor Haddad".into(), role_label: "Operator", error_count: "12".into(), theme: theme.into(), density: density.into(), shortcuts: true, flash: if plainish {None} else {Some(Flash{tone:"success", text:"Operator hold added to SO-104821.".into()})}, support_view: false, can: Can{stores:true,connections:true,emails:true,activity:true,records:true,imports:true} },
      badges: vec![Badge::failed("Sync failed"), Badge::held("Operator hold"), Badge::unknown("Outcome unknown").with_explanation("We do not know whether it arrived"), Badge::moving("Pending tracking").with_icon("truck"), Badge::done("Shipped"), Badge::waiting("Not posted"), Badge::closed("Voided"), Badge::attention("Late").with_icon("clock")],
      stamp: Stamp { iso: "2026-11-20T08:27:14Z".into(), short: "09:27".into(), full: "2026-11-20 09:27:14 UTC+1 (Europe/Brussels)".into() },
      pager: Pager { summary: "1–50 of 48,211 orders".into(), prev: None, next: Some("#next".into()) },
      errors: [("courier", "Enter the name this channel uses for DPD")].into_iter().collect(),
      actions: vec![act("Check with provider now","refresh-cw",true,"",true,"r",None), act("Submit to channel","send",true,"",false,"f",None), act("Edit shipping details","pencil",true,"",false,"",None), act("Re-Post to Fulfillment","rotate-ccw",false,"Available once we know what became of the first post.",false,"",Some(("Check with provider now","/x"))), act("Void shipment","ban",true,"",false,"v",None)],
      headers: vec![("content-type".into(),"application/json".into()),("authorization".into(),"•••• (redacted)".into()),("x-request-id".into(),"01JD3V9K7W5E8Z".into())],
      request: "{\n  \"order\": \"SO-104822\",\n  \"tracking\": {\n    \"courier\": \"dpd_be\",\n    \"number\": \"05222580123456\"\n  },\n  \"channelNotification\": \"trigger\"\n}".into(),
      response: "{\n  \"errors\": [\n    {\n      \"code\": \"COURIER_NOT_FOUND\",\n      \"field\": \"tracking.courier\",\n      \"value\": \"dpd_be\"\n    }\n  ]\n}".into() }.render().unwrap()
}
