//! Windows that slide over a time axis: `sliding_window_counts`, `active_users_count`, `session_count`,
//! `rolling_percentile`.
//!
//! Rows before the start of the analysis count where a window reaches back to them; no row of the result lies before
//! the start or after the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, exec_err};

use super::activity::Window;
use super::reader::Reader;
use super::timeline::{Event, Events, Periods, Step, inputs, longs, numbered, points};
use crate::bind::fault::{Bound, Fault};
use crate::bind::scope::Relation;
use crate::functions::BoundExpr;
use crate::functions::aggregate::best::{ordered, unordered};
use crate::functions::support::calendar;
use crate::types::KqlType;

/// The most values that rolling percentiles may look at, windows overlapping.
const MAX_LOOKS: usize = 100_000_000;

fn columns_of(
    name: &str,
    ty: KqlType,
    dimensions: &[(String, BoundExpr)],
    rest: &[(&str, KqlType)],
) -> Vec<(String, KqlType)> {
    let mut columns = vec![(name.to_owned(), ty)];
    columns.extend(dimensions.iter().map(|(name, value)| (name.clone(), value.ty)));
    columns.extend(rest.iter().map(|(name, ty)| ((*name).to_owned(), *ty)));
    columns
}

/// `sliding_window_counts(Id, Timeline, Start, End, Lookback, Step, dimensions…)`: for each period the rows and the
/// different ids of the window that ends with it. Periods whose window is empty are left out.
pub fn sliding_counts(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let back = reader.distance("the lookback window", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let rest = [("Count", KqlType::Long), ("Dcount", KqlType::Long)];
    let columns = columns_of(&timeline.name, timeline.ty, &dimensions, &rest);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?} {back}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        let all = axis.all()?;
        events.check(all.len())?;
        let (mut times, mut slices) = (Vec::new(), Vec::new());
        let (mut counts, mut distinct) = (Vec::new(), Vec::new());
        for slice in events.slices() {
            let Some(number) = slice.first().map(|e| e.slice) else { continue };
            let mut window = Window::default();
            for period in &all {
                let next = axis.next(*period);
                window.slide(slice, next.saturating_sub(back), next, axis.end);
                if window.rows() > 0 {
                    times.push(*period);
                    slices.push(number);
                    counts.push(window.rows() as i64);
                    distinct.push(window.ids.len() as i64);
                }
            }
        }
        let mut made = vec![points(times, ty)];
        made.extend(events.dimensions(&slices)?);
        made.extend([longs(counts), longs(distinct)]);
        Ok(made)
    })
}

/// The rows of a slice by id, each list in order of time.
fn by_id(slice: &[Event]) -> BTreeMap<u32, Vec<i64>> {
    let mut found: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for event in slice {
        if let Some(id) = event.id {
            found.entry(id).or_default().push(event.time);
        }
    }
    found
}

