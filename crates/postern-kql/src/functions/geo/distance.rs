//! Distances on a sphere with the earth's mean radius.

use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::Real;

/// Metres.
const RADIUS: f64 = 6_371_010.0;

fn distance(from: (f64, f64), to: (f64, f64)) -> Option<f64> {
    let valid = |(lon, lat): (f64, f64)| (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
    if !valid(from) || !valid(to) {
        return None;
    }
    let (lat1, lat2) = (from.1.to_radians(), to.1.to_radians());
    let (dlat, dlon) = (lat2 - lat1, (to.0 - from.0).to_radians());
    let half = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    Some(2.0 * RADIUS * half.sqrt().min(1.0).asin())
}

/// `geo_distance_2points(lon1, lat1, lon2, lat2)`: metres; null for coordinates that do not exist.
pub const DISTANCE: Scalar = Scalar::new(
    info(
        "geo_distance_2points",
        "geo",
        "The shortest distance between two places in metres.",
        &[
            param("p1_longitude", "real", "Degrees east, -180 to 180."),
            param("p1_latitude", "real", "Degrees north, -90 to 90."),
            param("p2_longitude", "real", "Degrees east, -180 to 180."),
            param("p2_latitude", "real", "Degrees north, -90 to 90."),
        ],
        "real",
        &[example("print round(geo_distance_2points(0, 0, 0, 1))", "111195.0")],
    ),
    |args, _| {
        call("geo_distance_2points", args, &[Real], Real, |args| {
            let view = |at: usize| args.get(at).and_then(super::super::kernel::Arg::reals);
            let (lon1, lat1, lon2, lat2) = (view(0)?, view(1)?, view(2)?, view(3)?);
            build::reals(args.rows, |row| distance((lon1.get(row)?, lat1.get(row)?), (lon2.get(row)?, lat2.get(row)?)))
        })
    },
);
