//! Rows that have values in common: `basket`, `autocluster`, `diffpatterns`.
//!
//! The parameters and columns are the documented ones; the searches are Postern's own, so that which patterns are
//! found, and in which order, may differ from the vendor's engine. Every pattern's count is exact.
//!
//! - `basket` gives the closed frequent patterns: no column could be added without losing rows. Its limit on dimensions
//!   counts columns that do not follow from the others.
//! - `autocluster` starts from the most frequent rows and lets go of columns while the weighted geometric mean of
//!   coverage and of the share of fixed columns grows; of patterns that cover mostly the same rows the best stays.
//! - `diffpatterns` gives closed patterns whose shares in both sets differ by the threshold or more; a pattern that is
//!   part of one that differs more is left out.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::concat;
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue, exec_err};

use super::reader::Reader;
use super::timeline::{longs, numbered, reals};
use crate::bind::coerce::{coerce_const, convert};
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::functions::BoundExpr;
use crate::types::{Const, KqlType};

/// The most columns that patterns are looked for in.
const MAX_COLUMNS: usize = 128;
/// The most patterns that a search may meet.
const MAX_PATTERNS: usize = 50_000;
/// The most looks at a cell that a search may take.
const MAX_WORK: usize = 4_000_000_000;

/// What the plugins have in common.
struct Shape {
    inputs: Vec<BoundExpr>,
    columns: Vec<(String, KqlType)>,
    wildcards: Vec<ScalarValue>,
    config: String,
}

/// Whether a constant says "the default".
fn is_default(value: &Const) -> bool {
    value.as_str() == Some("~")
}

fn number(reader: &mut Reader, what: &str, default: f64, least: f64, most: f64) -> Bound<f64> {
    match reader.constant_here()? {
        None => Ok(default),
        Some(value) if is_default(&value) => Ok(default),
        Some(value) => match value.as_real() {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(reader.wrong(&format!("{what} ({least} to {most})"))),
        },
    }
}

/// The weight column, when one is named.
fn weight(reader: &mut Reader) -> Bound<Option<BoundExpr>> {
    if let Some(value) = reader.constant_here()? {
        return if is_default(&value) { Ok(None) } else { Err(reader.wrong("the weight column")) };
    }
    let Some(arg) = reader.arg() else { return Ok(None) };
    let value = reader.bind(arg)?;
    if !value.ty.is_numeric() || value.name.is_none() {
        return Err(Fault::wrong_type(arg.span, "a weight", "a column of numbers", value.ty));
    }
    Ok(Some(value))
}

/// The columns that patterns are made of: all but the weight and those left out.
fn shape(reader: &mut Reader, weight: Option<&BoundExpr>, without: &[&BoundExpr]) -> Bound<Shape> {
    let mut custom: Vec<Const> = Vec::new();
    while let Some(value) = reader.constant_here()? {
        custom.push(value);
    }
    reader.end()?;
    let used = |name: &str| weight.into_iter().chain(without.iter().copied()).any(|v| v.name.as_deref() == Some(name));
    let columns: Vec<_> = reader.input.visible().filter(|c| !used(&c.name)).cloned().collect();
    if columns.is_empty() || columns.len() > MAX_COLUMNS {
        return Err(Fault::new(
            codes::ARGUMENT,
            reader.span,
            format!("`{}` works on 1 to {MAX_COLUMNS} columns, not {}", reader.name, columns.len()),
        )
        .hint("choose the columns that matter with `project`"));
    }
    let wildcards = columns
        .iter()
        .map(|c| {
            let own = custom
                .iter()
                .filter(|w| !is_default(w))
                .find_map(|w| if w.ty() == c.ty { Some(w.clone()) } else { None });
            own.and_then(|w| coerce_const(&w, c.ty)).unwrap_or_else(|| Const::null(c.ty)).scalar()
        })
        .collect();
    let mut inputs = Vec::with_capacity(columns.len() + 1);
    inputs.push(match weight {
        Some(weight) => convert(weight, KqlType::Real, &reader.binder.cx())
            .ok_or_else(|| Fault::unsupported(reader.span, "this weight column"))?,
        None => BoundExpr::constant(Const::Real(1.0)),
    });
    inputs.extend(columns.iter().map(crate::bind::scope::ScopeColumn::bound));
    let names = columns.iter().map(|c| (c.name.clone(), c.ty)).collect();
    Ok(Shape { inputs, columns: names, config: format!("{wildcards:?}"), wildcards })
}

