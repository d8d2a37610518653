//! Places on the earth: points, lines and polygons on a sphere, and cells of three kinds.
//!
//! The earth is a sphere of its mean radius and an edge is the shortest arc between its ends. Shapes come and go as
//! GeoJSON, longitude first; what does not exist (a latitude of 100°, a ring that crosses itself) gives null.

pub mod buffer;
pub mod combine;
pub mod cover;
pub mod densify;
pub mod distance;
pub mod geohash;
pub mod geojson;
pub mod h3;
pub mod input;
pub mod ip;
pub mod line;
pub mod noding;
pub mod overlay;
pub mod polygon;
pub mod ring;
pub mod s2;
pub mod s2cell;
pub mod sign;
pub mod simplify;
pub mod sphere;
pub mod wkt;
