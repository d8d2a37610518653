//! Stores that vanish at the end of the run.
//!
//! A temporary store removes itself when it is dropped. A run that is stopped, or that leaves a query behind that does
//! not end, may never drop it: what is left is removed here, so that no evidence stays on the disk.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use postern_lake::{Lake, LakeError};

static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A store that vanishes.
pub(crate) async fn lake() -> Result<Lake, LakeError> {
    let lake = Lake::temporary().await?;
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).push(lake.path().to_owned());
    Ok(lake)
}

/// Removes what is left of them; called once, at the end.
pub(crate) fn clear() {
    for folder in FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Mostly gone already, which is as it should be.
        let _ = std::fs::remove_dir_all(folder);
    }
}
