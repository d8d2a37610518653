//! Formulas of the sphere against values worked out by hand.

use super::*;

fn at(lon: f64, lat: f64) -> Point {
    Point::from_degrees(lon, lat).unwrap()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-14, "{a} is not {b}");
}

#[test]
fn distances_and_directions() {
    close(distance(at(0.0, 0.0), at(0.0, 90.0)), FRAC_PI_2);
    close(distance(at(0.0, 0.0), at(180.0, 0.0)), PI);
    close(azimuth(at(0.0, 0.0), at(10.0, 0.0)), FRAC_PI_2);
    close(azimuth(at(0.0, 0.0), at(-10.0, 0.0)), 3.0 * FRAC_PI_2);
    close(azimuth(at(5.0, 10.0), at(5.0, -10.0)), PI);
    close(distance_to_edge(at(5.0, 3.0), at(0.0, 0.0), at(10.0, 0.0)), 3f64.to_radians());
    close(distance_to_edge(at(-4.0, 0.0), at(0.0, 0.0), at(10.0, 0.0)), 4f64.to_radians());
    let foot = nearest(at(5.0, 3.0), at(0.0, 0.0), at(10.0, 0.0)).degrees();
    close(foot.0, 5.0);
    close(foot.1, 0.0);
    assert!(antipodal(at(20.0, 30.0), at(-160.0, -30.0)));
}

#[test]
fn an_octant_is_an_eighth_of_the_sphere() {
    let (a, b, c) = (at(0.0, 0.0), at(90.0, 0.0), at(0.0, 90.0));
    close(triangle(a, b, c), FRAC_PI_2);
    close(triangle(a, c, b), -FRAC_PI_2);
    // By symmetry its centre of mass lies in the direction (1, 1, 1).
    let centre = triangle_centre(a, b, c).unit();
    close(centre.x, centre.y);
    close(centre.y, centre.z);
}

#[test]
fn edges_meet() {
    let (a, b, c, d) = (at(-10.0, 0.0), at(10.0, 0.0), at(0.0, -10.0), at(0.0, 10.0));
    assert_eq!(meeting(a, b, c, d), Meeting::Cross);
    assert_eq!(meeting(a, b, b, d), Meeting::End);
    assert_eq!(meeting(a, c, b, d), Meeting::Apart);
    let place = crossing(a, b, c, d).degrees();
    close(place.0, 0.0);
    close(place.1, 0.0);
}

#[test]
fn sides_are_told_apart_without_rounding() {
    // Three points of the equator: the fixed rule gives one answer, and its opposite for the opposite order.
    let (a, b, c) = (at(1.0, 0.0), at(2.0, 0.0), at(3.0, 0.0));
    assert_ne!(sign(a, b, c), 0);
    assert_eq!(sign(a, b, c), -sign(a, c, b));
    assert_eq!(sign(a, b, c), sign(b, c, a));
    assert_eq!(sign(a, a, c), 0);
    assert_eq!(sign(at(0.0, 0.0), at(10.0, 0.0), at(5.0, 1e-13)), 1);
    assert_eq!(sign(at(0.0, 0.0), at(10.0, 0.0), at(5.0, -1e-13)), -1);
}
