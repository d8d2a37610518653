//! The machine of `scan`: rows are held against steps, last step first, and each step keeps the newest row of itself and
//! of the steps before it.
//!
//! A row that fits step *k* while step *k−1* has a sequence takes that sequence over; one that fits while step *k* has a
//! sequence itself (or is the first step) takes the place of the step's row in it. The match id is that of the sequence:
//! it is drawn when the first step begins one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use super::stream::Machine;

/// The largest text that a state may hold.
const MAX_TEXT: usize = 1 << 20;
/// The most bytes that all states together may hold.
const MAX_STATE: usize = 64 << 20;
/// Records smaller than this are not counted one by one.
const SMALL: usize = 512;
/// So many rows, or so many bytes of computed values, make a batch of the result.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;

/// Where an expression finds one of its columns.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A column of the row at hand.
    Row(usize),
    /// A column of the input in the state of a step.
    State(usize, usize),
    /// A declared column in the state of a step.
    Declared(usize, usize),
}

/// An expression over the row at hand and the state.
#[derive(Debug, Clone)]
pub struct Program {
    /// The expression; its columns are those of `schema`.
    pub expr: Arc<dyn PhysicalExpr>,
    /// Its columns.
    pub schema: SchemaRef,
    /// Where each of them comes from.
    pub sources: Vec<Source>,
}

/// Which rows of a step are put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emits {
    /// Every match.
    All,
    /// The last of a run of matches.
    Last,
    /// None.
    Nothing,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The part of the condition that asks only the row; true when absent.
    pub of_row: Option<Program>,
    /// The part that asks the state too; true when absent.
    pub of_state: Option<Program>,
    /// Which declared columns are set to what.
    pub assignments: Vec<(usize, Program)>,
    /// Which rows are put out.
    pub emits: Emits,
}

/// What a `scan` does.
#[derive(Debug)]
pub struct Sequencing {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The values of declared columns that no step sets.
    pub declared: Vec<ScalarValue>,
    /// What the state of a step without a row has in each column of the input.
    pub missing: Vec<ScalarValue>,
    /// The columns of the input that conditions and assignments ask of the state.
    pub kept: Vec<usize>,
    /// The columns of the input that tell groups apart; each group begins anew.
    pub keys: Vec<usize>,
    /// The columns of the result: the input's, the declared ones, match id and ordinal.
    pub schema: SchemaRef,
}

#[derive(Debug)]
struct Record {
    /// In the order of [`Sequencing::kept`].
    kept: Vec<ScalarValue>,
    declared: Vec<ScalarValue>,
    size: usize,
}

#[derive(Debug)]
struct Sequence {
    id: i64,
    records: Vec<Record>,
    pending: Option<Output>,
}

#[derive(Debug, Clone)]
struct Output {
    batch: RecordBatch,
    row: usize,
    declared: Vec<ScalarValue>,
    id: i64,
}

/// Runs a [`Sequencing`].
pub struct Sequencer {
    plan: Arc<Sequencing>,
    reservation: MemoryReservation,
    states: Vec<Option<Sequence>>,
    next_id: i64,
    group: Vec<ScalarValue>,
    batch: Option<RecordBatch>,
    row: usize,
    of_row: Vec<Option<BooleanArray>>,
    outputs: Vec<Output>,
    bytes: usize,
    ordinal: i64,
    ended: bool,
}

impl Sequencer {
    /// At the beginning.
    pub fn new(plan: Arc<Sequencing>, reservation: MemoryReservation) -> Self {
        let states = plan.steps.iter().map(|_| None).collect();
        Self {
            plan,
            reservation,
            states,
            next_id: 0,
            group: vec![],
            batch: None,
            row: 0,
            of_row: vec![],
            outputs: vec![],
            bytes: 0,
            ordinal: 0,
            ended: false,
        }
    }

    fn state(&self, step: usize) -> Option<&Sequence> {
        self.states.get(step).and_then(Option::as_ref)
    }

    fn take_state(&mut self, step: usize) -> Option<Sequence> {
        self.states.get_mut(step).and_then(Option::take)
    }

    fn emit(&mut self, output: Option<Output>) {
        if let Some(output) = output {
            self.bytes += output.declared.iter().map(size).sum::<usize>();
            self.outputs.push(output);
        }
    }

