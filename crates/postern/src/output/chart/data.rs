//! From rows to series: which column is the axis, which are drawn, which tell series apart.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use postern_kql::Render;
use postern_kql::output::value;
use postern_kql::types::KqlType;
use postern_kql_syntax::literal::{parse_datetime, parse_timespan};
use serde_json::Value;

use super::axis::Unit;
use super::{MOST_SERIES, Rows, Shape};
use crate::output::plain;
use crate::text::visible;

/// The most points that are drawn.
const MOST_POINTS: usize = 400_000;
/// The most bars.
const MOST_BARS: usize = 60;

/// One line, one set of bars.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// Its name, safe to show.
    pub(super) name: String,
    /// Points of a plot, in order of x.
    pub(super) points: Vec<(f64, f64)>,
    /// Those of them that are anomalies.
    pub(super) marked: Vec<(f64, f64)>,
    /// Values of bars, one for each label.
    pub(super) bars: Vec<Option<f64>>,
}

/// What is drawn.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) title: Option<String>,
    pub(super) x_title: Option<String>,
    pub(super) y_title: Option<String>,
    pub(super) legend: bool,
    /// Whether one series alone is named too.
    pub(super) names_matter: bool,
    pub(super) unit: Unit,
    pub(super) y_unit: Unit,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// The labels of bars.
    pub(super) labels: Vec<String>,
    pub(super) series: Vec<Series>,
    /// What was left out.
    pub(super) notes: Vec<String>,
    /// Whether the first series is drawn over the others, not under them.
    pub(super) first_on_top: bool,
}

/// The columns by their part.
struct Parts {
    x: Option<usize>,
    ys: Vec<usize>,
    by: Vec<usize>,
    anomalies: Vec<usize>,
}

impl Data {
    /// Reads what a chart of this shape shows; the error says why there is nothing.
    pub(super) fn read(rows: &Rows<'_>, render: &Render, shape: Shape) -> Result<Self, String> {
        let property = |name: &str| {
            render.properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, text)| text.as_str())
        };
        let safe = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(|t| visible(t).into_owned());
        let parts = parts(rows, &property, shape)?;
        let unit = parts.x.map_or(Unit::Number, |x| unit(rows, x));
        let y_unit = parts.ys.first().map_or(Unit::Number, |y| unit_of(rows.columns.get(*y).map(|c| c.ty)));
        let name = |index: usize| rows.columns.get(index).map(|c| visible(&c.name).into_owned());
        let mut data = Self {
            title: safe(property("title")),
            x_title: safe(property("xtitle")).or_else(|| parts.x.and_then(name)),
            y_title: safe(property("ytitle")),
            legend: !property("legend").is_some_and(|l| l.eq_ignore_ascii_case("hidden")),
            names_matter: !parts.by.is_empty(),
            unit,
            y_unit,
            low: property("ymin").and_then(|t| t.parse().ok()).filter(|v: &f64| v.is_finite()),
            high: property("ymax").and_then(|t| t.parse().ok()).filter(|v: &f64| v.is_finite()),
            labels: Vec::new(),
            series: Vec::new(),
            notes: Vec::new(),
            first_on_top: false,
        };
        if data.y_title.is_none() && parts.ys.len() == 1 {
            data.y_title = parts.ys.first().and_then(|y| name(*y));
        }
        match shape {
            Shape::Line | Shape::Area | Shape::Points => data.points(rows, &parts)?,
            _ => data.bars(rows, &parts)?,
        }
        if data.series.iter().all(|s| s.points.is_empty() && s.bars.iter().all(Option::is_none)) {
            return Err("there is no number to draw".to_owned());
        }
        if data.series.len() > MOST_SERIES {
            data.notes.push(format!("… and {} more series", data.series.len() - MOST_SERIES));
            data.series.truncate(MOST_SERIES);
        }
        Ok(data)
    }

    fn points(&mut self, rows: &Rows<'_>, parts: &Parts) -> Result<(), String> {
        let x = parts.x.ok_or("there is no column for the axis")?;
        let mut found: HashMap<String, usize> = HashMap::new();
        let mut count = 0_usize;
        for batch in rows.batches {
            for row in 0..batch.num_rows() {
                let key = series_key(rows, batch.columns(), &parts.by, row);
                for (position, y) in parts.ys.iter().enumerate() {
                    let name = series_name(rows, &key, *y, parts.ys.len());
                    let next = self.series.len();
                    let index = *found.entry(name.clone()).or_insert(next);
                    if index == next {
                        self.series.push(Series { name, ..Series::default() });
                    }
                    let values = |column: usize| numbers(rows, batch.columns(), column, row);
                    let (xs, ys) = (values(x), values(*y));
                    let flags = parts.anomalies.get(position).or(parts.anomalies.first()).map(|a| values(*a));
                    let Some(series) = self.series.get_mut(index) else { continue };
                    for (at, (x, y)) in xs.into_iter().zip(ys).enumerate() {
                        let (Some(x), Some(y)) = (x, y) else { continue };
                        count += 1;
                        if count > MOST_POINTS {
                            continue;
                        }
                        series.points.push((x, y));
                        let flag = flags.as_ref().and_then(|f| f.get(at).copied().flatten());
                        if flag.is_some_and(|f| f != 0.0) {
                            series.marked.push((x, y));
                        }
                    }
                }
            }
        }
        if count > MOST_POINTS {
            self.notes.push(format!("the first {MOST_POINTS} points are drawn"));
        }
        for series in &mut self.series {
            series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Ok(())
    }

    fn bars(&mut self, rows: &Rows<'_>, parts: &Parts) -> Result<(), String> {
        let mut found: HashMap<String, usize> = HashMap::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let (mut left_out, mut number) = (0_usize, 0_usize);
        for batch in rows.batches {
            for row in 0..batch.num_rows() {
                number += 1;
                let label = match parts.x {
                    Some(x) => cell(rows, batch.columns(), x, row),
                    None => String::new(),
                };
                let key = series_key(rows, batch.columns(), &parts.by, row);
                // With series apart, rows of one label stand together; otherwise each row is its own bar.
                let place = if parts.by.is_empty() { format!("{number}") } else { label.clone() };
                let at = match places.get(&place) {
                    Some(at) => *at,
                    None if self.labels.len() < MOST_BARS => {
                        places.insert(place, self.labels.len());
                        self.labels.push(label);
                        self.labels.len() - 1
                    }
                    None => {
                        left_out += 1;
                        continue;
                    }
                };
                for y in &parts.ys {
                    let name = series_name(rows, &key, *y, parts.ys.len());
                    let next = self.series.len();
                    let index = *found.entry(name.clone()).or_insert(next);
                    if index == next {
                        self.series.push(Series { name, ..Series::default() });
                    }
                    let Some(series) = self.series.get_mut(index) else { continue };
                    if series.bars.len() <= at {
                        series.bars.resize(at + 1, None);
                    }
                    let value = numbers(rows, batch.columns(), *y, row).into_iter().flatten().next();
                    if let (Some(slot), Some(value)) = (series.bars.get_mut(at), value) {
                        *slot = Some(slot.unwrap_or(0.0) + value);
                    }
                }
            }
        }
        if left_out > 0 {
            self.notes.push(format!("… and {left_out} more rows"));
        }
        if self.labels.is_empty() { Err("there are no rows".to_owned()) } else { Ok(()) }
    }
}

