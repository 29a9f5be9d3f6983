//! The two doors to the database. Each is one transaction: commit it, or it is
//! rolled back when it is dropped.

use super::{DbResult, PooledConnection, Sql};
use crate::ids::AccountId;
use diesel::{QueryableByName, pg::Pg};
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
};

/// A pooled connection inside a transaction.
struct Transaction {
    /// `None` once it was committed or given to the rollback task.
    connection: Option<PooledConnection>,
}

impl Transaction {
    async fn begin(mut connection: PooledConnection, statement: &str) -> DbResult<Transaction> {
        AnsiTransactionManager::begin_transaction_sql(&mut *connection, statement).await?;
        Ok(Transaction { connection: Some(connection) })
    }

    fn connection(&mut self) -> &mut AsyncPgConnection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a committed transaction is consumed"),
        }
    }

    async fn commit(mut self) -> DbResult<()> {
        if let Some(mut connection) = self.connection.take() {
            // COMMIT of a failed transaction answers ROLLBACK, without an error;
            // a statement before it fails as it should.
            connection.batch_execute("select 1").await?;
            AnsiTransactionManager::commit_transaction(&mut *connection).await?;
        }
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        // Dropping is synchronous: a task rolls back and returns the connection.
        // Without a runtime the connection is closed, which rolls back as well.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if AnsiTransactionManager::rollback_transaction(&mut *connection).await.is_err() {
                        drop(PooledConnection::take(connection));
                    }
                });
            }
            Err(_) => drop(PooledConnection::take(connection)),
        }
    }
}

/// A transaction on one account's data: the only door to it.
pub struct Scope {
    transaction: Transaction,
    account: AccountId,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scope({})", self.account)
    }
}

impl Scope {
    pub(super) async fn open(connection: PooledConnection, account: AccountId) -> DbResult<Scope> {
        // One round trip. An account id is a number, so it can stand in the text.
        let begin = format!("begin; set local waybill.account_id = '{}'", account.0);
        Ok(Scope { transaction: Transaction::begin(connection, &begin).await?, account })
    }

    /// As [`Scope::open`], on one picture of the data, for reading only.
    pub(super) async fn open_snapshot(connection: PooledConnection, account: AccountId) -> DbResult<Scope> {
        let begin = format!(
            "begin isolation level repeatable read read only; set local waybill.account_id = '{}'",
            account.0
        );
        Ok(Scope { transaction: Transaction::begin(connection, &begin).await?, account })
    }

    /// Whose data this is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The connection, for diesel's own query language.
    pub fn connection(&mut self) -> &mut AsyncPgConnection {
        self.transaction.connection()
    }

    /// Every row of a statement.
    pub async fn rows<T>(&mut self, statement: Sql) -> DbResult<Vec<T>>
    where
        T: QueryableByName<Pg> + Send + 'static,
    {
        Ok(statement.load(self.connection()).await?)
    }

    /// The first row of a statement, if there is one.
    pub async fn row<T>(&mut self, statement: Sql) -> DbResult<Option<T>>
    where
        T: QueryableByName<Pg> + Send + 'static,
    {
        Ok(statement.load(self.connection()).await?.into_iter().next())
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn execute(&mut self, statement: Sql) -> DbResult<usize> {
        Ok(statement.execute(self.connection()).await?)
    }

    /// Keeps everything that was done.
    pub async fn commit(self) -> DbResult<()> {
        self.transaction.commit().await
    }
}

/// A transaction on the tables that belong to no account.
pub struct Global {
    transaction: Transaction,
}

impl std::fmt::Debug for Global {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Global")
    }
}

impl Global {
    pub(super) async fn open(connection: PooledConnection) -> DbResult<Global> {
        Ok(Global { transaction: Transaction::begin(connection, "begin").await? })
    }

    /// The connection, for diesel's own query language.
    pub fn connection(&mut self) -> &mut AsyncPgConnection {
        self.transaction.connection()
    }

    /// Every row of a statement.
    pub async fn rows<T>(&mut self, statement: Sql) -> DbResult<Vec<T>>
    where
        T: QueryableByName<Pg> + Send + 'static,
    {
        Ok(statement.load(self.connection()).await?)
    }

    /// The first row of a statement, if there is one.
    pub async fn row<T>(&mut self, statement: Sql) -> DbResult<Option<T>>
    where
        T: QueryableByName<Pg> + Send + 'static,
    {
        Ok(statement.load(self.connection()).await?.into_iter().next())
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn execute(&mut self, statement: Sql) -> DbResult<usize> {
        Ok(statement.execute(self.connection()).await?)
    }

    /// Keeps everything that was done.
    pub async fn commit(self) -> DbResult<()> {
        self.transaction.commit().await
    }
}
