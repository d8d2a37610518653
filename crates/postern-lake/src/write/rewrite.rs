//! Other text in some columns of rows that are stored already.
//!
//! Every data file that changes is written again under a new name, row group by row group, with the same rows in the
//! same order: its keys and the rows of it that do not count stay as the manifest has them. One transaction then puts
//! all new files in place. The old ones stay for whoever still reads them; the next writer removes them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, StringViewBuilder, new_null_array};
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::commit::file_name;
use crate::columns::arrow_schema;
use crate::error::LakeError;
use crate::folder::data_path;
use crate::manifest::{DataFile, Moved};
use crate::parquet_file::FileWriter;
use crate::{Lake, Step};

/// One row's text in the columns asked for, in their order.
#[derive(Debug)]
pub struct TextRow<'a> {
    columns: &'a mut [Texts],
    row: usize,
}

/// One column's text: as stored, and anew.
#[derive(Debug)]
struct Texts {
    stored: Option<StringViewArray>,
    anew: BTreeMap<usize, String>,
}

impl Texts {
    fn stored(&self, row: usize) -> &str {
        match &self.stored {
            Some(texts) if texts.is_valid(row) => texts.value(row),
            _ => "",
        }
    }
}

impl TextRow<'_> {
    /// The text of a column; empty where there is none.
    pub fn get(&self, column: usize) -> &str {
        let Some(texts) = self.columns.get(column) else { return "" };
        texts.anew.get(&self.row).map_or_else(|| texts.stored(self.row), String::as_str)
    }

    /// Gives a column another text.
    pub fn replace(&mut self, column: usize, text: String) {
        if let Some(texts) = self.columns.get_mut(column) {
            texts.anew.insert(self.row, text);
        }
    }

    /// Whether anything is different now; what is as before is taken back.
    fn settle(&mut self) -> bool {
        let mut changed = false;
        for texts in self.columns.iter_mut() {
            match texts.anew.get(&self.row) {
                Some(text) if text == texts.stored(self.row) => drop(texts.anew.remove(&self.row)),
                Some(_) => changed = true,
                None => {}
            }
        }
        changed
    }
}

/// What a rewriting did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that now say something else.
    pub changed: u64,
    /// Data files that were written again.
    pub files: u64,
}

