//! On which side of an arc a point lies, without rounding: plain numbers first, twice as many digits where they do not
//! decide, and a fixed rule where the three points lie on one great circle to the last digit.

use super::sphere::Point;

/// 1 when `a`, `b`, `c` turn left (counterclockwise seen from outside), -1 when they turn right, 0 only when two of
/// them are equal.
pub fn sign(a: Point, b: Point, c: Point) -> i32 {
    let rough = a.cross(b).dot(c);
    // Each of the products of the determinant carries at most a few roundings of numbers below 1.
    if rough.abs() > 2e-15 {
        return if rough > 0.0 { 1 } else { -1 };
    }
    if a == b || b == c || c == a {
        return 0;
    }
    exact(a, b, c)
}

/// A number as the sum of two: about 32 digits.
#[derive(Clone, Copy)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let part = high - a;
        Self { high, low: (a - (high - part)) + (b - part) }
    }

    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    fn plus(self, other: Self) -> Self {
        let sum = Self::sum(self.high, other.high);
        Self::sum(sum.high, sum.low + self.low + other.low)
    }

    fn minus(self, other: Self) -> Self {
        self.plus(Self { high: -other.high, low: -other.low })
    }

    fn times(self, factor: f64) -> Self {
        let product = Self::product(self.high, factor);
        Self::sum(product.high, product.low + self.low * factor)
    }

    fn sign(self) -> i32 {
        let value = self.high + self.low;
        // The products hold about 1e-31 of rounding for points of length 1.
        if value.abs() < 1e-30 { 0 } else { value.signum() as i32 }
    }
}

fn exact(a: Point, b: Point, c: Point) -> i32 {
    // In order of their parts, so that equal questions in any order have one answer.
    let mut points = [a, b, c];
    let mut flip = 1;
    for (i, j) in [(0, 1), (1, 2), (0, 1)] {
        if points[i].order(points[j]).is_gt() {
            points.swap(i, j);
            flip = -flip;
        }
    }
    let [a, b, c] = points;
    let minor = |p: f64, q: f64, r: f64, s: f64| Double::product(p, q).minus(Double::product(r, s));
    let bc = [minor(b.y, c.z, b.z, c.y), minor(b.z, c.x, b.x, c.z), minor(b.x, c.y, b.y, c.x)];
    let determinant = bc[0].times(a.x).plus(bc[1].times(a.y)).plus(bc[2].times(a.z)).sign();
    if determinant != 0 {
        return flip * determinant;
    }
    // Three points on one great circle: each part is thought of as moved by an amount that is tiny against the one
    // before (Edelsbrunner and Mücke, Simulation of Simplicity, 1990). The first moved term that is not zero decides.
    let of = |value: f64| if value > 0.0 { 1 } else { -i32::from(value < 0.0) };
    let terms = [
        bc[2].sign(),
        bc[1].sign(),
        bc[0].sign(),
        minor(c.x, a.y, c.y, a.x).sign(),
        of(c.x),
        -of(c.y),
        minor(c.z, a.x, c.x, a.z).sign(),
        of(c.z),
        minor(a.x, b.y, a.y, b.x).sign(),
        -of(b.x),
        of(b.y),
        of(a.x),
    ];
    flip * terms.into_iter().find(|term| *term != 0).unwrap_or(1)
}
