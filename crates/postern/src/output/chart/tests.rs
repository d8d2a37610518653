//! What a chart looks like, on data small enough to check by eye.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Field, Schema};
use postern_kql::catalog::Column;
use postern_kql::types::KqlType;

use super::*;

const DAY: i64 = 864_000_000_000;
/// 2026-03-01 in ticks.
const MARCH: i64 = 639_079_200_000_000_000;

fn screen(columns: usize) -> Screen {
    Screen { colour_out: false, colour_err: false, progress: false, columns, quiet: false, verbose: false }
}

fn chart(columns: &[(&str, KqlType, ArrayRef)], kind: &str, properties: &[(&str, &str)]) -> Drawn {
    let fields: Vec<Field> =
        columns.iter().map(|(name, _, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays: Vec<ArrayRef> = columns.iter().map(|(_, _, array)| Arc::clone(array)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let columns: Vec<Column> = columns.iter().map(|(name, ty, _)| Column::new(*name, *ty)).collect();
    let render = Render {
        kind: kind.to_owned(),
        properties: properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    draw(&Rows { columns: &columns, batches: &[batch] }, &render, &screen(60))
}

#[track_caller]
fn text(drawn: Drawn) -> String {
    match drawn {
        Drawn::Chart(text) => {
            assert!(text.lines().all(|line| width(line) <= 60), "too wide:\n{text}");
            text
        }
        Drawn::Rows => panic!("rows"),
        Drawn::Not(why) => panic!("{why}"),
    }
}

fn longs(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringViewArray::from(values.to_vec()))
}

#[test]
fn bars_have_the_length_of_their_values() {
    let drawn = chart(
        &[("Sender", KqlType::String, texts(&["ann", "bob", "cy"])), ("n", KqlType::Long, longs(&[10, 5, 0]))],
        "barchart",
        &[],
    );
    // 60 columns less the names (3), the figures (2) and 4 between them: 51 for the longest bar.
    let expected = format!("ann │{} 10\nbob │{}▌ 5\n cy │ 0\n", "█".repeat(51), "█".repeat(25));
    assert_eq!(text(drawn), expected);
}

#[test]
fn shares_are_of_the_whole() {
    let drawn = chart(
        &[("k", KqlType::String, texts(&["a", "b"])), ("n", KqlType::Long, longs(&[3, 1]))],
        "piechart",
        &[("title", "Parts")],
    );
    let text = text(drawn);
    assert!(text.starts_with(&format!("{}Parts\n", " ".repeat(27))), "{text}");
    assert!(text.contains(" 75.0 %  3") && text.contains(" 25.0 %  1"), "{text}");
}

#[test]
fn a_line_over_days() {
    let days: Vec<i64> = (0..5).map(|d| MARCH + d * DAY).collect();
    let drawn = chart(
        &[("Timestamp", KqlType::DateTime, longs(&days)), ("Mails", KqlType::Long, longs(&[0, 10, 20, 30, 40]))],
        "timechart",
        &[],
    );
    let text = text(drawn);
    for part in ["Mails", "40 ┤", " 0 ┤", "03-01", "03-05", "Timestamp"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let rows: Vec<&str> = text.lines().filter(|line| line.contains(['┤', '│'])).collect();
    assert_eq!(rows.len(), HEIGHT);
    // The line rises: the last row has dots on the left, the first on the right.
    let first_dot = |line: &str| line.chars().position(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    assert!(first_dot(rows[0]).unwrap() > first_dot(rows[HEIGHT - 1]).unwrap(), "{text}");
}

#[test]
fn series_are_told_apart_without_colours() {
    let drawn = chart(
        &[
            ("x", KqlType::Long, longs(&[1, 2, 1, 2])),
            ("y", KqlType::Long, longs(&[1, 2, 2, 1])),
            ("who", KqlType::String, texts(&["ann", "ann", "bob", "bob"])),
        ],
        "linechart",
        &[],
    );
    let text = text(drawn);
    assert!(text.contains("• ann") && text.contains("× bob"), "{text}");
    assert!(text.matches('×').count() > 3, "{text}");
}

#[test]
fn arrays_of_make_series_are_one_series_each() {
    let times = r#"["2026-03-01T00:00:00.0000000Z","2026-03-02T00:00:00.0000000Z","2026-03-03T00:00:00.0000000Z"]"#;
    let drawn = chart(
        &[
            ("n", KqlType::Dynamic, texts(&["[1,9,1]"])),
            ("flag", KqlType::Dynamic, texts(&["[0,1,0]"])),
            ("Timestamp", KqlType::Dynamic, texts(&[times])),
        ],
        "anomalychart",
        &[("anomalycolumns", "flag")],
    );
    let text = text(drawn);
    assert!(text.contains("● anomaly") && text.matches('●').count() == 2, "{text}");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let columns = [("a", KqlType::String, texts(&["x"]))];
    assert!(matches!(chart(&columns, "timechart", &[]), Drawn::Not(why) if why.contains("no column holds numbers")));
    assert!(matches!(chart(&columns, "treemap", &[]), Drawn::Not(why) if why.contains("`treemap`")));
    assert!(matches!(chart(&columns, "table", &[]), Drawn::Rows));
    let columns = [("a", KqlType::Long, longs(&[1])), ("b", KqlType::Long, longs(&[1]))];
    assert!(matches!(chart(&columns, "linechart", &[("xcolumn", "z")]), Drawn::Not(why) if why.contains("`z`")));
}

#[test]
fn hostile_text_steers_nothing() {
    let drawn = chart(
        &[
            ("k\u{1b}[2J", KqlType::String, texts(&["a\u{202e}b\n\u{7}", "漢字"])),
            ("n\u{9b}", KqlType::Long, longs(&[1, 2])),
        ],
        "columnchart",
        &[("title", "\u{1b}]0;x\u{7}"), ("ytitle", "\u{1b}[31m")],
    );
    let text = text(drawn);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
}

#[test]
fn odd_numbers_do_no_harm() {
    let reals: ArrayRef = Arc::new(Float64Array::from(vec![f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 0.0, -0.0]));
    for kind in ["linechart", "areachart", "scatterchart", "barchart", "columnchart", "piechart", "card"] {
        for x in [longs(&[i64::MAX, i64::MIN, 0, 1, 2, 2]), longs(&[7; 6])] {
            let drawn = chart(&[("x", KqlType::Long, x), ("y", KqlType::Real, Arc::clone(&reals))], kind, &[]);
            let Drawn::Chart(text) = drawn else { panic!("{kind}") };
            assert!(!text.is_empty(), "{kind}");
        }
    }
    let none = chart(&[("x", KqlType::Long, longs(&[])), ("y", KqlType::Long, longs(&[]))], "linechart", &[]);
    assert!(matches!(none, Drawn::Not(_)));
}

#[test]
fn a_chart_fits_a_narrow_screen() {
    let name = "a rather long name of a sender that goes on and on";
    let drawn = chart(
        &[("s", KqlType::String, texts(&[name, name])), ("n", KqlType::Long, longs(&[1, 123_456_789]))],
        "columnchart",
        &[],
    );
    assert!(text(drawn).contains('…'));
}

#[test]
fn columns_stand_upright() {
    let drawn =
        chart(&[("k", KqlType::String, texts(&["a", "b"])), ("n", KqlType::Long, longs(&[4, 2]))], "columnchart", &[]);
    let text = text(drawn);
    let full = text.lines().filter(|line| line.contains('█')).count();
    assert_eq!(full, HEIGHT, "the largest column has the whole height:\n{text}");
    assert_eq!(text.lines().filter(|line| line.matches('█').count() > 12).count(), HEIGHT / 2, "{text}");
}
