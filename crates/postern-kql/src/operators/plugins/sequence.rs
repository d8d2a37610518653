//! Steps that follow each other: `sequence_detect`, `funnel_sequence_completion`.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use datafusion::common::{Result, exec_err};
use serde_json::Value;

use super::reader::Reader;
use super::timeline::{Events, Periods, longs, numbered, points};
use crate::bind::coerce::{coerce, convert};
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::functions::support::time_text;
use crate::types::{Const, KqlType};

/// The most sequences that are found.
const MAX_ROWS: usize = 1_000_000;

/// `sequence_detect(Timeline, MaxStep, MaxSpan, name = predicate…, dimensions…)`: every way in which rows of one
/// slice fulfil the steps one after the other, each later than the one before by at most `MaxStep`, the last later
/// than the first by at most `MaxSpan`. Ways with the same times are one.
pub fn detect(mut reader: Reader) -> Bound<Relation> {
    let timeline = reader.timeline()?;
    let max_step = reader.distance("the longest step", &timeline)?;
    let max_span = reader.distance("the longest span", &timeline)?;
    let mut steps = Vec::new();
    let mut names = Vec::new();
    while let Some(arg) = reader.arg() {
        let value = reader.bind(arg)?;
        let is_column = arg.name.is_none() && value.name.is_some();
        if value.ty != KqlType::Bool || is_column {
            reader.back();
            break;
        }
        names.push(arg.name.as_ref().map_or_else(|| format!("Expr{}", steps.len() + 1), |n| n.text.clone()));
        steps.push(value);
    }
    if steps.is_empty() {
        return Err(Fault::new(codes::ARGUMENT_COUNT, reader.span, "`sequence_detect` needs a step")
            .hint("write `name = predicate`"));
    }
    let dimensions = reader.dimensions()?;
    let mut columns: Vec<(String, KqlType)> = dimensions.iter().map(|(n, v)| (n.clone(), v.ty)).collect();
    columns.extend(names.iter().map(|name| (format!("{name}_{}", timeline.name), timeline.ty)));
    let duration = if timeline.ty == KqlType::DateTime { KqlType::TimeSpan } else { timeline.ty };
    columns.push(("Duration".to_owned(), duration));
    let count = steps.len();
    let mut args = vec![timeline.value];
    args.extend(steps);
    args.extend(dimensions.into_iter().map(|(_, d)| d));
    let ty = timeline.ty;
    reader.run(format!("{max_step} {max_span} {count}"), args, columns, move |columns| {
        let Some((time, rest)) = columns.split_first() else { return exec_err!("a plugin lacks its columns") };
        let Some((steps, dimensions)) = rest.split_at_checked(count) else {
            return exec_err!("a plugin lacks its columns");
        };
        let Some(times) = time.as_primitive_opt::<Int64Type>() else {
            return exec_err!("a timeline is not a whole number");
        };
        let (slices, firsts) = numbered(dimensions, times.len())?;
        let mut found: Vec<Vec<BTreeSet<i64>>> = vec![vec![BTreeSet::new(); count]; firsts.len()];
        for (row, slice) in slices.iter().enumerate().filter(|(row, _)| times.is_valid(*row)) {
            let Some(slice) = found.get_mut(*slice as usize) else { continue };
            for (step, set) in steps.iter().zip(slice) {
                let holds = step.as_boolean_opt().is_some_and(|b| b.is_valid(row) && b.value(row));
                if holds {
                    set.insert(times.value(row));
                }
            }
        }
        let mut rows: Vec<(Vec<i64>, u32)> = Vec::new();
        for (slice, first) in found.iter().zip(&firsts) {
            for way in ways(slice, max_step, max_span)? {
                rows.push((way, *first));
                if rows.len() > MAX_ROWS {
                    return exec_err!("`sequence_detect` finds more than {MAX_ROWS} sequences; shorten its windows");
                }
            }
        }
        rows.sort();
        let indices: UInt32Array = rows.iter().map(|(_, first)| Some(*first)).collect();
        let mut made: Vec<ArrayRef> =
            dimensions.iter().map(|d| take(d, &indices, None)).collect::<std::result::Result<_, _>>()?;
        for at in 0..count {
            made.push(points(rows.iter().filter_map(|(way, _)| way.get(at).copied()).collect(), ty));
        }
        let durations = rows.iter().filter_map(|(way, _)| Some(way.last()? - way.first()?)).collect();
        made.push(points(durations, ty));
        Ok(made)
    })
}