/// The columns of a count for each bin of each slice: bin, dimensions, count.
fn per_bin(
    events: &Events,
    ty: KqlType,
    mut counted: impl FnMut(&[Event]) -> BTreeMap<i64, usize>,
) -> Result<Vec<ArrayRef>> {
    let (mut times, mut slices, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for slice in events.slices() {
        let Some(number) = slice.first().map(|e| e.slice) else { continue };
        for (bin, count) in counted(slice) {
            times.push(bin);
            slices.push(number);
            counts.push(count as i64);
        }
    }
    let mut made = vec![points(times, ty)];
    made.extend(events.dimensions(&slices)?);
    made.push(longs(counts));
    Ok(made)
}

/// `active_users_count(Id, Timeline, [Start, End,] Lookback, Period, ActivePeriods, Bin, dimensions…)`: in each bin,
/// the ids with an appearance that is the latest of enough different periods within the lookback. The lookback of an
/// appearance does not include the instant at its far end.
pub fn active_users(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let (mut start, mut end) = (None, None);
    if reader.constants_ahead()? >= 6 {
        start = Some(reader.point("the start", &timeline)?);
        end = Some(reader.point("the end", &timeline)?);
    }
    let back = reader.distance("the lookback window", &timeline)?;
    let period = reader.distance("the period", &timeline)?;
    let least = reader.count("the number of active periods")?;
    let step = Periods::step(&mut reader, &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start, end, step };
    periods.check(&reader)?;
    let columns = columns_of(&timeline.name, timeline.ty, &dimensions, &[("dcount", KqlType::Long)]);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?} {back} {period} {least}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        per_bin(&events, ty, |slice| {
            let mut active: BTreeMap<i64, usize> = BTreeMap::new();
            for seen in by_id(slice).into_values() {
                let mut bins: HashSet<i64> = HashSet::new();
                let mut inside: HashMap<i64, usize> = HashMap::new();
                let mut from = 0;
                for at in &seen {
                    *inside.entry(calendar::bin(*at, period, axis.start).unwrap_or(*at)).or_default() += 1;
                    while let Some(old) = seen.get(from).filter(|old| **old <= at.saturating_sub(back)) {
                        let key = calendar::bin(*old, period, axis.start).unwrap_or(*old);
                        if let Some(count) = inside.get_mut(&key) {
                            *count -= 1;
                            if *count == 0 {
                                inside.remove(&key);
                            }
                        }
                        from += 1;
                    }
                    if inside.len() >= least && axis.holds(*at) {
                        bins.insert(axis.of(*at));
                    }
                }
                for bin in bins {
                    *active.entry(bin).or_default() += 1;
                }
            }
            active
        })
    })
}

/// `session_count(Id, Timeline, Start, End, Bin, Lookback, dimensions…)`: the sessions with a row in each bin. An id
/// that was not seen for longer than the lookback begins a new session.
pub fn sessions(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let back = reader.distance("the lookback window", &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let columns = columns_of(&timeline.name, timeline.ty, &dimensions, &[("count_sessions", KqlType::Long)]);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?} {back}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        per_bin(&events, ty, |slice| {
            let mut active: BTreeMap<i64, usize> = BTreeMap::new();
            for seen in by_id(slice).into_values() {
                // Within an id, time goes forward: a session enters a bin once, and a new session counts again.
                let mut last: Option<i64> = None;
                let mut counted: Option<i64> = None;
                for at in seen {
                    if last.is_some_and(|last| at.saturating_sub(last) > back) {
                        counted = None;
                    }
                    last = Some(at);
                    let bin = axis.of(at);
                    if axis.holds(at) && counted != Some(bin) {
                        counted = Some(bin);
                        *active.entry(bin).or_default() += 1;
                    }
                }
            }
            active
        })
    })
}

/// `rolling_percentile(Value, Percentile, Index, BinSize, BinsPerWindow, dimensions…)`: for each bin the percentile,
/// by nearest rank, of the values of the last bins, itself included. A bin whose window has no value is left out.
pub fn rolling_percentile(mut reader: Reader) -> Bound<Relation> {
    let value = reader.value("a value column")?;
    let value_span = reader.place();
    let percentile = reader.constant("the percentile")?;
    let shown = match percentile.as_long() {
        Some(whole) => whole.to_string(),
        None => percentile.as_real().map(|p| p.to_string()).unwrap_or_default(),
    };
    let Some(percent) = percentile.as_real().filter(|p| (0.0..=100.0).contains(p)) else {
        return Err(reader.wrong("the percentile (0 to 100)"));
    };
    let index = reader.timeline()?;
    let size = reader.distance("the bin size", &index)?;
    let bins = reader.count("the number of bins")?;
    if bins == 0 {
        return Err(reader.wrong("the number of bins"));
    }
    let dimensions = reader.dimensions()?;
    if !matches!(value.ty, KqlType::Int | KqlType::Long | KqlType::Real | KqlType::DateTime | KqlType::TimeSpan) {
        return Err(Fault::wrong_type(value_span, "`rolling_percentile`", "numbers or times", value.ty));
    }
    let name = value.name.clone().unwrap_or_else(|| "value".to_owned());
    let result = format!("rolling_{bins}_percentile_{name}_{shown}");
    let columns = columns_of(&index.name, index.ty, &dimensions, &[(&result, value.ty)]);
    let (ty, index_ty) = (value.ty, index.ty);
    let origin = if index_ty == KqlType::DateTime { crate::types::UNIX_EPOCH_TICKS } else { 0 };
    let args = inputs(value, index.value, &dimensions);
    let work = Rolling { percent, size, bins, origin };
    reader.run(format!("{work:?}"), args, columns, move |columns| work.run(columns, ty, index_ty))
}

