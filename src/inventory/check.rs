//! Reads one account as it is at a moment and names what breaks a law.

use super::laws::{LAWS, SUMS};
use crate::{
    db::{DbResult, Scope, Sql, sql},
    ids::AccountId,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Text},
};
use serde::Serialize;

/// So many breaks of one law are named; the others are counted.
pub const MOST: i64 = 20;

/// A law that is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// What should hold.
    pub law: &'static str,
    /// Where it does not, at most [`MOST`].
    pub breaks: Vec<Break>,
    /// How many more there are.
    pub more: i64,
}

/// One break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Of what.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    law: i32,
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    expected: String,
    #[diesel(sql_type = Text)]
    found: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Every law that is broken in the scope's account. One statement: open a
/// snapshot for it, so that it holds up nobody.
pub async fn account(scope: &mut Scope) -> DbResult<Vec<Broken>> {
    let account = scope.account();
    // it reads a whole account, and translating it to machine code costs more than it saves
    scope
        .execute(sql("select set_config('statement_timeout', '0', true), set_config('jit', 'off', true)"))
        .await?;
    let mut statement = each(sql(SUMS), SUMS, account);
    for (number, law) in (0_i32..).zip(LAWS) {
        statement = statement
            .push(if number == 0 { "(select " } else { " union all (select " })
            .push("{}::integer as law, x.what, x.expected, x.found, count(*) over () as total from (")
            .bind(number);
        statement = each(statement.push(law.breaks), law.breaks, account)
            .push(") x order by x.what limit {}::bigint)")
            .bind(MOST);
    }
    let rows: Vec<Row> = scope.rows(statement).await?;
    let mut broken: Vec<Broken> = Vec::new();
    for row in rows {
        let Some(law) = usize::try_from(row.law).ok().and_then(|at| LAWS.get(at)) else { continue };
        let found = Break { what: row.what, expected: row.expected, found: row.found };
        match broken.last_mut() {
            Some(last) if last.law == law.holds => last.breaks.push(found),
            _ => broken.push(Broken { law: law.holds, breaks: vec![found], more: row.total }),
        }
    }
    for law in &mut broken {
        law.more -= law.breaks.len() as i64;
    }
    Ok(broken)
}

/// Binds the account wherever a text that was just pushed asks for it.
fn each(mut statement: Sql, text: &str, account: AccountId) -> Sql {
    for _ in text.matches("{}") {
        statement = statement.bind(account);
    }
    statement
}

/// What is looked at, as sentences.
pub fn laws() -> impl Iterator<Item = &'static str> {
    LAWS.iter().map(|law| law.holds)
}
