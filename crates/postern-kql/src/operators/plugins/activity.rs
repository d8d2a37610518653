//! Who is active, new, back or gone from period to period: `activity_counts_metrics`, `activity_metrics`,
//! `activity_engagement`, `new_activity_metrics`.
//!
//! Periods count from the start of the analysis; the end is included. Where start and end are left out, they are the
//! first and the last point of the rows. A null id is a row but nobody. `activity_counts_metrics`, `activity_metrics`
//! and `activity_engagement` have a row for each period with rows of its own; `new_activity_metrics` has one for every
//! pair of periods.

use std::collections::{HashMap, HashSet};

use datafusion::common::{Result, exec_err};

use super::reader::{Reader, Timeline};
use super::timeline::{Axis, Event, Events, Periods, Step, inputs, longs, points, reals};
use crate::bind::fault::Bound;
use crate::bind::scope::Relation;
use crate::plan::gather::MAX_ROWS;
use crate::types::KqlType;

fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The output columns: the timeline, the dimensions, then those of the plugin.
fn outputs(
    timeline: &Timeline,
    dimensions: &[(String, crate::functions::BoundExpr)],
    rest: &[(&str, KqlType)],
) -> Vec<(String, KqlType)> {
    let mut columns = vec![(timeline.name.clone(), timeline.ty)];
    columns.extend(dimensions.iter().map(|(name, value)| (name.clone(), value.ty)));
    columns.extend(rest.iter().map(|(name, ty)| ((*name).to_owned(), *ty)));
    columns
}

/// The ids of each period of one slice, in order of time.
fn by_period<'a>(slice: &'a [Event], axis: &Axis) -> Vec<(i64, &'a [Event])> {
    let from = slice.partition_point(|e| e.time < axis.start);
    let to = slice.partition_point(|e| e.time <= axis.end);
    let inside = slice.get(from..to).unwrap_or_default();
    inside
        .chunk_by(|a, b| axis.of(a.time) == axis.of(b.time))
        .filter_map(|chunk| chunk.first().map(|first| (axis.of(first.time), chunk)))
        .collect()
}

fn ids(events: &[Event]) -> HashSet<u32> {
    events.iter().filter_map(|e| e.id).collect()
}

/// `activity_counts_metrics(Id, Timeline, Start, End, Step, dimensions…)`.
pub fn counts(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let names = ["count", "dcount", "new_dcount", "aggregated_dcount"].map(|n| (n, KqlType::Long));
    let columns = outputs(&timeline, &dimensions, &names);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        let (mut times, mut slices) = (Vec::new(), Vec::new());
        let mut values: [Vec<i64>; 4] = Default::default();
        for slice in events.slices() {
            let mut seen: HashSet<u32> = HashSet::new();
            for (period, rows) in by_period(slice, &axis) {
                let now = ids(rows);
                let new = now.iter().filter(|id| !seen.contains(id)).count();
                seen.extend(&now);
                times.push(period);
                slices.extend(rows.first().map(|e| e.slice));
                let row = [rows.len(), now.len(), new, seen.len()];
                values.iter_mut().zip(row).for_each(|(column, value)| column.push(value as i64));
            }
        }
        let mut made = vec![points(times, ty)];
        made.extend(events.dimensions(&slices)?);
        made.extend(values.map(longs));
        Ok(made)
    })
}

/// Start and end, when `fixed` further constants follow them.
fn optional_ends(reader: &mut Reader, timeline: &Timeline, fixed: usize) -> Bound<(Option<i64>, Option<i64>)> {
    if reader.constants_ahead()? < fixed + 2 {
        return Ok((None, None));
    }
    let start = reader.point("the start", timeline)?;
    let end = reader.point("the end", timeline)?;
    Ok((Some(start), Some(end)))
}

/// `activity_metrics(Id, Timeline, [Start, End,] Step, dimensions…)`: each period against the one before it.
pub fn metrics(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let (start, end) = optional_ends(&mut reader, &timeline, 1)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start, end, step };
    periods.check(&reader)?;
    let rest = [
        ("dcount_values", KqlType::Long),
        ("dcount_newvalues", KqlType::Long),
        ("retention_rate", KqlType::Real),
        ("churn_rate", KqlType::Real),
    ];
    let columns = outputs(&timeline, &dimensions, &rest);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        let (mut times, mut slices) = (Vec::new(), Vec::new());
        let (mut all, mut new, mut kept, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for slice in events.slices() {
            let mut before: (i64, HashSet<u32>) = (i64::MIN, HashSet::new());
            for (period, rows) in by_period(slice, &axis) {
                let now = ids(rows);
                // The period before is the neighbour on the axis, not the last one that had rows.
                let last = if before.0 != i64::MIN && axis.next(before.0) == period {
                    std::mem::take(&mut before.1)
                } else {
                    HashSet::new()
                };
                let back = now.intersection(&last).count();
                times.push(period);
                slices.extend(rows.first().map(|e| e.slice));
                all.push(now.len() as i64);
                new.push((now.len() - back) as i64);
                kept.push(ratio(back, last.len()));
                gone.push(ratio(last.len() - back, last.len()));
                before = (period, now);
            }
        }
        let mut made = vec![points(times, ty)];
        made.extend(events.dimensions(&slices)?);
        made.extend([longs(all), longs(new), reals(kept), reals(gone)]);
        Ok(made)
    })
}

