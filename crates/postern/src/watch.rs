//! Ctrl-C on a thread of its own.
//!
//! A query may keep every thread of the runtime busy for a while; then nobody there looks at a pressed Ctrl-C.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

static HANDLE: OnceLock<Option<Handle>> = OnceLock::new();

/// The runtime of that thread; `None` when it cannot be started.
fn handle() -> Option<&'static Handle> {
    HANDLE
        .get_or_init(|| {
            let runtime = Builder::new_current_thread().enable_all().build().ok()?;
            let handle = runtime.handle().clone();
            let work = move || runtime.block_on(std::future::pending::<()>());
            std::thread::Builder::new().name("watch".to_owned()).spawn(work).ok()?;
            Some(handle)
        })
        .as_ref()
}

/// Something to wait for; it is given up when this is dropped.
pub(crate) struct Watch {
    fired: oneshot::Receiver<()>,
    task: Option<AbortHandle>,
}

impl Watch {
    fn of(event: impl Future<Output = ()> + Send + 'static) -> Self {
        let (fire, fired) = oneshot::channel();
        let task = handle().map(|handle| {
            let wait = async move {
                event.await;
                // Nobody may wait for it any more.
                let _ = fire.send(());
            };
            handle.spawn(wait).abort_handle()
        });
        Self { fired, task }
    }

    /// Fires at Ctrl-C.
    pub(crate) fn interrupt() -> Self {
        Self::of(async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    /// Waits until it fires.
    pub(crate) async fn fired(mut self) {
        if (&mut self.fired).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
