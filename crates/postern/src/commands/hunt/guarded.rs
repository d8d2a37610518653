//! One query on a thread of its own: whatever it does, there is an answer in time.
//!
//! Time, row and memory limits are the engine's business. This is the net under it: a query that panics, or computes
//! without ever looking at the clock, still ends as an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use postern_investigate::{HuntError, HuntOptions, HuntResult, hunt_in};
use postern_kql::catalog::Catalog;

use crate::failure::Code;
use crate::watch::Watch;

/// Stack of a query's thread.
const STACK: usize = 64 << 20;
/// A query that does not stop at its own time limit is left behind after this.
const GRACE: Duration = Duration::from_secs(2);

/// Why a query gave nothing.
pub(super) enum Ended {
    /// The engine says why.
    Hunt(HuntError),
    /// The net caught it.
    Caught(Code, String),
}

/// Runs a query. Dropping what this returns stops it.
pub(super) async fn hunt(catalog: &Arc<dyn Catalog>, query: &str, options: &HuntOptions) -> Result<HuntResult, Ended> {
    let timeout = options.timeout;
    let handle = tokio::runtime::Handle::current();
    let (mut send, receive) = tokio::sync::oneshot::channel();
    let (catalog, query, options) = (Arc::clone(catalog), query.to_owned(), options.clone());
    let thread = std::thread::Builder::new().name("query".to_owned()).stack_size(STACK).spawn(move || {
        let run = || {
            handle.block_on(async {
                tokio::select! {
                    outcome = hunt_in(catalog.as_ref(), &query, &options) => Some(outcome),
                    // Nobody waits for the answer any more.
                    () = send.closed() => None,
                }
            })
        };
        let outcome = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Some(outcome)) => outcome.map_err(Ended::Hunt),
            Ok(None) => return,
            Err(panic) => {
                let message = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default();
                Err(Ended::Caught(Code::Bug, format!("a bug in Postern: {message}")))
            }
        };
        // Nobody waits any more when the time was over.
        let _ = send.send(outcome);
    });
    if let Err(reason) = thread {
        return Err(Ended::Caught(Code::Execution, format!("cannot start a thread: {reason}")));
    }
    let outcome = tokio::select! {
        outcome = receive => outcome,
        () = Watch::after(timeout + GRACE).fired() => return Err(Ended::Hunt(HuntError::Timeout { limit: timeout })),
    };
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => Err(Ended::Caught(Code::Bug, "a bug in Postern: the query ended without an answer".to_owned())),
    }
}
