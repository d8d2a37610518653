//! Where addresses are, in the columns that a table has for it: filled as rows come in, and anew in a store when there
//! is a new database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_lake::{Lake, LakeError, TextRow};
use postern_model::row::{Row, Value};
use postern_model::schema::{PlaceColumns, PlaceFact, Schemas, TableSchema};
use postern_places::{Kind, Place, Places};

use crate::format::{Mapped, Mapper, Record};

/// Text cells of one row.
trait Cells {
    fn text(&self, at: usize) -> &str;
    fn set(&mut self, at: usize, text: String);
}

impl Cells for [Value] {
    fn text(&self, at: usize) -> &str {
        self.get(at).and_then(Value::text).unwrap_or_default()
    }

    fn set(&mut self, at: usize, text: String) {
        if let Some(cell) = self.get_mut(at) {
            *cell = Value::String(text);
        }
    }
}

impl Cells for TextRow<'_> {
    fn text(&self, at: usize) -> &str {
        self.get(at)
    }

    fn set(&mut self, at: usize, text: String) {
        self.replace(at, text);
    }
}

/// A cell for something that is known of an address.
struct Target {
    at: usize,
    fact: PlaceFact,
    name: String,
}

/// Where the cells of one table are.
struct Cut {
    addresses: Vec<usize>,
    kind: Option<usize>,
    looked_up: Option<usize>,
    targets: Vec<Target>,
}

impl Cut {
    /// `place` says where a column is.
    fn new(columns: &PlaceColumns, place: impl Fn(&str) -> Option<usize>) -> Self {
        let of = |name: &Option<String>| name.as_deref().and_then(&place);
        Self {
            addresses: place(&columns.address).into_iter().chain(of(&columns.otherwise)).collect(),
            kind: of(&columns.kind),
            looked_up: of(&columns.looked_up),
            targets: columns
                .columns
                .iter()
                .filter_map(|(name, fact)| Some(Target { at: place(name)?, fact: *fact, name: name.clone() }))
                .collect(),
        }
    }

    /// Fills what the source left empty. Where the source names another country, nothing else of that place is put
    /// beside it.
    fn fill(&self, places: &Places, cells: &mut (impl Cells + ?Sized)) {
        let address = self.addresses.iter().map(|at| cells.text(*at)).find(|text| !text.is_empty());
        let Some(place) = address.and_then(|text| places.look_up(text)) else { return };
        if let Some(at) = self.kind {
            cells.set(at, place.kind.word().to_owned());
        }
        if place.kind != Kind::Public {
            return;
        }
        let given = self.targets.iter().filter(|target| target.fact == PlaceFact::Country).map(|t| cells.text(t.at));
        let elsewhere = given.filter(|text| !text.is_empty()).any(|text| place.country.as_deref() != Some(text));
        let mut names = String::new();
        for Target { at, fact, name } in &self.targets {
            if !cells.text(*at).is_empty() || (elsewhere && is_place(*fact)) {
                continue;
            }
            let Some(text) = text(&place, *fact) else { continue };
            cells.set(*at, text);
            if self.looked_up.is_some() {
                if !names.is_empty() {
                    names.push(',');
                }
                names.push_str(name);
            }
        }
        if let Some(at) = self.looked_up
            && !names.is_empty()
        {
            cells.set(at, names);
        }
    }

    /// Empties what was looked up before.
    fn forget(&self, cells: &mut impl Cells) {
        let before = self.looked_up.map(|at| cells.text(at).to_owned());
        for Target { at, name, .. } in &self.targets {
            let ours = before.as_ref().is_none_or(|names| names.split(',').any(|one| one == name));
            if ours && !cells.text(*at).is_empty() {
                cells.set(*at, String::new());
            }
        }
        for at in [self.kind, self.looked_up].into_iter().flatten() {
            if !cells.text(at).is_empty() {
                cells.set(at, String::new());
            }
        }
    }
}

fn is_place(fact: PlaceFact) -> bool {
    !matches!(fact, PlaceFact::Asn | PlaceFact::Network)
}

fn text(place: &Place, fact: PlaceFact) -> Option<String> {
    match fact {
        PlaceFact::Country => place.country.clone(),
        PlaceFact::State => place.state.clone(),
        PlaceFact::City => place.city.clone(),
        PlaceFact::Latitude => place.latitude.map(|degrees| degrees.to_string()),
        PlaceFact::Longitude => place.longitude.map(|degrees| degrees.to_string()),
        PlaceFact::Asn => place.asn.map(|number| number.to_string()),
        PlaceFact::Network => place.network.clone(),
    }
}

/// A mapper whose rows say where their addresses are.
struct Located {
    mapper: Box<dyn Mapper>,
    places: Arc<Places>,
    tables: Vec<(Arc<TableSchema>, Cut)>,
}

/// Adds the places of addresses to what a mapper gives.
pub(crate) fn located(mapper: Box<dyn Mapper>, schemas: &Schemas, places: Option<&Arc<Places>>) -> Arc<dyn Mapper> {
    let Some(places) = places else { return Arc::from(mapper) };
    let cut = |table: &Arc<TableSchema>| {
        let columns = table.places.as_ref()?;
        Some((Arc::clone(table), Cut::new(columns, |name| table.index_of(name))))
    };
    let tables = schemas.iter().filter_map(cut).collect();
    Arc::new(Located { mapper, places: Arc::clone(places), tables })
}

impl Located {
    fn fill(&self, mut mapped: Mapped) -> Mapped {
        let rows = match &mut mapped {
            Mapped::Row(row) => std::slice::from_mut(row.as_mut()),
            Mapped::Rows(rows) => rows.as_mut_slice(),
            Mapped::Reject(_) | Mapped::Later => &mut [],
        };
        for Row { table, values, .. } in rows {
            if let Some((_, cut)) = self.tables.iter().find(|(known, _)| Arc::ptr_eq(known, table)) {
                cut.fill(&self.places, values.as_mut_slice());
            }
        }
        mapped
    }
}

impl Mapper for Located {
    fn map(&self, record: &mut Record<'_>) -> Mapped {
        self.fill(self.mapper.map(record))
    }

    fn map_late(&self, record: &mut Record<'_>) -> Mapped {
        self.fill(self.mapper.map_late(record))
    }

    fn notes(&self) -> Vec<String> {
        self.mapper.notes()
    }
}

/// What a look-up over a whole store changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlacesUpdate {
    /// Rows with an address that were looked at.
    pub rows: u64,
    /// Rows that now say something else.
    pub changed: u64,
}

/// Looks all addresses of a store up again. What a source gave stays; what was looked up before is replaced. All
/// tables change in one commit, or none does.
pub async fn update_places(lake: &Lake, places: &Arc<Places>) -> Result<PlacesUpdate, LakeError> {
    let mut cuts: BTreeMap<String, Cut> = BTreeMap::new();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in lake.schemas().iter() {
        let Some(place_columns) = &table.places else { continue };
        let names: BTreeSet<&String> = place_columns.names().collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let cut = Cut::new(place_columns, |name| names.iter().position(|known| known == name));
        cuts.insert(table.name.clone(), cut);
        columns.insert(table.name.clone(), names);
    }
    let places = Arc::clone(places);
    let change = move |table: &str, row: &mut TextRow<'_>| {
        if let Some(cut) = cuts.get(table) {
            cut.forget(row);
            cut.fill(&places, row);
        }
    };
    let rewritten = lake.rewrite(columns, Arc::new(change)).await?;
    Ok(PlacesUpdate { rows: rewritten.rows, changed: rewritten.changed })
}
