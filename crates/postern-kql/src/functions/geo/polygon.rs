//! Measures of polygons, and points against polygons.

use std::rc::Rc;

use super::geojson::push_point;
use super::input::{Shapes, areas, place, reals, texts};
use super::overlay::{Region, Unsound, region};
use super::ring::Area;
use super::sphere::{Point, RADIUS, distance, nearest};
use crate::functions::Param;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Bool, Dynamic, Real};

const POLYGON: Param = param("polygon", "dynamic", "A GeoJSON polygon or multipolygon.");
const LON: Param = param("longitude", "real", "Degrees east, -180 to 180.");
const LAT: Param = param("latitude", "real", "Degrees north, -90 to 90.");

/// The area that polygons cover together: what overlaps counts once.
fn together(area: &Rc<Area>) -> Result<Rc<Area>, Unsound> {
    if area.parts.len() < 2 {
        return Ok(Rc::clone(area));
    }
    region(area).as_ref().map_err(|e| *e).and_then(Region::area).map(Rc::new)
}

/// Something worked out of one polygon, again only when the polygon is another one than in the row before.
struct Worked<T> {
    shapes: Shapes<Area>,
    last: Option<(Rc<Area>, T)>,
}

impl<T: Copy> Worked<T> {
    fn new() -> Self {
        Self { shapes: areas(), last: None }
    }

    fn get(
        &mut self,
        args: &crate::functions::KernelArgs,
        row: usize,
        work: impl FnOnce(&Area) -> T,
    ) -> Option<Result<T, Unsound>> {
        let area = self.shapes.get(args, 0, row)?;
        if let Some((last, value)) = &self.last
            && Rc::ptr_eq(last, &area)
        {
            return Some(Ok(*value));
        }
        let value = match together(&area) {
            Ok(whole) => work(&whole),
            Err(refused) => return Some(Err(refused)),
        };
        self.last = Some((area, value));
        Some(Ok(value))
    }
}

/// `geo_point_in_polygon(lon, lat, polygon)`.
pub const CONTAINS: Scalar = Scalar::new(
    info(
        "geo_point_in_polygon",
        "geo",
        "Whether a place lies in a polygon.",
        &[LON, LAT, POLYGON],
        "bool",
        &[example(
            "print geo_point_in_polygon(1, 0.5, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,0]]]}))",
            "true",
        )],
    ),
    |args, _| {
        call("geo_point_in_polygon", args, &[Real, Real, Dynamic], Bool, |args| {
            let mut shapes = areas();
            build::bools(args.rows, |row| Some(shapes.get(args, 2, row)?.contains(place(args, 0, row)?)))
        })
    },
);

/// `geo_distance_point_to_polygon(lon, lat, polygon)`: metres; 0 inside.
pub const DISTANCE: Scalar = Scalar::new(
    info(
        "geo_distance_point_to_polygon",
        "geo",
        "The distance in metres from a place to a polygon; 0 inside.",
        &[LON, LAT, POLYGON],
        "real",
        &[example(
            "print geo_distance_point_to_polygon(1, 0.5, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,0]]]}))",
            "0.0",
        )],
    ),
    |args, _| {
        call("geo_distance_point_to_polygon", args, &[Real, Real, Dynamic], Real, |args| {
            let mut shapes = areas();
            build::reals(args.rows, |row| {
                let area = shapes.get(args, 2, row)?;
                Some(RADIUS * area.distance(place(args, 0, row)?))
            })
        })
    },
);

/// `geo_closest_point_on_polygon(lon, lat, polygon)`: the place itself when it is inside.
pub const CLOSEST: Scalar = Scalar::new(
    info(
        "geo_closest_point_on_polygon",
        "geo",
        "The place of a polygon that is nearest to a place.",
        &[LON, LAT, POLYGON],
        "dynamic",
        &[example(
            "print tostring(geo_closest_point_on_polygon(1, 0.5, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,0]]]})).coordinates)",
            "[1,0.5]",
        )],
    ),
    |args, _| {
        call("geo_closest_point_on_polygon", args, &[Real, Real, Dynamic], Dynamic, |args| {
            let mut shapes = areas();
            build::texts(args.rows, |row, out| {
                let (area, here) = (shapes.get(args, 2, row)?, place(args, 0, row)?);
                if area.contains(here) {
                    push_point(out, super::input::degrees(args, 0, row)?);
                    return Some(());
                }
                let feet = area.edges().map(|(a, b)| nearest(here, a, b));
                let foot = feet.min_by(|one, other| distance(here, *one).total_cmp(&distance(here, *other)))?;
                push_point(out, foot.degrees());
                Some(())
            })
        })
    },
);

/// `geo_polygon_area(polygon)`: square metres.
pub const AREA: Scalar = Scalar::new(
    info(
        "geo_polygon_area",
        "geo",
        "The area of a polygon in square metres.",
        &[POLYGON],
        "real",
        // An eighth of the sphere, half of π times the radius squared.
        &[example(
            "print round(geo_polygon_area(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[90,0],[0,90],[0,0]]]})) / pi() * 2 / 6371010 / 6371010, 9)",
            "1.0",
        )],
    ),
    |args, _| {
        call("geo_polygon_area", args, &[Dynamic], Real, |args| {
            let mut worked = Worked::new();
            reals("geo_polygon_area", args.rows, |row| worked.get(args, row, |area| area.size() * RADIUS * RADIUS))
        })
    },
);

/// `geo_polygon_perimeter(polygon)`: metres, holes included.
pub const PERIMETER: Scalar = Scalar::new(
    info(
        "geo_polygon_perimeter",
        "geo",
        "The length of a polygon's border in metres.",
        &[POLYGON],
        "real",
        &[example(
            "print round(geo_polygon_perimeter(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[90,0],[0,90],[0,0]]]})) / 6371010 / pi(), 9)",
            "1.5",
        )],
    ),
    |args, _| {
        call("geo_polygon_perimeter", args, &[Dynamic], Real, |args| {
            let mut worked = Worked::new();
            reals("geo_polygon_perimeter", args.rows, |row| {
                worked.get(args, row, |area| RADIUS * area.edges().map(|(a, b)| distance(a, b)).sum::<f64>())
            })
        })
    },
);

/// `geo_polygon_centroid(polygon)`: the centre of mass.
pub const CENTROID: Scalar = Scalar::new(
    info(
        "geo_polygon_centroid",
        "geo",
        "The centre of mass of a polygon as a GeoJSON point.",
        &[POLYGON],
        "dynamic",
        &[example(
            "print toint(round(toreal(geo_polygon_centroid(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[90,0],[0,90],[0,0]]]})).coordinates[0])))",
            "45",
        )],
    ),
    |args, _| {
        call("geo_polygon_centroid", args, &[Dynamic], Dynamic, |args| {
            let mut worked = Worked::<Point>::new();
            texts("geo_polygon_centroid", args.rows, |row, out| {
                let centre = worked.get(args, row, Area::centre)?;
                Some(centre.map(|centre| push_point(out, centre.degrees())))
            })
        })
    },
);
