//! Which files a list of paths means.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A path met on the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file to read.
    File { path: PathBuf, size: u64 },
    /// Something that is passed over, and why.
    Skipped { path: PathBuf, why: String },
    /// Something that cannot be read, and why.
    Unreadable { path: PathBuf, why: String },
}

/// Walks the paths: files as they are, folders in order of name. Hidden entries below a named folder are passed over,
/// links to folders are followed once, `exclude` (the store itself) is left out.
pub(crate) fn walk(paths: &[PathBuf], exclude: Option<&Path>) -> Vec<Found> {
    let mut walk =
        Walk { found: Vec::new(), folders: HashSet::new(), exclude: exclude.and_then(|p| p.canonicalize().ok()) };
    for path in paths {
        walk.visit(path, 0);
    }
    walk.found
}

/// Folders nested deeper than this are not entered.
const MAX_FOLDERS: usize = 64;

struct Walk {
    found: Vec<Found>,
    /// Folders entered, by their real paths.
    folders: HashSet<PathBuf>,
    exclude: Option<PathBuf>,
}

impl Walk {
    fn skip(&mut self, path: &Path, why: &str) {
        self.found.push(Found::Skipped { path: path.to_owned(), why: why.to_owned() });
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.found.push(Found::Unreadable { path: path.to_owned(), why: plain(error) });
    }

    fn visit(&mut self, path: &Path, depth: usize) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(path, &error),
        };
        if metadata.is_file() {
            self.found.push(Found::File { path: path.to_owned(), size: metadata.len() });
        } else if metadata.is_dir() {
            self.enter(path, depth);
        } else {
            self.skip(path, "neither a file nor a folder");
        }
    }

    fn enter(&mut self, path: &Path, depth: usize) {
        if depth >= MAX_FOLDERS {
            return self.skip(path, "the folder is nested too deep");
        }
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.unreadable(path, &error),
        };
        if self.exclude.as_ref() == Some(&real) {
            return self.skip(path, "this is the store");
        }
        if !self.folders.insert(real) {
            return self.skip(path, "this folder was read already under another path");
        }
        let mut entries = Vec::new();
        match fs::read_dir(path) {
            Ok(listing) => {
                for entry in listing {
                    match entry {
                        Ok(entry) => entries.push(entry.path()),
                        Err(error) => self.unreadable(path, &error),
                    }
                }
            }
            Err(error) => return self.unreadable(path, &error),
        }
        entries.sort();
        if entries.is_empty() {
            self.skip(path, "the folder is empty");
        }
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if hidden {
                self.skip(&entry, "hidden, not read");
            } else {
                self.visit(&entry, depth + 1);
            }
        }
    }
}

/// What the system said, without its error number.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_in_order_and_names_what_it_passes_over() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for folder in ["b", "a/empty", "store"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["z.csv", "b/2.csv", "b/1.csv", "b/.hidden", "store/x"] {
            fs::write(root.join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("b/dead")).unwrap();
        let found = walk(&[root.to_owned()], Some(&root.join("store")));
        let lines: Vec<String> = found
            .iter()
            .map(|f| {
                let name = |p: &Path| p.strip_prefix(root).unwrap().display().to_string();
                match f {
                    Found::File { path, size } => format!("{} {size}", name(path)),
                    Found::Skipped { path, why } | Found::Unreadable { path, why } => format!("{}: {why}", name(path)),
                }
            })
            .collect();
        assert_eq!(
            lines,
            [
                "a/empty: the folder is empty",
                "b/.hidden: hidden, not read",
                "b/1.csv 1",
                "b/2.csv 1",
                "b/dead: no such file or directory",
                "b/loop: this folder was read already under another path",
                "store: this is the store",
                "z.csv 1",
            ]
        );
    }
}
