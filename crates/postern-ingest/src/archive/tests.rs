use super::*;

#[test]
fn names_are_places_inside_or_refused() {
    for (name, place_name, kind) in [
        ("a.csv", "a.csv", Place::Inside),
        ("./inner//a b.csv", "inner/a b.csv", Place::Inside),
        ("inner\\deep\\a.csv", "inner/deep/a.csv", Place::Inside),
        ("a..b/c", "a..b/c", Place::Inside),
        ("inner/.DS_Store", "inner/.DS_Store", Place::Hidden),
        ("__MACOSX/a.csv", "__MACOSX/a.csv", Place::Hidden),
        ("/etc/passwd", "/etc/passwd", Place::Outside),
        ("\\\\server\\share", "//server/share", Place::Outside),
        ("C:\\x", "C:/x", Place::Outside),
        ("../a", "../a", Place::Outside),
        ("a/..\\..\\b", "a/../../b", Place::Outside),
        ("", "", Place::Outside),
        ("./", "./", Place::Outside),
    ] {
        assert_eq!(place(name), (place_name.to_owned(), kind), "{name}");
    }
}
