//! `postern places`: where addresses are, by the databases on this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use postern_investigate::{HuntOptions, hunt_in};
use postern_lake::Lake;
use postern_model::schema::{PlaceColumns, PlaceFact};
use postern_model::time::Ticks;
use postern_places::{Builder, Database, Kind, Place, Places as Databases, convert};
use serde::Serialize;
use serde_json::json;

use super::{Globals, time};
use crate::failure::{Code, Failure, chain};
use crate::output::{self, Grid};
use crate::places::{self, Origin, VARIABLE};
use crate::screen::Screen;
use crate::text::{count, visible};

/// Arguments of `postern places`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Places {
    #[command(subcommand)]
    action: Option<Action>,
    /// Addresses to look up; with --data, how many of the store's addresses have a country is shown too
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Put databases into the folder that is used when nothing else is said
    Add(Add),
    /// Look all addresses of a store up again, after there is a new database
    Update(Update),
}

#[derive(Debug, Args)]
struct Add {
    /// MMDB files, or CSV tables with `first,last,country` or `first,last,number,network` per line
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// When a CSV table was made; the file's own time by default
    #[arg(long, value_name = "TIME", value_parser = time)]
    built: Option<Ticks>,
    /// Put them here instead
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Update {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// The most different addresses of one table that are counted.
const COUNTED: usize = 4_000_000;

/// Runs `postern places`.
pub(crate) async fn run(command: Places, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    match &command.action {
        Some(Action::Add(add)) => self::add(add, screen),
        Some(Action::Update(update)) => self::update(update, globals, screen).await,
        None => show(&command, globals, screen).await,
    }
}

async fn show(command: &Places, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    let (places, origin) = places::open(globals, screen)?;
    let mut found = Vec::new();
    for text in &command.addresses {
        let place = places.look_up(text).ok_or_else(|| {
            Failure::usage(Code::Arguments, format!("`{}` is no address", visible(text)))
                .hint("an IPv4 or IPv6 address, with or without port; names are never looked up")
        })?;
        found.push((text.as_str(), place));
    }
    let held = match &globals.data {
        Some(folder) => Some(held(&Lake::open_existing(folder).await?, &places).await?),
        None => None,
    };
    if command.json {
        let addresses: Vec<_> = found.iter().map(|(text, place)| json!({"address": text, "place": **place})).collect();
        let databases: Vec<_> = places.databases().iter().map(as_json).collect();
        return output::print_json(&json!({"databases": databases, "addresses": addresses, "store": held}));
    }
    let mut out = String::new();
    if found.is_empty() {
        out.push_str(&databases(&places, &origin));
    } else {
        let mut grid = Grid::new(["Address", "Kind", "Country", "State", "City", "Network"]);
        for (text, place) in &found {
            grid.row(cells(text, place));
        }
        out.push_str(&grid.render_lines());
        if places.databases().is_empty() {
            let _ = writeln!(out, "\n{}", without(&origin));
        }
    }
    if let Some(held) = &held {
        let _ = write!(out, "\n{}", held.render());
    }
    output::print(&out)
}

fn cells(text: &str, place: &Place) -> Vec<String> {
    let shown = |text: &Option<String>| text.as_deref().map(|text| visible(text).into_owned()).unwrap_or_default();
    let network = match (place.asn, &place.network) {
        (Some(number), Some(name)) => format!("AS{number} {}", visible(name)),
        (Some(number), None) => format!("AS{number}"),
        (None, name) => shown(name),
    };
    let Place { country, state, city, .. } = place;
    let kind = place.kind.word().to_owned();
    vec![visible(text).into_owned(), kind, shown(country), shown(state), shown(city), network]
}

fn date(database: &Database) -> Option<String> {
    let built = Ticks::from_unix_nanos(database.built()?.checked_mul(1_000_000_000)?);
    Some(built.to_string().chars().take(10).collect())
}

fn as_json(database: &Database) -> serde_json::Value {
    json!({
        "path": database.path(),
        "type": database.kind(),
        "built": date(database),
        "countries": database.has_countries(),
        "networks": database.has_networks(),
    })
}

fn databases(places: &Databases, origin: &Origin) -> String {
    if places.databases().is_empty() {
        return format!("{}\n", without(origin));
    }
    let mut grid = Grid::new(["Database", "Type", "Built", "Says"]);
    for database in places.databases() {
        let says = match (database.has_countries(), database.has_networks()) {
            (true, true) => "country, network",
            (true, false) => "country",
            _ => "network",
        };
        grid.row(vec![
            database.path().display().to_string(),
            visible(database.kind()).into_owned(),
            date(database).unwrap_or_default(),
            says.to_owned(),
        ]);
    }
    grid.render_lines()
}

fn without(origin: &Origin) -> String {
    let place = match origin {
        Origin::Option => "what --places names holds no address database".to_owned(),
        Origin::Variable => format!("{VARIABLE} names no address database"),
        Origin::Folder(folder) => format!("there is no address database in {}", folder.display()),
        Origin::Nowhere => "there is no address database".to_owned(),
    };
    format!(
        "{place}: countries and networks are only what the exports say.\n\
         `scripts/places.sh` brings free ones; `postern places add FILE` takes your own, such as GeoLite2."
    )
}

/// Addresses or rows, by what is known of them.
#[derive(Debug, Default, Serialize)]
struct Counts {
    public: u64,
    with_country: u64,
    with_network: u64,
    reserved: u64,
    vendor: u64,
}

impl Counts {
    fn add(&mut self, kind: Kind, country: bool, network: bool, many: u64) {
        match kind {
            Kind::Public => {
                self.public += many;
                self.with_country += if country { many } else { 0 };
                self.with_network += if network { many } else { 0 };
            }
            Kind::Reserved => self.reserved += many,
            Kind::Vendor => self.vendor += many,
        }
    }

    fn share(part: u64, of: u64) -> String {
        // Cut, not rounded: 100.0 % means all.
        (part * 1000).checked_div(of).map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share as f64 / 10.0))
    }

