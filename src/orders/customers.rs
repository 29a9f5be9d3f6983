//! Customers: the list, and one of them. Their orders are [`super::list`]'s work.

use super::list::{COUNTED, sought, words_in};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, contains, sql},
    ids::{AddressId, CustomerId},
    paging::{Cursor, Page},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};

/// Which customers are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What to look for; empty: everything.
    pub q: String,
    /// Whether names, e-mails and phone numbers may be searched. Without, only the
    /// numbers of orders, shipments and parcels lead to a customer.
    pub personal: bool,
}

/// A customer in the list, and on their page.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Customer {
    #[diesel(sql_type = BigInt)]
    pub id: CustomerId,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub phone: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub address_id: Option<AddressId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub country: Option<String>,
    #[diesel(sql_type = Integer)]
    pub orders_count: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_order_at: Option<Instant>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    /// Open problems of their orders.
    #[diesel(sql_type = BigInt)]
    pub open_problems: i64,
}

macro_rules! customer_columns {
    ($rest:literal) => {
        concat!(
            "select c.id, c.name, c.email, c.phone, c.address_id, a.country, c.orders_count, c.last_order_at, c.created_at, \
             (select count(*) from orders o join problems p on p.account_id = o.account_id and p.order_id = o.id \
              and p.resolved_at is null where o.account_id = c.account_id and o.customer_id = c.id) as open_problems \
             from customers c left join addresses a on a.account_id = c.account_id and a.id = c.address_id where ",
            $rest
        )
    };
}

/// A page of those who ordered, the latest order first.
pub async fn page(
    scope: &mut Scope,
    filter: &Filter,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Customer>> {
    let mut statement = sql(customer_columns!("")).append(conditions(scope, filter));
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = from {
        statement = match backwards {
            true => statement.push(" and (c.last_order_at, c.id) > ({}, {})"),
            false => statement.push(" and (c.last_order_at, c.id) < ({}, {})"),
        }
        .bind(cursor.at())
        .bind(cursor.id);
    }
    statement = match backwards {
        true => statement.push(" order by c.last_order_at nulls first, c.id limit {}"),
        false => statement.push(" order by c.last_order_at desc nulls last, c.id desc limit {}"),
    }
    .bind(i64::try_from(size).unwrap_or(i64::MAX - 1) + 1);
    let rows: Vec<Customer> = scope.rows(statement).await?;
    Ok(Page::cut(rows, size, from, |row| (row.last_order_at.unwrap_or_default(), row.id.0)))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many there are; one more than [`COUNTED`] stands for "more".
pub async fn count(scope: &mut Scope, filter: &Filter) -> DbResult<i64> {
    let statement = sql("select count(*) as n from (select from customers c where ")
        .append(conditions(scope, filter))
        .push(" limit {}) counted")
        .bind(COUNTED + 1);
    let count: Option<Count> = scope.row(statement).await?;
    Ok(count.map_or(0, |count| count.n))
}

/// One customer.
pub async fn find(scope: &mut Scope, id: CustomerId) -> DbResult<Option<Customer>> {
    let account = scope.account();
    scope.row(sql(customer_columns!("c.account_id = {} and c.id = {}")).bind(account).bind(id)).await
}

fn conditions(scope: &Scope, filter: &Filter) -> Sql {
    let account = scope.account();
    let text = sql("c.account_id = {} and c.last_order_at is not null").bind(account);
    let Some(q) = sought(&filter.q) else { return text };
    let pattern = contains(&q);
    let text = text
        .push(
            " and c.id in (select o.customer_id from orders o where o.account_id = {} and o.search_text like {} \
             and lower(o.number) like {} union all select o.customer_id from shipments p join orders o \
             on o.account_id = p.account_id and o.id = p.order_id where p.account_id = {} and p.search_text like {} \
             and (lower(p.number) = {} or lower(p.tracking_number) = {})",
        )
        .bind(account)
        .bind(&pattern)
        .bind(&pattern)
        .bind(account)
        .bind(&pattern)
        .bind(&q)
        .bind(&q);
    if !filter.personal {
        return text.push(")");
    }
    let people =
        sql(" union all select f.id from customers f where f.account_id = {} and f.search_text like {}");
    text.append(words_in(people.bind(account), " and f.search_text like {}", &q)).push(")")
}
