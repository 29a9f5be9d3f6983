//! Ids are types: an order's id cannot stand where a shipment's belongs.

/// Makes a newtype over `bigint` that diesel, serde, paths and pages understand.
macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
            serde::Serialize, serde::Deserialize,
        )]
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                $name(id)
            }
        }
        impl diesel::serialize::ToSql<diesel::sql_types::BigInt, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <i64 as diesel::serialize::ToSql<diesel::sql_types::BigInt, diesel::pg::Pg>>::to_sql(&self.0, out)
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::BigInt, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <i64 as diesel::deserialize::FromSql<diesel::sql_types::BigInt, diesel::pg::Pg>>::from_sql(bytes)
                    .map($name)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "integer", "format": "int64", "minimum": 1 })
            }
        }
        impl From<$name> for $crate::db::sql::Bind {
            fn from(id: $name) -> Self {
                $crate::db::sql::Bind::Int8(id.0)
            }
        }
        impl From<Option<$name>> for $crate::db::sql::Bind {
            fn from(id: Option<$name>) -> Self {
                $crate::db::sql::Bind::from(id.map(|id| id.0))
            }
        }
    )*};
}

id_type! {
    /// One merchant: every row belongs to exactly one.
    AccountId,
    /// A person who signs in.
    UserId,
    /// A group of channels.
    StoreId,
    /// One installed connection to a sales channel.
    ChannelId,
    /// A courier mapping of a channel.
    MappingId,
    /// Who bought.
    CustomerId,
    /// A postal address; rows never change.
    AddressId,
    /// What was bought.
    OrderId,
    /// A line of an order.
    OrderLineId,
    /// A product of the account.
    ProductId,
    /// Where stock lies.
    WarehouseId,
    /// A line of the ledger of stock.
    MovementId,
    /// The part of an order one warehouse is to fulfil.
    FulfillmentOrderId,
    /// One parcel's worth of lines; the API calls it a fulfillment.
    ShipmentId,
    /// A line of a shipment.
    ShipmentLineId,
    /// Credentials and settings for one fulfillment provider.
    ConnectionId,
    /// A post attempt group.
    PostId,
    /// Our record of the order that a post created at the provider.
    ProviderOrderId,
    /// A job in the queue.
    JobId,
    /// One exchange with an outside system (time-ordered).
    RecordId,
    /// One line of history (time-ordered).
    ActivityId,
    /// A row of the error queue.
    ProblemId,
    /// Where our webhooks go.
    EndpointId,
    /// One webhook event (time-ordered).
    EventId,
    /// One event on its way to one endpoint (time-ordered).
    DeliveryId,
    /// An e-mail template with a trigger.
    ResponderId,
    /// An e-mail (time-ordered).
    EmailId,
    /// A file that was imported.
    ImportId,
    /// A file that is written for somebody.
    ExportId,
    /// What a list was asked for, under a name.
    SavedViewId,
    /// An action done to many.
    BulkOperationId,
    /// A message an outsider posted to us.
    InboundId,
}

/// The instant a time-ordered id was made at (see `log_id_at` in the first migration).
pub fn log_id_time(id: i64) -> crate::clock::Instant {
    chrono::DateTime::from_timestamp_millis((id >> 12) + 1_577_836_800_000).unwrap_or_default()
}

/// The smallest time-ordered id at or after `at`: turns a filter by time into one by id.
pub fn log_id_floor(at: crate::clock::Instant) -> i64 {
    (at.timestamp_millis() - 1_577_836_800_000) << 12
}
