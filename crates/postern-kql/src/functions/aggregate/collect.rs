//! `make_list`, `make_set`, `make_bag`: values gathered into one dynamic. Nulls are skipped (kept by
//! `make_list_with_nulls`); a group without values gives an empty array or bag.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::common::Result;

use super::groups::{Groups, argument, take_first};
use crate::functions::conversion::{Value, push_json, read};
use crate::functions::kernel::Arg;
use crate::functions::support::json::{self, Kind};
use crate::types::KqlType;

/// What is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Every value.
    List,
    /// Every value, nulls too.
    ListWithNulls,
    /// Each different value once; arrays give their elements.
    Set,
    /// The members of bags; the first of equal names stays.
    Bag,
}

/// The default and greatest number of values.
pub const LIMIT: usize = 1_048_576;

#[derive(Debug, Default)]
struct Group {
    /// The elements with commas, without brackets.
    text: String,
    count: usize,
    seen: HashSet<Box<str>>,
}

/// The state of all groups.
#[derive(Debug)]
pub struct Collect {
    shape: Shape,
    limit: usize,
    ty: KqlType,
    groups: Vec<Group>,
    held: usize,
}

impl Collect {
    /// Empty state.
    pub fn new(shape: Shape, limit: usize, ty: KqlType) -> Self {
        Self { shape, limit: limit.min(LIMIT), ty, groups: Vec::new(), held: 0 }
    }

    fn push(&mut self, group: usize, key: Option<&str>, text: &str) {
        let Some(group) = self.groups.get_mut(group) else { return };
        if group.count >= self.limit {
            return;
        }
        if let Some(key) = key {
            if group.seen.contains(key) {
                return;
            }
            group.seen.insert(key.into());
            self.held += key.len() + 48;
        }
        let before = group.text.capacity();
        if group.count > 0 {
            group.text.push(',');
        }
        group.text.push_str(text);
        group.count += 1;
        self.held += group.text.capacity() - before;
    }

    fn add(&mut self, group: usize, raw: &str) {
        match self.shape {
            Shape::List | Shape::ListWithNulls => self.push(group, None, raw),
            Shape::Set if json::kind(raw) == Some(Kind::Array) => {
                for element in json::elements(raw).filter(|e| !json::is_null(e)) {
                    self.push(group, Some(&json::compact(element)), element);
                }
            }
            Shape::Set => self.push(group, Some(&json::compact(raw)), raw),
            Shape::Bag => {
                let mut member = String::new();
                for (key, value) in json::members(raw) {
                    member.clear();
                    member.push_str(key);
                    member.push(':');
                    member.push_str(value);
                    self.push(group, Some(&json::string_value(key)), &member);
                }
            }
        }
    }

    fn take(&mut self, first: Option<usize>) -> Result<ArrayRef> {
        let groups = take_first(&mut self.groups, first);
        let (open, close) = if self.shape == Shape::Bag { ('{', '}') } else { ('[', ']') };
        let mut builder = StringViewBuilder::with_capacity(groups.len());
        let mut text = String::new();
        for group in groups {
            text.clear();
            text.push(open);
            text.push_str(&group.text);
            text.push(close);
            builder.try_append_value(&text)?;
        }
        if self.groups.is_empty() {
            self.held = 0;
        }
        Ok(Arc::new(builder.finish()))
    }
}

impl Groups for Collect {
    fn grow(&mut self, total: usize) {
        if self.groups.len() < total {
            self.groups.resize_with(total, Group::default);
        }
    }

    fn update(&mut self, values: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let arg = Arg { array: argument(values, 0)?.clone(), scalar: false };
        let mut text = String::new();
        for (row, group) in rows {
            text.clear();
            match read(&arg, self.ty, *row) {
                Some(Value::Json(raw)) => self.add(*group, raw),
                Some(value) => {
                    push_json(&mut text, &value);
                    self.add(*group, &text);
                }
                None if self.shape == Shape::ListWithNulls => self.add(*group, "null"),
                None => {}
            }
        }
        Ok(())
    }

    fn merge(&mut self, state: &[ArrayRef], rows: &[(usize, usize)]) -> Result<()> {
        let Some(texts) = argument(state, 0)?.as_string_view_opt() else { return Ok(()) };
        for (row, group) in rows.iter().filter(|(row, _)| *row < texts.len() && texts.is_valid(*row)) {
            let raw = texts.value(*row);
            match self.shape {
                Shape::Bag | Shape::Set => self.add(*group, raw),
                Shape::List | Shape::ListWithNulls => {
                    for element in json::elements(raw) {
                        self.push(*group, None, element);
                    }
                }
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
        self.held + self.groups.capacity() * size_of::<Group>()
    }
}
