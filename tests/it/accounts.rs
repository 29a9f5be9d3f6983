//! Who may: passwords, tokens, the matrix.

use crate::support::shop::{Shop, now};
use waybill::accounts::{
    Permission, Role, passwords,
    tokens::{self, Scope},
    users::{self, NewUser},
};

#[test]
fn the_matrix_is_what_it_is() {
    let table: String = Permission::ALL
        .iter()
        .map(|p| {
            let who: Vec<&str> = Role::ALL.iter().filter(|r| r.can(*p)).map(|r| r.as_str()).collect();
            format!("{p}: {}\n", who.join(" "))
        })
        .collect();
    insta::assert_snapshot!(table, @"
    orders.view: client admin support
    orders.edit: client admin
    shipments.post: client admin
    shipments.submit: client admin support
    inventory.view: client admin support
    inventory.edit: admin
    inventory.add_back: client admin
    problems.view: client admin support
    stores.view: client admin support
    stores.edit: admin
    couriers.edit: admin
    connections.view: client admin support
    connections.edit: admin
    records.view: client admin support
    activity.view: client admin support
    imports.run: client admin
    exports.run: client admin
    emails.view: client admin support
    emails.send: client admin
    responders.edit: admin
    webhooks.view: admin support
    webhooks.resend: admin support
    webhooks.edit: admin
    personal.view: client admin
    costs.view: admin
    people.manage: admin
    ");
}

#[tokio::test]
async fn passwords_are_long_hashed_and_checked() {
    for weak in ["short", "fourteen chars", "aaaaaaaaaaaaaaaaaaaaaa", "ada.lovelace ada.lovelace"] {
        assert!(passwords::check(weak, "ada.lovelace@example.com").is_err(), "{weak}");
    }
    assert!(passwords::check("correct horse battery staple", "ada@example.com").is_ok());
    assert!(
        passwords::check(&"ä1-".repeat(5), "ada@example.com").is_err(),
        "fifteen characters, but only three of them"
    );
    let hash = passwords::hash("correct horse battery staple".into()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(passwords::verify("correct horse battery staple".into(), Some(hash.clone())).await.unwrap());
    assert!(!passwords::verify("correct horse battery stable".into(), Some(hash)).await.unwrap());
    assert!(
        !passwords::verify("nobody has this password".into(), None).await.unwrap(),
        "nobody is never right"
    );
}

#[tokio::test]
async fn a_token_opens_its_account_until_it_ends() {
    let shop = Shop::open().await;
    let roles = [(shop.account, Role::Admin)];
    let new = NewUser {
        email: "a@example.com",
        name: "A",
        password: "correct horse battery staple".into(),
        roles: &roles,
    };
    let user = users::create(&shop.db, new).await.unwrap();
    let expires = now() + chrono::Duration::days(1);
    let made = tokens::create(&shop.db, shop.account, user, "ERP", &[Scope::OrdersRead], Some(expires))
        .await
        .unwrap();
    assert!(made.token.starts_with(&made.prefix) && made.token.starts_with("wb_live_"));
    let bearer = tokens::verify(&shop.db, &made.token, now()).await.unwrap().unwrap();
    assert_eq!(
        (bearer.account, bearer.user, bearer.scopes.as_slice()),
        (shop.account, user, &[Scope::OrdersRead][..])
    );
    assert_eq!(
        shop.value(&format!(
            "select count(*) from api_tokens t where t::text like '%{}%'",
            &made.token[20..40]
        ))
        .await,
        0
    );
    for n in 0..made.token.len() {
        let mut wrong = made.token.clone().into_bytes();
        wrong[n] = if wrong[n] == b'x' { b'y' } else { b'x' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert!(tokens::verify(&shop.db, &wrong, now()).await.unwrap().is_none(), "{n}");
    }
    for odd in ["", "wb_live_", "ä", "wb_live_äääääääääääääääääää_äää"] {
        assert!(tokens::verify(&shop.db, odd, now()).await.unwrap().is_none());
    }
    assert!(tokens::verify(&shop.db, &made.token, expires).await.unwrap().is_none(), "expired");
    shop.sql("update api_tokens set revoked_at = now()").await;
    assert!(tokens::verify(&shop.db, &made.token, now()).await.unwrap().is_none(), "revoked");
}
