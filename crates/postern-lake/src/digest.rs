//! A digest over a table's rows that does not depend on their order.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::Int32Type;
use arrow::row::{RowConverter, SortField};
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use crate::error::LakeError;
use crate::{FILE_COLUMN, Lake};

/// The number of rows and the sum of their hashes.
pub(crate) async fn digest(lake: &Lake, table: &str) -> Result<String, LakeError> {
    let failed = || LakeError::table(table);
    let files: HashMap<i32, String> = lake.files().await?.into_iter().map(|file| (file.id, file.digest)).collect();
    let provider = lake.provider(table).await?;
    let context = SessionContext::new();
    let mut batches = context.read_table(provider).map_err(failed())?.execute_stream().await.map_err(failed())?;
    let mut sum = [0u64; 4];
    let mut count = 0u64;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(failed())?;
        let mut columns = batch.columns().to_vec();
        if let Some((index, _)) = batch.schema().column_with_name(FILE_COLUMN)
            && let Some(column) = columns.get_mut(index)
            && let Some(ids) = column.as_primitive_opt::<Int32Type>()
        {
            let digests: StringArray =
                ids.iter().map(|id| id.and_then(|id| files.get(&id).map(String::as_str))).collect();
            *column = Arc::new(digests) as ArrayRef;
        }
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields)
            .and_then(|converter| converter.convert_columns(&columns))
            .map_err(|e| failed()(e.into()))?;
        for row in &rows {
            let hash = blake3::hash(row.as_ref());
            let (words, _) = hash.as_bytes().as_chunks::<8>();
            for (sum, word) in sum.iter_mut().zip(words) {
                *sum = sum.wrapping_add(u64::from_le_bytes(*word));
            }
            count += 1;
        }
    }
    let [a, b, c, d] = sum;
    Ok(format!("{count}:{a:016x}{b:016x}{c:016x}{d:016x}"))
}
