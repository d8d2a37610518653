//! Functions over numeric series (dynamic arrays of numbers, as `make-series` makes them).
//!
//! An element that is no number counts as null. Whole numbers stay whole where the operation keeps them so.

pub mod decompose;
pub mod element;
pub mod fill;
pub mod filter;
pub mod fit;
pub mod fourier;
pub mod measure;
pub mod periods;
pub mod poly;

use super::conversion::Value;
use super::support::json::{self, ArrayText, Kind};
use crate::functions::Param;
use crate::functions::support::define::param;

pub(super) const SERIES: &[Param] = &[param("series", "dynamic", "The series.")];

/// A series read from its JSON.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The values; `None` for null and for what is no number.
    pub values: Vec<Option<f64>>,
    /// Whether every number was written as a whole one.
    pub whole: bool,
}

/// Reads a series; `None` when the value is no array.
pub fn read(raw: &str) -> Option<Series> {
    if json::kind(raw) != Some(Kind::Array) {
        return None;
    }
    let mut whole = true;
    let values = json::elements(raw)
        .map(|element| match json::kind(element) {
            Some(Kind::Number) => {
                whole &= !element.contains(['.', 'e', 'E']);
                Value::Json(element).to_real()
            }
            // Results carry these three as text.
            Some(Kind::String) => match json::string_value(element).as_ref() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            Some(Kind::Bool(value)) => Some(f64::from(u8::from(value))),
            _ => None,
        })
        .collect();
    Some(Series { values, whole })
}

/// Writes a series.
pub fn write(values: impl IntoIterator<Item = Option<f64>>, whole: bool) -> String {
    let mut out = ArrayText::new();
    for value in values {
        match value {
            None => out.raw("null"),
            Some(value) if whole && value.fract() == 0.0 && value.abs() < 9e15 => out.raw(&(value as i64).to_string()),
            Some(value) => out.raw(&json::real(value)),
        }
    }
    out.finish()
}

/// The mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The percentile of sorted values, between neighbours in proportion.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted.get(at.floor() as usize)?, sorted.get(at.ceil() as usize)?);
    Some(low + (high - low) * at.fract())
}
