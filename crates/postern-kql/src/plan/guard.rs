//! What a running query may use, as its kernels see it.
//!
//! Operators of the engine take their memory from a pool and stop when nobody waits for them any more. A kernel is one
//! long computation between two such moments: it looks at the clock by itself ([`tick`]), asks the pool for the memory of
//! the texts it makes ([`grow`]), and what it made is given back to the pool when the last array that shares it is gone.
//!
//! The guard of a query travels in the session's settings; on a thread that runs a kernel it is in force for that long.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::buffer::Buffer;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::execution::context::SessionContext;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool,
};

/// After so many small steps the clock is looked at.
const LOOK: u32 = 1 << 12;
/// Memory is asked for in pieces of this size; what is smaller is not counted.
const PIECE: usize = 1 << 20;

/// The limits of one query.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    stopped: AtomicBool,
    deadline: Option<Instant>,
    pool: Arc<dyn MemoryPool>,
    /// What counts until the query ends.
    kept: MemoryReservation,
}

impl Guard {
    /// A guard over a pool, with a moment after which everything stops.
    pub fn new(pool: Arc<dyn MemoryPool>, deadline: Option<Instant>) -> Self {
        let kept = MemoryConsumer::new("kept values").register(&pool);
        Self(Arc::new(Inner { stopped: AtomicBool::new(false), deadline, pool, kept }))
    }

    /// The guard of a session.
    pub fn of(session: &SessionContext) -> Self {
        Self::in_options(session.copied_config().options()).unwrap_or_default()
    }

    /// The guard in the settings of a session.
    pub fn in_options(options: &ConfigOptions) -> Option<Self> {
        options.extensions.get::<Self>().cloned()
    }

    /// The guard in force on this thread.
    pub(crate) fn present() -> Option<Self> {
        CURRENT.with(|current| current.borrow().as_ref().map(|meter| meter.guard.clone()))
    }

    /// Stops the query's kernels: nobody waits for it.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the query is over.
    pub fn is_over(&self) -> bool {
        if self.0.stopped.load(Ordering::Relaxed) {
            return true;
        }
        let over = self.is_late();
        if over {
            self.stop();
        }
        over
    }

    /// Whether the query's time is over.
    pub fn is_late(&self) -> bool {
        self.0.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Stops the query when the returned value is dropped.
    pub fn stop_at_end(&self) -> StopAtEnd {
        StopAtEnd(self.clone())
    }

    /// Asks for memory that counts until the query ends: for values that leave an aggregate one by one.
    pub fn keep(&self, bytes: usize) -> Result<()> {
        if self.is_over() {
            return exec_err!("{STOPPED}");
        }
        self.0.kept.try_grow(bytes)
    }

    /// A guard with the same end in time and less memory: for what may fail without harm.
    pub(crate) fn narrowed(&self, bytes: usize) -> Self {
        Self::new(Arc::new(GreedyMemoryPool::new(bytes)), self.0.deadline)
    }

    /// Does a piece of work with this guard in force on the present thread.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _scope = Scope::enter(Meter::new(self.clone()));
        work()
    }

    /// The same for a kernel: fails when the query is over or out of memory, and ties the memory to the array.
    pub(crate) fn kernel(&self, work: impl FnOnce() -> Result<ArrayRef>) -> Result<ArrayRef> {
        let scope = Scope::enter(Meter::new(self.clone()));
        check()?;
        let array = work()?;
        let (failed, reservation) = scope.leave();
        match failed {
            Some(failure) => Err(failure.error()),
            None => tie(array, reservation),
        }
    }
}

impl Default for Guard {
    /// No limits.
    fn default() -> Self {
        Self::new(Arc::new(UnboundedMemoryPool::default()), None)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("stopped", &self.0.stopped).finish_non_exhaustive()
    }
}

impl ConfigExtension for Guard {
    const PREFIX: &'static str = "postern";
}

impl ExtensionOptions for Guard {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        plan_err!("there is no setting `{key}`")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        vec![]
    }
}

/// Stops a query when it is dropped; see [`Guard::stop_at_end`].
#[derive(Debug)]
pub struct StopAtEnd(Guard);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Why a kernel must end.
#[derive(Debug, Clone)]
enum Failure {
    Over,
    Memory(String),
}

impl Failure {
    fn error(self) -> datafusion::error::DataFusionError {
        match self {
            Failure::Over => datafusion::error::DataFusionError::Execution(STOPPED.to_owned()),
            Failure::Memory(text) => datafusion::error::DataFusionError::ResourcesExhausted(text),
        }
    }
}

/// What an error of a stopped kernel says.
pub const STOPPED: &str = "the query was stopped";

/// What a kernel has used so far.
struct Meter {
    guard: Guard,
    reservation: MemoryReservation,
    failed: Option<Failure>,
}

