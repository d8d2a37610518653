//! Events on a time axis: who, when, in which slice; and the periods that the axis is cut into.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, exec_err};

use super::reader::Reader;
use crate::bind::fault::{Bound, Fault, codes};
use crate::functions::BoundExpr;
use crate::functions::support::calendar::{self, Period};
use crate::types::{Const, KqlType};

/// The most periods that one analysis may have.
const MAX_PERIODS: i64 = 1_000_000;

/// The most periods of all slices together.
const MAX_CELLS: usize = 20_000_000;

/// How the axis is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Into pieces of one length, counted from the start.
    Fixed(i64),
    /// Into calendar periods.
    Calendar(Period),
}

/// The periods of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The first point of the analysis; unknown until the rows are seen when it was not given.
    pub start: Option<i64>,
    /// The last point, included.
    pub end: Option<i64>,
    /// How it is cut.
    pub step: Step,
}

impl Periods {
    /// The same with the ends filled in from the rows.
    pub fn over(&self, events: &[Event]) -> Axis {
        let times = events.iter().map(|e| e.time);
        Axis {
            start: self.start.or_else(|| times.clone().min()).unwrap_or(0),
            end: self.end.or_else(|| times.max()).unwrap_or(0),
            step: self.step,
        }
    }

    /// Reads a step: a distance, or `week`, `month`, `year`.
    pub fn step(reader: &mut Reader, timeline: &super::reader::Timeline) -> Bound<Step> {
        if timeline.ty == KqlType::DateTime {
            match reader.constant_here()? {
                Some(Const::String(word)) => {
                    return Ok(Step::Calendar(match word.as_str() {
                        "week" => Period::Week,
                        "month" => Period::Month,
                        "year" => Period::Year,
                        _ => {
                            return Err(Fault::new(
                                codes::ARGUMENT,
                                reader.place(),
                                format!("`{word}` is no period; write `week`, `month`, `year` or a timespan"),
                            ));
                        }
                    }));
                }
                Some(_) => reader.back(),
                None => {}
            }
        }
        reader.distance("the step", timeline).map(Step::Fixed)
    }

    /// Fails when there would be too many periods.
    pub fn check(&self, reader: &Reader) -> Bound<()> {
        if let (Some(start), Some(end), Step::Fixed(step)) = (self.start, self.end, self.step)
            && (i128::from(end) - i128::from(start)) / i128::from(step) >= i128::from(MAX_PERIODS)
        {
            return Err(Fault::new(
                codes::ARGUMENT,
                reader.span,
                format!("`{}` would have more than {MAX_PERIODS} periods", reader.name),
            )
            .hint("take a larger step or a shorter time"));
        }
        Ok(())
    }
}

/// Periods whose ends are known.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// The first point.
    pub start: i64,
    /// The last point, included.
    pub end: i64,
    /// How it is cut.
    pub step: Step,
}

impl Axis {
    /// The first point of the period that a point is in.
    pub fn of(&self, at: i64) -> i64 {
        match self.step {
            Step::Fixed(step) => calendar::bin(at, step, self.start).unwrap_or(self.start),
            Step::Calendar(period) => calendar::start_of(at, period, 0).unwrap_or(at),
        }
    }

    /// The first point after a period that begins at a point.
    pub fn next(&self, from: i64) -> i64 {
        match self.step {
            Step::Fixed(step) => from.saturating_add(step),
            Step::Calendar(period) => calendar::start_of(from, period, 1).unwrap_or(i64::MAX),
        }
    }

    /// The beginnings of all periods.
    pub fn all(&self) -> Result<Vec<i64>> {
        let mut all = Vec::new();
        let mut at = self.of(self.start);
        while at <= self.end {
            all.push(at);
            if all.len() > MAX_PERIODS as usize {
                return exec_err!("a plugin would make more than {MAX_PERIODS} periods; take a larger step");
            }
            let next = self.next(at);
            if next <= at || next == i64::MAX {
                break;
            }
            at = next;
        }
        Ok(all)
    }

    /// Whether a point lies in the analysis.
    pub fn holds(&self, at: i64) -> bool {
        self.start <= at && at <= self.end
    }
}

