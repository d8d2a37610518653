//! Reads content from the program and from a folder laid over it, and checks it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use include_dir::{Dir, include_dir};
use postern_kql::types::Const;
use serde::de::DeserializeOwned;

use super::{Detection, List, Playbook, SharedQuestions};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../content");

/// Largest content file that is read from a folder.
const MAX_FILE: u64 = 4 << 20;

/// Detections, playbooks and lists.
#[derive(Debug, Clone, Default)]
pub struct Content {
    detections: BTreeMap<String, Detection>,
    playbooks: BTreeMap<String, Playbook>,
    shared: BTreeMap<String, Vec<super::Question>>,
    lists: BTreeMap<String, List>,
}

/// Content that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A file or folder could not be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// Where.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not of the expected shape.
    #[error("`{file}`: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

impl Content {
    /// The content compiled into the program.
    pub fn builtin() -> Result<Self, ContentError> {
        let mut files = Vec::new();
        gather_builtin(&BUILTIN, &mut files);
        let mut content = Self::default();
        content.add(files)?;
        Ok(content)
    }

    /// The same with a folder laid over it: `detections/`, `playbooks/` and `lists/` as built in; what has the same id
    /// (a list: the same name) replaces.
    pub fn with_overlay(mut self, dir: &Path) -> Result<Self, ContentError> {
        let mut files = Vec::new();
        for part in ["detections", "playbooks", "lists"] {
            let folder = dir.join(part);
            if folder.is_dir() {
                gather_folder(dir, &folder, &mut files, 0)?;
            }
        }
        self.add(files)?;
        Ok(self)
    }

    /// Detections in order of name.
    pub fn detections(&self) -> impl Iterator<Item = &Detection> {
        let mut all: Vec<&Detection> = self.detections.values().collect();
        all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        all.into_iter()
    }

    /// The playbook of this id.
    pub fn playbook(&self, id: &str) -> Option<&Playbook> {
        self.playbooks.get(id)
    }

    /// All playbooks.
    pub fn playbooks(&self) -> impl Iterator<Item = &Playbook> {
        self.playbooks.values()
    }

    /// The list of this name.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.get(name)
    }

    /// The values that queries may use by the names of lists.
    pub fn list_params(&self) -> Vec<(String, Const)> {
        let mut params = Vec::with_capacity(self.lists.len() * 2);
        for list in self.lists.values() {
            params.push((list.name.clone(), crate::params::array(&list.values)));
            params.push((format!("{}_pattern", list.name), Const::String(list.pattern())));
        }
        params
    }

    fn add_detection(&mut self, path: &str, text: &str) -> Result<(), ContentError> {
        let detection: Detection = yaml(path, text)?;
        if postern_kql::gives_several(&detection.query) {
            let reason = "the query gives several results; every row of a detection is an alert, so there can be one";
            return Err(ContentError::Invalid { file: path.to_owned(), reason: reason.to_owned() });
        }
        self.detections.insert(detection.id.clone(), detection);
        Ok(())
    }

    fn add(&mut self, files: Vec<(String, String)>) -> Result<(), ContentError> {
        let mut playbooks = Vec::new();
        for (path, text) in files {
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                ["detections", _, "detection.yaml"] => self.add_detection(&path, &text)?,
                ["detections", name] if is(name, "yaml") => self.add_detection(&path, &text)?,
                ["playbooks", "shared", name] if is(name, "yaml") => {
                    let shared: SharedQuestions = yaml(&path, &text)?;
                    self.shared.insert(name.trim_end_matches(".yaml").to_owned(), shared.questions);
                }
                ["playbooks", _, "playbook.yaml"] => playbooks.push((path.clone(), yaml::<Playbook>(&path, &text)?)),
                ["lists", name] if is(name, "toml") => {
                    let list: List = toml::from_str(&text)
                        .map_err(|e| ContentError::Invalid { file: path.clone(), reason: e.to_string() })?;
                    self.lists.insert(list.name.clone(), list);
                }
                _ => {}
            }
        }
        for (path, mut playbook) in playbooks {
            for name in &playbook.include {
                let shared = self.shared.get(name).ok_or_else(|| ContentError::Invalid {
                    file: path.clone(),
                    reason: format!("there is no file of shared questions `{name}`"),
                })?;
                playbook.questions.extend(shared.iter().cloned());
            }
            check(&path, &playbook)?;
            self.playbooks.insert(playbook.id.clone(), playbook);
        }
        for detection in self.detections.values() {
            if let Some(ours) = &detection.postern
                && !self.playbooks.contains_key(&ours.playbook)
            {
                return Err(ContentError::Invalid {
                    file: detection.name.clone(),
                    reason: format!("there is no playbook `{}`", ours.playbook),
                });
            }
        }
        Ok(())
    }
}

/// True when a file has this extension.
fn is(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == extension)
}

fn check(path: &str, playbook: &Playbook) -> Result<(), ContentError> {
    let invalid = |reason: String| Err(ContentError::Invalid { file: path.to_owned(), reason });
    let mut ids = BTreeSet::new();
    for question in &playbook.questions {
        if !ids.insert(question.id.as_str()) {
            return invalid(format!("two questions have the id `{}`", question.id));
        }
        if question.ready.is_some() && (question.lacks.is_none() || question.needs.is_none()) {
            return invalid(format!("question `{}` has `ready` but not both `lacks` and `needs`", question.id));
        }
        for outcome in std::iter::once(&question.fires).chain(&question.quiet) {
            if !outcome.weight.is_finite() || outcome.weight.abs() > 40.0 {
                return invalid(format!("question `{}`: a weight must lie between -40 and 40", question.id));
            }
        }
    }
    let Some(order) = playbook.thresholds.true_positive.partial_cmp(&playbook.thresholds.benign) else {
        return invalid("the thresholds are not numbers".to_owned());
    };
    if order != std::cmp::Ordering::Greater || !(0.0..=1.0).contains(&playbook.thresholds.true_positive) {
        return invalid("the thresholds must be probabilities, benign below true_positive".to_owned());
    }
    Ok(())
}

fn yaml<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, ContentError> {
    serde_saphyr::from_str(text).map_err(|e| ContentError::Invalid { file: path.to_owned(), reason: e.to_string() })
}

fn gather_builtin(dir: &Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            files.push((file.path().display().to_string().replace('\\', "/"), text.to_owned()));
        }
    }
    for sub in dir.dirs() {
        gather_builtin(sub, files);
    }
}

fn gather_folder(root: &Path, dir: &Path, files: &mut Vec<(String, String)>, depth: usize) -> Result<(), ContentError> {
    let io = |path: &Path, source| ContentError::Io { path: path.display().to_string(), source };
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).map_err(|e| io(dir, e))?.filter_map(Result::ok).map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if depth < 4 {
                gather_folder(root, &path, files, depth + 1)?;
            }
            continue;
        }
        let known = path.extension().is_some_and(|e| e == "yaml" || e == "toml");
        if !known || std::fs::metadata(&path).map_err(|e| io(&path, e))?.len() > MAX_FILE {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| io(&path, e))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string().replace('\\', "/");
        files.push((name, text));
    }
    Ok(())
}