    /// A new group begins, or the input is over: what waits for a later row is put out.
    fn reset(&mut self) {
        // A later step has an earlier sequence, and so earlier rows.
        let pending: Vec<Output> =
            self.states.iter_mut().rev().filter_map(|s| s.take().and_then(|s| s.pending)).collect();
        for output in pending {
            self.emit(Some(output));
        }
        self.next_id = 0;
    }

    fn on_row(&mut self, batch: &RecordBatch, row: usize) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        if !plan.keys.is_empty() {
            let group = plan.keys.iter().map(|key| cell(batch, *key, row)).collect::<Result<Vec<_>>>()?;
            if group != self.group {
                self.reset();
                self.group = group;
            }
        }
        for (index, step) in plan.steps.iter().enumerate().rev() {
            let fits = self.of_row.get(index).and_then(Option::as_ref);
            if fits.is_some_and(|fits| fits.is_null(row) || !fits.value(row)) {
                continue;
            }
            let before = index.checked_sub(1);
            if let Some(before) = before
                && self.state(before).is_some()
                && self.holds(step, batch, row, self.state(before))?
            {
                let Some(mut sequence) = self.take_state(before) else { continue };
                let last = sequence.pending.take();
                let cleared = self.take_state(index).and_then(|s| s.pending);
                self.emit(cleared);
                self.emit(last);
                self.matched(index, step, batch, row, sequence)?;
            } else if (before.is_none() || self.state(index).is_some())
                && self.holds(step, batch, row, self.state(index))?
            {
                let sequence = self.take_state(index).unwrap_or_else(|| {
                    let id = self.next_id;
                    self.next_id += 1;
                    Sequence { id, records: vec![], pending: None }
                });
                self.matched(index, step, batch, row, sequence)?;
            }
        }
        Ok(())
    }

    /// The row becomes the step's record in the sequence, which becomes the step's state.
    fn matched(
        &mut self,
        index: usize,
        step: &Step,
        batch: &RecordBatch,
        row: usize,
        mut sequence: Sequence,
    ) -> Result<()> {
        let mut declared = self.plan.declared.clone();
        for (column, program) in &step.assignments {
            let value = self.value(program, batch, row, Some(&sequence))?;
            if let ScalarValue::Utf8View(Some(text)) = &value
                && text.len() > MAX_TEXT
            {
                return exec_err!("a text in the state of `scan` is larger than {MAX_TEXT} bytes");
            }
            if let Some(slot) = declared.get_mut(*column) {
                *slot = value;
            }
        }
        let kept = self.plan.kept.iter().map(|column| cell(batch, *column, row)).collect::<Result<Vec<_>>>()?;
        let bytes = kept.iter().chain(&declared).map(size).sum::<usize>();
        let output = (step.emits != Emits::Nothing).then(|| Output {
            batch: batch.clone(),
            row,
            declared: declared.clone(),
            id: sequence.id,
        });
        sequence.records.truncate(index);
        sequence.records.push(Record { kept, declared, size: bytes });
        match step.emits {
            Emits::All => self.emit(output),
            Emits::Last => sequence.pending = output,
            Emits::Nothing => {}
        }
        if let Some(state) = self.states.get_mut(index) {
            *state = Some(sequence);
        }
        if bytes > SMALL {
            let all: usize = self.states.iter().flatten().flat_map(|s| &s.records).map(|r| r.size).sum();
            if all > MAX_STATE {
                return exec_err!("the state of `scan` is larger than {MAX_STATE} bytes");
            }
            self.reservation.try_resize(all)?;
        }
        Ok(())
    }

    /// Whether the part of a step's condition that asks the state is true.
    fn holds(&self, step: &Step, batch: &RecordBatch, row: usize, state: Option<&Sequence>) -> Result<bool> {
        match &step.of_state {
            None => Ok(true),
            Some(program) => Ok(self.value(program, batch, row, state)? == ScalarValue::Boolean(Some(true))),
        }
    }

    fn value(
        &self,
        program: &Program,
        batch: &RecordBatch,
        row: usize,
        state: Option<&Sequence>,
    ) -> Result<ScalarValue> {
        let plan = &self.plan;
        let record = |step: usize| state.and_then(|s| s.records.get(step));
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(program.sources.len());
        for source in &program.sources {
            let value = match *source {
                Source::Row(column) => {
                    columns.push(column_of(batch, column)?.slice(row, 1));
                    continue;
                }
                Source::State(step, column) => {
                    let at = plan.kept.iter().position(|kept| *kept == column);
                    let held = record(step).and_then(|r| at.and_then(|at| r.kept.get(at)));
                    held.or_else(|| plan.missing.get(column))
                }
                Source::Declared(step, column) => {
                    record(step).and_then(|r| r.declared.get(column)).or_else(|| plan.declared.get(column))
                }
            };
            let value = value.ok_or_else(|| exec_datafusion_err!("a column of the state of `scan` is lost"))?;
            columns.push(value.to_array_of_size(1)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let one = RecordBatch::try_new_with_options(Arc::clone(&program.schema), columns, &options)?;
        match program.expr.evaluate(&one)? {
            ColumnarValue::Scalar(value) => Ok(value),
            ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0),
        }
    }

    /// The waiting outputs as one batch.
    fn flush(&mut self) -> Result<Option<RecordBatch>> {
        if self.outputs.is_empty() {
            return Ok(None);
        }
        let outputs = std::mem::take(&mut self.outputs);
        self.bytes = 0;
        let mut batches: Vec<&RecordBatch> = vec![];
        let mut picks = Vec::with_capacity(outputs.len());
        for output in &outputs {
            // Most rows are of the batch that the row before them is of.
            let known = batches.iter().rposition(|b| same(b, &output.batch));
            let at = known.unwrap_or_else(|| {
                batches.push(&output.batch);
                batches.len() - 1
            });
            picks.push((at, output.row));
        }
        let rows = interleave_record_batch(&batches, &picks)?;
        let mut columns = rows.columns().to_vec();
        for index in 0..self.plan.declared.len() {
            let values = outputs.iter().filter_map(|o| o.declared.get(index)).cloned();
            columns.push(ScalarValue::iter_to_array(values)?);
        }
        columns.push(Arc::new(outputs.iter().map(|o| o.id).collect::<Int64Array>()));
        let first = self.ordinal;
        self.ordinal += outputs.len() as i64;
        columns.push(Arc::new((first..self.ordinal).collect::<Int64Array>()));
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.plan.schema), columns)?))
    }
}

