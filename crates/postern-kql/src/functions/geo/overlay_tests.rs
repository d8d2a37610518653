//! Areas and lines combined, against sums known beforehand.

use super::*;
use crate::functions::geo::geojson;

fn square(west: f64, south: f64, side: f64) -> Area {
    let east = if west + side > 180.0 { west + side - 360.0 } else { west + side };
    let north = south + side;
    let ring = vec![(west, south), (east, south), (east, north), (west, north), (west, south)];
    geojson::area_of(&[vec![ring]]).unwrap()
}

fn size(collection: Collection) -> f64 {
    let rings = |polygon: &Vec<Vec<Point>>| -> f64 {
        polygon
            .iter()
            .enumerate()
            .map(|(i, r)| Ring::new(r.clone()).unwrap().area() * if i == 0 { 1.0 } else { -1.0 })
            .sum()
    };
    collection.polygons.iter().map(rings).sum()
}

/// What two areas share and what they cover together add up to the two areas.
#[test]
fn union_and_intersection_add_up() {
    let cases = [
        (square(0.0, 0.0, 4.0), square(2.0, 1.0, 4.0)),
        (square(0.0, 0.0, 4.0), square(1.0, 1.0, 1.0)),
        (square(0.0, 0.0, 4.0), square(10.0, 10.0, 1.0)),
        (square(0.0, 0.0, 4.0), square(4.0, 0.0, 4.0)),
        (square(0.0, 0.0, 4.0), square(0.0, 0.0, 4.0)),
        (square(0.0, 0.0, 4.0), square(4.0, 4.0, 1.0)),
        (square(178.0, -2.0, 4.0), square(-179.0, -1.0, 4.0)),
    ];
    for (a, b) in cases {
        let both = union(a.parts.iter().chain(&b.parts)).unwrap().area().unwrap().size();
        let common = size(common_area(&a, &b).unwrap());
        assert!((a.size() + b.size() - both - common).abs() < 1e-12, "{a:?} {b:?} {both} {common}");
    }
}

#[test]
fn a_hole_stays_a_hole() {
    // A frame of four bars around an empty midst.
    let bar = |w: f64, s: f64, e: f64, n: f64| {
        geojson::area_of(&[vec![vec![(w, s), (e, s), (e, n), (w, n), (w, s)]]]).unwrap()
    };
    let bars = [bar(0.0, 0.0, 5.0, 1.0), bar(0.0, 4.0, 5.0, 5.0), bar(0.0, 0.5, 1.0, 4.5), bar(4.0, 0.5, 5.0, 4.5)];
    let frame = union(bars.iter().flat_map(|b| &b.parts)).unwrap();
    let polygons = frame.polygons().unwrap();
    assert_eq!(polygons.len(), 1);
    assert_eq!(polygons[0].len(), 2);
    let frame = frame.area().unwrap();
    assert!(frame.contains(Point::from_degrees(0.5, 2.5).unwrap()));
    assert!(!frame.contains(Point::from_degrees(2.5, 2.5).unwrap()));
}

#[test]
fn squares_that_touch() {
    let (a, corner, side) = (square(0.0, 0.0, 1.0), square(1.0, 1.0, 1.0), square(1.0, 0.0, 1.0));
    let common = common_area(&a, &corner).unwrap();
    assert_eq!((common.points.len(), common.lines.len(), common.polygons.len()), (1, 0, 0));
    let common = common_area(&a, &side).unwrap();
    assert_eq!((common.points.len(), common.lines.len(), common.polygons.len()), (0, 1, 0));
    assert!(areas_meet(&a, &corner).unwrap() && areas_meet(&a, &side).unwrap());
    assert!(!areas_meet(&a, &square(3.0, 3.0, 1.0)).unwrap());
}

#[test]
fn lines_meet_and_join() {
    let line = |places: &[(f64, f64)]| -> Vec<Point> {
        places.iter().map(|(lon, lat)| Point::from_degrees(*lon, *lat).unwrap()).collect()
    };
    let (a, b) = (vec![line(&[(0.0, 0.0), (10.0, 0.0)])], vec![line(&[(5.0, -5.0), (5.0, 5.0)])]);
    let common = common_lines(&a, &b).unwrap();
    assert_eq!((common.points.len(), common.lines.len()), (1, 0));
    let joined = union_lines(&vec![line(&[(0.0, 0.0), (1.0, 1.0)]), line(&[(1.0, 1.0), (2.0, 0.0)])]).unwrap();
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].len(), 3);
    let inside = common_line_area(&a, &square(2.0, -1.0, 2.0)).unwrap();
    assert_eq!((inside.points.len(), inside.lines.len()), (0, 1));
}

/// Unions of random triangles keep the sum of areas, or are refused; never anything else. Corners on a coarse grid give
/// shared corners and edges, corners on edges and edges along each other.
#[test]
fn random_triangles_add_up() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut done = 0;
    for round in 0..1000 {
        let mut triangle = || {
            let mut corner = || {
                let (lon, lat) = (random() * 4.0, random() * 4.0);
                if round % 2 == 0 { (lon, lat) } else { (lon.round(), lat.round() - 2.0) }
            };
            let first = corner();
            geojson::area_of(&[vec![vec![first, corner(), corner(), first]]])
        };
        let (Some(a), Some(b)) = (triangle(), triangle()) else { continue };
        let both = union(a.parts.iter().chain(&b.parts)).and_then(|r| r.area()).map(|area| area.size());
        let common = common_area(&a, &b).map(size);
        let sum = both.map_or(f64::NAN, |both| both + common.unwrap_or(f64::NAN));
        assert!((a.size() + b.size() - sum).abs() < 1e-12, "{round}: {a:?} {b:?} {both:?} {common:?}");
        done += 1;
    }
    assert!(done > 700);
}
