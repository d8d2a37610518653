//! H3 cells: hexagons in sixteen resolutions, and twelve pentagons. The arithmetic is `h3o`'s.

use std::collections::{BTreeSet, HashSet};

use h3o::{CellIndex, LatLng, Resolution};

use super::geojson::{self, Position, push_point, push_simple_polygon};
use super::input::{degrees, real, text, whole};
use super::sphere::valid;
use crate::functions::Param;
use crate::functions::kernel::KernelArgs;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json_text::ArrayText;
use crate::types::KqlType::{Dynamic, Long, Real, String as Text};

/// The most cells that a polygon may have.
const MAX_CELLS: usize = 61_680;
/// How many resolutions below a cell its children may be.
const MAX_DEPTH: u8 = 5;
/// The farthest ring.
const MAX_DISTANCE: u32 = 142;

const CELL: Param = param("h3cell", "string", "A cell as 15 hexadecimal digits.");

fn resolution(value: i64) -> Option<Resolution> {
    Resolution::try_from(u8::try_from(value).ok()?).ok()
}

fn parse(text: &str) -> Option<CellIndex> {
    let plain = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    CellIndex::try_from(u64::from_str_radix(plain.then_some(text)?, 16).ok()?).ok()
}

fn cell(args: &KernelArgs, row: usize) -> Option<CellIndex> {
    parse(text(args, 0, row)?)
}

fn push_cells(out: &mut String, cells: impl IntoIterator<Item = CellIndex>) {
    let mut array = ArrayText::new();
    for cell in cells {
        array.string(&cell.to_string());
    }
    out.push_str(&array.finish());
}

/// `geo_point_to_h3cell(lon, lat [, resolution])`.
pub const OF_POINT: Scalar = Scalar::new(
    info(
        "geo_point_to_h3cell",
        "geo",
        "The H3 cell of a place.",
        &[
            param("longitude", "real", "Degrees east, -180 to 180."),
            param("latitude", "real", "Degrees north, -90 to 90."),
            optional("resolution", "int", "0 (coarse) to 15 (fine); 6 by default."),
        ],
        "string",
        &[example("print strlen(geo_point_to_h3cell(0, 0))", "15")],
    ),
    |args, _| {
        call("geo_point_to_h3cell", args, &[Real, Real, Long], Text, |args| {
            build::strings(args.rows, |row, out| {
                let found = degrees(args, 0, row).filter(|(lon, lat)| valid(*lon, *lat));
                let size = whole(args, 2, row, Some(6)).and_then(resolution);
                if let (Some((lon, lat)), Some(size)) = (found, size)
                    && let Ok(place) = LatLng::new(lat, lon)
                {
                    out.push_str(&place.to_cell(size).to_string());
                }
            })
        })
    },
);

/// `geo_h3cell_level(cell)`: its resolution.
pub const LEVEL: Scalar = Scalar::new(
    info(
        "geo_h3cell_level",
        "geo",
        "The resolution of an H3 cell.",
        &[CELL],
        "long",
        &[example("print geo_h3cell_level(\"862a1072fffffff\")", "6")],
    ),
    |args, _| {
        call("geo_h3cell_level", args, &[Text], Long, |args| {
            build::longs(args.rows, |row| Some(i64::from(u8::from(cell(args, row)?.resolution()))))
        })
    },
);

/// `geo_h3cell_parent(cell [, resolution])`: the cell around; empty for a finer resolution.
pub const PARENT: Scalar = Scalar::new(
    info(
        "geo_h3cell_parent",
        "geo",
        "The coarser H3 cell that holds a cell.",
        &[CELL, optional("resolution", "int", "0 to 14; by default one less than the cell's.")],
        "string",
        &[example("print geo_h3cell_level(geo_h3cell_parent(\"862a1072fffffff\"))", "5")],
    ),
    |args, _| {
        call("geo_h3cell_parent", args, &[Text, Long], Text, |args| {
            build::strings(args.rows, |row, out| {
                let parent = cell(args, row).and_then(|cell| {
                    let own = i64::from(u8::from(cell.resolution()));
                    let wanted = whole(args, 1, row, Some(own - 1))?;
                    cell.parent(resolution(wanted)?)
                });
                if let Some(parent) = parent {
                    out.push_str(&parent.to_string());
                }
            })
        })
    },
);

