//! The one place that lists every kind of job and channel.

use crate::{
    bulk,
    channels::{self, orders_in},
    exports, imports,
    jobs::Handlers,
    notify, orders, remedies, shipments,
    web::app::Adapters,
};

/// Everything that is registered.
pub fn adapters() -> Adapters {
    let channels = channels::kinds::all();
    let handlers = Handlers::default();
    let handlers = orders_in::handlers(handlers, &channels);
    let handlers = orders::handlers(handlers);
    let handlers = notify::handlers(handlers);
    let handlers = shipments::handlers(handlers, &channels);
    let handlers = remedies::handlers(handlers);
    let handlers = bulk::handlers(handlers);
    let handlers = imports::handlers(handlers);
    let handlers = exports::handlers(handlers);
    Adapters { handlers, channels }
}