/// The rows as numbers.
struct Rows {
    /// For each column, the number of each row's value.
    values: Vec<Vec<u32>>,
    /// For each column, a row for each number.
    firsts: Vec<Vec<u32>>,
    /// The weight of each row in the first and in the second set.
    weights: [Vec<f64>; 2],
    columns: Vec<ArrayRef>,
}

impl Rows {
    fn read(weight: &ArrayRef, columns: &[ArrayRef]) -> Result<Self> {
        let Some(weights) = weight.as_primitive_opt::<Float64Type>() else {
            return exec_err!("a weight is not a number");
        };
        let weights: Vec<f64> =
            weights.iter().map(|w| w.filter(|w| w.is_finite() && *w > 0.0).unwrap_or(0.0)).collect();
        let (mut values, mut firsts) = (Vec::new(), Vec::new());
        for column in columns {
            let (numbers, first) = numbered(std::slice::from_ref(column), weights.len())?;
            values.push(numbers);
            firsts.push(first);
        }
        let second = vec![0.0; weights.len()];
        Ok(Self { values, firsts, weights: [weights, second], columns: columns.to_vec() })
    }

    fn value(&self, column: usize, row: u32) -> u32 {
        self.values.get(column).and_then(|v| v.get(row as usize)).copied().unwrap_or(u32::MAX)
    }

    fn sum(&self, set: usize, rows: &[u32]) -> f64 {
        let Some(weights) = self.weights.get(set) else { return 0.0 };
        rows.iter().filter_map(|row| weights.get(*row as usize)).sum()
    }

    fn totals(&self) -> [f64; 2] {
        [0, 1].map(|set| self.weights.get(set).map_or(0.0, |w| w.iter().sum()))
    }

    /// The columns of patterns: values where they are fixed, wildcards elsewhere.
    fn show(&self, patterns: &[Pattern], wildcards: &[ScalarValue]) -> Result<Vec<ArrayRef>> {
        let mut made = Vec::with_capacity(self.columns.len());
        for (at, (column, wildcard)) in self.columns.iter().zip(wildcards).enumerate() {
            let with_wildcard = concat(&[column.as_ref(), wildcard.to_array_of_size(1)?.as_ref()])?;
            let none = column.len() as u32;
            let rows: UInt32Array = patterns
                .iter()
                .map(|p| {
                    let fixed = p.fixed.get(at).copied().flatten();
                    let first = fixed.and_then(|value| self.firsts.get(at)?.get(value as usize).copied());
                    Some(first.unwrap_or(none))
                })
                .collect();
            made.push(arrow::compute::take(&with_wildcard, &rows, None)?);
        }
        Ok(made)
    }
}

/// Values that some columns have, and the weight of the rows that have them.
#[derive(Debug, Clone)]
struct Pattern {
    fixed: Vec<Option<u32>>,
    weights: [f64; 2],
}

impl Pattern {
    fn dimensions(&self) -> usize {
        self.fixed.iter().flatten().count()
    }

    /// Whether every value of this pattern is one of the other.
    fn within(&self, other: &Self) -> bool {
        self.fixed.iter().zip(&other.fixed).all(|(mine, theirs)| mine.is_none() || mine == theirs)
    }
}

/// The closed patterns that are frequent enough.
struct Search<'a> {
    rows: &'a Rows,
    frequent: &'a dyn Fn([f64; 2]) -> bool,
    dimensions: usize,
    work: usize,
    found: Vec<Pattern>,
}