impl Machine for Sequencer {
    fn take(&mut self, batch: RecordBatch) -> Result<()> {
        self.of_row.clear();
        for step in &self.plan.steps {
            self.of_row.push(match &step.of_row {
                None => None,
                Some(program) => {
                    let columns = program
                        .sources
                        .iter()
                        .map(|source| match source {
                            Source::Row(column) => column_of(&batch, *column).cloned(),
                            _ => exec_err!("a condition of `scan` asks the state too early"),
                        })
                        .collect::<Result<Vec<_>>>()?;
                    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                    let rows = RecordBatch::try_new_with_options(Arc::clone(&program.schema), columns, &options)?;
                    let array = program.expr.evaluate(&rows)?.into_array(batch.num_rows())?;
                    let flags = array.as_boolean_opt().cloned();
                    Some(flags.ok_or_else(|| exec_datafusion_err!("a condition of `scan` is not true or false"))?)
                }
            });
        }
        self.batch = Some(batch);
        self.row = 0;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.reset();
        self.ended = true;
        Ok(())
    }

    fn give(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.batch.take() {
            while self.row < batch.num_rows() {
                let row = self.row;
                self.row += 1;
                self.on_row(&batch, row)?;
                if self.outputs.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
                    self.batch = Some(batch);
                    return self.flush();
                }
            }
            return self.flush();
        }
        if self.ended { self.flush() } else { Ok(None) }
    }
}

fn column_of(batch: &RecordBatch, column: usize) -> Result<&ArrayRef> {
    batch.columns().get(column).ok_or_else(|| exec_datafusion_err!("a column of the input of `scan` is lost"))
}

fn cell(batch: &RecordBatch, column: usize, row: usize) -> Result<ScalarValue> {
    ScalarValue::try_from_array(column_of(batch, column)?, row)
}

/// Whether two batches are one and the same.
fn same(a: &RecordBatch, b: &RecordBatch) -> bool {
    a.num_rows() == b.num_rows()
        && a.num_columns() > 0
        && a.columns().iter().zip(b.columns()).all(|(x, y)| Arc::ptr_eq(x, y))
}

fn size(value: &ScalarValue) -> usize {
    match value {
        ScalarValue::Utf8View(Some(text)) => text.len() + size_of::<ScalarValue>(),
        _ => size_of::<ScalarValue>(),
    }
}