/// Which column plays which part.
fn parts<'a>(rows: &Rows<'_>, property: &impl Fn(&str) -> Option<&'a str>, shape: Shape) -> Result<Parts, String> {
    let find = |name: &str| {
        let name = name.trim();
        rows.columns
            .iter()
            .position(|c| c.name == name)
            .ok_or_else(|| format!("there is no column `{}`", visible(name)))
    };
    let several = |name: &str| -> Result<Option<Vec<usize>>, String> {
        property(name).map(|list| list.split(',').map(find).collect()).transpose()
    };
    let plotted = matches!(shape, Shape::Line | Shape::Area | Shape::Points);
    let anomalies = several("anomalycolumns")?.unwrap_or_default();
    let ty = |index: usize| rows.columns.get(index).map(|c| c.ty);
    let all = || 0..rows.columns.len();
    let is_axis = |index: &usize| matches!(unit(rows, *index), Unit::Time);
    let is_number = |index: &usize| ty(*index).is_some_and(|t| t.is_numeric()) || is_series(rows, *index);
    let x = match property("xcolumn") {
        Some(name) => Some(find(name)?),
        None if shape == Shape::Card => None,
        None if plotted => all().find(is_axis).or_else(|| all().find(is_number)),
        None => all()
            .find(|i| ty(*i) == Some(KqlType::String))
            .filter(|_| shape == Shape::Shares)
            .or_else(|| all().next().filter(|_| rows.columns.len() > 1)),
    };
    let ys = match several("ycolumns")? {
        Some(ys) => ys,
        None => all()
            .filter(|i| Some(*i) != x && !anomalies.contains(i))
            .filter(|i| is_number(i) || ty(*i) == Some(KqlType::TimeSpan))
            .collect(),
    };
    if ys.is_empty() {
        return Err("no column holds numbers to draw".to_owned());
    }
    let by = match several("series")? {
        Some(by) => by,
        None if shape == Shape::Shares || shape == Shape::Card => Vec::new(),
        None => all()
            .filter(|i| Some(*i) != x && !ys.contains(i))
            .filter(|i| matches!(ty(*i), Some(KqlType::String | KqlType::Guid | KqlType::Bool)))
            .collect(),
    };
    Ok(Parts { x, ys, by, anomalies })
}