/// All sequences of times, one of each set, that keep the windows.
fn ways(steps: &[BTreeSet<i64>], max_step: i64, max_span: i64) -> Result<Vec<Vec<i64>>> {
    let Some((first, rest)) = steps.split_first() else { return Ok(vec![]) };
    let mut ways: Vec<Vec<i64>> = first.iter().map(|t| vec![*t]).collect();
    for step in rest {
        let mut longer = Vec::new();
        for way in &ways {
            let (Some(start), Some(last)) = (way.first(), way.last()) else { continue };
            let until = last.saturating_add(max_step).min(start.saturating_add(max_span));
            if until <= *last {
                continue;
            }
            for next in step.range((std::ops::Bound::Excluded(*last), std::ops::Bound::Included(until))) {
                let mut way = way.clone();
                way.push(*next);
                longer.push(way);
                if longer.len() > MAX_ROWS {
                    return exec_err!("`sequence_detect` finds more than {MAX_ROWS} sequences; shorten its windows");
                }
            }
        }
        ways = longer;
    }
    Ok(ways)
}

/// `funnel_sequence_completion(Id, Timeline, Start, End, Step, State, Sequence, MaxWindows)`: for each window and each
/// state of the sequence, the ids that went through the states so far in order, other states in between allowed,
/// within the window counted from their first state.
pub fn completion(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let state = reader.value("a state column")?;
    let state_span = reader.place();
    let sequence = list(&reader.constant("the sequence")?).ok_or_else(|| reader.wrong("the sequence"))?;
    let sequence: Vec<String> =
        sequence.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    let windows = list(&reader.constant("the windows")?).ok_or_else(|| reader.wrong("the list of windows"))?;
    let windows: Option<Vec<i64>> = windows.iter().map(|v| time_text::parse_timespan(v.as_str()?)).collect();
    let windows = windows.ok_or_else(|| reader.wrong("the list of windows"))?;
    reader.end()?;
    if timeline.ty != KqlType::DateTime {
        return Err(Fault::unsupported(reader.span, &format!("a funnel over a timeline of type `{}`", timeline.ty)));
    }
    if sequence.len() > 32 || windows.len() > 64 {
        return Err(Fault::new(codes::ARGUMENT, reader.span, "a funnel has at most 32 states and 64 windows"));
    }
    let name = state.name.clone().unwrap_or_else(|| "State".to_owned());
    let text = coerce(&state, KqlType::String, &reader.binder.cx())
        .or_else(|| convert(&state, KqlType::String, &reader.binder.cx()))
        .ok_or_else(|| Fault::unsupported(state_span, "this state column"))?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let columns = vec![
        (timeline.name.clone(), timeline.ty),
        (name, KqlType::String),
        ("Period".to_owned(), KqlType::TimeSpan),
        ("dcount".to_owned(), KqlType::Long),
    ];
    let ty = timeline.ty;
    let config = format!("{periods:?} {sequence:?} {windows:?}");
    reader.run(config, vec![id, timeline.value, text], columns, move |columns| {
        let [id, time, state] = columns else { return exec_err!("a plugin lacks its columns") };
        let events = Events::read(&[Arc::clone(id), Arc::clone(time), Arc::clone(state)])?;
        let axis = periods.over(&events.events);
        // The slices are the states; which of the sequence each one is.
        let slices = events.events.iter().map(|e| e.slice).max().map_or(0, |m| m + 1);
        let texts = events.dimensions(&(0..slices).collect::<Vec<_>>())?;
        let texts = texts.first().and_then(|t| t.as_string_view_opt());
        let is_state = |slice: u32, wanted: &str| texts.is_some_and(|t| t.value(slice as usize) == wanted);
        let mut people: std::collections::BTreeMap<u32, Vec<(i64, u32)>> = std::collections::BTreeMap::new();
        for event in events.events.iter().filter(|e| axis.holds(e.time)) {
            if let Some(id) = event.id {
                people.entry(id).or_default().push((event.time, event.slice));
            }
        }
        let mut reached: std::collections::BTreeMap<(i64, usize, usize), HashSet<u32>> =
            std::collections::BTreeMap::new();
        for (id, rows) in &mut people {
            rows.sort_unstable();
            for (window_at, window) in windows.iter().enumerate() {
                for (at, depth) in depths(rows, &sequence, *window, is_state) {
                    for state in 0..depth {
                        reached.entry((axis.of(at), window_at, state)).or_default().insert(*id);
                    }
                }
            }
        }
        let (mut times, mut states, mut lengths, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((period, window, state), ids) in reached {
            times.push(period);
            states.push(sequence.get(state).cloned().unwrap_or_default());
            lengths.push(windows.get(window).copied().unwrap_or_default());
            counts.push(ids.len() as i64);
        }
        Ok(vec![points(times, ty), Arc::new(StringViewArray::from_iter_values(states)), longs(lengths), longs(counts)])
    })
}

/// For each beginning of the sequence: its time, and how many states were reached within the window.
fn depths(
    rows: &[(i64, u32)],
    sequence: &[String],
    window: i64,
    is_state: impl Fn(u32, &str) -> bool,
) -> Vec<(i64, usize)> {
    // For each depth the latest beginning from which it can be reached at the row looked at.
    let mut latest: Vec<Option<i64>> = vec![None; sequence.len()];
    let mut best: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
    for (time, state) in rows {
        // Deepest first, so that one row takes one step.
        for at in (0..sequence.len()).rev() {
            if !sequence.get(at).is_some_and(|wanted| is_state(*state, wanted)) {
                continue;
            }
            let from = if at == 0 { Some(*time) } else { latest.get(at - 1).copied().flatten() };
            let Some(from) = from.filter(|from| time.saturating_sub(*from) <= window) else { continue };
            if let Some(slot) = latest.get_mut(at) {
                *slot = Some(slot.map_or(from, |old| old.max(from)));
            }
            let depth = best.entry(from).or_default();
            *depth = (*depth).max(at + 1);
        }
    }
    best.into_iter().collect()
}

fn list(value: &Const) -> Option<Vec<Value>> {
    match value.as_json() {
        Some(Value::Array(items)) if !items.is_empty() => Some(items),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_within_the_windows_is_found_once() {
        let steps = [BTreeSet::from([0, 10]), BTreeSet::from([5, 12]), BTreeSet::from([6, 30])];
        assert_eq!(ways(&steps, 5, 100).unwrap(), vec![vec![0, 5, 6]]);
        assert_eq!(ways(&steps, 18, 20).unwrap(), vec![vec![0, 5, 6], vec![10, 12, 30]]);
        assert!(ways(&steps, 100, 3).unwrap().is_empty());
    }

    #[test]
    fn a_funnel_goes_as_deep_as_its_window_allows() {
        let sequence = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let is_state = |slice: u32, wanted: &str| ["a", "b", "c", "x"].get(slice as usize) == Some(&wanted);
        let rows = [(0, 0), (2, 3), (4, 1), (9, 2)];
        assert_eq!(depths(&rows, &sequence, 9, is_state), vec![(0, 3)]);
        assert_eq!(depths(&rows, &sequence, 8, is_state), vec![(0, 2)]);
        assert_eq!(depths(&rows, &sequence, 3, is_state), vec![(0, 1)]);
    }
}
