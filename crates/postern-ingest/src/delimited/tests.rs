use std::io::Cursor;

use super::*;

fn cut(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    cut_with(DelimitedSplitter::new(Box::new(Cursor::new(text.as_bytes().to_vec()))))
}

fn cut_with(mut splitter: DelimitedSplitter) -> (Vec<String>, Vec<String>, Vec<String>) {
    let header = splitter.columns().names.clone();
    let delimiter = splitter.columns().delimiter;
    let mut found = Vec::new();
    while let Some(batch) = splitter.next_batch() {
        for item in batch.items {
            match item {
                Item::Record { position, start, end, .. } => {
                    assert_eq!(position as usize, found.len() + 1);
                    let text = std::str::from_utf8(&batch.bytes[start..end]).unwrap();
                    let mut cells = Vec::new();
                    split_cells(text, delimiter, &mut cells);
                    found.push(cells.join("|"));
                }
                Item::Broken { position, reason, .. } => {
                    assert_eq!(position as usize, found.len() + 1);
                    found.push(format!("! {reason}"));
                }
            }
        }
    }
    (header, found, splitter.notes())
}

#[test]
fn reads_headers_in_every_shape() {
    for text in [
        "A,B\r\n1,2\r\n",
        "\u{feff}\"A\",\"B\"\n1,2",
        "#TYPE Deserialized.Some.Class\r\n\"A\",\"B\"\r\n\"1\",\"2\"\r\n",
        "sep=;\r\nA;B\r\n1;2\r\n",
        "A;B\r\n1;2\r\n",
        "A\tB\n1\t2\n",
        "\r\n\r\n A , B \r\n1,2\r\n",
    ] {
        let (header, found, _) = cut(text);
        assert_eq!((header, found), (vec!["A".to_owned(), "B".to_owned()], vec!["1|2".to_owned()]), "{text:?}");
    }
    assert_eq!(cut("").0, [""; 1][..0].to_vec().into_iter().chain([""]).collect::<Vec<_>>());
}

#[test]
fn names_are_found_whatever_their_case_and_blanks() {
    let columns = Columns::new(b',', &["Application ID ", "Autonomous system  number", "Type", "Type"], None);
    assert_eq!(columns.find("application id"), Some(0));
    assert_eq!(columns.find("Autonomous System Number"), Some(1));
    assert_eq!(columns.find("type"), Some(2));
    assert!(columns.have(&["Type", "Application ID"]) && !columns.have(&["Type", "Other"]));
}

#[test]
fn repeated_headers_and_marks_are_no_records() {
    let (_, found, notes) =
        cut("\"A\",\"B\"\r\n1,2\r\n\u{feff}\"A\",\"B\"\r\n3,4\r\n#TYPE X\r\n\"a\",\"b\"\r\n\r\n5,6\r\nA,other\r\n");
    assert_eq!(found, ["1|2", "3|4", "5|6", "A|other"]);
    assert!(notes[0].contains("within the file: 3"), "{notes:?}");
}

#[test]
fn cells_may_hold_lines_and_megabytes() {
    let big = "{\r\n  \"\"a\"\": 1\r\n}\n".repeat(200_000);
    let (_, found, notes) = cut(&format!("A,B\r\n1,\"{big}\"\r\n3,4\r\n"));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].len(), 2 + big.replace("\"\"", "\"").len());
    assert!(notes.is_empty());
}

#[test]
fn a_broken_quote_costs_one_record() {
    for (text, broken, reason) in [
        (
            "A,B\r\n1,2\r\n3,\"cut\r\n\"5\",\"6\"\r\n7,8\r\n",
            1,
            "text follows a closing quote (record begins at line 3)",
        ),
        ("A,B\n1,2\n\"3\"x,4\n5,6\n7,8\n", 1, "text follows a closing quote (record begins at line 3)"),
        ("A,B\n1,2\n5,6\n7,8\n9,\"cut", 3, "a quote is never closed (record begins at line 5)"),
        ("A,B\n1,2\n3,\"cut\n5,6\n7,8\n", 1, "a quote is never closed (record begins at line 3)"),
    ] {
        let (_, found, _) = cut(text);
        assert_eq!(found.len(), 4, "{text:?}: {found:?}");
        assert_eq!(found[broken], format!("! {reason}"), "{text:?}");
        assert!(found.contains(&"5|6".to_owned()) && found.contains(&"7|8".to_owned()), "{found:?}");
    }
}

#[test]
fn a_quote_that_stays_open_for_megabytes_is_found_out() {
    let lines = "1,2\n".repeat(1_000_000);
    let (_, found, _) = cut(&format!("A,B\n1,\"open\n{lines}"));
    assert_eq!(found.len(), 1_000_001);
    assert_eq!(found[0], "! a quote is never closed (record begins at line 2)");
}

#[test]
fn lines_with_too_few_or_many_cells_are_counted() {
    let (_, found, notes) = cut("A,B\n1\n1,2,3\n");
    assert_eq!(found, ["1", "1|2|3"]);
    assert_eq!(notes.len(), 2);
}

mod whatever_the_batches {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_records_are_the_same(text in "(A,B\n)?([a\",\n]|1,2\n|\"x\",\"y\"\n){0,60}", chunk in 1_usize..40) {
            let open = || DelimitedSplitter::new(Box::new(Cursor::new(text.clone().into_bytes())));
            let whole = cut_with(open());
            let mut small = open();
            small.window.chunk = (chunk, 1);
            prop_assert_eq!(cut_with(small), whole);
        }
    }
}

#[test]
fn a_line_of_a_gigabyte_is_one_reject_in_bounded_memory() {
    // A stream: neither a file nor the memory ever holds it.
    let long = Cursor::new(b"A,B\n1,2\n3,\"".to_vec()).chain(std::io::repeat(b'x').take(1 << 30));
    let input = long.chain(Cursor::new(b"\"\n5,6\n".to_vec()));
    let (records, broken) = crate::batch::cut_in_bounded_memory(&mut DelimitedSplitter::new(Box::new(input)));
    assert_eq!(records.first().map(Vec::as_slice), Some(&b"1,2"[..]));
    assert_eq!(records.last().map(|r| r.trim_ascii_end()), Some(&b"5,6"[..]));
    assert!((1..100).contains(&broken.len()), "{}", broken.len());
    assert!(broken[0].contains("64 MiB"), "{}", broken[0]);
}
