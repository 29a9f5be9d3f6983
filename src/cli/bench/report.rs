//! The table a benchmark prints.

use std::{fmt, time::Duration};

/// What was noticed during one stretch of time, in milliseconds.
pub struct Phase {
    /// Of each request for the operation's page.
    pub operation: Vec<f64>,
    /// Of each request for the order list.
    pub list: Vec<f64>,
    /// Jobs that the neighbour left.
    pub asked: usize,
    /// How long each of those that are over waited.
    pub waited: Vec<f64>,
}

/// See the module.
pub struct Report {
    /// What was done.
    pub action: &'static str,
    /// To so many.
    pub orders: i32,
    /// Until every row was looked at.
    pub preview: Duration,
    /// From the confirmation to the last row.
    pub seconds: f64,
    /// Before.
    pub idle: Phase,
    /// During.
    pub busy: Phase,
}

/// Median, 99th of a hundred, and the most.
fn three(values: &[f64]) -> [f64; 3] {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let last = values.len().saturating_sub(1);
        values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
    };
    [at(0.5), at(0.99), at(1.0)]
}

/// The most memory this process ever had, in MB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse::<u64>().ok().map(|kb| kb / 1024)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = f64::from(self.orders);
        let preview = self.preview.as_secs_f64();
        writeln!(f, "{} on {} orders, portal and worker in one process", self.action, self.orders)?;
        writeln!(f, "  looked at   {:>9.0} orders/s  {preview:>8.1} s", n / preview)?;
        writeln!(f, "  done        {:>9.0} orders/s  {:>8.1} s", n / self.seconds, self.seconds)?;
        match peak() {
            Some(mb) => writeln!(f, "  peak memory {mb:>9} MB (without PostgreSQL)")?,
            None => writeln!(f, "  peak memory   not known on this system")?,
        }
        let head = ["p50", "p99", "max"];
        write!(f, "\n{:<26}{:>7}", "milliseconds", "n")?;
        head.iter().try_for_each(|word| write!(f, "{word:>9}"))?;
        writeln!(f)?;
        for (name, idle, busy) in [
            ("operation page", &self.idle.operation, &self.busy.operation),
            ("order list", &self.idle.list, &self.busy.list),
            ("other account’s jobs", &self.idle.waited, &self.busy.waited),
        ] {
            let (rest, load) = (three(idle), three(busy));
            for (when, values, of) in [("idle", idle, rest), ("running", busy, load)] {
                write!(f, "{:<26}{:>7}", format!("{name}, {when}"), values.len())?;
                of.iter().try_for_each(|ms| write!(f, "{ms:>9.1}"))?;
                writeln!(f)?;
            }
            write!(f, "{:<33}", "  times as long")?;
            rest.iter().zip(load).try_for_each(|(rest, load)| write!(f, "{:>8.1}×", load / rest))?;
            writeln!(f)?;
        }
        let served = |phase: &Phase| format!("{} of {}", phase.waited.len(), phase.asked);
        write!(
            f,
            "\nother account’s jobs served: idle {}, running {}",
            served(&self.idle),
            served(&self.busy)
        )
    }
}
