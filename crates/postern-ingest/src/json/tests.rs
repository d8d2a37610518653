use std::io::Cursor;

use super::*;

/// What a text is cut into: records as they stand, broken stretches as `! reason`.
fn cut_with(mut splitter: JsonSplitter) -> (Vec<String>, Vec<String>) {
    let mut found = Vec::new();
    let mut positions = 0;
    while let Some(batch) = splitter.next_batch() {
        for item in batch.items {
            positions += 1;
            match item {
                Item::Record { position, start, end, member } => {
                    assert_eq!(position, positions);
                    let text = String::from_utf8_lossy(&batch.bytes[start..end]).into_owned();
                    found.push(member.map_or(text.clone(), |m| format!("{m}:{text}")));
                }
                Item::Broken { position, reason, start, end } => {
                    assert_eq!(position, positions);
                    assert!(start <= end && end <= batch.bytes.len());
                    found.push(format!("! {reason}"));
                }
            }
        }
    }
    (found, splitter.notes())
}

fn cut(text: &str) -> (Vec<String>, Vec<String>) {
    cut_with(JsonSplitter::new(Box::new(Cursor::new(text.as_bytes().to_vec()))))
}

#[test]
fn cuts_every_arrangement_of_values() {
    let three = ["{\"a\":1}", "{\"a\":[2]}", "{\"a\":\"]}\"}"];
    for text in [
        "{\"a\":1}\n{\"a\":[2]}\r\n\n{\"a\":\"]}\"}\n",
        "\u{feff}[{\"a\":1},{\"a\":[2]},{\"a\":\"]}\"}]",
        "[\n  {\"a\":1},\n  {\"a\":[2]}\n]\r\n\n[{\"a\":\"]}\"}]",
        "[{\"a\":1}]\u{feff}[{\"a\":[2]},null,{\"a\":\"]}\"}]",
        "{\"a\":1},\n{\"a\":[2]},\n{\"a\":\"]}\"}",
        "[[{\"a\":1},{\"a\":[2]}],[{\"a\":\"]}\"}]]",
        "{\"@odata.context\":\"x\",\"value\":[{\"a\":1},{\"a\":[2]},{\"a\":\"]}\"}],\"more\":{\"b\":[]}}",
        "{\"value\":[{\"a\":1}]}{\"value\":[{\"a\":[2]}]}\n{\"a\":\"]}\"}",
    ] {
        assert_eq!(cut(text), (three.map(str::to_owned).to_vec(), vec![]), "{text}");
    }
    assert_eq!(cut("").0, [""; 0]);
    assert_eq!(cut("1 \"x\" true").0, ["1", "\"x\"", "true"]);
}

#[test]
fn a_cut_file_gives_its_whole_records_and_one_reject() {
    let (found, notes) = cut("[{\"a\":1},\n {\"a\":2},\n {\"a\":\"lo");
    assert_eq!(found, ["{\"a\":1}", "{\"a\":2}", "! the file ends within this record (line 3, byte 21)"]);
    assert!(notes[0].contains("never closed"));
    assert_eq!(cut("{\"a\":").0, ["! the file ends within this record (line 1, byte 0)"]);
    assert_eq!(cut("{\"value\":[{\"a\":1}],\"b").0[1..], ["! the file ends within an object (line 1, byte 19)"]);
}

#[test]
fn a_broken_record_does_not_hide_the_next() {
    for (text, reason) in [
        ("{\"a\":1}\n{\"a\":\"cut\n{\"b\":2}\n", "a line end within a text at line 2"),
        ("{\"a\":1}\n{\"a\":2,\n{\"b\":2}\n", "a member name in quotes expected at line 3"),
        ("{\"a\":1}\nnonsense here\n{\"b\":2}\n", "a value expected at line 2"),
        ("[{\"a\":1},{\"a\":2,{\"b\":2}]", "a member name in quotes expected at line 1"),
        (
            "[\n  {\"a\":1},\n  {\n    \"a\": {\n      \"c\" 1\n    }\n  },\n  {\"b\":2}\n]",
            "a colon expected at line 5",
        ),
    ] {
        let (found, _) = cut(text);
        assert_eq!(found.len(), if text.contains("nonsense") { 4 } else { 3 }, "{text}: {found:?}");
        assert_eq!(found.first().unwrap(), "{\"a\":1}");
        assert!(found.iter().any(|f| f.contains(reason)) || text.contains("nonsense"), "{text}: {found:?}");
        assert_eq!(found.last().unwrap(), "{\"b\":2}", "{text}");
    }
}

