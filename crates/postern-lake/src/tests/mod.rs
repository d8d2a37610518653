//! Tests of the store, by what must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod crash;
mod dedupe;
mod folder;
mod keys;
mod model;
mod reading;
mod rewrite;
mod round_trip;
mod speed;

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::prelude::{SessionConfig, SessionContext};
use postern_model::row::{Rank, Row, RowKey, Value};
use postern_model::schema::{Schemas, TableSchema};
use postern_model::time::Ticks;

use crate::{FileId, Lake, LakeOptions, Pushed, Writer};

/// A table with every type, one like it that needs no time, and one that looks like mail.
const TABLES: &str = "
name = 'Things'
summary = 'A row of every type.'
family = 'postern'
time_column = 'Timestamp'
key_columns = ['Name']
columns = [
    { name = 'Timestamp', type = 'datetime' },
    { name = 'Name', type = 'string' },
    { name = 'Flag', type = 'bool' },
    { name = 'Small', type = 'int' },
    { name = 'Large', type = 'long' },
    { name = 'Share', type = 'real' },
    { name = 'Later', type = 'datetime' },
    { name = 'Took', type = 'timespan' },
    { name = 'Id', type = 'guid' },
    { name = 'Bag', type = 'dynamic' },
]
";

pub(super) fn schemas() -> Arc<Schemas> {
    let mut schemas = Schemas::default();
    schemas.add_toml("Things.toml", TABLES).unwrap();
    let snapshots = TABLES.replace("'Things'", "'Snapshots'").replace("'postern'", "'config-snapshot'");
    schemas.add_toml("Snapshots.toml", &snapshots).unwrap();
    schemas
        .add_toml(
            "Mail.toml",
            "name='Mail'\nsummary='s'\nfamily='advanced-hunting'\ntime_column='Timestamp'\nkey_columns=[]\n\
             columns=[{name='Timestamp',type='datetime'},{name='NetworkMessageId',type='string'},\
             {name='SenderFromAddress',type='string'},{name='Subject',type='string'}]",
        )
        .unwrap();
    Arc::new(schemas)
}

pub(super) fn options() -> LakeOptions {
    LakeOptions { schemas: Some(schemas()), ..LakeOptions::default() }
}

pub(super) async fn temporary() -> Lake {
    Lake::temporary_with(options()).await.unwrap()
}

pub(super) fn table(lake: &Lake, name: &str) -> Arc<TableSchema> {
    Arc::clone(lake.schemas().get(name).unwrap())
}

pub(super) fn ticks(text: &str) -> Ticks {
    Ticks::parse_iso(text).unwrap()
}

/// A row of `Things` with a name as its identity.
pub(super) fn thing(lake: &Lake, position: u64, name: &str, time: &str) -> Row {
    let key = RowKey::Record(name.to_owned());
    let mut row = Row::new(table(lake, "Things"), key, Rank::Record, position);
    row.set("Name", Value::String(name.to_owned()));
    row.set("Timestamp", Value::DateTime(ticks(time)));
    row
}

pub(super) async fn begin(writer: &mut Writer, name: &str) -> FileId {
    writer.begin_file(&format!("{name}.json"), &format!("digest of {name}"), "test").await.unwrap()
}

/// Pushes rows of one file and commits.
pub(super) async fn store(lake: &Lake, file: &str, rows: impl IntoIterator<Item = Row>) -> Vec<Pushed> {
    let mut writer = lake.writer().await.unwrap();
    let id = begin(&mut writer, file).await;
    let pushed = rows.into_iter().map(|row| writer.push(id, row).unwrap()).collect();
    writer.end_file(id);
    writer.commit().await.unwrap();
    pushed
}

pub(super) fn context() -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2))
}

/// All rows of a table in order of its time column, then of position.
pub(super) async fn read(lake: &Lake, name: &str) -> RecordBatch {
    let provider = lake.provider(name).await.unwrap();
    let schema = provider.schema();
    let batches = context()
        .read_table(provider)
        .unwrap()
        .sort_by(vec![datafusion::prelude::ident("Timestamp"), datafusion::prelude::ident("_Position")])
        .unwrap()
        .collect()
        .await
        .unwrap();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// A text column of a table, in order of time.
pub(super) async fn texts(lake: &Lake, name: &str, column: &str) -> Vec<String> {
    use arrow::array::AsArray;
    let batch = read(lake, name).await;
    batch.column_by_name(column).unwrap().as_string_view().iter().map(|v| v.unwrap().to_owned()).collect()
}

/// An instant as the query engine writes it.
pub(super) fn instant(text: &str) -> datafusion::logical_expr::Expr {
    let value = datafusion::common::ScalarValue::TimestampNanosecond(ticks(text).unix_nanos(), Some("UTC".into()));
    datafusion::logical_expr::Expr::Literal(value, None)
}
