//! Steps that follow each other: `sequence_detect`, `funnel_sequence`, `funnel_sequence_completion`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
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
use crate::functions::support::json::ArrayText;
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
    let sequence = texts(&reader.constant("the sequence")?).ok_or_else(|| reader.wrong("the sequence"))?;
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
        let mut people: BTreeMap<u32, Vec<(i64, u32)>> = BTreeMap::new();
        for event in events.events.iter().filter(|e| axis.holds(e.time)) {
            if let Some(id) = event.id {
                people.entry(id).or_default().push((event.time, event.slice));
            }
        }
        let mut reached: BTreeMap<(i64, usize, usize), HashSet<u32>> = BTreeMap::new();
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
    let mut best: BTreeMap<i64, usize> = BTreeMap::new();
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

/// The most ids that are shown of a way through a funnel.
const MAX_SAMPLES: usize = 128;

/// `funnel_sequence(Id, Timeline, Start, End, MaxStep, Step, State, Sequence)`: for each state that came before the
/// sequence and each that came after it, the ids that went that way; empty where there was none. It is the first of the
/// three tables of the plugin; the other two leave out `next` and `prev`.
///
/// The states of the sequence follow each other directly in the rows of an id, each at most `MaxStep` after the row
/// before; rows of the same state one after the other are one. The period is that of the first row of the sequence.
pub fn funnel(mut reader: Reader) -> Bound<Relation> {
    let id = reader.id()?;
    let shown = reader.binder.to_dynamic(&id, reader.place())?;
    let timeline = reader.timeline()?;
    let start = reader.point("the start", &timeline)?;
    let end = reader.point("the end", &timeline)?;
    let longest = reader.distance("the longest step", &timeline)?;
    let step = Periods::step(&mut reader, &timeline)?;
    let state = reader.value("a state column")?;
    let state_span = reader.place();
    let sequence = texts(&reader.constant("the sequence")?).ok_or_else(|| reader.wrong("the sequence"))?;
    reader.end()?;
    if state.ty == KqlType::Dynamic {
        return Err(Fault::wrong_type(state_span, "a state column", "a scalar", state.ty)
            .hint("convert it with `tostring()` in an `extend` before the plugin"));
    }
    let text = convert(&state, KqlType::String, &reader.binder.cx())
        .ok_or_else(|| Fault::unsupported(state_span, "this state column"))?;
    let periods = Periods { start: Some(start), end: Some(end), step };
    periods.check(&reader)?;
    let columns = vec![
        (timeline.name.clone(), timeline.ty),
        ("prev".to_owned(), state.ty),
        ("next".to_owned(), state.ty),
        ("dcount".to_owned(), KqlType::Long),
        ("samples".to_owned(), KqlType::Dynamic),
    ];
    let (ty, state_ty) = (timeline.ty, state.ty);
    let config = format!("{periods:?} {longest} {sequence:?}");
    reader.run(config, vec![id, timeline.value, state, text, shown], columns, move |columns| {
        let [id, time, state, text, shown] = columns else { return exec_err!("a plugin lacks its columns") };
        let (Some(text), Some(shown)) = (text.as_string_view_opt(), shown.as_string_view_opt()) else {
            return exec_err!("a state is no text");
        };
        let (_, people) = numbered(std::slice::from_ref(id), id.len())?;
        let (_, firsts) = numbered(std::slice::from_ref(state), state.len())?;
        // Of each state, which of the sequence it is; and the sequence as numbers.
        let named =
            |wanted: &String| firsts.iter().position(|row| text.value(*row as usize) == wanted).map(|at| at as u32);
        let mut wanted: Vec<Option<u32>> = sequence.iter().map(named).collect();
        wanted.dedup();
        let events = Events::read(&[Arc::clone(id), Arc::clone(time), Arc::clone(state)])?;
        let axis = periods.over(&events.events);
        let mut rows: BTreeMap<u32, Vec<(i64, u32)>> = BTreeMap::new();
        for event in events.events.iter().filter(|e| axis.holds(e.time)) {
            if let Some(id) = event.id {
                rows.entry(id).or_default().push((event.time, event.slice));
            }
        }
        let mut found: BTreeMap<(i64, Option<u32>, Option<u32>), BTreeSet<u32>> = BTreeMap::new();
        for (id, rows) in &mut rows {
            rows.sort_unstable();
            for (at, before, after) in passes(rows, &wanted, longest) {
                found.entry((axis.of(at), before, after)).or_default().insert(*id);
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|((period, ..), ids)| (*period, std::cmp::Reverse(ids.len())));
        let side = |which: fn(&(i64, Option<u32>, Option<u32>)) -> Option<u32>| -> Result<ArrayRef> {
            let row = |state: Option<u32>| state.and_then(|state| firsts.get(state as usize).copied());
            let indices: UInt32Array = found.iter().map(|(key, _)| row(which(key))).collect();
            let taken = take(state, &indices, None)?;
            Ok(match taken.as_string_view_opt().filter(|_| state_ty == KqlType::String) {
                // A text is never null.
                Some(texts) => Arc::new(StringViewArray::from_iter_values(texts.iter().map(Option::unwrap_or_default))),
                None => taken,
            })
        };
        let samples = found.iter().map(|(_, ids)| {
            let mut list = ArrayText::new();
            for id in ids.iter().take(MAX_SAMPLES) {
                if let Some(row) = people.get(*id as usize) {
                    list.raw(shown.value(*row as usize));
                }
            }
            list.finish()
        });
        Ok(vec![
            points(found.iter().map(|((period, ..), _)| *period).collect(), ty),
            side(|key| key.1)?,
            side(|key| key.2)?,
            longs(found.iter().map(|(_, ids)| ids.len() as i64).collect()),
            Arc::new(StringViewArray::from_iter_values(samples)),
        ])
    })
}

/// Where the states of a sequence follow each other: when that begins, and the states before and after.
fn passes(rows: &[(i64, u32)], wanted: &[Option<u32>], longest: i64) -> Vec<(i64, Option<u32>, Option<u32>)> {
    let runs: Vec<&[(i64, u32)]> = rows.chunk_by(|a, b| a.1 == b.1).collect();
    let state = |at: usize| runs.get(at).and_then(|run| run.first()).map(|row| row.1);
    let mut found = Vec::new();
    for (at, run) in runs.windows(wanted.len().max(1)).enumerate() {
        let fits = run.iter().zip(wanted).all(|(run, wanted)| run.first().map(|row| row.1) == *wanted);
        let near = run.windows(2).all(|pair| match pair {
            [one, other] => one.last().zip(other.first()).is_some_and(|(a, b)| b.0.saturating_sub(a.0) <= longest),
            _ => true,
        });
        if let (true, true, Some((begins, _))) = (fits, near, run.first().and_then(|run| run.first())) {
            found.push((*begins, at.checked_sub(1).and_then(state), state(at + wanted.len())));
        }
    }
    found
}

/// A list as the texts of its elements.
fn texts(value: &Const) -> Option<Vec<String>> {
    Some(list(value)?.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect())
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
    fn repeats_are_one_step_and_a_late_step_is_none() {
        let rows = [(0, 0), (1, 1), (2, 1), (4, 2), (5, 1), (20, 2)];
        let wanted = [Some(1), Some(2)];
        assert_eq!(passes(&rows, &wanted, 2), vec![(1, Some(0), Some(1))]);
        assert_eq!(passes(&rows, &wanted, 15), vec![(1, Some(0), Some(1)), (5, Some(2), None)]);
        assert_eq!(passes(&rows, &[Some(1)], 1), vec![(1, Some(0), Some(2)), (5, Some(2), Some(2))]);
        assert!(passes(&rows, &[Some(1), None], 9).is_empty());
        assert!(passes(&[], &wanted, 9).is_empty());
    }

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
