//! S2 cells: the six faces of a cube around the earth, each halved both ways up to thirty times and numbered along a
//! Hilbert curve (s2geometry.io/devguide/s2cell_hierarchy).

use super::sphere::Point;

/// The finest level.
pub const MAX_LEVEL: u8 = 30;

/// The place on the curve of each quadrant (column, row) for each way in which the curve may run.
const POSITION: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]];
/// The reverse: the quadrant at each place on the curve.
const QUADRANT: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// How the curve runs within the quadrant at each place, against how it runs around it.
const TURN: [usize; 4] = [1, 0, 0, 3];

/// A cell by its face, column, row and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    face: u8,
    column: u64,
    row: u64,
    level: u8,
}

/// A coordinate of the cube as one of the grid: areas of cells come out nearly equal.
fn to_grid(u: f64) -> f64 {
    if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() }
}

fn from_grid(s: f64) -> f64 {
    if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 }
}

fn on_face(face: u8, u: f64, v: f64) -> Point {
    match face {
        0 => Point::new(1.0, u, v),
        1 => Point::new(-u, 1.0, v),
        2 => Point::new(-u, -v, 1.0),
        3 => Point::new(-1.0, -v, -u),
        4 => Point::new(v, -1.0, -u),
        _ => Point::new(v, u, -1.0),
    }
}

fn face_of(p: Point) -> (u8, f64, f64) {
    let (x, y, z) = (p.x.abs(), p.y.abs(), p.z.abs());
    if x > y && x > z {
        if p.x >= 0.0 { (0, p.y / p.x, p.z / p.x) } else { (3, p.z / p.x, p.y / p.x) }
    } else if y > z || (y >= z && y > x) {
        if p.y >= 0.0 { (1, -p.x / p.y, p.z / p.y) } else { (4, p.z / p.y, -p.x / p.y) }
    } else if p.z >= 0.0 {
        (2, -p.x / p.z, -p.y / p.z)
    } else {
        (5, -p.y / p.z, -p.x / p.z)
    }
}

fn index(s: f64, level: u8) -> u64 {
    let count = (1u64 << level) as f64;
    (s * count).floor().clamp(0.0, count - 1.0) as u64
}

impl Cell {
    /// The whole of a face, 0 to 5.
    pub fn face(face: u8) -> Self {
        Self { face, column: 0, row: 0, level: 0 }
    }

    /// The cell of a place at a level.
    pub fn of(place: Point, level: u8) -> Self {
        let level = level.min(MAX_LEVEL);
        let (face, u, v) = face_of(place);
        // The finest cell first: a coarse cell holds the fine cell of the place, whatever rounding does.
        let shift = MAX_LEVEL - level;
        let fine = |u: f64| index(to_grid(u), MAX_LEVEL) >> shift;
        Self { face, column: fine(u), row: fine(v), level }
    }

    /// The level, 0 to 30.
    pub fn level(self) -> u8 {
        self.level
    }

    /// The number of the cell.
    pub fn id(self) -> u64 {
        let mut way = usize::from(self.face & 1);
        let mut position = 0u64;
        for bit in (0..self.level).rev() {
            let quadrant = (self.column >> bit & 1) << 1 | (self.row >> bit & 1);
            let at = POSITION.get(way).and_then(|w| w.get(quadrant as usize)).copied().unwrap_or(0);
            position = position << 2 | at;
            way ^= TURN.get(at as usize).copied().unwrap_or(0);
        }
        let free = u32::from(MAX_LEVEL - self.level) * 2;
        u64::from(self.face) << 61 | position << (free + 1) | 1 << free
    }

    /// The cell of a number.
    pub fn from_id(id: u64) -> Option<Self> {
        let face = (id >> 61) as u8;
        let free = id.trailing_zeros();
        if face > 5 || free > 60 || free % 2 == 1 {
            return None;
        }
        let level = MAX_LEVEL - (free / 2) as u8;
        let mut way = usize::from(face & 1);
        let (mut column, mut row) = (0u64, 0u64);
        for step in (0..u32::from(level)).rev() {
            let at = (id >> (free + 1 + 2 * step) & 3) as usize;
            let quadrant = QUADRANT.get(way).and_then(|w| w.get(at)).copied().unwrap_or(0);
            column = column << 1 | quadrant >> 1;
            row = row << 1 | quadrant & 1;
            way ^= TURN.get(at).copied().unwrap_or(0);
        }
        Some(Self { face, column, row, level })
    }

    /// The number in hexadecimal digits without the noughts at its end.
    pub fn token(self) -> String {
        format!("{:016x}", self.id()).trim_end_matches('0').to_owned()
    }

