//! The totals of a run: what was read, and what the store holds afterwards.

use datafusion::functions::expr_fn::lower;
use datafusion::prelude::{DataFrame, SessionContext, col};
use postern_lake::{Lake, Snapshot};
use postern_model::account::IngestAccount;

use crate::run::IngestError;

/// Tables whose rows are one recipient of one message: message id column, recipient column.
const MESSAGES: &[(&str, &str, &str)] = &[
    ("EmailEvents", "NetworkMessageId", "RecipientEmailAddress"),
    ("MessageTrace", "MessageTraceId", "RecipientAddress"),
];

/// The account of a run that reads no file: what the store holds already.
pub async fn stored(lake: &Lake) -> Result<IngestAccount, IngestError> {
    let mut account = IngestAccount::default();
    fill(&mut account, lake).await?;
    Ok(account)
}

/// Fills the totals of an account whose files are all there.
pub(crate) async fn fill(account: &mut IngestAccount, lake: &Lake) -> Result<(), IngestError> {
    let snapshot = lake.snapshot().await?;
    let files = account.files.iter();
    account.audit_rows_total = files.clone().filter_map(|f| f.records_by_table.get("AuditRecords")).sum();
    account.rejected_rows = files.map(|f| f.rejected_count).sum();
    account.audit_records_unique = snapshot.rows("AuditRecords");
    account.signins = snapshot.rows("EntraIdSignInEvents");
    account.message_rows = distinct_messages(&snapshot).await?;
    Ok(())
}

/// Distinct pairs of message and recipient over all tables of messages.
async fn distinct_messages(snapshot: &Snapshot) -> Result<u64, IngestError> {
    let filled: Vec<_> = MESSAGES.iter().filter(|(table, ..)| snapshot.rows(table) > 0).collect();
    if let [(table, ..)] = filled.as_slice() {
        // Rows of one table are distinct already.
        return Ok(snapshot.rows(table));
    }
    let context = SessionContext::new();
    let mut all: Option<DataFrame> = None;
    for (table, message, recipient) in filled {
        let pairs = context.read_table(snapshot.provider(table)?)?.select(vec![
            lower(col(format!("\"{message}\""))).alias("message"),
            lower(col(format!("\"{recipient}\""))).alias("recipient"),
        ])?;
        all = Some(match all {
            Some(all) => all.union(pairs)?,
            None => pairs,
        });
    }
    match all {
        Some(all) => Ok(all.distinct()?.count().await? as u64),
        None => Ok(0),
    }
}
