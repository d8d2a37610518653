//! Towns as sign-in records describe them.

use super::Town;

pub(crate) const BRADFORD: Town =
    Town { city: "Bradford", state: "England", country: "GB", latitude: 53.796, longitude: -1.7594 };
pub(crate) const DENVER: Town =
    Town { city: "Denver", state: "Colorado", country: "US", latitude: 39.7392, longitude: -104.9903 };
pub(crate) const LEEDS: Town =
    Town { city: "Leeds", state: "England", country: "GB", latitude: 53.8008, longitude: -1.5491 };
pub(crate) const LISBON: Town =
    Town { city: "Lisbon", state: "Lisboa", country: "PT", latitude: 38.7223, longitude: -9.1393 };
pub(crate) const OSAKA: Town =
    Town { city: "Osaka", state: "Osaka", country: "JP", latitude: 34.6937, longitude: 135.5023 };
pub(crate) const SANTIAGO: Town =
    Town { city: "Santiago", state: "Region Metropolitana", country: "CL", latitude: -33.4489, longitude: -70.6693 };
pub(crate) const UTRECHT: Town =
    Town { city: "Utrecht", state: "Utrecht", country: "NL", latitude: 52.0907, longitude: 5.1214 };
pub(crate) const VILNIUS: Town =
    Town { city: "Vilnius", state: "Vilniaus apskritis", country: "LT", latitude: 54.6872, longitude: 25.2797 };
pub(crate) const YORK: Town =
    Town { city: "York", state: "England", country: "GB", latitude: 53.96, longitude: -1.0873 };
