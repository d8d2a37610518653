//! Where an address is: country and network, from files on this machine. Nothing here asks the network.
//!
//! [`Places`] holds any number of MMDB files (GeoLite2 and alike, or the flat shape of free lists). [`Places::look_up`]
//! takes an address as exports write it and says first of what [`Kind`] it is: an address of a private or reserved block
//! is nowhere, one of the vendor's own services is not where a person is, and neither is looked up any further.
//!
//! ```
//! let places = postern_places::Places::builtin();
//! let place = places.look_up("[fe80::1]:443").unwrap();
//! assert_eq!(place.kind, postern_places::Kind::Reserved);
//! ```

mod address;
mod countries;
mod database;
mod mmdb;
mod ranges;
mod table;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

pub use address::{is_reserved, parse};
pub use database::Database;
pub use mmdb::{Builder, Data, TooLarge};
pub use table::{Converted, convert};

use ranges::Ranges;

/// Addresses whose places are kept; evidence has few different ones, each many times.
const KEPT: usize = 1 << 16;

/// What an address is, before where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody's address on the internet.
    Public,
    /// Private, local, documentation, multicast: no place at all.
    Reserved,
    /// The vendor's own mail, sign-in and collaboration services: not where a person is.
    Vendor,
}

impl Kind {
    /// The word that stores and outputs use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Reserved => "reserved",
            Self::Vendor => "vendor",
        }
    }
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// Country, ISO 3166-1 alpha-2 in capitals.
    pub country: Option<String>,
    /// The country's name in English.
    pub country_name: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Number of the network (autonomous system).
    pub asn: Option<u32>,
    /// Name of the network.
    pub network: Option<String>,
}

impl Place {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            country: None,
            country_name: None,
            state: None,
            city: None,
            latitude: None,
            longitude: None,
            asn: None,
            network: None,
        }
    }
}

/// Why address files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacesError {
    /// The file cannot be read.
    #[error("cannot read the address database `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no address database.
    #[error("`{}` is not an address database in MMDB format: {reason}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The database says neither country nor network.
    #[error("`{}` says neither country nor network of an address (it is of type `{kind}`)", path.display())]
    NoPlaces {
        /// The file.
        path: PathBuf,
        /// What it calls itself.
        kind: String,
    },
}

/// Address databases, and what is known without any.
#[derive(Debug, Default)]
pub struct Places {
    databases: Vec<Database>,
    vendor: Ranges,
    kept: RwLock<HashMap<IpAddr, Arc<Place>>>,
}

impl Places {
    /// Without a database: kinds of addresses only.
    pub fn builtin() -> Self {
        Self { databases: Vec::new(), vendor: Ranges::vendor(), kept: RwLock::default() }
    }

