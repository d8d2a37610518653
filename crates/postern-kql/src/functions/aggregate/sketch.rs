//! The state of `hll`, `tdigest` and their merging aggregates: one sketch for each group.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::common::Result;

use super::distinct::hash_of;
use super::groups::{Groups, argument, take_first};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::Arg;
use crate::functions::sketch::digest::Digest;
use crate::functions::sketch::hll::Hll;
use crate::types::KqlType;

/// A sketch that gathers values of one group.
pub trait Sketch: Send + Sync + std::fmt::Debug {
    /// Adds the values of a row.
    fn add(&mut self, args: &[Arg], row: usize);
    /// Adds the sketch of a partial state.
    fn merge(&mut self, raw: &str);
    /// Appends the value.
    fn push(&mut self, out: &mut String);
    /// Bytes held.
    fn size(&self) -> usize;
}

/// The sketches of all groups.
#[derive(Debug)]
pub struct Sketches<S> {
    empty: S,
    groups: Vec<S>,
    /// Which groups had rows; a group without is null when `rows_only`.
    seen: Vec<bool>,
    rows_only: bool,
    held: usize,
}

impl<S: Sketch + Clone> Sketches<S> {
    /// Empty state; every group begins as `empty`, and when `rows_only` one without rows ends as null.
    pub fn new(empty: S, rows_only: bool) -> Self {
        Self { empty, groups: Vec::new(), seen: Vec::new(), rows_only, held: 0 }
    }

    fn see(&mut self, group: usize) {
        if let Some(seen) = self.seen.get_mut(group) {
            *seen = true;
        }
    }

    fn take(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let mut builder = StringViewBuilder::new();
        let mut text = String::new();
        let seen = take_first(&mut self.seen, first);
        for (mut group, seen) in take_first(&mut self.groups, first).into_iter().zip(seen) {
            self.held = self.held.saturating_sub(group.size());
            if self.rows_only && !seen {
                builder.append_null();
                continue;
            }
            text.clear();
            group.push(&mut text);
            builder.try_append_value(&text)?;
        }
        Ok(Arc::new(builder.finish()))
    }
}

impl<S: Sketch + Clone> Groups for Sketches<S> {
    fn grow(&mut self, total: usize) {
        if self.groups.len() < total {
            self.groups.resize(total, self.empty.clone());
            self.seen.resize(total, false);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let args: Vec<Arg> = values.iter().map(|v| Arg { array: v.clone(), scalar: false }).collect();
        for (row, group) in rows {
            self.see(*group);
            if let Some(group) = self.groups.get_mut(*group) {
                let before = group.size();
                group.add(&args, *row);
                self.held = (self.held + group.size()).saturating_sub(before);
            }
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(texts) = argument(state, 0)?.as_string_view_opt() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < texts.len() && texts.is_valid(*row)) {
            self.see(*group);
            if let Some(group) = self.groups.get_mut(*group) {
                let before = group.size();
                group.merge(texts.value(*row));
                self.held = (self.held + group.size()).saturating_sub(before);
            }
        }
        Ok(())
    }

    fn results(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        self.take(first)
    }

    fn state(&mut self, first: Option<usize>) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(first)?])
    }

    fn size(&self) -> usize {
        self.held + self.groups.capacity() * size_of::<S>()
    }
}

/// `hll` of values of a type, or of sketches when `merging`.
#[derive(Clone, Debug)]
pub struct HllState {
    sketch: Hll,
    ty: KqlType,
    merging: bool,
}

impl HllState {
    /// Empty state with 2 to the power of `bits` registers.
    pub fn new(bits: u8, ty: KqlType, merging: bool) -> Self {
        Self { sketch: Hll::new(bits), ty, merging }
    }
}

impl Sketch for HllState {
    fn add(&mut self, args: &[Arg], row: usize) {
        let Some(arg) = args.first() else { return };
        if self.merging {
            if let Some(Value::Json(raw)) = read(arg, self.ty, row) {
                self.merge(raw);
            }
        } else if let Some(hash) = hash_of(arg, self.ty, row) {
            self.sketch.insert(hash);
        }
    }

    fn merge(&mut self, raw: &str) {
        if let Some(other) = Hll::parse(raw) {
            self.sketch.merge(&other);
        }
    }

    fn push(&mut self, out: &mut String) {
        self.sketch.push_json(out);
    }

    fn size(&self) -> usize {
        self.sketch.size()
    }
}

/// `tdigest` of values of a type, with weights when a second argument is there, or of digests when `merging`.
#[derive(Clone, Debug)]
pub struct DigestState {
    digest: Digest,
    ty: KqlType,
    merging: bool,
}

impl DigestState {
    /// Empty state.
    pub fn new(ty: KqlType, merging: bool) -> Self {
        Self { digest: Digest::new(ty != KqlType::Real), ty, merging }
    }
}

impl Sketch for DigestState {
    fn add(&mut self, args: &[Arg], row: usize) {
        let Some(arg) = args.first() else { return };
        let weight = match args.get(1) {
            Some(weight) => match weight.longs().ok().and_then(|w| w.get(row)) {
                Some(weight) => weight,
                None => return,
            },
            None => 1,
        };
        match read(arg, self.ty, row) {
            Some(Value::Json(raw)) if self.merging => self.merge(raw),
            Some(Value::Real(value)) => self.digest.insert_real(value, weight),
            Some(Value::Long(value) | Value::DateTime(value) | Value::TimeSpan(value)) => {
                self.digest.insert_whole(value, weight);
            }
            _ => {}
        }
    }

    fn merge(&mut self, raw: &str) {
        if let Some(other) = Digest::parse(raw) {
            self.digest.merge(&other);
        }
    }

    fn push(&mut self, out: &mut String) {
        self.digest.settle();
        self.digest.push_json(out);
    }

    fn size(&self) -> usize {
        self.digest.size()
    }
}