    /// The cell of a token.
    pub fn from_token(token: &str) -> Option<Self> {
        let plain = (1..=16).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u64::from_str_radix(plain.then_some(token)?, 16).ok()?;
        Self::from_id(number << (4 * (16 - token.len())))
    }

    fn at(self, column: f64, row: f64) -> Point {
        let count = (1u64 << self.level) as f64;
        on_face(self.face, from_grid(column / count), from_grid(row / count)).unit()
    }

    /// The midst in the grid of the face.
    pub fn centre(self) -> Point {
        self.at(self.column as f64 + 0.5, self.row as f64 + 0.5)
    }

    /// The corners, counterclockwise.
    pub fn corners(self) -> [Point; 4] {
        let (column, row) = (self.column as f64, self.row as f64);
        [self.at(column, row), self.at(column + 1.0, row), self.at(column + 1.0, row + 1.0), self.at(column, row + 1.0)]
    }

    /// True when the place lies in the cell.
    pub fn contains(self, place: Point) -> bool {
        Self::of(place, self.level) == self
    }

    /// The four cells of the next level.
    pub fn children(self) -> [Self; 4] {
        let (column, row, level) = (self.column * 2, self.row * 2, self.level + 1);
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(c, r)| Self { face: self.face, column: column + c, row: row + r, level })
    }

    /// The cell beside this one, on the next face where this one ends; none where three faces meet.
    fn beside(self, columns: i64, rows: i64) -> Option<Self> {
        let size = 1i64 << (MAX_LEVEL - self.level);
        let all = 1i64 << MAX_LEVEL;
        let (column, row) = ((self.column as i64 + columns) * size, (self.row as i64 + rows) * size);
        let inside = |index: i64| (0..all).contains(&index);
        if inside(column) && inside(row) {
            let shift = MAX_LEVEL - self.level;
            return Some(Self { column: column as u64 >> shift, row: row as u64 >> shift, ..self });
        }
        if !inside(column) && !inside(row) {
            return None;
        }
        // Just beyond the edge of the face, on the plane of the cube, the point belongs to the next face.
        let plane = |index: i64| {
            let index = index.clamp(-1, all) as f64;
            ((2.0 * (index - all as f64 / 2.0) + 1.0) / all as f64).clamp(-1.0 - f64::EPSILON, 1.0 + f64::EPSILON)
        };
        let (face, u, v) = face_of(on_face(self.face, plane(column), plane(row)));
        let shift = MAX_LEVEL - self.level;
        let fine = |u: f64| index(0.5 * (u + 1.0), MAX_LEVEL) >> shift;
        Some(Self { face, column: fine(u), row: fine(v), level: self.level })
    }

    /// The cells around: eight, or seven at a corner of the cube.
    pub fn neighbors(self) -> Vec<Self> {
        let around = [(1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1)];
        let mut found: Vec<Self> = Vec::with_capacity(8);
        for (columns, rows) in around {
            if let Some(cell) = self.beside(columns, rows)
                && cell != self
                && !found.contains(&cell)
            {
                found.push(cell);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers follow from the definition: face 0 is `001` and its one level; the token of its first child halves
    /// the unit bit.
    #[test]
    fn numbers_and_tokens() {
        assert_eq!(Cell::face(0).id(), 1 << 60);
        assert_eq!(Cell::face(5).token(), "b");
        assert_eq!(Cell::from_token("1"), Some(Cell::face(0)));
        for bad in ["", "a", "g", "f", "12345678901234567", "+1", "0", "é"] {
            assert_eq!(Cell::from_token(bad), None, "{bad}");
        }
        for id in [1u64 << 60, 0x89c2_5900_0000_0000, 0x1234_5670_0000_0000, 0x47b1_d000_0000_0000] {
            let cell = Cell::from_id(id).unwrap();
            assert_eq!(cell.id(), id);
            assert_eq!(Cell::of(cell.centre(), cell.level()), cell);
        }
    }

    #[test]
    fn every_cell_has_its_neighbours_beside_it() {
        for token in ["89c259", "1", "4", "47b1d", "3", "0aaaaaaaaaaaaaab", "2aaaaaaaaaaaaaab", "14", "0c", "04"] {
            let Some(cell) = Cell::from_token(token) else { continue };
            let around = cell.neighbors();
            assert!(cell.level() == 0 || around.len() >= 7, "{token} {}", around.len());
            for near in around {
                assert!(near.neighbors().contains(&cell), "{token} {near:?}");
            }
        }
    }
}
