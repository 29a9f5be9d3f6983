//! What a drill may ask of `waybill serve`. Compiled into debug builds only: what
//! ships can neither be crashed from outside nor talk to a sandbox.

use crate::{crash, outbound::AddressPolicy};
use clap::Args;
use nix::sys::signal::{Signal, raise};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};

/// Flags for drills.
#[derive(Debug, Args)]
pub struct Drill {
    /// End at once, as `kill -9` would, at this point: `recorded:post_shipment`.
    #[arg(long, hide = true)]
    crash_at: Option<String>,

    /// Stop there instead, as `kill -STOP` would, the first time.
    #[arg(long, hide = true)]
    stop_at: Option<String>,

    /// The stand-ins that may be called, although they are on this machine.
    #[arg(long, hide = true)]
    sandbox: Option<SocketAddr>,
}

impl Drill {
    /// Arms the points.
    pub fn arm(&self) {
        let points = [(self.crash_at.clone(), Signal::SIGKILL), (self.stop_at.clone(), Signal::SIGSTOP)];
        let stopped = AtomicBool::new(false);
        crash::arm(move |name, of| {
            for (point, signal) in &points {
                let here = point.as_ref().and_then(|p| p.split_once(':')) == Some((name, of));
                if here && (*signal == Signal::SIGKILL || !stopped.swap(true, Ordering::SeqCst)) {
                    let _ = raise(*signal);
                }
            }
        });
    }

    /// The policy with the stand-ins let through.
    pub fn allow(&self, policy: AddressPolicy) -> AddressPolicy {
        match self.sandbox {
            Some(sandbox) => policy.with_sandbox(sandbox),
            None => policy,
        }
    }
}