#[derive(Debug, Clone, Copy)]
struct Rolling {
    percent: f64,
    size: i64,
    bins: usize,
    origin: i64,
}

impl Rolling {
    fn run(&self, columns: &[ArrayRef], ty: KqlType, index_ty: KqlType) -> Result<Vec<ArrayRef>> {
        let [values, index, dimensions @ ..] = columns else { return exec_err!("a plugin lacks its columns") };
        let values = in_order(values)?;
        let Some(index) = index.as_primitive_opt::<Int64Type>() else {
            return exec_err!("an index is not a whole number");
        };
        let (slices, firsts) = numbered(dimensions, index.len())?;
        let mut found: Vec<BTreeMap<i64, Vec<i64>>> = vec![BTreeMap::new(); firsts.len()];
        for ((row, slice), value) in slices.iter().enumerate().zip(values) {
            if index.is_valid(row)
                && let (Some(value), Some(bin)) = (value, calendar::bin(index.value(row), self.size, self.origin))
                && let Some(slice) = found.get_mut(*slice as usize)
            {
                slice.entry(bin).or_default().push(value);
            }
        }
        let (mut times, mut rows, mut results) = (Vec::new(), Vec::new(), Vec::new());
        let reach = self.size.saturating_mul(i64::try_from(self.bins).unwrap_or(i64::MAX));
        let mut looks = 0usize;
        for (bins, first) in found.iter().zip(&firsts) {
            let (Some(low), Some(high)) = (bins.keys().next(), bins.keys().next_back()) else { continue };
            let axis = super::timeline::Axis { start: *low, end: *high, step: Step::Fixed(self.size) };
            for bin in axis.all()? {
                let far = bin.saturating_sub(reach);
                let mut window: Vec<i64> = bins
                    .range((std::ops::Bound::Excluded(far), std::ops::Bound::Included(bin)))
                    .flat_map(|(_, values)| values.iter().copied())
                    .collect();
                looks = looks.saturating_add(window.len() + 1);
                if looks > MAX_LOOKS {
                    return exec_err!("the windows of `rolling_percentile` overlap too much; take fewer bins");
                }
                if window.is_empty() {
                    continue;
                }
                let rank = (self.percent / 100.0 * window.len() as f64).ceil() as usize;
                let at = rank.clamp(1, window.len()) - 1;
                let (_, value, _) = window.select_nth_unstable(at);
                results.push(*value);
                times.push(bin);
                rows.push(Some(*first));
            }
        }
        let rows: arrow::array::UInt32Array = rows.into_iter().collect();
        let mut made = vec![points(times, index_ty)];
        for dimension in dimensions {
            made.push(arrow::compute::take(dimension, &rows, None)?);
        }
        made.push(match ty {
            KqlType::Real => Arc::new(results.into_iter().map(unordered).collect::<Float64Array>()) as ArrayRef,
            KqlType::Int => Arc::new(results.into_iter().map(|v| v as i32).collect::<Int32Array>()),
            _ => Arc::new(Int64Array::from(results)),
        });
        Ok(made)
    }
}

/// Values as whole numbers of the same order.
fn in_order(values: &ArrayRef) -> Result<Vec<Option<i64>>> {
    if let Some(longs) = values.as_primitive_opt::<Int64Type>() {
        return Ok(longs.iter().collect());
    }
    if let Some(ints) = values.as_primitive_opt::<Int32Type>() {
        return Ok(ints.iter().map(|v| v.map(i64::from)).collect());
    }
    if let Some(reals) = values.as_primitive_opt::<Float64Type>() {
        return Ok(reals.iter().map(|v| v.map(ordered)).collect());
    }
    exec_err!("values of a percentile are not numbers")
}