impl Search<'_> {
    fn run(mut self) -> Result<Vec<Pattern>> {
        let [first, second] = &self.rows.weights;
        let counts = |(row, (a, b)): (usize, (&f64, &f64))| (a + b > 0.0).then_some(row as u32);
        let all: Vec<u32> = first.iter().zip(second).enumerate().filter_map(counts).collect();
        if all.is_empty() {
            return Ok(vec![]);
        }
        let fixed = self.close(&all, &vec![None; self.rows.values.len()])?;
        self.note(&all, &fixed);
        self.extend(&all, &fixed, 0, self.dimensions)?;
        Ok(self.found)
    }

    fn note(&mut self, rows: &[u32], fixed: &[Option<u32>]) {
        if fixed.iter().any(Option::is_some) {
            let weights = [self.rows.sum(0, rows), self.rows.sum(1, rows)];
            self.found.push(Pattern { fixed: fixed.to_vec(), weights });
        }
    }

    fn spend(&mut self, work: usize) -> Result<()> {
        self.work = self.work.saturating_add(work);
        if self.work > MAX_WORK || self.found.len() > MAX_PATTERNS {
            return exec_err!("there are too many patterns; use fewer columns or a higher threshold");
        }
        Ok(())
    }

    /// The values that all of these rows share.
    fn close(&mut self, rows: &[u32], fixed: &[Option<u32>]) -> Result<Vec<Option<u32>>> {
        self.spend(rows.len().saturating_mul(2))?;
        let Some(first) = rows.first() else { return Ok(fixed.to_vec()) };
        let closed = fixed
            .iter()
            .enumerate()
            .map(|(column, value)| {
                value.or_else(|| {
                    let shared = self.rows.value(column, *first);
                    rows.iter().all(|row| self.rows.value(column, *row) == shared).then_some(shared)
                })
            })
            .collect();
        Ok(closed)
    }

    /// Fixes one more column, of those from `from` on; what is closed to the left of it has been met already.
    fn extend(&mut self, rows: &[u32], fixed: &[Option<u32>], from: usize, left: usize) -> Result<()> {
        if left == 0 {
            return Ok(());
        }
        for column in from..fixed.len() {
            if fixed.get(column).is_none_or(Option::is_some) {
                continue;
            }
            self.spend(rows.len())?;
            let mut parts: HashMap<u32, Vec<u32>> = HashMap::new();
            for row in rows {
                parts.entry(self.rows.value(column, *row)).or_default().push(*row);
            }
            let mut parts: Vec<(u32, Vec<u32>)> = parts
                .into_iter()
                .filter(|(_, part)| (self.frequent)([self.rows.sum(0, part), self.rows.sum(1, part)]))
                .collect();
            parts.sort_unstable_by_key(|(value, _)| *value);
            for (value, part) in parts {
                let mut next = fixed.to_vec();
                if let Some(slot) = next.get_mut(column) {
                    *slot = Some(value);
                }
                let closed = self.close(&part, &next)?;
                if closed.iter().take(column).ne(fixed.iter().take(column)) {
                    continue;
                }
                self.note(&part, &closed);
                self.extend(&part, &closed, column + 1, left - 1)?;
            }
        }
        Ok(())
    }
}

fn rounded(part: f64, whole: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    if whole > 0.0 { (100.0 * part / whole * scale).round() / scale } else { 0.0 }
}

/// Segment id, count, percent, then the columns.
fn segments(columns: &[(String, KqlType)]) -> Vec<(String, KqlType)> {
    let mut all: Vec<(String, KqlType)> =
        [("SegmentId", KqlType::Long), ("Count", KqlType::Long), ("Percent", KqlType::Real)]
            .map(|(name, ty)| (name.to_owned(), ty))
            .to_vec();
    all.extend(columns.iter().cloned());
    all
}

fn show_segments(rows: &Rows, patterns: &[Pattern], wildcards: &[ScalarValue]) -> Result<Vec<ArrayRef>> {
    let [total, _] = rows.totals();
    let mut made = vec![
        longs((0..patterns.len() as i64).collect()),
        longs(patterns.iter().map(|p| p.weights[0].round() as i64).collect()),
        reals(patterns.iter().map(|p| rounded(p.weights[0], total, 1)).collect()),
    ];
    made.extend(rows.show(patterns, wildcards)?);
    Ok(made)
}

/// Most rows first, then more columns first, then in order of the values' first rows.
fn by_size(patterns: &mut [Pattern]) {
    patterns.sort_by(|a, b| {
        b.weights[0]
            .total_cmp(&a.weights[0])
            .then_with(|| b.dimensions().cmp(&a.dimensions()))
            .then_with(|| a.fixed.cmp(&b.fixed))
    });
}

/// `basket([Threshold [, WeightColumn [, MaxDimensions [, CustomWildcard, …]]]])`.
pub fn basket(mut reader: Reader) -> Bound<Relation> {
    let threshold = number(&mut reader, "the threshold", 0.05, 0.015, 1.0)?;
    let weight = weight(&mut reader)?;
    let dimensions = number(&mut reader, "the number of dimensions", 5.0, 1.0, MAX_COLUMNS as f64)? as usize;
    let Shape { inputs, columns, wildcards, config } = shape(&mut reader, weight.as_ref(), &[])?;
    let config = format!("{threshold} {dimensions} {config}");
    reader.run(config, inputs, segments(&columns), move |columns| {
        let Some((weight, columns)) = columns.split_first() else { return exec_err!("a plugin lacks its columns") };
        let rows = Rows::read(weight, columns)?;
        let [total, _] = rows.totals();
        let least = threshold * total;
        let frequent = |weights: [f64; 2]| weights[0] > 0.0 && weights[0] >= least;
        let search = Search { rows: &rows, frequent: &frequent, dimensions, work: 0, found: vec![] };
        let mut patterns = search.run()?;
        patterns.retain(|p| frequent(p.weights));
        by_size(&mut patterns);
        show_segments(&rows, &patterns, &wildcards)
    })
}