    fn row(&self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            self.public.to_string(),
            Self::share(self.with_country, self.public),
            Self::share(self.with_network, self.public),
            self.reserved.to_string(),
            self.vendor.to_string(),
        ]
    }
}

/// The addresses of a store.
#[derive(Debug, Default, Serialize)]
struct Held {
    addresses: Counts,
    rows: Counts,
    tables: BTreeMap<String, Counts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Held {
    fn render(&self) -> String {
        let mut grid = Grid::new(["Of the store's"]);
        for name in ["Public", "With country", "With network", "Private", "Vendor"] {
            grid.column(name, true);
        }
        grid.row(self.addresses.row("addresses"));
        grid.row(self.rows.row("rows"));
        for (table, counts) in &self.tables {
            grid.row(counts.row(&format!("rows of {table}")));
        }
        let mut out = grid.render_lines();
        for note in &self.notes {
            let _ = writeln!(out, "{note}");
        }
        out
    }
}

async fn held(lake: &Lake, places: &Databases) -> Result<Held, Failure> {
    let catalog = postern_investigate::catalog(lake).await?;
    let mut held = Held::default();
    let mut seen: BTreeMap<String, (Kind, bool, bool)> = BTreeMap::new();
    let filled = catalog.snapshot().summaries();
    for summary in &filled {
        let Some(columns) = lake.schemas().get(&summary.table).and_then(|table| table.places.as_ref()) else {
            continue;
        };
        let options = HuntOptions { max_rows: COUNTED, ..HuntOptions::default() };
        let text = question(&summary.table, columns);
        let result = hunt_in(&catalog, &text, &options).await;
        let result = result.map_err(|error| Failure::run(Code::Execution, chain(&error)))?;
        if result.any_truncated() {
            held.notes.push(format!("{} has more different addresses than are counted", summary.table));
        }
        let counts = held.tables.entry(summary.table.clone()).or_default();
        for row in result.objects() {
            let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            let Some(place) = places.look_up(text("Address")) else { continue };
            let many = row.get("Many").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let (country, network) = (!text("Country").is_empty(), !text("Network").is_empty());
            counts.add(place.kind, country, network, many);
            held.rows.add(place.kind, country, network, many);
            let known = seen.entry(text("Address").to_owned()).or_insert((place.kind, false, false));
            *known = (place.kind, known.1 || country, known.2 || network);
        }
    }
    for (kind, country, network) in seen.into_values() {
        held.addresses.add(kind, country, network, 1);
    }
    held.tables.retain(|_, counts| counts.public + counts.reserved + counts.vendor > 0);
    Ok(held)
}

/// Counts a table's stored rows by address, country and network.
fn question(table: &str, columns: &PlaceColumns) -> String {
    let address = match &columns.otherwise {
        Some(other) => format!("iff(isnotempty({0}), {0}, {other})", columns.address),
        None => columns.address.clone(),
    };
    let column =
        |wanted: PlaceFact| columns.columns.iter().find(|(_, fact)| **fact == wanted).map(|(name, _)| name.as_str());
    let country = column(PlaceFact::Country).unwrap_or("\"\"");
    let network = column(PlaceFact::Network).or_else(|| column(PlaceFact::Asn)).unwrap_or("\"\"");
    format!(
        "_{table} | project Address = {address}, Country = {country}, Network = {network} \
         | where isnotempty(Address) | summarize Many = count() by Address, Country, Network"
    )
}

async fn update(command: &Update, globals: &Globals, screen: &Screen) -> Result<(), Failure> {
    let Some(folder) = &globals.data else {
        return Err(
            Failure::usage(Code::Arguments, "`places update` needs a store").hint("give its folder with --data DIR")
        );
    };
    let (places, origin) = places::open(globals, screen)?;
    if places.databases().is_empty() {
        return Err(
            Failure::run(Code::NothingToRead, "there is nothing to look addresses up in").hint(without(&origin))
        );
    }
    let lake = Lake::open_existing(folder).await?;
    screen.progress("looking addresses up");
    let done = postern_ingest::update_places(&lake, &places).await;
    screen.progress("");
    let done = done?;
    if command.json {
        return output::print_json(&json!({"rows": done.rows, "changed": done.changed}));
    }
    let changed = count(done.changed, "row now says", "rows now say");
    output::print(&format!("{} looked at, {changed} something else\n", count(done.rows, "row", "rows")))
}

fn add(command: &Add, screen: &Screen) -> Result<(), Failure> {
    let folder = command.folder.clone().or_else(places::folder).ok_or_else(|| {
        Failure::usage(Code::Arguments, "it is not known where your data is").hint("name a folder with --folder DIR")
    })?;
    fs::create_dir_all(&folder).map_err(|error| Failure::output(&folder.display().to_string(), &error))?;
    for file in &command.files {
        let bytes = if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
            converted(file, command.built)?
        } else {
            fs::read(file).map_err(|error| Failure::input(file, &error))?
        };
        // Only what can be used is taken.
        let database = Database::from_bytes(file, bytes.clone());
        let database = database.map_err(|error| Failure::run(Code::Input, error.to_string()))?;
        let name = file.file_stem().unwrap_or_default();
        let mut target = folder.join(name).into_os_string();
        target.push(".mmdb");
        let target = PathBuf::from(target);
        super::investigate::write_file(&target, &bytes)?;
        let date = date(&database).map(|date| format!(", of {date}")).unwrap_or_default();
        screen.note(&format!("{}{date}", target.display()));
    }
    Ok(())
}

/// A CSV table as a database.
fn converted(file: &Path, built: Option<Ticks>) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::input(file, &error);
    let opened = fs::File::open(file).map_err(failed)?;
    let built = match built {
        Some(at) => u64::try_from(at.unix_nanos().unwrap_or(0) / 1_000_000_000).unwrap_or(0),
        None => opened
            .metadata()
            .and_then(|meta| meta.modified())
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_secs()),
    };
    let kind = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut builder = Builder::new(&kind, built);
    let done = convert(BufReader::with_capacity(1 << 20, opened), &mut builder).map_err(failed)?;
    if done.taken == 0 || done.skipped > done.taken {
        let sentence =
            format!("`{}` is no table of address ranges: {} of its lines are none", file.display(), done.skipped);
        return Err(Failure::run(Code::Input, sentence)
            .hint("a line is `first,last,country` or `first,last,number,network`, without quotes or with"));
    }
    builder.finish().map_err(|error| Failure::run(Code::Input, format!("`{}`: {error}", file.display())))
}