/// `geo_h3cell_children(cell [, resolution])`: at most five resolutions below.
pub const CHILDREN: Scalar = Scalar::new(
    info(
        "geo_h3cell_children",
        "geo",
        "The finer H3 cells in a cell.",
        &[CELL, optional("resolution", "int", "1 to 15, at most 5 above the cell's; by default one above.")],
        "dynamic",
        &[example("print array_length(geo_h3cell_children(\"862a1072fffffff\"))", "7")],
    ),
    |args, _| {
        call("geo_h3cell_children", args, &[Text, Long], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let cell = cell(args, row)?;
                let own = u8::from(cell.resolution());
                let wanted = resolution(whole(args, 1, row, Some(i64::from(own) + 1))?)?;
                let depth = u8::from(wanted).checked_sub(own)?;
                if depth > MAX_DEPTH {
                    return None;
                }
                push_cells(out, cell.children(wanted));
                Some(())
            })
        })
    },
);

/// `geo_h3cell_neighbors(cell)`: the cells that share a side.
pub const NEIGHBORS: Scalar = Scalar::new(
    info(
        "geo_h3cell_neighbors",
        "geo",
        "The H3 cells around a cell.",
        &[CELL],
        "dynamic",
        &[example("print array_length(geo_h3cell_neighbors(\"862a1072fffffff\"))", "6")],
    ),
    |args, _| {
        call("geo_h3cell_neighbors", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let cell = cell(args, row)?;
                let around: Vec<CellIndex> = cell.grid_disk(1);
                push_cells(out, around.into_iter().filter(|near| *near != cell));
                Some(())
            })
        })
    },
);

/// `geo_h3cell_rings(cell, distance)`: the cell itself, its neighbours, theirs, …
pub const RINGS: Scalar = Scalar::new(
    info(
        "geo_h3cell_rings",
        "geo",
        "The rings of H3 cells around a cell, from the cell itself outwards.",
        &[CELL, param("distance", "int", "The last ring, 0 to 142.")],
        "dynamic",
        &[example("print array_length(geo_h3cell_rings(\"862a1072fffffff\", 2))", "3")],
    ),
    |args, _| {
        call("geo_h3cell_rings", args, &[Text, Long], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let distance = u32::try_from(whole(args, 1, row, None)?).ok().filter(|d| *d <= MAX_DISTANCE)?;
                let disk: Vec<(CellIndex, u32)> = cell(args, row)?.grid_disk_distances(distance);
                let mut rings: Vec<Vec<CellIndex>> = vec![Vec::new(); distance as usize + 1];
                for (near, ring) in disk {
                    if let Some(ring) = rings.get_mut(ring as usize) {
                        ring.push(near);
                    }
                }
                geojson::push_array(out, rings, push_cells);
                Some(())
            })
        })
    },
);

/// `geo_h3cell_to_central_point(cell)`.
pub const CENTRE: Scalar = Scalar::new(
    info(
        "geo_h3cell_to_central_point",
        "geo",
        "The midst of an H3 cell as a GeoJSON point.",
        &[CELL],
        "dynamic",
        &[example("print tostring(geo_h3cell_to_central_point(\"862a1072fffffff\").type)", "Point")],
    ),
    |args, _| {
        call("geo_h3cell_to_central_point", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let place = LatLng::from(cell(args, row)?);
                push_point(out, (place.lng(), place.lat()));
                Some(())
            })
        })
    },
);

/// `geo_h3cell_to_polygon(cell)`.
pub const POLYGON: Scalar = Scalar::new(
    info(
        "geo_h3cell_to_polygon",
        "geo",
        "The border of an H3 cell as a GeoJSON polygon.",
        &[CELL],
        "dynamic",
        &[example("print array_length(geo_h3cell_to_polygon(\"862a1072fffffff\").coordinates[0])", "7")],
    ),
    |args, _| {
        call("geo_h3cell_to_polygon", args, &[Text], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                let border = cell(args, row)?.boundary();
                let mut ring: Vec<Position> = border.iter().map(|place| (place.lng(), place.lat())).collect();
                ring.extend(ring.first().copied());
                push_simple_polygon(out, &ring);
                Some(())
            })
        })
    },
);

/// A polygon in the plane of degrees; longitudes beyond 180 where it lies across the date line.
struct Plane {
    rings: Vec<Vec<Position>>,
    across: bool,
}

