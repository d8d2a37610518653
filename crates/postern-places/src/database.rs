//! One MMDB file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Place, PlacesError};

/// Addresses tried to see what a database says: some of its first blocks are enough.
const SAMPLE: usize = 64;

/// One address database.
pub struct Database {
    path: PathBuf,
    reader: Reader<Vec<u8>>,
    countries: bool,
    networks: bool,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, PlacesError> {
        let bytes = std::fs::read(path).map_err(|source| PlacesError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(path, bytes)
    }

    /// A database in memory; the path is what it is called.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, PlacesError> {
        let path = path.into();
        let broken =
            |error: maxminddb::MaxMindDbError| PlacesError::Broken { path: path.clone(), reason: error.to_string() };
        let reader = Reader::from_source(bytes).map_err(broken)?;
        let mut database = Self { path: path.clone(), reader, countries: false, networks: false };
        let (countries, networks) = database.sample().map_err(broken)?;
        if !countries && !networks {
            return Err(PlacesError::NoPlaces { path, kind: database.kind().to_owned() });
        }
        (database.countries, database.networks) = (countries, networks);
        Ok(database)
    }

    /// Whether the first entries name countries and networks.
    fn sample(&self) -> Result<(bool, bool), maxminddb::MaxMindDbError> {
        let (mut countries, mut networks) = (false, false);
        for found in self.reader.networks(maxminddb::WithinOptions::default())?.take(SAMPLE) {
            let Some(entry) = found?.decode::<Entry>()? else { continue };
            let mut place = Place::of(crate::Kind::Public);
            entry.fill(&mut place);
            countries |= place.country.is_some();
            networks |= place.asn.is_some() || place.network.is_some();
            if countries && networks {
                break;
            }
        }
        Ok((countries, networks))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the database calls itself.
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When it was built, in seconds since 1970; `None` where it does not say.
    pub fn built(&self) -> Option<i64> {
        i64::try_from(self.reader.metadata().build_epoch).ok().filter(|seconds| *seconds > 0)
    }

    /// It names countries.
    pub fn has_countries(&self) -> bool {
        self.countries
    }

    /// It names networks.
    pub fn has_networks(&self) -> bool {
        self.networks
    }

    /// Adds what is not known yet of a public address. An entry that cannot be read says nothing.
    pub(crate) fn fill(&self, address: IpAddr, place: &mut Place) {
        let entry = self.reader.lookup(address).ok().and_then(|found| found.decode::<Entry>().ok()).flatten();
        if let Some(entry) = entry {
            entry.fill(place);
        }
    }
}

/// What the known shapes of databases say of an address: GeoLite2's nested maps, and flat ones.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    country: Named,
    registered_country: Named,
    country_code: Named,
    city: Named,
    subdivisions: Vec<Named>,
    state1: Named,
    location: Location,
    latitude: Number,
    longitude: Number,
    autonomous_system_number: Number,
    autonomous_system_organization: Named,
    isp: Named,
    organization: Named,
    asn: Number,
    as_name: Named,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    latitude: Number,
    longitude: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names {
    iso_code: String,
    names: BTreeMap<String, String>,
}

/// A thing with a name: the name alone, or a map with names by language.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named {
    Text(String),
    Names(Names),
    Other(IgnoredAny),
}

impl Default for Named {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

/// A number, which some databases write as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(u32),
    Real(f64),
    Text(String),
    Other(IgnoredAny),
}

impl Default for Number {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl Named {
    fn name(&self) -> Option<&str> {
        let name = match self {
            Self::Text(text) => Some(text.as_str()),
            Self::Names(names) => names.names.get("en").or_else(|| names.names.values().next()).map(String::as_str),
            Self::Other(_) => None,
        };
        name.map(str::trim).filter(|name| !name.is_empty())
    }

    /// The code of a country; what some lists write for "somewhere in Europe" or "unknown" is none.
    fn country(&self) -> Option<String> {
        let code = match self {
            Self::Text(text) => text.trim(),
            Self::Names(names) => names.iso_code.trim(),
            Self::Other(_) => return None,
        };
        let code = code.to_ascii_uppercase();
        let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        (is_code && !matches!(code.as_str(), "EU" | "AP" | "XX" | "ZZ")).then_some(code)
    }
}

impl Number {
    fn real(&self) -> Option<f64> {
        match self {
            Self::Whole(whole) => Some(f64::from(*whole)),
            Self::Real(real) => Some(*real),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Other(_) => None,
        }
        .filter(|real| real.is_finite())
    }

    /// The number of a network, which may be written `AS64500`; 0 is none.
    fn network(&self) -> Option<u32> {
        match self {
            Self::Whole(whole) => Some(*whole),
            Self::Text(text) => {
                let text = text.trim();
                text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text).parse().ok()
            }
            Self::Real(_) | Self::Other(_) => None,
        }
        .filter(|number| *number > 0)
    }
}

impl Entry {
    fn fill(&self, place: &mut Place) {
        fn first(field: &mut Option<String>, names: &[&Named]) {
            if field.is_none() {
                *field = names.iter().find_map(|name| name.name()).map(str::to_owned);
            }
        }
        if place.country.is_none() {
            let given = [&self.country_code, &self.country, &self.registered_country];
            let found = given.into_iter().find_map(|named| Some((named.country()?, named)));
            if let Some((code, named)) = found {
                place.country = Some(code);
                // Of the nested shape alone: a flat one gives the code here.
                if let Named::Names(_) = named {
                    place.country_name = named.name().map(str::to_owned);
                }
            }
        }
        first(&mut place.city, &[&self.city]);
        first(&mut place.state, &[self.subdivisions.first().unwrap_or(&self.state1)]);
        if place.latitude.is_none() && place.longitude.is_none() {
            place.latitude = self.location.latitude.real().or_else(|| self.latitude.real());
            place.longitude = self.location.longitude.real().or_else(|| self.longitude.real());
        }
        if place.asn.is_none() && place.network.is_none() {
            place.asn = self.autonomous_system_number.network().or_else(|| self.asn.network());
            let names = [&self.autonomous_system_organization, &self.isp, &self.as_name, &self.organization];
            first(&mut place.network, &names);
        }
    }
}
