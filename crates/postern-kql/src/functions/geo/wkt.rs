//! Well-known text (OGC 06-103r4) as GeoJSON.

use super::geojson::{Position, push_array, push_geometry, push_position};
use super::input::text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Dynamic, String as Text};

/// How deep collections may lie in collections.
const MAX_DEPTH: usize = 32;

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, sign: char) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn take(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        self.space();
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn number(&mut self) -> Option<f64> {
        let text = self.take(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
        text.parse::<f64>().ok().filter(|value| value.is_finite())
    }

    fn position(&mut self) -> Option<Position> {
        Some((self.number()?, self.number()?))
    }

    /// `(item, item, …)`.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat('(')?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.eat(',').is_none() {
                self.eat(')')?;
                return Some(items);
            }
        }
    }

    fn places(&mut self) -> Option<Vec<Position>> {
        self.list(Self::position)
    }

    fn rings(&mut self) -> Option<Vec<Vec<Position>>> {
        self.list(Self::places)
    }

    fn geometry(&mut self, out: &mut String, depth: usize) -> Option<()> {
        match self.take(char::is_alphabetic).to_ascii_uppercase().as_str() {
            "POINT" => {
                let places = self.places()?;
                let [place] = places.as_slice() else { return None };
                push_geometry(out, "Point", |out| push_position(out, *place));
            }
            "LINESTRING" => {
                let places = self.places().filter(|p| p.len() > 1)?;
                push_geometry(out, "LineString", |out| push_places(out, &places));
            }
            "POLYGON" => {
                let rings = self.rings()?;
                push_geometry(out, "Polygon", |out| push_rings(out, &rings));
            }
            "MULTIPOINT" => {
                // Each place with or without parentheses of its own.
                let places = self.list(|reader| {
                    let own = reader.eat('(').is_some();
                    let place = reader.position()?;
                    if own {
                        reader.eat(')')?;
                    }
                    Some(place)
                })?;
                push_geometry(out, "MultiPoint", |out| push_places(out, &places));
            }
            "MULTILINESTRING" => {
                let lines = self.rings().filter(|lines| lines.iter().all(|l| l.len() > 1))?;
                push_geometry(out, "MultiLineString", |out| push_rings(out, &lines));
            }
            "MULTIPOLYGON" => {
                let polygons = self.list(Self::rings)?;
                push_geometry(out, "MultiPolygon", |out| push_array(out, &polygons, |out, p| push_rings(out, p)));
            }
            "GEOMETRYCOLLECTION" if depth < MAX_DEPTH => {
                out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":[");
                let mut first = true;
                self.list(|reader| {
                    if !std::mem::take(&mut first) {
                        out.push(',');
                    }
                    reader.geometry(out, depth + 1)
                })?;
                out.push_str("]}");
            }
            _ => return None,
        }
        Some(())
    }
}

fn push_places(out: &mut String, places: &[Position]) {
    push_array(out, places.iter().copied(), push_position);
}

fn push_rings(out: &mut String, rings: &[Vec<Position>]) {
    push_array(out, rings, |out, ring| push_places(out, ring));
}

/// `geo_from_wkt(text)`: null for what is no geometry of two dimensions.
pub const FROM_WKT: Scalar = Scalar::new(
    info(
        "geo_from_wkt",
        "geo",
        "A geometry in well-known text as GeoJSON.",
        &[param("wkt", "string", "The text.")],
        "dynamic",
        &[example("print tostring(geo_from_wkt(\"POINT (1 2)\"))", "{\"type\":\"Point\",\"coordinates\":[1,2]}")],
    ),
    |args, _| {
        call("geo_from_wkt", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let mut reader = Reader { rest: text(args, 0, row)? };
                reader.geometry(out, 0)?;
                reader.rest.trim().is_empty().then_some(())
            })
        })
    },
);