/// `activity_engagement(Id, Timeline, [Start, End,] Inner, Outer, dimensions…)`: who is active in a period, of those
/// active in the longer window that ends with it. The window also sees rows before the start.
pub fn engagement(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let (start, end) = optional_ends(&mut reader, &timeline, 2)?;
    let inner = reader.distance("the inner window", &timeline)?;
    let outer = reader.distance("the outer window", &timeline)?;
    let dimensions = reader.dimensions()?;
    let periods = Periods { start, end, step: Step::Fixed(inner) };
    periods.check(&reader)?;
    let rest = [
        ("dcount_activities_inner", KqlType::Long),
        ("dcount_activities_outer", KqlType::Long),
        ("activity_ratio", KqlType::Real),
    ];
    let columns = outputs(&timeline, &dimensions, &rest);
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?} {outer}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        let axis = periods.over(&events.events);
        let (mut times, mut slices) = (Vec::new(), Vec::new());
        let (mut inside, mut around, mut rates) = (Vec::new(), Vec::new(), Vec::new());
        for slice in events.slices() {
            let mut window = Window::default();
            for (period, rows) in by_period(slice, &axis) {
                let next = axis.next(period);
                window.slide(slice, next.saturating_sub(outer), next, axis.end);
                let now = ids(rows).len();
                times.push(period);
                slices.extend(rows.first().map(|e| e.slice));
                inside.push(now as i64);
                around.push(window.ids.len() as i64);
                rates.push(ratio(now, window.ids.len()));
            }
        }
        let mut made = vec![points(times, ty)];
        made.extend(events.dimensions(&slices)?);
        made.extend([longs(inside), longs(around), reals(rates)]);
        Ok(made)
    })
}

/// The rows of a window that only moves forward.
#[derive(Debug, Default)]
pub struct Window {
    from: usize,
    to: usize,
    /// How often each id is in the window.
    pub ids: HashMap<u32, usize>,
}

impl Window {
    /// Moves the window to the rows from `start` up to, but not at, `end`, and none after `last`.
    pub fn slide(&mut self, rows: &[Event], start: i64, end: i64, last: i64) {
        while let Some(row) = rows.get(self.to).filter(|e| e.time < end && e.time <= last) {
            if let Some(id) = row.id {
                *self.ids.entry(id).or_default() += 1;
            }
            self.to += 1;
        }
        while let Some(row) = rows.get(self.from).filter(|e| self.from < self.to && e.time < start) {
            if let Some(id) = row.id
                && let Some(count) = self.ids.get_mut(&id)
            {
                *count -= 1;
                if *count == 0 {
                    self.ids.remove(&id);
                }
            }
            self.from += 1;
        }
    }

    /// The number of rows in the window.
    pub fn rows(&self) -> usize {
        self.to - self.from
    }
}

/// `new_activity_metrics(Id, Timeline, Start, End, Step [, Cohort] [, dimensions…] [, Lookback])`.
pub fn new_metrics(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let known = reader.take_table()?;
    let cohort = match reader.constant_here()? {
        Some(value) => Some(reader.on_axis(&value, timeline.ty, "the cohort")?),
        None => None,
    };
    if let Some(known) = known {
        reader.leave_out(&id, known)?;
    }
    let dimensions = reader.dimensions()?;
    let mut columns =
        vec![(format!("from_{}", timeline.name), timeline.ty), (format!("to_{}", timeline.name), timeline.ty)];
    for name in ["dcount_new_values", "dcount_retained_values", "dcount_churn_values"] {
        columns.push((name.to_owned(), KqlType::Long));
    }
    columns.extend(["retention_rate", "churn_rate"].map(|n| (n.to_owned(), KqlType::Real)));
    columns.extend(dimensions.iter().map(|(name, value)| (name.clone(), value.ty)));
    let ty = timeline.ty;
    let args = inputs(id, timeline.value, &dimensions);
    reader.run(format!("{periods:?} {cohort:?}"), args, columns, move |columns| {
        let events = Events::read(columns)?;
        cohorts(&events, &periods.over(&events.events), cohort, ty)
    })
}

fn cohorts(events: &Events, axis: &Axis, cohort: Option<i64>, ty: KqlType) -> Result<Vec<arrow::array::ArrayRef>> {
    let all = axis.all()?;
    events.check(all.len())?;
    let wanted = cohort.map(|at| axis.of(at));
    let (mut from, mut to, mut slices) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts: [Vec<i64>; 3] = Default::default();
    let mut rates: [Vec<f64>; 2] = Default::default();
    for slice in events.slices() {
        let Some(number) = slice.first().map(|e| e.slice) else { continue };
        let present: HashMap<i64, HashSet<u32>> =
            by_period(slice, axis).into_iter().map(|(period, rows)| (period, ids(rows))).collect();
        let nobody = HashSet::new();
        let mut seen: HashSet<u32> = HashSet::new();
        for (at, first) in all.iter().enumerate() {
            let here = present.get(first).unwrap_or(&nobody);
            let new: HashSet<u32> = here.difference(&seen).copied().collect();
            seen.extend(here);
            if wanted.is_some_and(|w| w != *first) {
                continue;
            }
            for then in all.iter().skip(at) {
                if from.len() >= MAX_ROWS {
                    return exec_err!(
                        "`new_activity_metrics` would make more than {MAX_ROWS} rows; take a larger step"
                    );
                }
                let there = present.get(then).unwrap_or(&nobody);
                let kept = new.intersection(there).count();
                // In its own period the cohort is what is new.
                let fresh = if then == first { new.len() } else { there.difference(&seen).count() };
                from.push(*first);
                to.push(*then);
                slices.push(number);
                let row = [fresh, kept, new.len() - kept];
                counts.iter_mut().zip(row).for_each(|(column, value)| column.push(value as i64));
                let row = [ratio(kept, new.len()), ratio(new.len() - kept, new.len())];
                rates.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
        }
    }
    let mut made = vec![points(from, ty), points(to, ty)];
    made.extend(counts.map(longs));
    made.extend(rates.map(reals));
    made.extend(events.dimensions(&slices)?);
    Ok(made)
}
