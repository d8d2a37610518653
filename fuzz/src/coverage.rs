//! Which branches an input took: the counters that the compiler puts into crates built through `rustc-counted`.
//!
//! Without them everything works, only blindly.

use std::sync::Mutex;

/// The counters of the program: start and length.
static COUNTERS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called by every instrumented crate before `main`.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let (start, stop) = (start as usize, stop as usize);
    let mut all = COUNTERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if stop > start && !all.contains(&(start, stop - start)) {
        all.push((start, stop - start));
    }
}

/// Called likewise; the places are not needed.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_pcs_init(_start: *const usize, _stop: *const usize) {}

/// What has been seen of all branches.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: Vec<Vec<u8>>,
    /// Branches taken at least once.
    pub branches: usize,
}

impl Coverage {
    /// The number of counters there are.
    pub fn size() -> usize {
        COUNTERS.lock().map_or(0, |all| all.iter().map(|(_, length)| length).sum())
    }

    /// Takes the counters since the last call: true when a branch was taken that never was, or in a new order of count.
    pub fn news(&mut self) -> bool {
        let Ok(all) = COUNTERS.lock() else { return false };
        self.seen.resize(all.len(), Vec::new());
        let mut news = false;
        for ((start, length), seen) in all.iter().zip(&mut self.seen) {
            seen.resize(*length, 0);
            // SAFETY: the range is a static section of counters. Other threads may count meanwhile; a lost count is no harm.
            let counters = unsafe { std::slice::from_raw_parts_mut(*start as *mut u8, *length) };
            for (counter, seen) in counters.iter_mut().zip(seen.iter_mut()) {
                if *counter == 0 {
                    continue;
                }
                let class = match *counter {
                    1 => 1,
                    2 => 2,
                    3 => 4,
                    4..=7 => 8,
                    8..=15 => 16,
                    16..=31 => 32,
                    32..=127 => 64,
                    _ => 128,
                };
                *counter = 0;
                if *seen & class == 0 {
                    self.branches += usize::from(*seen == 0);
                    *seen |= class;
                    news = true;
                }
            }
        }
        news
    }
}