    /// With these files. Of two that say the same of an address, the first wins.
    pub fn open<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<Self, PlacesError> {
        let databases = files.into_iter().map(|file| Database::open(file.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { databases, ..Self::builtin() })
    }

    /// With databases in memory, for tests and for those who make one.
    pub fn of(databases: Vec<Database>) -> Self {
        Self { databases, ..Self::builtin() }
    }

    /// The databases, in the order they are asked.
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// What is known of an address, given as exports write it: with or without port, brackets and zone. `None` for what
    /// is no address.
    pub fn look_up(&self, text: &str) -> Option<Arc<Place>> {
        parse(text).map(|address| self.of_address(address))
    }

    /// What is known of an address.
    pub fn of_address(&self, address: IpAddr) -> Arc<Place> {
        if let Some(place) = self.kept.read().unwrap_or_else(PoisonError::into_inner).get(&address) {
            return Arc::clone(place);
        }
        let place = Arc::new(self.find(address));
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(address, Arc::clone(&place));
        place
    }

    fn find(&self, address: IpAddr) -> Place {
        if is_reserved(address) {
            return Place::of(Kind::Reserved);
        }
        if self.vendor.contains(address) {
            return Place::of(Kind::Vendor);
        }
        let mut place = Place::of(Kind::Public);
        for database in &self.databases {
            database.fill(address, &mut place);
        }
        if place.country_name.is_none() {
            place.country_name = place.country.as_deref().and_then(countries::name).map(str::to_owned);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Data {
        Data::Text(text.to_owned())
    }

    fn map<const N: usize>(entries: [(&str, Data); N]) -> Data {
        Data::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    fn database(kind: &str, entries: &[(&str, &str, Data)]) -> Database {
        let mut builder = Builder::new(kind, 1_700_000_000);
        for (from, to, data) in entries {
            builder.add(from.parse().unwrap(), to.parse().unwrap(), data).unwrap();
        }
        Database::from_bytes("test.mmdb", builder.finish().unwrap()).unwrap()
    }

    fn flat_country() -> Database {
        database(
            "flat-country",
            &[
                ("81.2.69.0", "81.2.69.191", map([("country_code", text("gb"))])),
                ("89.160.20.112", "89.160.20.127", map([("country_code", text("SE"))])),
                ("2001:218::", "2001:218:ffff:ffff:ffff:ffff:ffff:ffff", map([("country_code", text("JP"))])),
                // Neither of these may ever be looked up.
                ("10.0.0.0", "10.255.255.255", map([("country_code", text("US"))])),
                ("40.92.0.0", "40.93.255.255", map([("country_code", text("US"))])),
                ("216.160.83.56", "216.160.83.63", map([("country_code", text("EU"))])),
            ],
        )
    }

    fn city() -> Database {
        let names = |name: &str| map([("names", map([("de", text("x")), ("en", text(name))]))]);
        let uk = map([("iso_code", text("GB")), ("names", map([("en", text("United Kingdom"))]))]);
        database(
            "GeoLite2-City",
            &[(
                "81.2.69.128",
                "81.2.69.255",
                map([
                    ("city", names("London")),
                    ("country", uk.clone()),
                    ("location", map([("latitude", Data::Real(51.5)), ("longitude", Data::Real(-0.1))])),
                    ("registered_country", uk),
                    ("subdivisions", Data::List(vec![names("England")])),
                ]),
            )],
        )
    }

    fn asn() -> Database {
        let network = |number, name: &str| {
            map([("autonomous_system_number", Data::Number(number)), ("autonomous_system_organization", text(name))])
        };
        database(
            "GeoLite2-ASN",
            &[
                ("81.2.69.0", "81.2.69.255", network(20712, "Andrews & Arnold Ltd")),
                ("2001:218::", "2001:218:ffff:ffff:ffff:ffff:ffff:ffff", network(2914, "NTT")),
            ],
        )
    }

    #[test]
    fn several_databases_answer_together() {
        let places = Places::of(vec![flat_country(), city(), asn()]);
        let london = places.look_up("81.2.69.160:51820").unwrap();
        assert_eq!(london.country.as_deref(), Some("GB"));
        assert_eq!(london.country_name.as_deref(), Some("United Kingdom"));
        assert_eq!((london.city.as_deref(), london.state.as_deref()), (Some("London"), Some("England")));
        assert_eq!((london.latitude, london.longitude), (Some(51.5), Some(-0.1)));
        assert_eq!((london.asn, london.network.as_deref()), (Some(20712), Some("Andrews & Arnold Ltd")));
        let tokyo = places.look_up("[2001:218::7]:443").unwrap();
        assert_eq!((tokyo.country.as_deref(), tokyo.asn), (Some("JP"), Some(2914)));
        // The same address as IPv6 writes it.
        assert_eq!(places.look_up("::ffff:89.160.20.113").unwrap().country.as_deref(), Some("SE"));
        // Outside all ranges, and a code that is no country.
        for address in ["89.160.20.128", "216.160.83.57", "2a02:8000::1"] {
            assert_eq!(*places.look_up(address).unwrap(), Place::of(Kind::Public), "{address}");
        }
        assert_eq!(places.look_up("sanitized"), None);
    }

    #[test]
    fn private_and_vendor_addresses_get_nothing() {
        let places = Places::of(vec![flat_country(), asn()]);
        assert_eq!(*places.look_up("10.1.2.3").unwrap(), Place::of(Kind::Reserved));
        assert_eq!(*places.look_up("40.92.0.1").unwrap(), Place::of(Kind::Vendor));
        for vendor in ["2603:10a6:10:2e:cafe::9", "20.190.159.1", "40.126.31.1", "52.97.1.1", "2a01:111:f403::1"] {
            assert_eq!(places.look_up(vendor).unwrap().kind, Kind::Vendor, "{vendor}");
        }
        // Rented machines in the vendor's cloud are people's.
        assert_eq!(places.look_up("20.50.2.3").unwrap().kind, Kind::Public);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing.mmdb");
        let said = Places::open([&missing]).unwrap_err().to_string();
        assert!(said.contains("cannot read the address database") && said.contains("missing.mmdb"), "{said}");
        let broken = dir.path().join("broken.mmdb");
        std::fs::write(&broken, b"GIF89a").unwrap();
        let said = Places::open([&broken]).unwrap_err().to_string();
        assert!(said.contains("is not an address database in MMDB format"), "{said}");
        let other = database_bytes_of("Anonymizer");
        std::fs::write(&broken, other).unwrap();
        let said = Places::open([&broken]).unwrap_err().to_string();
        assert!(said.contains("neither country nor network") && said.contains("Anonymizer"), "{said}");
        // Cut in the middle: the end holds what tells where everything is.
        let whole = database_bytes_of("x");
        std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
        assert!(Places::open([&broken]).is_err());
    }

    fn database_bytes_of(kind: &str) -> Vec<u8> {
        let mut builder = Builder::new(kind, 0);
        let data = map([("is_anonymous", Data::Number(1))]);
        builder.add("81.2.69.0".parse().unwrap(), "81.2.69.255".parse().unwrap(), &data).unwrap();
        builder.finish().unwrap()
    }

    #[test]
    fn a_database_says_what_it_is_and_when_it_was_built() {
        let database = asn();
        assert_eq!(database.kind(), "GeoLite2-ASN");
        assert_eq!(database.built(), Some(1_700_000_000));
    }

    #[test]
    fn a_damaged_database_never_panics() {
        let mut builder = Builder::new("flat", 1);
        for (n, code) in ["NL", "GB", "SE", "US"].into_iter().enumerate() {
            let from = std::net::Ipv4Addr::new(81, n as u8, 0, 0);
            let to = std::net::Ipv4Addr::new(81, n as u8, 255, 255);
            builder.add(from.into(), to.into(), &map([("country_code", text(code))])).unwrap();
        }
        let whole = builder.finish().unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            if let Ok(database) = Database::from_bytes("damaged.mmdb", bytes) {
                let places = Places::of(vec![database]);
                for address in ["81.0.0.1", "81.3.9.9", "2a02::1"] {
                    let _ = places.look_up(address);
                }
            }
        }
    }
}