/// `autocluster([SizeWeight [, WeightColumn [, NumSeeds [, CustomWildcard, …]]]])`.
pub fn autocluster(mut reader: Reader) -> Bound<Relation> {
    let size_weight = number(&mut reader, "the size weight", 0.5, 0.0, 1.0)?;
    let weight = weight(&mut reader)?;
    let seeds = number(&mut reader, "the number of seeds", 25.0, 1.0, 1000.0)? as usize;
    let Shape { inputs, columns, wildcards, config } = shape(&mut reader, weight.as_ref(), &[])?;
    let config = format!("{size_weight} {seeds} {config}");
    reader.run(config, inputs, segments(&columns), move |columns| {
        let Some((weight, columns)) = columns.split_first() else { return exec_err!("a plugin lacks its columns") };
        let rows = Rows::read(weight, columns)?;
        let patterns = clusters(&rows, size_weight, seeds)?;
        show_segments(&rows, &patterns, &wildcards)
    })
}

fn clusters(rows: &Rows, size_weight: f64, seeds: usize) -> Result<Vec<Pattern>> {
    let [total, _] = rows.totals();
    let (Some(weights), columns) = (rows.weights.first(), rows.columns.len()) else { return Ok(vec![]) };
    if weights.is_empty() || total <= 0.0 {
        return Ok(vec![]);
    }
    let (kinds, firsts) = numbered(&rows.columns, weights.len())?;
    let mut sizes = vec![0.0; firsts.len()];
    for (kind, weight) in kinds.iter().zip(weights) {
        if let Some(size) = sizes.get_mut(*kind as usize) {
            *size += weight;
        }
    }
    let mut order: Vec<(f64, u32)> = sizes.into_iter().zip(firsts.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let score = |covered: f64, fixed: u32| {
        (covered / total).powf(size_weight) * (f64::from(fixed) / columns as f64).powf(1.0 - size_weight)
    };
    let mut candidates: Vec<(f64, Pattern)> = Vec::new();
    for (_, seed) in order.into_iter().take(seeds) {
        // How much weight differs from the seed in exactly these columns.
        let mut differing: HashMap<u128, f64> = HashMap::new();
        for (row, weight) in weights.iter().enumerate() {
            let mut mask = 0u128;
            for column in 0..columns {
                if rows.value(column, row as u32) != rows.value(column, seed) {
                    mask |= 1 << column;
                }
            }
            *differing.entry(mask).or_default() += weight;
        }
        let covered = |mask: u128| differing.iter().filter(|(d, _)| **d & mask == 0).map(|(_, w)| w).sum::<f64>();
        let full = if columns == 128 { u128::MAX } else { (1u128 << columns) - 1 };
        let mut mask = full;
        let mut best = (score(covered(mask), mask.count_ones()), mask);
        while mask.count_ones() > 1 {
            let step = (0..columns)
                .filter(|c| mask & (1 << c) != 0)
                .map(|c| (covered(mask & !(1 << c)), mask & !(1 << c)))
                .reduce(|a, b| if b.0 > a.0 { b } else { a });
            let Some((weight, next)) = step else { break };
            mask = next;
            let value = score(weight, mask.count_ones());
            if value > best.0 {
                best = (value, mask);
            }
        }
        let fixed = (0..columns).map(|c| (best.1 & (1 << c) != 0).then(|| rows.value(c, seed))).collect();
        candidates.push((best.0, Pattern { fixed, weights: [covered(best.1), 0.0] }));
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.fixed.cmp(&b.1.fixed)));
    candidates.dedup_by(|a, b| a.1.fixed == b.1.fixed);
    let mut taken = vec![false; weights.len()];
    let mut chosen: Vec<Pattern> = Vec::new();
    for (_, pattern) in candidates {
        let has = |row: usize| {
            pattern.fixed.iter().enumerate().all(|(c, v)| v.is_none_or(|v| rows.value(c, row as u32) == v))
        };
        let mine: Vec<usize> = (0..weights.len()).filter(|row| has(*row)).collect();
        let new: f64 = mine.iter().filter(|r| taken.get(**r) == Some(&false)).filter_map(|r| weights.get(*r)).sum();
        if new * 2.0 < pattern.weights[0] || (mine.len() < 2 && !chosen.is_empty()) {
            continue;
        }
        for row in mine {
            if let Some(slot) = taken.get_mut(row) {
                *slot = true;
            }
        }
        chosen.push(pattern);
    }
    by_size(&mut chosen);
    Ok(chosen)
}

