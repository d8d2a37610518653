//! One query on a thread of its own: whatever it does, there is an answer in time.
//!
//! Time, row and memory limits are the engine's business. This is the net under it: a query that panics, or computes
//! without ever looking at the clock, still ends as an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use postern_kql::catalog::Catalog;

use crate::hunt::{HuntError, HuntOptions, HuntResult, guard, hunt_under};

/// Stack of a query's thread: plans of deeply nested queries are walked recursively.
const STACK: usize = 64 << 20;
/// Stack of the thread that waits for a query's time to be over.
const CLOCK_STACK: usize = 256 << 10;
/// A query that does not stop at its own time limit is left behind after this.
const GRACE: Duration = Duration::from_secs(2);

/// Threads that nobody waits for any more, until one of the next queries finds them ended and joins them.
static LEFT: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// A thread that is never detached. Dropping a [`JoinHandle`] detaches its thread, and glibc then looks once more at the
/// thread's memory, which is unmapped when a thread with a large stack ends at that moment: the process would be killed
/// (<https://sourceware.org/bugzilla/show_bug.cgi?id=19951>).
struct Attached(Option<JoinHandle<()>>);

impl Attached {
    fn start(name: &str, stack: usize, work: impl FnOnce() + Send + 'static) -> Result<Self, HuntError> {
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        for ended in left.extract_if(.., |thread| thread.is_finished()) {
            // A panic there ended as an error of its query.
            let _ = ended.join();
        }
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(stack).spawn(work);
        match thread {
            Ok(thread) => Ok(Self(Some(thread))),
            Err(reason) => Err(HuntError::Engine(format!("cannot start a thread: {reason}"))),
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        LEFT.lock().unwrap_or_else(PoisonError::into_inner).extend(self.0.take());
    }
}

/// Runs a query over a catalogue as [`hunt_in`](crate::hunt_in) does, on a thread of its own. Dropping what this returns
/// stops the query, also in the middle of a computation.
pub async fn hunt_guarded(
    catalog: Arc<dyn Catalog>,
    query: &str,
    options: &HuntOptions,
) -> Result<HuntResult, HuntError> {
    let timeout = options.timeout;
    let handle = tokio::runtime::Handle::current();
    let (mut send, receive) = tokio::sync::oneshot::channel();
    let (query, options) = (query.to_owned(), options.clone());
    let guard = guard(&options);
    let _stop = guard.stop_at_end();
    let inner = guard.clone();
    let _thread = Attached::start("query", STACK, move || {
        let work = async {
            tokio::select! {
                outcome = hunt_under(catalog.as_ref(), &query, &options, &inner) => Some(outcome),
                // Nobody waits any more: the connection is gone, or the time is over.
                () = send.closed() => None,
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| handle.block_on(work))).unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            Some(Err(HuntError::Bug(message)))
        });
        if let Some(outcome) = outcome {
            // The receiver may be gone by now.
            let _ = send.send(outcome);
        }
    })?;
    // The clock has a thread of its own too: a query may keep every thread of the runtime busy, and with them its timers.
    let (ring, late) = tokio::sync::oneshot::channel();
    let (_done, wait) = std::sync::mpsc::channel::<()>();
    let _clock = Attached::start("clock", CLOCK_STACK, move || {
        if wait.recv_timeout(timeout.saturating_add(GRACE)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            // The answer may have come at the same moment.
            let _ = ring.send(());
        }
    })?;
    tokio::select! {
        outcome = receive => outcome.unwrap_or_else(|_| Err(HuntError::Bug("the query ended without an answer".to_owned()))),
        Ok(()) = late => Err(HuntError::Timeout { limit: timeout }),
    }
}