impl Meter {
    fn new(guard: Guard) -> Self {
        let reservation = MemoryConsumer::new("computed values").register(&guard.0.pool);
        Self { guard, reservation, failed: None }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Meter>> = const { RefCell::new(None) };
    static STEPS: Cell<u32> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    /// Whether the meter in force has failed.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// A meter in force, and the one before it.
struct Scope {
    outer: Option<Meter>,
    bytes: usize,
    failed: bool,
}

impl Scope {
    fn enter(meter: Meter) -> Self {
        Self {
            outer: CURRENT.with(|current| current.replace(Some(meter))),
            bytes: BYTES.replace(0),
            failed: FAILED.replace(false),
        }
    }

    fn leave(self) -> (Option<Failure>, Option<MemoryReservation>) {
        match CURRENT.with(|current| current.borrow_mut().take()) {
            Some(meter) => (meter.failed, Some(meter.reservation)),
            None => (None, None),
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.with(|current| current.replace(self.outer.take()));
        BYTES.set(self.bytes);
        FAILED.set(self.failed);
    }
}

/// Counts steps of a computation; true when it must end, whatever it has so far.
#[inline]
pub fn tick(steps: usize) -> bool {
    let all = STEPS.get().saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
    if all < LOOK {
        STEPS.set(all);
        return FAILED.get();
    }
    STEPS.set(0);
    look()
}

#[cold]
fn look() -> bool {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        let Some(meter) = current.as_mut() else { return false };
        if meter.failed.is_none() && meter.guard.is_over() {
            meter.failed = Some(Failure::Over);
            FAILED.set(true);
        }
        meter.failed.is_some()
    })
}

/// Fails when the query is over or out of memory.
pub fn check() -> Result<()> {
    if !look() {
        return Ok(());
    }
    match CURRENT.with(|current| current.borrow().as_ref().and_then(|meter| meter.failed.clone())) {
        Some(failure) => Err(failure.error()),
        None => exec_err!("{STOPPED}"),
    }
}

/// Counts bytes that a kernel has written; true when it must end because there is no memory for them.
#[inline]
pub fn grow(bytes: usize) -> bool {
    let all = BYTES.get().saturating_add(bytes);
    if all < PIECE {
        BYTES.set(all);
        return FAILED.get();
    }
    BYTES.set(0);
    reserve(all)
}

#[cold]
fn reserve(bytes: usize) -> bool {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        let Some(meter) = current.as_mut() else { return false };
        if meter.failed.is_none()
            && let Err(error) = meter.reservation.try_grow(bytes)
        {
            meter.failed = Some(Failure::Memory(error.strip_backtrace()));
            FAILED.set(true);
        }
        meter.failed.is_some()
    })
}

/// Bytes that count against the pool as long as they are there.
struct Counted {
    bytes: Buffer,
    _reservation: Arc<MemoryReservation>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_slice()
    }
}

/// Lets the buffers of a text array hold on to the memory that was asked for them.
fn tie(array: ArrayRef, reservation: Option<MemoryReservation>) -> Result<ArrayRef> {
    let Some(reservation) = reservation.filter(|r| r.size() > 0) else { return Ok(array) };
    let Some(texts) = array.as_string_view_opt() else { return Ok(array) };
    let reservation = Arc::new(reservation);
    let buffers = texts.data_buffers().iter().map(|bytes| {
        let counted = Counted { bytes: bytes.clone(), _reservation: Arc::clone(&reservation) };
        Buffer::from(bytes::Bytes::from_owner(counted))
    });
    let buffers: Vec<Buffer> = buffers.collect();
    let tied = StringViewArray::try_new(texts.views().clone(), buffers, texts.nulls().cloned())?;
    Ok(Arc::new(tied))
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;
    use crate::functions::support::build;

    fn limited(bytes: usize) -> (Arc<dyn MemoryPool>, Guard) {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(bytes));
        (Arc::clone(&pool), Guard::new(pool, None))
    }

    #[test]
    fn long_texts_count_as_long_as_they_live_and_no_longer() {
        let (pool, guard) = limited(64 << 20);
        let long = "x".repeat(1 << 20);
        let make = |rows| guard.kernel(|| build::strings(rows, |_, out| out.push_str(&long)));
        let array = make(16).unwrap();
        assert!(pool.reserved() >= 15 << 20, "{}", pool.reserved());
        let part = array.slice(3, 1);
        drop(array);
        assert!(pool.reserved() >= 15 << 20, "a slice shares the memory");
        drop(part);
        assert_eq!(pool.reserved(), 0);
        let error = make(100).unwrap_err();
        assert!(matches!(error, datafusion::error::DataFusionError::ResourcesExhausted(_)), "{error}");
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn a_stopped_query_ends_in_the_middle_of_a_kernel() {
        let (_, guard) = limited(1 << 20);
        let mut rows = 0_u64;
        let result = guard.kernel(|| {
            build::longs(1 << 17, |_| {
                rows += 1;
                if rows == 10_000 {
                    guard.stop();
                }
                Some(1)
            })
        });
        assert!(result.unwrap_err().to_string().contains(STOPPED));
        assert!(rows <= 10_000 + u64::from(LOOK), "{rows}");
        assert!(guard.kernel(|| build::longs(1, |_| Some(1))).is_err(), "it stays stopped");
        assert!(!tick(1 << 20), "outside a kernel nothing stops");
    }
}