/// `diffpatterns(SplitColumn, ValueA, ValueB [, WeightColumn [, Threshold [, MaxDimensions [, CustomWildcard, …]]]])`.
pub fn diffpatterns(mut reader: Reader) -> Bound<Relation> {
    let split = reader.value("a split column")?;
    let text = convert(&split, KqlType::String, &reader.binder.cx())
        .filter(|_| split.name.is_some())
        .ok_or_else(|| reader.wrong("the split column"))?;
    let mut sides = [String::new(), String::new()];
    for side in &mut sides {
        let value = reader.constant("a value of the split column")?;
        *side = match value.as_str() {
            Some(text) => text.to_owned(),
            None => match crate::bind::literal::scalar_json(&value) {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            },
        };
    }
    let weight = weight(&mut reader)?;
    let threshold = number(&mut reader, "the threshold", 0.05, 0.015, 1.0)?;
    let dimensions =
        number(&mut reader, "the number of dimensions", MAX_COLUMNS as f64, 1.0, MAX_COLUMNS as f64)? as usize;
    let Shape { mut inputs, columns, wildcards, config } = shape(&mut reader, weight.as_ref(), &[&split])?;
    inputs.insert(0, text);
    let mut all: Vec<(String, KqlType)> = [
        ("SegmentId", KqlType::Long),
        ("CountA", KqlType::Long),
        ("CountB", KqlType::Long),
        ("PercentA", KqlType::Real),
        ("PercentB", KqlType::Real),
        ("PercentDiffAB", KqlType::Real),
    ]
    .map(|(name, ty)| (name.to_owned(), ty))
    .to_vec();
    all.extend(columns);
    let config = format!("{sides:?} {threshold} {dimensions} {config}");
    reader.run(config, inputs, all, move |columns| {
        let [split, weight, columns @ ..] = columns else { return exec_err!("a plugin lacks its columns") };
        let mut rows = Rows::read(weight, columns)?;
        let Some(split) = split.as_string_view_opt() else { return exec_err!("a split column is not text") };
        let weights = std::mem::take(&mut rows.weights[0]);
        rows.weights = [0, 1].map(|set| {
            let side = sides.get(set).map_or("", String::as_str);
            let of = |(row, weight): (usize, &f64)| {
                if split.is_valid(row) && split.value(row) == side { *weight } else { 0.0 }
            };
            weights.iter().enumerate().map(of).collect()
        });
        let patterns = differences(&rows, threshold, dimensions)?;
        let [a, b] = rows.totals();
        let percent = |p: &Pattern| [rounded(p.weights[0], a, 2), rounded(p.weights[1], b, 2)];
        let mut made = vec![
            longs((0..patterns.len() as i64).collect()),
            longs(patterns.iter().map(|p| p.weights[0].round() as i64).collect()),
            longs(patterns.iter().map(|p| p.weights[1].round() as i64).collect()),
            reals(patterns.iter().map(|p| percent(p)[0]).collect()),
            reals(patterns.iter().map(|p| percent(p)[1]).collect()),
            reals(patterns.iter().map(|p| rounded(difference(p, [a, b]), 1.0, 2)).collect()),
        ];
        made.extend(rows.show(&patterns, &wildcards)?);
        Ok(made)
    })
}

/// How far the shares of a pattern in both sets are apart.
fn difference(pattern: &Pattern, totals: [f64; 2]) -> f64 {
    let share = |set: usize| {
        let (part, whole) = (pattern.weights.get(set).copied(), totals.get(set).copied());
        part.zip(whole).filter(|(_, whole)| *whole > 0.0).map_or(0.0, |(part, whole)| part / whole)
    };
    (share(0) - share(1)).abs()
}

fn differences(rows: &Rows, threshold: f64, dimensions: usize) -> Result<Vec<Pattern>> {
    let totals = rows.totals();
    let frequent = move |weights: [f64; 2]| {
        weights.iter().zip(totals).any(|(part, whole)| *part > 0.0 && *part >= threshold * whole)
    };
    let search = Search { rows, frequent: &frequent, dimensions, work: 0, found: vec![] };
    let mut patterns = search.run()?;
    patterns.retain(|p| difference(p, totals) >= threshold);
    patterns.sort_by(|a, b| {
        difference(b, totals)
            .total_cmp(&difference(a, totals))
            .then_with(|| a.dimensions().cmp(&b.dimensions()))
            .then_with(|| a.fixed.cmp(&b.fixed))
    });
    let mut chosen: Vec<Pattern> = Vec::new();
    for pattern in patterns {
        if !chosen.iter().any(|c| c.within(&pattern) || pattern.within(c)) {
            chosen.push(pattern);
        }
    }
    Ok(chosen)
}