/// One row: when, who (`None` for a null id), in which slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: i64,
    /// Who, as a number.
    pub id: Option<u32>,
    /// The slice, as a number.
    pub slice: u32,
}

/// Numbers for equal rows of columns, and a row for each number.
pub fn numbered(columns: &[ArrayRef], rows: usize) -> Result<(Vec<u32>, Vec<u32>)> {
    if columns.is_empty() {
        return Ok((vec![0; rows], if rows == 0 { vec![] } else { vec![0] }));
    }
    let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
    let converted = RowConverter::new(fields)?.convert_columns(columns)?;
    let mut known: HashMap<&[u8], u32> = HashMap::new();
    let mut numbers = Vec::with_capacity(rows);
    let mut firsts = Vec::new();
    for (row, bytes) in converted.iter().enumerate() {
        let number = *known.entry(bytes.data()).or_insert_with(|| {
            firsts.push(row as u32);
            firsts.len() as u32 - 1
        });
        numbers.push(number);
    }
    Ok((numbers, firsts))
}

/// The events of a plugin.
pub struct Events {
    /// Sorted by slice, then time.
    pub events: Vec<Event>,
    dimensions: Vec<ArrayRef>,
    firsts: Vec<u32>,
}

impl Events {
    /// From the columns: id, time, dimensions. Rows without a time are left out.
    pub fn read(columns: &[ArrayRef]) -> Result<Self> {
        let [id, time, dimensions @ ..] = columns else { return exec_err!("a plugin lacks its columns") };
        let Some(times) = time.as_primitive_opt::<Int64Type>() else {
            return exec_err!("a timeline is not a whole number");
        };
        let rows = id.len();
        let (ids, _) = numbered(std::slice::from_ref(id), rows)?;
        let (slices, firsts) = numbered(dimensions, rows)?;
        let mut events: Vec<Event> = ids
            .into_iter()
            .zip(slices)
            .enumerate()
            .filter(|(row, _)| times.is_valid(*row))
            .map(|(row, (number, slice))| Event {
                time: times.value(row),
                id: id.is_valid(row).then_some(number),
                slice,
            })
            .collect();
        events.sort_by_key(|e| (e.slice, e.time));
        Ok(Self { events, dimensions: dimensions.to_vec(), firsts })
    }

    /// The events slice by slice.
    pub fn slices(&self) -> impl Iterator<Item = &[Event]> {
        self.events.chunk_by(|a, b| a.slice == b.slice)
    }

    /// Fails when every slice would have to look at too many periods.
    pub fn check(&self, periods: usize) -> Result<()> {
        if self.firsts.len().saturating_mul(periods) > MAX_CELLS {
            return exec_err!(
                "a plugin would look at more than {MAX_CELLS} periods; take a larger step or fewer slices"
            );
        }
        Ok(())
    }

    /// The dimension columns of rows of these slices.
    pub fn dimensions(&self, slices: &[u32]) -> Result<Vec<ArrayRef>> {
        let rows: UInt32Array = slices.iter().map(|s| self.firsts.get(*s as usize).copied()).collect();
        Ok(self.dimensions.iter().map(|d| take(d, &rows, None)).collect::<std::result::Result<_, _>>()?)
    }
}

/// Points of a timeline as a column of its type.
pub fn points(times: Vec<i64>, ty: KqlType) -> ArrayRef {
    if ty == KqlType::Int {
        Arc::new(times.into_iter().map(|t| i32::try_from(t).ok()).collect::<Int32Array>())
    } else {
        Arc::new(Int64Array::from(times))
    }
}

/// Whole numbers as a column.
pub fn longs(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

/// Reals as a column.
pub fn reals(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

/// Id, time and dimensions as the inputs of a computation.
pub fn inputs(id: BoundExpr, time: BoundExpr, dimensions: &[(String, BoundExpr)]) -> Vec<BoundExpr> {
    let mut inputs = vec![id, time];
    inputs.extend(dimensions.iter().map(|(_, d)| d.clone()));
    inputs
}
