//! What the functions of places share: arguments by row, shapes read once, results that may be refused.

use std::collections::HashMap;
use std::rc::Rc;

use arrow::array::ArrayRef;
use datafusion::common::{Result, exec_datafusion_err};

use super::geojson::{self, Collection, Lines, Position};
use super::overlay::Unsound;
use super::ring::Area;
use super::sphere::Point;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::Const;

/// The real of an argument in a row; `missing` when the argument is not given.
pub fn real(args: &KernelArgs, at: usize, row: usize, missing: Option<f64>) -> Option<f64> {
    match args.args.get(at) {
        Some(arg) => arg.reals().ok()?.get(row),
        None => missing,
    }
}

/// The whole number of an argument in a row; `missing` when the argument is not given.
pub fn whole(args: &KernelArgs, at: usize, row: usize, missing: Option<i64>) -> Option<i64> {
    match args.args.get(at) {
        Some(arg) => arg.longs().ok()?.get(row),
        None => missing,
    }
}

/// Whether an argument is true in a row; false when it is not given.
pub fn flag(args: &KernelArgs, at: usize, row: usize) -> Option<bool> {
    match args.args.get(at) {
        Some(arg) => arg.bools().ok()?.get(row),
        None => Some(false),
    }
}

/// The text of an argument in a row.
pub fn text(args: &KernelArgs, at: usize, row: usize) -> Option<&str> {
    args.args.get(at)?.text().ok()?.get(row)
}

/// The longitude and latitude of two arguments in a row.
pub fn degrees(args: &KernelArgs, at: usize, row: usize) -> Option<Position> {
    Some((real(args, at, row, None)?, real(args, at + 1, row, None)?))
}

/// The place of two arguments in a row.
pub fn place(args: &KernelArgs, at: usize, row: usize) -> Option<Point> {
    let (lon, lat) = degrees(args, at, row)?;
    Point::from_degrees(lon, lat)
}

/// How many shapes are kept at once, and how much text of theirs.
const MAX_KEPT: usize = 256;
const MAX_KEPT_TEXT: usize = 1 << 23;

/// Reads the shape of an argument. Shapes that come again, as they do when rows are joined with a table of them, are
/// not read again.
pub struct Shapes<T> {
    read: fn(&str) -> Option<T>,
    last: Option<(String, Option<Rc<T>>)>,
    kept: HashMap<String, Option<Rc<T>>>,
    text: usize,
}

impl<T> Shapes<T> {
    /// Shapes of a kind.
    pub fn new(read: fn(&str) -> Option<T>) -> Self {
        Self { read, last: None, kept: HashMap::new(), text: 0 }
    }

    /// The shape of an argument in a row; `None` for null and for what is no such shape.
    pub fn get(&mut self, args: &KernelArgs, at: usize, row: usize) -> Option<Rc<T>> {
        let text = text(args, at, row)?;
        if let Some((last, shape)) = &self.last
            && last == text
        {
            return shape.clone();
        }
        let shape = match self.kept.get(text) {
            Some(shape) => shape.clone(),
            None => self.keep(text),
        };
        self.last = Some((text.to_owned(), shape.clone()));
        shape
    }

    fn keep(&mut self, text: &str) -> Option<Rc<T>> {
        let shape = (self.read)(text).map(Rc::new);
        if self.kept.len() >= MAX_KEPT || self.text + text.len() > MAX_KEPT_TEXT {
            self.kept.clear();
            self.text = 0;
        }
        self.text += text.len();
        self.kept.insert(text.to_owned(), shape.clone());
        shape
    }
}

/// Areas.
pub fn areas() -> Shapes<Area> {
    Shapes::new(geojson::area)
}

/// Lines, one or several.
pub fn lines() -> Shapes<Lines> {
    Shapes::new(geojson::lines)
}

fn refusal(name: &str) -> datafusion::error::DataFusionError {
    exec_datafusion_err!(
        "`{name}` cannot work these shapes out: they have too many edges, reach too far, or have borders that lie too close \
         to each other"
    )
}

/// One result; that it is unsound is noted.
fn sound<T>(result: Result<T, Unsound>, refused: &mut bool) -> Option<T> {
    *refused |= result.is_err();
    result.ok()
}

/// All results, unless one of them was unsound.
fn unless_refused(name: &str, array: ArrayRef, refused: bool) -> Result<ArrayRef> {
    if refused { Err(refusal(name)) } else { Ok(array) }
}

/// `dynamic` results that may be refused as a whole.
pub fn texts(
    name: &str,
    rows: usize,
    mut write: impl FnMut(usize, &mut String) -> Option<Result<(), Unsound>>,
) -> Result<ArrayRef> {
    let mut refused = false;
    let array = build::texts(rows, |row, out| sound(write(row, out)?, &mut refused))?;
    unless_refused(name, array, refused)
}

/// `real` results that may be refused as a whole.
pub fn reals(
    name: &str,
    rows: usize,
    mut value: impl FnMut(usize) -> Option<Result<f64, Unsound>>,
) -> Result<ArrayRef> {
    let mut refused = false;
    let array = build::reals(rows, |row| sound(value(row)?, &mut refused))?;
    unless_refused(name, array, refused)
}

/// `bool` results that may be refused as a whole.
pub fn bools(
    name: &str,
    rows: usize,
    mut value: impl FnMut(usize) -> Option<Result<bool, Unsound>>,
) -> Result<ArrayRef> {
    let mut refused = false;
    let array = build::bools(rows, |row| sound(value(row)?, &mut refused))?;
    unless_refused(name, array, refused)
}

/// Writes a result of combining.
pub fn push(out: &mut String, found: Result<Collection, Unsound>) -> Option<Result<(), Unsound>> {
    Some(found.map(|collection| geojson::push_collection(out, &collection)))
}

/// The arguments without the flag at `at`, which chooses the spheroid: the sphere is the only model here.
pub fn sphere_only<'a>(name: &str, args: &'a [BoundExpr], at: usize) -> Result<&'a [BoundExpr], BindError> {
    match args.get(at) {
        None => Ok(args),
        Some(flag) if flag.constant.as_ref().and_then(Const::as_bool) == Some(false) => {
            Ok(args.get(..at).unwrap_or_default())
        }
        Some(_) => Err(BindError::new(format!("`{name}` on the spheroid is not supported"))
            .at(at)
            .hint("leave the flag out: the earth is taken as a sphere")),
    }
}

/// The flag that chooses the spheroid.
pub const SPHEROID: Param = crate::functions::support::define::optional(
    "use_spheroid",
    "bool",
    "Only `false`: the earth is taken as a sphere.",
);
