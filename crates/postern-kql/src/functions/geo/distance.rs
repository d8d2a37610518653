//! Two or three places: distance, direction, angle, circle.

use super::input::{SPHEROID, place, real, sphere_only};
use super::sphere::{RADIUS, antipodal, azimuth, distance, turn};
use crate::functions::Param;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Bool, Real};

const LON1: Param = param("p1_longitude", "real", "Degrees east of the first place, -180 to 180.");
const LAT1: Param = param("p1_latitude", "real", "Degrees north of the first place, -90 to 90.");
const LON2: Param = param("p2_longitude", "real", "Degrees east of the second place, -180 to 180.");
const LAT2: Param = param("p2_latitude", "real", "Degrees north of the second place, -90 to 90.");

/// `geo_distance_2points(lon1, lat1, lon2, lat2)`: metres; null for coordinates that do not exist.
pub const DISTANCE: Scalar = Scalar::new(
    info(
        "geo_distance_2points",
        "geo",
        "The shortest distance between two places in metres.",
        &[LON1, LAT1, LON2, LAT2, SPHEROID],
        "real",
        &[example("print round(geo_distance_2points(0, 0, 0, 1))", "111195.0")],
    ),
    |args, _| {
        let args = sphere_only("geo_distance_2points", args, 4)?;
        call("geo_distance_2points", args, &[Real], Real, |args| {
            build::reals(args.rows, |row| Some(RADIUS * distance(place(args, 0, row)?, place(args, 2, row)?)))
        })
    },
);

/// `geo_azimuth(lon1, lat1, lon2, lat2)`: radians clockwise from north; null for equal and for opposite places.
pub const AZIMUTH: Scalar = Scalar::new(
    info(
        "geo_azimuth",
        "geo",
        "The direction from one place to another, in radians clockwise from north.",
        &[LON1, LAT1, LON2, LAT2],
        "real",
        &[example("print round(degrees(geo_azimuth(0, 0, 1, 0)), 6)", "90.0")],
    ),
    |args, _| {
        call("geo_azimuth", args, &[Real], Real, |args| {
            build::reals(args.rows, |row| {
                let (from, to) = (place(args, 0, row)?, place(args, 2, row)?);
                (from != to && !antipodal(from, to)).then(|| azimuth(from, to))
            })
        })
    },
);

/// `geo_angle(lon1, lat1, lon2, lat2, lon3, lat3)`: the turn at the second place.
pub const ANGLE: Scalar = Scalar::new(
    info(
        "geo_angle",
        "geo",
        "The angle at the second of three places, in radians clockwise from the first to the third.",
        &[
            LON1,
            LAT1,
            LON2,
            LAT2,
            param("p3_longitude", "real", "Degrees east of the third place, -180 to 180."),
            param("p3_latitude", "real", "Degrees north of the third place, -90 to 90."),
        ],
        "real",
        &[example("print round(degrees(geo_angle(0, 1, 0, 0, 1, 0)), 6)", "90.0")],
    ),
    |args, _| {
        call("geo_angle", args, &[Real], Real, |args| {
            build::reals(args.rows, |row| {
                let (first, middle, last) = (place(args, 0, row)?, place(args, 2, row)?, place(args, 4, row)?);
                if first == middle || middle == last || antipodal(first, middle) || antipodal(middle, last) {
                    return None;
                }
                Some(turn(azimuth(middle, last) - azimuth(middle, first)))
            })
        })
    },
);

/// `geo_point_in_circle(lon, lat, centre_lon, centre_lat, radius)`: null for a negative radius.
pub const CIRCLE: Scalar = Scalar::new(
    info(
        "geo_point_in_circle",
        "geo",
        "Whether a place lies within a distance of another.",
        &[
            param("p_longitude", "real", "Degrees east of the place, -180 to 180."),
            param("p_latitude", "real", "Degrees north of the place, -90 to 90."),
            param("pc_longitude", "real", "Degrees east of the centre, -180 to 180."),
            param("pc_latitude", "real", "Degrees north of the centre, -90 to 90."),
            param("c_radius", "real", "Metres, not negative."),
        ],
        "bool",
        &[example("print geo_point_in_circle(0, 0, 0, 1, 112000)", "true")],
    ),
    |args, _| {
        call("geo_point_in_circle", args, &[Real], Bool, |args| {
            build::bools(args.rows, |row| {
                let (point, centre) = (place(args, 0, row)?, place(args, 2, row)?);
                let radius = real(args, 4, row, None).filter(|r| *r >= 0.0)?;
                Some(RADIUS * distance(point, centre) <= radius)
            })
        })
    },
);