fn unit_of(ty: Option<KqlType>) -> Unit {
    match ty {
        Some(KqlType::DateTime) => Unit::Time,
        Some(KqlType::TimeSpan) => Unit::Length,
        _ => Unit::Number,
    }
}

/// The unit of a column; an array of instants, as `make-series` makes it, is an axis of time.
fn unit(rows: &Rows<'_>, column: usize) -> Unit {
    let ty = rows.columns.get(column).map(|c| c.ty);
    if ty != Some(KqlType::Dynamic) {
        return unit_of(ty);
    }
    match first_element(rows, column) {
        Some(Value::String(text)) if parse_datetime(&text).is_some() => Unit::Time,
        Some(Value::String(text)) if parse_timespan(&text).is_some() => Unit::Length,
        _ => Unit::Number,
    }
}

/// Whether a column holds arrays of numbers.
fn is_series(rows: &Rows<'_>, column: usize) -> bool {
    rows.columns.get(column).is_some_and(|c| c.ty == KqlType::Dynamic)
        && matches!(first_element(rows, column), Some(Value::Number(_) | Value::Null))
}

fn first_element(rows: &Rows<'_>, column: usize) -> Option<Value> {
    for batch in rows.batches {
        for row in 0..batch.num_rows().min(100) {
            if let Value::Array(items) = value(batch.columns().get(column)?, KqlType::Dynamic, row)
                && let Some(first) = items.into_iter().next()
            {
                return Some(first);
            }
        }
    }
    None
}

/// The numbers of a cell: one, or those of an array.
fn numbers(rows: &Rows<'_>, arrays: &[ArrayRef], column: usize, row: usize) -> Vec<Option<f64>> {
    let (Some(array), Some(ty)) = (arrays.get(column), rows.columns.get(column).map(|c| c.ty)) else {
        return Vec::new();
    };
    if array.is_null(row) {
        return vec![None];
    }
    let long = || array.as_primitive_opt::<Int64Type>().map(|a| a.value(row) as f64);
    let one = match ty {
        KqlType::Int => array.as_primitive_opt::<Int32Type>().map(|a| f64::from(a.value(row))),
        KqlType::Long | KqlType::DateTime | KqlType::TimeSpan => long(),
        KqlType::Real => array.as_primitive_opt::<Float64Type>().map(|a| a.value(row)),
        KqlType::Decimal => value(array, ty, row).as_str().and_then(|t| t.parse().ok()),
        KqlType::Bool => array.as_boolean_opt().map(|a| f64::from(u8::from(a.value(row)))),
        KqlType::Dynamic => {
            return match value(array, ty, row) {
                Value::Array(items) => items.iter().map(element).collect(),
                other => vec![element(&other)],
            };
        }
        KqlType::String | KqlType::Guid => None,
    };
    vec![one.filter(|v| v.is_finite())]
}

fn element(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().filter(|v| v.is_finite()),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::String(text) => parse_datetime(text).or_else(|| parse_timespan(text)).map(|ticks| ticks as f64),
        _ => None,
    }
}

/// A cell as a label.
fn cell(rows: &Rows<'_>, arrays: &[ArrayRef], column: usize, row: usize) -> String {
    let (Some(array), Some(ty)) = (arrays.get(column), rows.columns.get(column).map(|c| c.ty)) else {
        return String::new();
    };
    let text = plain(&value(array, ty, row));
    // An instant at midnight is a day.
    let text = match ty {
        KqlType::DateTime => text
            .trim_end_matches('Z')
            .trim_end_matches('0')
            .trim_end_matches('.')
            .replace("T00:00:00", "")
            .replace("T00:00", ""),
        _ => text,
    };
    visible(&text).into_owned()
}

fn series_key(rows: &Rows<'_>, arrays: &[ArrayRef], by: &[usize], row: usize) -> String {
    by.iter().map(|column| cell(rows, arrays, *column, row)).collect::<Vec<_>>().join(", ")
}

fn series_name(rows: &Rows<'_>, key: &str, y: usize, ys: usize) -> String {
    let column = rows.columns.get(y).map(|c| visible(&c.name).into_owned()).unwrap_or_default();
    match (key.is_empty(), ys) {
        (true, _) => column,
        (false, 1) => key.to_owned(),
        (false, _) => format!("{key}: {column}"),
    }
}
