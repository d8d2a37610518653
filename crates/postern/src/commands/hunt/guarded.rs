//! One query of the command line: the engine's errors and what the net under it caught.

use std::sync::Arc;

use postern_investigate::{HuntError, HuntOptions, HuntResult, hunt_guarded};
use postern_kql::catalog::Catalog;

use crate::failure::{Code, chain};

/// Why a query gave nothing.
pub(in crate::commands) enum Ended {
    /// The engine says why.
    Hunt(HuntError),
    /// The net caught it.
    Caught(Code, String),
}

/// Runs a query. Dropping what this returns stops it.
pub(in crate::commands) async fn hunt(
    catalog: &Arc<dyn Catalog>,
    query: &str,
    options: &HuntOptions,
) -> Result<HuntResult, Ended> {
    hunt_guarded(Arc::clone(catalog), query, options).await.map_err(|error| match error {
        HuntError::Bug(_) => Ended::Caught(Code::Bug, chain(&error)),
        other => Ended::Hunt(other),
    })
}