impl Plane {
    fn new(rings: &[Vec<Position>]) -> Self {
        let across = rings.iter().any(|r| r.windows(2).any(|edge| (edge[0].0 - edge[1].0).abs() > 180.0));
        let east = |(lon, lat): Position| (if across && lon < 0.0 { lon + 360.0 } else { lon }, lat);
        Self { rings: rings.iter().map(|r| r.iter().copied().map(east).collect()).collect(), across }
    }

    fn contains(&self, place: LatLng) -> bool {
        let (lon, lat) = (place.lng(), place.lat());
        let lon = if self.across && lon < 0.0 { lon + 360.0 } else { lon };
        let edges = self.rings.iter().flat_map(|ring| ring.windows(2));
        edges.fold(false, |inside, edge| {
            let ((x1, y1), (x2, y2)) = (edge[0], edge[1]);
            let beside = (y1 > lat) != (y2 > lat);
            inside ^ (beside && lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1)
        })
    }

    /// Adds the cells whose midst is inside, starting from those along the border; false when there are too many.
    fn fill(&self, size: Resolution, found: &mut BTreeSet<CellIndex>) -> bool {
        // A step below the distance between the midsts of neighbours, in degrees.
        let step = size.edge_length_rads().to_degrees();
        let mut seen: HashSet<CellIndex> = HashSet::new();
        let mut open: Vec<CellIndex> = Vec::new();
        for edge in self.rings.iter().flat_map(|ring| ring.windows(2)) {
            let ((x1, y1), (x2, y2)) = (edge[0], edge[1]);
            let steps = ((x2 - x1).hypot(y2 - y1) / step).ceil().max(1.0);
            if steps > MAX_CELLS as f64 * 4.0 {
                return false;
            }
            for at in 0..=steps as u32 {
                let share = f64::from(at) / steps;
                let Ok(place) = LatLng::new(y1 + (y2 - y1) * share, x1 + (x2 - x1) * share) else { continue };
                let around: Vec<CellIndex> = place.to_cell(size).grid_disk(1);
                open.extend(around.into_iter().filter(|cell| seen.insert(*cell)));
            }
            if seen.len() > MAX_CELLS * 8 {
                return false;
            }
        }
        while let Some(cell) = open.pop() {
            if !self.contains(LatLng::from(cell)) {
                continue;
            }
            found.insert(cell);
            if found.len() > MAX_CELLS {
                return false;
            }
            let around: Vec<CellIndex> = cell.grid_disk(1);
            open.extend(around.into_iter().filter(|near| seen.insert(*near)));
        }
        true
    }
}

fn cells_of(polygon: &str, size: Resolution) -> Option<BTreeSet<CellIndex>> {
    geojson::area(polygon)?;
    let (polygons, _) = geojson::planar_polygons(polygon)?;
    let mut found = BTreeSet::new();
    polygons.iter().all(|rings| Plane::new(rings).fill(size, &mut found)).then_some(found)
}

/// `geo_polygon_to_h3cells(polygon [, resolution])`: the cells whose midst is in the polygon, with straight edges.
pub const OF_POLYGON: Scalar = Scalar::new(
    info(
        "geo_polygon_to_h3cells",
        "geo",
        "The H3 cells whose midst lies in a polygon; its edges are straight in degrees.",
        &[
            param("polygon", "dynamic", "A GeoJSON polygon or multipolygon."),
            optional("resolution", "int", "0 (coarse) to 15 (fine); 6 by default."),
            optional("radius", "real", "Only 0: a polygon is not enlarged."),
        ],
        "dynamic",
        &[example(
            "print array_length(geo_polygon_to_h3cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}), 0))",
            "0",
        )],
    ),
    |args, _| {
        if args.get(2).is_some_and(|radius| !is_zero(radius)) {
            return Err(crate::functions::BindError::new("a radius of `geo_polygon_to_h3cells` is not supported").at(2));
        }
        call("geo_polygon_to_h3cells", args, &[Dynamic, Long, Real], Dynamic, |args| {
            build::texts(args.rows, |row, out| {
                real(args, 2, row, Some(0.0))?;
                let size = resolution(whole(args, 1, row, Some(6))?)?;
                push_cells(out, cells_of(text(args, 0, row)?, size)?);
                Some(())
            })
        })
    },
);

/// True for a constant nought.
pub fn is_zero(arg: &crate::functions::BoundExpr) -> bool {
    match &arg.constant {
        Some(crate::types::Const::Real(value)) => *value == 0.0,
        _ => arg.const_long() == Some(0),
    }
}
