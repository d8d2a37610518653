//! Geohash: a place as letters, each of which halves the cell five times, longitude first (Niemeyer, 2008).

use super::geojson::{Position, push_point, push_simple_polygon};
use super::input::{degrees, text, whole};
use super::sphere::valid;
use crate::functions::Param;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json_text::ArrayText;
use crate::types::KqlType::{Dynamic, Long, Real, String as Text};

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
const MAX_LENGTH: usize = 18;
const HASH: Param = param("geohash", "string", "A geohash of 1 to 18 characters.");

/// A cell by its column, its row and the number of letters. Eighteen letters are 90 bits, 45 each way.
#[derive(Clone, Copy)]
struct Cell {
    column: u64,
    row: u64,
    length: usize,
}

impl Cell {
    fn bits(length: usize) -> (u32, u32) {
        let all = 5 * length as u32;
        (all - all / 2, all / 2)
    }

    fn of((lon, lat): Position, length: usize) -> Self {
        let (columns, rows) = Self::bits(length);
        // Whole powers of two times an exact share; the last column and row take their outer border too.
        let index = |share: f64, bits: u32| {
            let count = (1u64 << bits) as f64;
            (share * count).floor().clamp(0.0, count - 1.0) as u64
        };
        let mut cell =
            Self { column: index((lon + 180.0) / 360.0, columns), row: index((lat + 90.0) / 180.0, rows), length };
        // The share is rounded; the borders of the cell are exact and decide.
        let ((west, east), (south, north)) = cell.borders();
        if lon < west {
            cell.column -= 1;
        } else if lon >= east && cell.column + 1 < 1 << columns {
            cell.column += 1;
        }
        if lat < south {
            cell.row -= 1;
        } else if lat >= north && cell.row + 1 < 1 << rows {
            cell.row += 1;
        }
        cell
    }

    fn parse(text: &str) -> Option<Self> {
        let length = text.len();
        if !(1..=MAX_LENGTH).contains(&length) {
            return None;
        }
        let (mut column, mut row, mut east) = (0u64, 0u64, true);
        for letter in text.bytes() {
            let value = DIGITS.iter().position(|d| *d == letter.to_ascii_lowercase())?;
            for bit in (0..5).rev() {
                let half = (value >> bit & 1) as u64;
                if east {
                    column = column << 1 | half;
                } else {
                    row = row << 1 | half;
                }
                east = !east;
            }
        }
        Some(Self { column, row, length })
    }

    fn text(self) -> String {
        let (mut columns, mut rows) = Self::bits(self.length);
        let mut east = true;
        let mut out = String::with_capacity(self.length);
        for _ in 0..self.length {
            let mut value = 0usize;
            for _ in 0..5 {
                let (part, left) = if east { (self.column, &mut columns) } else { (self.row, &mut rows) };
                *left -= 1;
                value = value << 1 | (part >> *left & 1) as usize;
                east = !east;
            }
            out.push(DIGITS.get(value).map_or('0', |d| char::from(*d)));
        }
        out
    }

    /// West and east, south and north.
    fn borders(self) -> (Position, Position) {
        let (columns, rows) = Self::bits(self.length);
        let border = |index: u64, bits: u32, span: f64| index as f64 / (1u64 << bits) as f64 * span - span / 2.0;
        (
            (border(self.column, columns, 360.0), border(self.column + 1, columns, 360.0)),
            (border(self.row, rows, 180.0), border(self.row + 1, rows, 180.0)),
        )
    }

    /// The cell beside this one; around the earth from east to west, none beyond a pole.
    fn beside(self, east: i64, north: i64) -> Option<Self> {
        let (columns, rows) = Self::bits(self.length);
        let column = (self.column as i64 + east).rem_euclid(1 << columns) as u64;
        let row = u64::try_from(self.row as i64 + north).ok().filter(|row| *row < 1 << rows)?;
        Some(Self { column, row, length: self.length })
    }
}

/// `geo_point_to_geohash(lon, lat [, accuracy])`: 1 to 18 letters; empty for what does not exist.
pub const TO_GEOHASH: Scalar = Scalar::new(
    info(
        "geo_point_to_geohash",
        "geo",
        "The geohash of a place.",
        &[
            param("longitude", "real", "Degrees east, -180 to 180."),
            param("latitude", "real", "Degrees north, -90 to 90."),
            optional("accuracy", "int", "The number of characters, 1 to 18; 5 by default."),
        ],
        "string",
        &[example("print geo_point_to_geohash(0, 0, 1)", "s")],
    ),
    |args, _| {
        call("geo_point_to_geohash", args, &[Real, Real, Long], Text, |args| {
            build::strings(args.rows, |row, out| {
                let length = whole(args, 2, row, Some(5)).and_then(|l| usize::try_from(l).ok());
                let place = degrees(args, 0, row).filter(|(lon, lat)| valid(*lon, *lat));
                if let (Some(length @ 1..=MAX_LENGTH), Some(place)) = (length, place) {
                    out.push_str(&Cell::of(place, length).text());
                }
            })
        })
    },
);

/// `geo_geohash_to_central_point(geohash)`: the midst of the cell.
pub const CENTRE: Scalar = Scalar::new(
    info(
        "geo_geohash_to_central_point",
        "geo",
        "The midst of a geohash's cell as a GeoJSON point.",
        &[HASH],
        "dynamic",
        &[example("print tostring(geo_geohash_to_central_point(\"s\").coordinates)", "[22.5,22.5]")],
    ),
    |args, _| {
        call("geo_geohash_to_central_point", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let ((west, east), (south, north)) = Cell::parse(text(args, 0, row)?)?.borders();
                push_point(out, (f64::midpoint(west, east), f64::midpoint(south, north)));
                Some(())
            })
        })
    },
);

/// `geo_geohash_to_polygon(geohash)`: the cell's rectangle from its south-western corner, counterclockwise.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_geohash_to_polygon",
        "geo",
        "A geohash's cell as a GeoJSON polygon.",
        &[HASH],
        "dynamic",
        &[example(
            "print tostring(geo_geohash_to_polygon(\"s\").coordinates)",
            "[[[0,0],[45,0],[45,45],[0,45],[0,0]]]",
        )],
    ),
    |args, _| {
        call("geo_geohash_to_polygon", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let ((west, east), (south, north)) = Cell::parse(text(args, 0, row)?)?.borders();
                let ring = [(west, south), (east, south), (east, north), (west, north), (west, south)];
                push_simple_polygon(out, &ring);
                Some(())
            })
        })
    },
);

/// `geo_geohash_neighbors(geohash)`: the eight cells around, fewer at a pole.
pub const NEIGHBORS: Scalar = Scalar::new(
    info(
        "geo_geohash_neighbors",
        "geo",
        "The geohashes of the cells around a cell.",
        &[HASH],
        "dynamic",
        &[example("print array_length(geo_geohash_neighbors(\"s0\"))", "8")],
    ),
    |args, _| {
        call("geo_geohash_neighbors", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let cell = Cell::parse(text(args, 0, row)?)?;
                let mut array = ArrayText::new();
                for (east, north) in [(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)] {
                    if let Some(near) = cell.beside(east, north) {
                        array.string(&near.text());
                    }
                }
                out.push_str(&array.finish());
                Some(())
            })
        })
    },
);
