//! A query that nobody waits for stops computing. Alone in its program: it looks at the processor time of all threads.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use postern_investigate::{HuntOptions, hunt_guarded};
use postern_kql::catalog::{Catalog, Tables};

/// Processor time of this program in clock ticks of 10 ms.
fn used() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    fields.map(|field| field.parse::<u64>().unwrap()).sum()
}

#[test]
fn a_dropped_query_stops() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for query in [
        // One kernel that takes hours.
        "print s = range(1, 1000000, 1) | extend f = series_fir(s, s) | where array_length(f) == 1",
        // Many short steps.
        "range x from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | summarize sum(x * y)",
        // A value that binding waits for.
        "print x = toscalar(range y from 1 to 1000000000000000 step 1 | summarize sum(y))",
    ] {
        let catalog: Arc<dyn Catalog> = Arc::new(Tables::new());
        let options = HuntOptions { timeout: Duration::from_mins(30), ..HuntOptions::default() };
        let before = used();
        runtime.block_on(async {
            let hunt = hunt_guarded(catalog, query, &options);
            assert!(
                tokio::time::timeout(Duration::from_secs(2), hunt).await.is_err(),
                "it should run for hours: {query}"
            );
        });
        assert!(used() > before + 20, "it should be at work: {query}");
        let begin = Instant::now();
        loop {
            let now = used();
            std::thread::sleep(Duration::from_millis(500));
            if used() <= now + 5 {
                break;
            }
            assert!(begin.elapsed() < Duration::from_mins(2), "it still computes: {query}");
        }
    }
}
