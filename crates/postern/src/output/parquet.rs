//! Rows as a Parquet file on standard output, in types that other engines read.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampNanosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use postern_kql::types::{KqlType, UNIX_EPOCH_TICKS};

use super::Rows;
use crate::failure::{Code, Failure};

/// Writes the file.
pub(super) fn write(rows: &Rows<'_>) -> Result<(), Failure> {
    let fields: Vec<Field> = rows
        .columns
        .iter()
        .map(|column| {
            let metadata = [("kql.type".to_owned(), column.ty.name().to_owned())].into();
            Field::new(&column.name, stored(column.ty), true).with_metadata(metadata)
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let failed = |error: parquet::errors::ParquetError| match error {
        parquet::errors::ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => super::stdout_failure(&error),
            Err(source) => Failure::run(Code::Output, format!("cannot write Parquet: {source}")),
        },
        error => Failure::run(Code::Output, format!("cannot write Parquet: {error}")),
    };
    let mut out = BufWriter::new(io::stdout());
    let mut writer = ArrowWriter::try_new(&mut out, Arc::clone(&schema), Some(properties)).map_err(failed)?;
    for batch in rows.batches {
        let mut arrays = Vec::with_capacity(rows.columns.len());
        for (column, array) in rows.columns.iter().zip(batch.columns()) {
            arrays.push(convert(&column.name, column.ty, array)?);
        }
        let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(arrow_failure)?;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    out.flush().map_err(|error| super::stdout_failure(&error))
}

fn arrow_failure(error: ArrowError) -> Failure {
    Failure::run(Code::Output, format!("cannot write Parquet: {error}"))
}

/// The Parquet side of a type: an instant is a timestamp in UTC, a duration its ticks of 100 ns, text is text.
fn stored(ty: KqlType) -> DataType {
    match ty {
        KqlType::DateTime => {
            DataType::Timestamp(datafusion::arrow::datatypes::TimeUnit::Nanosecond, Some("UTC".into()))
        }
        KqlType::String | KqlType::Guid | KqlType::Dynamic => DataType::Utf8,
        other => other.arrow(),
    }
}

fn convert(name: &str, ty: KqlType, array: &ArrayRef) -> Result<ArrayRef, Failure> {
    if ty != KqlType::DateTime {
        return cast(array, &stored(ty)).map_err(arrow_failure);
    }
    let ticks = array
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(|| Failure::bug(format!("column `{name}` is {} and not ticks", array.data_type())))?;
    let mut nanos = Vec::with_capacity(ticks.len());
    for tick in ticks {
        nanos.push(match tick {
            None => None,
            Some(tick) => {
                Some(tick.checked_sub(UNIX_EPOCH_TICKS).and_then(|t| t.checked_mul(100)).ok_or_else(|| {
                    let sentence = format!("column `{name}` holds a time outside 1677-09-21 to 2262-04-11");
                    Failure::run(Code::Output, sentence).hint("Parquet cannot hold it exactly; use another format")
                })?)
            }
        });
    }
    Ok(Arc::new(TimestampNanosecondArray::from(nanos).with_timezone("UTC")))
}
