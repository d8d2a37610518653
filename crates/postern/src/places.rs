//! Which address databases the program uses: those of `--places`, else those of the environment, else those of the
//! user's own folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use postern_kql::catalog::AddressPlaces;
use postern_places::{Database, Kind, Places};
use serde_json::json;

use crate::commands::Globals;
use crate::failure::{Code, Failure};
use crate::screen::Screen;

/// The variable with the paths of databases or folders of them, separated as in `PATH`; set to nothing, none are used.
pub(crate) const VARIABLE: &str = "POSTERN_PLACES";

/// The folder for databases that are used when nothing else is said: `postern/places` where programs keep a user's
/// data.
pub(crate) fn folder() -> Option<PathBuf> {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else {
        from("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| from("HOME").map(|home| home.join(".local").join("share")))
    };
    data.map(|data| data.join("postern").join("places"))
}

/// Where the databases in use come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `--places`.
    Option,
    /// The environment.
    Variable,
    /// The user's own folder.
    Folder(PathBuf),
    /// There is no such folder on this system.
    Nowhere,
}

/// Opens the databases. One that was asked for must work; one that merely lies in the user's folder is left out with a
/// note when it does not.
pub(crate) fn open(globals: &Globals, screen: &Screen) -> Result<(Arc<Places>, Origin), Failure> {
    open_given(&globals.places, screen)
}

fn open_given(given: &[PathBuf], screen: &Screen) -> Result<(Arc<Places>, Origin), Failure> {
    let variable = std::env::var_os(VARIABLE);
    let (given, origin) = match (given, &variable) {
        ([], None) => (Vec::new(), folder().map_or(Origin::Nowhere, Origin::Folder)),
        ([], Some(value)) => (paths(value), Origin::Variable),
        (given, _) => (given.to_vec(), Origin::Option),
    };
    if let Origin::Folder(folder) = &origin {
        let mut databases = Vec::new();
        for file in if folder.is_dir() { inside(folder)? } else { Vec::new() } {
            match Database::open(&file) {
                Ok(database) => databases.push(database),
                Err(error) => screen.note(&format!("note: left out: {error}")),
            }
        }
        return Ok((Arc::new(Places::of(databases)), origin));
    }
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() { files.extend(inside(&path)?) } else { files.push(path) }
    }
    let places = Places::open(&files).map_err(|error| Failure::run(Code::Input, error.to_string()))?;
    Ok((Arc::new(places), origin))
}

/// What queries may ask. Databases that are not named by `--places` are opened when a query first asks: most never do.
pub(crate) fn for_queries(globals: &Globals, screen: &Screen) -> Result<AddressPlaces, Failure> {
    let opened: OnceLock<Option<Arc<Places>>> = OnceLock::new();
    if !globals.places.is_empty() {
        let (places, _) = open(globals, screen)?;
        // It was made a moment ago and is empty.
        let _ = opened.set(Some(places));
    }
    let screen = *screen;
    Ok(AddressPlaces::new(move |address| {
        let open = || match open_given(&[], &screen) {
            Ok((places, _)) => Some(places),
            Err(failure) => {
                screen.note(&format!("note: {}", failure.sentence));
                None
            }
        };
        place(opened.get_or_init(open).as_ref()?, address)
    }))
}

/// Where an address is, in the shape of the query language's documentation.
fn place(places: &Places, address: &str) -> Option<String> {
    let place = places.look_up(address).filter(|place| place.kind == Kind::Public)?;
    let country = place.country_name.as_deref().or(place.country.as_deref());
    if country.is_none() && place.latitude.is_none() {
        return None;
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut found = json!({
        "country": text(country),
        "state": text(place.state.as_deref()),
        "city": text(place.city.as_deref()),
    });
    if let (Some(latitude), Some(longitude), Some(found)) = (place.latitude, place.longitude, found.as_object_mut()) {
        found.insert("latitude".to_owned(), json!(latitude));
        found.insert("longitude".to_owned(), json!(longitude));
    }
    Some(found.to_string())
}

fn paths(value: &OsString) -> Vec<PathBuf> {
    std::env::split_paths(value).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// The databases of a folder, in order of name.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::input(folder, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mmdb")) && path.is_file())
        .filter(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')))
        .collect();
    files.sort();
    Ok(files)
}
