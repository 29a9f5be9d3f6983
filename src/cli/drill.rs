//! What a drill may ask of `waybill serve`. Compiled into debug builds only: what
//! ships can neither be crashed from outside nor talk to a sandbox.

use crate::{crash, outbound::AddressPolicy};
use clap::Args;
use nix::sys::signal::{Signal, raise};
use std::net::SocketAddr;

/// Flags for drills.
#[derive(Debug, Args)]
pub struct Drill {
    /// End at once, as `kill -9` would, at this point: `recorded:post_shipment`.
    #[arg(long, hide = true)]
    crash_at: Option<String>,

    /// The stand-ins that may be called, although they are on this machine.
    #[arg(long, hide = true)]
    sandbox: Option<SocketAddr>,
}

impl Drill {
    /// Arms the point.
    pub fn arm(&self) {
        let Some(wanted) = self.crash_at.clone() else {
            return;
        };
        crash::arm(move |name, of| {
            if wanted.split_once(':') == Some((name, of)) {
                let _ = raise(Signal::SIGKILL);
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