#[test]
fn records_across_batches_are_whole() {
    let record = format!("{{\"a\":\"{}\"}}", "x".repeat(300_000));
    let text = format!("[\n  {}\n]", vec![record.as_str(); 20].join(",\n  "));
    let (found, notes) = cut(&text);
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|f| *f == record));
    assert!(notes.is_empty());
    let large = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}", "x".repeat(5_000_000));
    assert_eq!(cut(&large).0.len(), 2);
}

#[test]
fn blanks_without_end_take_no_memory() {
    let text = format!("{}{{\"a\":1}}", " \n".repeat(2_000_000));
    assert_eq!(cut(&text).0, ["{\"a\":1}"]);
}

#[test]
fn a_broken_record_longer_than_a_batch_is_one_reject() {
    let text = format!("{{\"a\":1}}\n{{\"a\":\"{}\n{{\"b\":2}}\n", "x\ty".repeat(1_000_000));
    let (found, _) = cut(&text);
    assert_eq!(found.len(), 3);
    assert_eq!(found[2], "{\"b\":2}");
    let text = format!("{{\"a\" 1 {}\n{{\"b\":2}}\n", "x".repeat(3_000_000));
    let (found, _) = cut(&text);
    assert_eq!(found.len(), 2, "{:?}", &found[1..]);
    assert_eq!(found[1], "{\"b\":2}");
}

#[test]
fn a_bundle_gives_the_records_of_its_members() {
    let text =
        r#"{"x":{"in":[{"no":1}]},"in":[{"a":1},null],"one":{"a":2},"none":[null],"y":"z","@odata.nextLink":"u"}"#;
    let splitter = JsonSplitter::bundle(Box::new(Cursor::new(text.as_bytes().to_vec())), &["in", "one", "none"]);
    let (found, notes) = cut_with(splitter);
    assert_eq!(found, ["0:{\"a\":1}", "1:{\"a\":2}"]);
    assert!(notes[0].contains("nextLink"));
}

mod whatever_the_batches {
    use proptest::prelude::*;

    use super::*;

    /// A text whose parts make sense more often than by chance.
    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("{\"a\":1}".to_owned()),
            Just("{\"a\":{\"b\":[1,\"x\"]}}".to_owned()),
            Just("{\"value\":[{\"c\":1},{\"d\":2}],\"e\":3}".to_owned()),
            Just("[".to_owned()),
            Just("]".to_owned()),
            Just("\n".to_owned()),
            Just("\n  ".to_owned()),
            Just(",".to_owned()),
            Just("{\"cut".to_owned()),
            Just("{\"cut\":\"x\n".to_owned()),
            Just("\u{feff}".to_owned()),
            "[\\[\\]{}\",:a1\\\\ \n]{0,12}",
        ];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_records_are_the_same(text in text(), chunk in 1_usize..40, bundle in any::<bool>()) {
            let open = || {
                let input = Box::new(Cursor::new(text.clone().into_bytes()));
                if bundle { JsonSplitter::bundle(input, &["value", "e"]) } else { JsonSplitter::new(input) }
            };
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
    let long = Cursor::new(b"{\"a\":1}\n{\"a\":\"".to_vec()).chain(std::io::repeat(b'x').take(1 << 30));
    let input = long.chain(Cursor::new(b"\"}\n{\"a\":2}\n".to_vec()));
    let (records, broken) = crate::batch::cut_in_bounded_memory(&mut JsonSplitter::new(Box::new(input)));
    assert_eq!(records.first().map(Vec::as_slice), Some(&b"{\"a\":1}"[..]));
    assert_eq!(records.last().map(Vec::as_slice), Some(&b"{\"a\":2}"[..]));
    assert!((1..100).contains(&broken.len()), "{}", broken.len());
    assert!(broken[0].contains("64 MiB"), "{}", broken[0]);
}
