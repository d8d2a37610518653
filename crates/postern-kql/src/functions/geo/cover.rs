//! The S2 cells of one level that a line or an area touches.

use super::ring::{Area, edges};
use super::s2::Cell;
use super::sphere::{Meeting, Point, distance_to_edge, meeting};

/// The most cells of one shape.
pub const MAX_CELLS: usize = 65_536;

/// What touches only, up to rounding, touches.
const TOUCH: f64 = 1e-14;

/// True when an edge comes within an angle of a cell.
fn near(edge: (Point, Point), cell: Cell, corners: &[Point; 4], within: f64) -> bool {
    if cell.contains(edge.0) || cell.contains(edge.1) {
        return true;
    }
    edges(corners).any(|(a, b)| {
        meeting(edge.0, edge.1, a, b) != Meeting::Apart
            || distance_to_edge(a, edge.0, edge.1) <= within
            || distance_to_edge(edge.0, a, b) <= within
            || distance_to_edge(edge.1, a, b) <= within
    })
}

/// The cells of a level within an angle of the edges, and those inside the area; `None` when there are too many.
pub fn cover(all: &[(Point, Point)], area: Option<&Area>, level: u8, radius: f64) -> Option<Vec<Cell>> {
    let mut found = Vec::new();
    // Cells yet to be looked at, each with the edges that come near the cell around it.
    let mut open: Vec<(Cell, Vec<(Point, Point)>)> = (0..6).map(|face| (Cell::face(face), all.to_vec())).collect();
    while let Some((cell, around)) = open.pop() {
        let corners = cell.corners();
        let close: Vec<(Point, Point)> =
            around.into_iter().filter(|edge| near(*edge, cell, &corners, radius.max(TOUCH))).collect();
        if close.is_empty() && !area.is_some_and(|area| area.contains(cell.centre())) {
            continue;
        }
        if cell.level() == level {
            found.push(cell);
            if found.len() > MAX_CELLS {
                return None;
            }
            continue;
        }
        if close.is_empty()
            && 1u64.checked_shl(2 * u32::from(level - cell.level())).is_none_or(|n| n > MAX_CELLS as u64)
        {
            return None;
        }
        open.extend(cell.children().map(|child| (child, close.clone())));
    }
    found.sort_by_key(|cell| cell.id());
    Some(found)
}