/// Looks at one row of the named table and changes what is to be changed.
pub type Change = Arc<dyn Fn(&str, &mut TextRow<'_>) + Send + Sync>;

/// Removes files that did not come to count.
struct Drafts(Vec<PathBuf>);

impl Drop for Drafts {
    fn drop(&mut self) {
        for path in &self.0 {
            // What cannot be removed now, the next writer removes.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Lake {
    /// Changes the text of some columns, in all rows of the tables named, in one commit. The columns must be `string`
    /// columns that no key is made of. Waits while another process writes.
    pub async fn rewrite(
        &self,
        columns: BTreeMap<String, Vec<String>>,
        change: Change,
    ) -> Result<Rewritten, LakeError> {
        let inner = &self.inner;
        let lock = Arc::new(inner.folder.lock(|| inner.options.wait()).await?);
        let mut connection = inner.manifest.connection().await?;
        let committed = inner.manifest.data_files().await?;
        let mut drafts = Drafts(Vec::new());
        // Ends before the drafts are removed: it may still be writing.
        let writer = Arc::new(FileWriter::start(inner.folder.path(), inner.durable, &inner.options)?);
        let mut done = Rewritten::default();
        let mut moved = Vec::new();
        for file in committed {
            let (Some(names), Some(schema)) = (columns.get(&file.table), inner.schemas.get(&file.table)) else {
                continue;
            };
            let work = Work {
                from: inner.folder.path().join(&file.path),
                name: file_name(file.id),
                folder: inner.folder.make_table(&file.table)?,
                schema: arrow_schema(schema),
                names: names.clone(),
                change: Arc::clone(&change),
                writer: Arc::clone(&writer),
                file,
            };
            let path = work.folder.join(&work.name);
            drafts.0.push(path.clone());
            let (id, from) = (work.file.id, work.file.path.clone());
            let to = data_path(&work.file.table, &work.name);
            let held = Arc::clone(&lock);
            let one = tokio::task::spawn_blocking(move || {
                // Nobody else writes before this is over, also when nobody waits for it any more.
                let _held = held;
                work.run()
            });
            let one = one.await.map_err(|e| LakeError::io("write", &path)(std::io::Error::other(e)))??;
            done.rows += one.rows;
            done.changed += one.changed;
            if one.files > 0 {
                done.files += 1;
                moved.push(Moved { id, from, to, bytes: 0, digest: String::new() });
            }
        }
        if moved.is_empty() {
            return Ok(done);
        }
        writer.settle(inner.folder.path()).await?;
        for file in &mut moved {
            let path = inner.folder.path().join(&file.to);
            let missing = || LakeError::io("write", &path)(std::io::Error::other("the file was not completed"));
            let closed = writer.closed(file.id).ok_or_else(missing)?;
            (file.bytes, file.digest) = (closed.bytes, closed.digest);
        }
        let options = &inner.options;
        // From here on it may count although an error is told.
        let drafted = std::mem::take(&mut drafts.0);
        let put = inner.manifest.put_in_place(&mut connection, &moved, || options.step(Step::TransactionFilled));
        if let Err(error) = put.await {
            if matches!(error, LakeError::Io { .. } | LakeError::Damaged { .. }) {
                drafts.0 = drafted;
            }
            return Err(error);
        }
        options.step(Step::Committed).map_err(LakeError::io("write", inner.manifest.path()))?;
        Ok(done)
    }
}

/// One data file to be written again.
struct Work {
    file: DataFile,
    from: PathBuf,
    folder: PathBuf,
    name: String,
    schema: SchemaRef,
    names: Vec<String>,
    change: Change,
    writer: Arc<FileWriter>,
}

impl Work {
    fn run(self) -> Result<Rewritten, LakeError> {
        let file = File::open(&self.from).map_err(LakeError::io("open", &self.from))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(LakeError::parquet("read", &self.from))?;
        let groups = metadata.metadata().num_row_groups();
        let mut done = Rewritten::default();
        let mut anew = Vec::with_capacity(groups);
        let mut first = 0;
        for group in 0..groups {
            let batch = self.read(&file, &metadata, group, Some(&self.names))?;
            anew.push(self.change(&batch, first, &mut done));
            first += batch.num_rows();
        }
        if done.changed == 0 {
            return Ok(done);
        }
        let path = self.folder.join(&self.name);
        for (group, columns) in anew.into_iter().enumerate() {
            let batch = self.read(&file, &metadata, group, None)?;
            self.writer.rows(self.file.id, &path, self.put(&batch, columns)?)?;
        }
        self.writer.close(self.file.id, &path)?;
        done.files = 1;
        Ok(done)
    }

    /// One row group, all of it or some columns.
    fn read(
        &self,
        file: &File,
        metadata: &ArrowReaderMetadata,
        group: usize,
        names: Option<&[String]>,
    ) -> Result<RecordBatch, LakeError> {
        let failed = || LakeError::parquet("read", &self.from);
        let file = file.try_clone().map_err(LakeError::io("open", &self.from))?;
        let rows = usize::try_from(metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
            .with_row_groups(vec![group])
            .with_batch_size(rows.max(1));
        if let Some(names) = names {
            let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().map(String::as_str));
            builder = builder.with_projection(mask);
        }
        let reader = builder.build().map_err(failed())?;
        let schema = arrow::array::RecordBatchReader::schema(&reader);
        let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|e| failed()(e.into()))?;
        arrow::compute::concat_batches(&schema, &batches).map_err(|e| failed()(e.into()))
    }

    /// The new text of a row group's columns, by the place of the column; none where nothing changes.
    fn change(&self, batch: &RecordBatch, first: usize, done: &mut Rewritten) -> Vec<BTreeMap<usize, String>> {
        let column = |name: &String| Texts {
            stored: batch.column_by_name(name).and_then(|column| column.as_string_view_opt()).cloned(),
            anew: BTreeMap::new(),
        };
        let mut columns: Vec<Texts> = self.names.iter().map(column).collect();
        for row in 0..batch.num_rows() {
            let mut text = TextRow { columns: &mut columns, row };
            (self.change)(&self.file.table, &mut text);
            let changed = text.settle();
            let counts = u32::try_from(first + row).is_ok_and(|row| self.file.replaced.binary_search(&row).is_err());
            if counts {
                done.rows += 1;
                done.changed += u64::from(changed);
            }
        }
        columns.into_iter().map(|texts| texts.anew).collect()
    }

    /// The row group in the table's present shape, with the new text.
    fn put(&self, batch: &RecordBatch, anew: Vec<BTreeMap<usize, String>>) -> Result<RecordBatch, LakeError> {
        let rows = batch.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let stored = batch.column_by_name(field.name()).filter(|column| column.data_type() == field.data_type());
            let texts = self.names.iter().position(|name| name == field.name()).and_then(|at| anew.get(at));
            columns.push(match (stored, texts.filter(|texts| !texts.is_empty())) {
                (Some(stored), None) => Arc::clone(stored),
                (None, None) if field.is_nullable() => new_null_array(field.data_type(), rows),
                (None, None) if field.data_type() != &DataType::Utf8View => {
                    return Err(self.damaged(&format!("it has no column {}", field.name())));
                }
                (stored, texts) => text_column(stored, texts, rows),
            });
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| self.damaged(&error.to_string()))
    }

    fn damaged(&self, reason: &str) -> LakeError {
        LakeError::parquet("read", &self.from)(ParquetError::General(reason.to_owned()))
    }
}

fn text_column(stored: Option<&ArrayRef>, anew: Option<&BTreeMap<usize, String>>, rows: usize) -> ArrayRef {
    let stored = stored.and_then(|column| column.as_string_view_opt());
    let mut builder = StringViewBuilder::with_capacity(rows);
    for row in 0..rows {
        let new = anew.and_then(|texts| texts.get(&row)).map(String::as_str);
        let old = || stored.filter(|texts| texts.is_valid(row)).map_or("", |texts| texts.value(row));
        builder.append_value(new.unwrap_or_else(old));
    }
    Arc::new(builder.finish())
}
