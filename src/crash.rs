//! Points at which a drill may end the process, or the job, as a crash would.
//! A build that ships has the points, but nothing that could arm them.

#[cfg(debug_assertions)]
use std::sync::OnceLock;

#[cfg(debug_assertions)]
type Armed = Box<dyn Fn(&str, &str) + Send + Sync>;

#[cfg(debug_assertions)]
static ARMED: OnceLock<Armed> = OnceLock::new();

/// Says what happens at the points of this process. What was said first counts.
#[cfg(debug_assertions)]
pub fn arm(at: impl Fn(&str, &str) + Send + Sync + 'static) {
    let _ = ARMED.set(Box::new(at));
}

/// A point: how far the work is, and what work it is (the kind of a job, the log
/// type of a call).
pub fn point(name: &str, of: &str) {
    #[cfg(debug_assertions)]
    if let Some(at) = ARMED.get() {
        at(name, of);
    }
    #[cfg(not(debug_assertions))]
    let _ = (name, of);
}
