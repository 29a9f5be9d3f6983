//! The one place that lists every kind of job, channel and provider.

use crate::{
    bulk,
    channels::{self, orders_in},
    imports,
    jobs::Handlers,
    notify, providers, remedies, shipments,
    web::app::Adapters,
};

/// Everything that is registered.
pub fn adapters() -> Adapters {
    let channels = channels::kinds::all();
    let providers = providers::kinds::all();
    let handlers = Handlers::default();
    let handlers = orders_in::handlers(handlers, &channels);
    let handlers = notify::handlers(handlers);
    let handlers = shipments::handlers(handlers, &channels, &providers);
    let handlers = remedies::handlers(handlers);
    let handlers = bulk::handlers(handlers);
    let handlers = imports::handlers(handlers);
    Adapters { handlers, channels, providers }
}
