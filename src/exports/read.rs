//! Reading what a file holds: page by page, in the order of the list, up to what was
//! there at the beginning, so that no row comes twice and none is left out.

use super::{
    Which,
    cell::{Cell, Row},
    columns::{Column, Kind},
};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    filters, orders, shipments,
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::SimpleAsyncConnection;
use std::time::Duration;

/// Rows of a page. It stands in the statement as it is, so that so many are planned for.
const PAGE: usize = 1_000;
const LIMIT: &str = "limit 1000";

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamptz)]
    at: Instant,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Array<Nullable<Text>>)]
    cells: Vec<Option<String>>,
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Where reading stands.
#[derive(Debug)]
pub struct Reader {
    which: Which,
    columns: Vec<&'static Column>,
    newest: i64,
    after: Option<(Instant, i64)>,
    over: bool,
}

impl Reader {
    /// At the first row. What comes into being from now on is not read.
    pub async fn open(scope: &mut Scope, which: Which, columns: Vec<&'static Column>) -> DbResult<Reader> {
        let account = scope.account();
        let statement = match which {
            Which::Orders(_) => sql("select coalesce(max(id), 0) as id from orders where account_id = {}"),
            Which::Shipments(_) => {
                sql("select coalesce(max(id), 0) as id from shipments where account_id = {}")
            }
        };
        let newest: Option<Newest> = scope.row(statement.bind(account)).await?;
        let newest = newest.map_or(0, |newest| newest.id);
        Ok(Reader { which, columns, newest, after: None, over: false })
    }

    /// What is read.
    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// The next rows, within this time where a tree narrows them; none: it is over.
    pub async fn page(&mut self, scope: &mut Scope, time: Duration) -> DbResult<Vec<Row>> {
        if self.over {
            return Ok(Vec::new());
        }
        // each page is its own question: a plan for all of them would be for none
        let plan = "set local plan_cache_mode = force_custom_plan; set local jit = off";
        scope.connection().batch_execute(plan).await?;
        let statement = self.statement(scope);
        let found: Vec<Found> = filters::rows(scope, self.which.tree(), time, statement).await?;
        self.over = found.len() < PAGE;
        self.after = found.last().map(|row| (row.at, row.id)).or(self.after);
        let read = |row: Found| {
            let cells = self.columns.iter().zip(row.cells);
            cells.map(|(column, text)| Cell::read(column, &row.currency, text)).collect()
        };
        Ok(found.into_iter().map(read).collect())
    }

    fn statement(&self, scope: &Scope) -> Sql {
        let account = scope.account();
        let mut statement = sql("select p.id, p.at, o.currency, array[");
        for (n, column) in self.columns.iter().enumerate() {
            let (before, after) = match column.kind {
                Kind::Time => ("(extract(epoch from ", ") * 1000000)::bigint::text"),
                Kind::Text | Kind::Whole | Kind::Money | Kind::Boolean => ("(", ")::text"),
            };
            statement = statement.push(if n > 0 { ", " } else { "" });
            statement = statement.push(before).push(column.value).push(after);
        }
        // the page is found by its index first; what surrounds its rows is joined to them alone
        statement = statement.push("]::text[] as cells from (select x.id, x.at from (");
        statement = match &self.which {
            Which::Orders(filter) => statement.append(orders::list::selection(account, filter)),
            Which::Shipments(filter) => statement.append(shipments::list::selection(account, filter)),
        };
        statement = statement.push(") x where x.id <= {}").bind(self.newest);
        if let Some((at, id)) = self.after {
            statement = statement.push(" and (x.at, x.id) < ({}, {})").bind(at).bind(id);
        }
        statement = statement.push(" order by x.at desc, x.id desc ").push(LIMIT).push(") p ");
        statement = match self.which {
            Which::Orders(_) => statement
                .push("join orders o on o.account_id = {} and o.id = p.id join channels ch on ch.account_id = o.account_id and ch.id = o.channel_id")
                .bind(account),
            Which::Shipments(_) => statement
                .push(
                    "join shipments s on s.account_id = {} and s.id = p.id \
                     join orders o on o.account_id = s.account_id and o.id = s.order_id \
                     join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id",
                )
                .bind(account),
        };
        statement
            .push(
                " join stores st on st.account_id = ch.account_id and st.id = ch.store_id \
                 left join customers cu on cu.account_id = o.account_id and cu.id = o.customer_id \
                 left join addresses a on a.account_id = o.account_id and a.id = o.ship_address_id \
                 order by p.at desc, p.id desc",
            )
            .unprepared()
    }
}
