//! What a line of the route table is, and how the lines become actix routes.
//! Nothing is reachable that is not a line here, and each line's access is
//! checked before its handler is called, whatever the handler's arguments are.

use super::{WebError, guard, guard::Session};
use crate::accounts::{Permission, Role};
use actix_web::{
    FromRequest, Handler, HttpResponse, Responder, guard as actix_guard, http::header, middleware::from_fn,
    web,
};

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; cookies are not read. For machines: health, assets, hooks.
    Open,
    /// Anybody; a page that knows sessions, such as the sign-in form.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in with a role that has this permission.
    Needs(Permission),
}

impl Access {
    /// Whether a role may come in.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Access::Open | Access::Public | Access::SignedIn => true,
            Access::Needs(permission) => role.can(permission),
        }
    }

    /// Whether one must be signed in.
    pub fn is_signed_in(self) -> bool {
        matches!(self, Access::SignedIn | Access::Needs(_))
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Route {
    /// `GET` (which answers HEAD as well) or `POST`.
    pub method: &'static str,
    /// The path, with `{id}` for what varies.
    pub pattern: &'static str,
    /// Who may come in.
    pub access: Access,
    /// Whether it changes anything.
    pub writes: bool,
}

impl Route {
    /// A page.
    pub const fn get(pattern: &'static str, access: Access) -> Route {
        Route { method: "GET", pattern, access, writes: false }
    }

    /// A form that changes something.
    pub const fn post(pattern: &'static str, access: Access) -> Route {
        Route { method: "POST", pattern, access, writes: true }
    }

    /// A form that only asks, posted so that what is asked stays out of the URL.
    pub const fn ask(pattern: &'static str, access: Access) -> Route {
        Route { method: "POST", pattern, access, writes: false }
    }
}

/// An action that has pages of its own.
#[derive(Debug)]
pub struct ActionPage {
    /// The action's name.
    pub name: &'static str,
    /// Its label on buttons.
    pub label: &'static str,
    /// Where it is confirmed and done.
    pub pattern: &'static str,
}

/// Collects the lines of a table while they are registered.
#[derive(Default)]
pub struct Table {
    lines: Vec<(&'static Route, actix_web::Route)>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lines.iter().map(|(route, _)| route)).finish()
    }
}

impl Table {
    /// Adds a line with its handler.
    pub fn add<F, Args>(&mut self, route: &'static Route, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let method = match route.method {
            "GET" => web::route().guard(actix_guard::Any(actix_guard::Get()).or(actix_guard::Head())),
            _ => web::route().guard(actix_guard::Post()),
        };
        let guarded = from_fn(move |request, next| guard::guard(route, request, next));
        self.lines.push((route, method.to(handler).wrap(guarded)));
    }

    /// Registers everything, the more exact pattern first.
    pub(super) fn configure(mut self, config: &mut web::ServiceConfig, session: &Session) {
        self.lines.sort_by_key(|(route, _)| exactness(route.pattern));
        let mut lines = self.lines.into_iter().peekable();
        while let Some((first, route)) = lines.next() {
            let mut allow =
                if first.method == "GET" { "GET, HEAD".to_owned() } else { first.method.to_owned() };
            let mut open = first.access == Access::Open;
            let mut resource = web::resource(first.pattern).route(route);
            while let Some((next, route)) = lines.next_if(|(next, _)| next.pattern == first.pattern) {
                allow = format!("{allow}, {}", if next.method == "GET" { "GET, HEAD" } else { next.method });
                open &= next.access == Access::Open;
                resource = resource.route(route);
            }
            let resource = resource.default_service(web::to(move || {
                let mut answer = HttpResponse::from_error(WebError::Method);
                if let Ok(allow) = header::HeaderValue::from_str(&allow) {
                    answer.headers_mut().insert(header::ALLOW, allow);
                }
                std::future::ready(answer)
            }));
            if open {
                config.service(resource);
            } else {
                config.service(resource.wrap(session.clone()));
            }
        }
    }
}

/// Sorts `/orders/new` before `/orders/{id}`, and equal patterns together.
fn exactness(pattern: &'static str) -> (Vec<bool>, &'static str) {
    (pattern.split('/').map(|part| part.starts_with('{')).collect(), pattern)
}

/// Whether a path is one of a pattern's.
pub fn matches(pattern: &str, path: &str) -> bool {
    let (mut parts, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part.starts_with('{') => {
                if text.is_empty() {
                    return false;
                }
            }
            (Some(part), Some(text)) if part == text => {}
            _ => return false,
        }
    }
}

/// Writes the table: the data for tests and offers, and the registration.
macro_rules! routes {
    (
        pages { $($make:ident $pattern:literal $access:expr => $handler:expr;)* }
        actions { $($action_pattern:literal => $action:ty $(, $fields:ty)?;)* }
    ) => {
        /// Every route of the portal.
        pub static ROUTES: &[Route] = &[
            $(Route::$make($pattern, $access),)*
            $(
                Route::get($action_pattern, Access::Needs(<$action as $crate::actions::Action>::PERMISSION)),
                Route::post($action_pattern, Access::Needs(<$action as $crate::actions::Action>::PERMISSION)),
            )*
        ];

        /// Every action that has pages.
        pub static ACTIONS: &[$crate::web::table::ActionPage] = &[
            $($crate::web::table::ActionPage {
                name: <$action as $crate::actions::Action>::NAME,
                label: <$action as $crate::actions::Action>::LABEL,
                pattern: $action_pattern,
            },)*
        ];

        /// Adds every line with its handler.
        pub(super) fn register(table: &mut Table) {
            $({
                static ROUTE: Route = Route::$make($pattern, $access);
                table.add(&ROUTE, $handler);
            })*
            $({
                const NEEDED: Access = Access::Needs(<$action as $crate::actions::Action>::PERMISSION);
                static CONFIRM: Route = Route::get($action_pattern, NEEDED);
                static PERFORM: Route = Route::post($action_pattern, NEEDED);
                table.add(&CONFIRM, $crate::web::action::confirm::<$action, $crate::web::table::fields!($($fields)?)>);
                table.add(&PERFORM, $crate::web::action::perform::<$action, $crate::web::table::fields!($($fields)?)>);
            })*
        }
    };
}
pub(super) use routes;

/// The fields an action's page asks for beside the common ones.
#[allow(unused_macros, reason = "used by the first action that has pages")]
macro_rules! fields {
    () => {
        $crate::web::action::NoFields
    };
    ($fields:ty) => {
        $fields
    };
}
#[allow(unused_imports, reason = "as above")]
pub(super) use fields;
