//! Offer lists at marked places; `‸` is the cursor.

use super::*;
use crate::catalog::{TableDef, TableSource, Tables};
use crate::types::KqlType;

fn tables() -> Tables {
    let mut tables = Tables::new();
    let table = |name: &str, columns: &[(&str, KqlType)]| TableDef {
        name: name.to_owned(),
        columns: columns.iter().map(|(name, ty)| Column::new(*name, *ty)).collect(),
        source: TableSource::Views(Vec::new()),
    };
    tables.add(table(
        "EmailEvents",
        &[("Timestamp", KqlType::DateTime), ("Subject", KqlType::String), ("MessageId", KqlType::String)],
    ));
    tables.add(table("EmailUrlInfo", &[("MessageId", KqlType::String), ("Url", KqlType::String)]));
    tables
}

fn at(marked: &str) -> (String, usize) {
    let offset = marked.find('‸').expect("a cursor");
    (marked.replace('‸', ""), offset)
}

fn offers(marked: &str) -> Vec<Offer> {
    let (text, offset) = at(marked);
    complete(&text, offset, &tables(), &PlanOptions::default()).offers
}

#[track_caller]
fn has(marked: &str, wanted: &[&str]) {
    let found = offers(marked);
    for name in wanted {
        assert!(found.iter().any(|o| o.text == *name), "{marked}: no `{name}` in {:?}", texts(&found));
    }
}

#[track_caller]
fn lacks(marked: &str, unwanted: &[&str]) {
    let found = offers(marked);
    for name in unwanted {
        assert!(!found.iter().any(|o| o.text == *name), "{marked}: `{name}` in {:?}", texts(&found));
    }
}

fn texts(offers: &[Offer]) -> Vec<&str> {
    offers.iter().map(|o| o.text.as_str()).take(40).collect()
}

fn columns(marked: &str) -> Vec<String> {
    offers(marked).into_iter().filter(|o| o.kind == OfferKind::Column).map(|o| o.text).collect()
}

#[test]
fn tables_at_the_start() {
    has("‸", &["EmailEvents", "EmailUrlInfo", "let", "print", "union"]);
    assert_eq!(texts(&offers("emailu‸")), ["EmailUrlInfo"]);
    has("let x = 5; Em‸", &["EmailEvents"]);
    has("let T = EmailEvents | take 5; ‸", &["T", "EmailEvents"]);
    has("let T = Em‸", &["EmailEvents"]);
    lacks("‸", &["where", "Subject", "strlen("]);
}

#[test]
fn operators_behind_a_bar() {
    has("EmailEvents | ‸", &["where", "summarize", "project-away", "join"]);
    lacks("EmailEvents | ‸", &["EmailUrlInfo", "Subject"]);
    assert_eq!(texts(&offers("EmailEvents | project-aw‸")), ["project-away"]);
    has("EmailEvents | project-‸", &["project-away", "project-keep"]);
    assert_eq!(texts(&offers("EmailEvents\n| summ‸")), ["summarize"]);
    has("EmailEvents | join (EmailUrlInfo | ‸", &["where"]);
    has("EmailEvents | mv-apply Subject on (‸", &["where", "top"]);
    has("EmailEvents | partition by Subject (to‸", &["top"]);
}

#[test]
fn columns_are_those_of_the_place() {
    assert_eq!(columns("EmailEvents | where ‸"), ["Timestamp", "Subject", "MessageId"]);
    assert_eq!(columns("EmailEvents | project S = Subject, T = 5 | where ‸"), ["S", "T"]);
    assert_eq!(columns("EmailEvents | summarize Mails = count() by Subject | sort by ‸"), ["Subject", "Mails"]);
    assert_eq!(columns("let T = EmailUrlInfo | project Url;\nT | extend x = tolower(‸"), ["Url"]);
    assert_eq!(columns("EmailEvents | where Subject in (toscalar(EmailUrlInfo | project ‸"), ["MessageId", "Url"]);
    assert_eq!(columns("EmailEvents | mv-apply s = Subject on (extend n = 1 | where ‸").last().unwrap(), "n");
    assert_eq!(columns("EmailEvents | where Subject == 'x' and (Mess‸"), ["MessageId"]);
    assert_eq!(columns("let f = () { EmailUrlInfo | where ‸"), ["MessageId", "Url"]);
}

#[test]
fn a_mistake_before_the_place_hides_no_columns() {
    assert_eq!(columns("EmailEvents | where Subjet = 'x' | project S‸"), ["Subject"]);
    assert_eq!(columns("EmailEvents | extend a = nope(Subject) | where Subj‸"), ["Subject"]);
}

#[test]
fn both_sides_of_a_join() {
    has("EmailEvents | join ‸", &["kind=", "EmailUrlInfo"]);
    has("EmailEvents | join kind=‸", &["inner", "leftanti"]);
    has("EmailEvents | join kind=left‸", &["leftouter", "leftanti"]);
    has("EmailEvents | join kind=inner (‸", &["EmailUrlInfo"]);
    has("EmailEvents | join kind=inner (EmailUrlInfo) ‸", &["on"]);
    has("EmailEvents | join kind=inner EmailUrlInfo ‸", &["on"]);
    assert_eq!(columns("EmailEvents | join (EmailUrlInfo) on ‸"), ["MessageId"]);
    assert_eq!(columns("EmailEvents | join EmailUrlInfo on ‸"), ["MessageId"]);
    assert_eq!(columns("EmailEvents | join (EmailUrlInfo) on $left.‸"), ["Timestamp", "Subject", "MessageId"]);
    assert_eq!(columns("EmailEvents | join (EmailUrlInfo) on $left.MessageId == $right.U‸"), ["Url"]);
    assert!(columns("EmailEvents | join (EmailUrlInfo) on MessageId | where ‸").contains(&"Url".to_owned()));
}

#[test]
fn functions_and_aggregates_in_their_places() {
    has("EmailEvents | extend a = str‸", &["strlen(", "strcat("]);
    has("EmailEvents | summarize ‸", &["count(", "dcount(", "Subject"]);
    lacks("EmailEvents | where ‸", &["dcount("]);
    lacks("EmailEvents | summarize count() by ‸", &["dcount("]);
    has("EmailEvents | summarize count() by ‸", &["bin(", "Timestamp"]);
    lacks("EmailEvents | project-away ‸", &["strlen("]);
    has("let limit1 = 5; EmailEvents | take lim‸", &["limit1"]);
    has("EmailEvents | evaluate ‸", &["bag_unpack(", "pivot("]);
}

#[test]
fn words_of_the_grammar_behind_a_value() {
    has("EmailEvents | where Subject ‸", &["has", "contains", "in"]);
    lacks("EmailEvents | where Subject ‸", &["Subject", "strlen("]);
    has("EmailEvents | summarize count() ‸", &["by"]);
    has("EmailEvents | sort ‸", &["by"]);
    has("EmailEvents | sort by Subject ‸", &["asc", "desc"]);
    has("EmailEvents | top 5 ‸", &["by"]);
    has("EmailEvents | make-series count() ‸", &["on"]);
    has("EmailEvents | render ‸", &["timechart", "piechart"]);
    has("EmailEvents | render timechart with (‸", &["title=", "ycolumns="]);
    has("union ‸", &["EmailEvents", "withsource="]);
    has("datatable(a:‸", &["string", "datetime"]);
}

#[test]
fn nothing_in_texts_comments_and_numbers() {
    for marked in
        ["EmailEvents | where Subject has 'in‸", "EmailEvents // wh‸", "EmailEvents | where Subject == \"a\"‸"]
    {
        assert!(offers(marked).is_empty(), "{marked}");
    }
    assert!(offers("EmailEvents | where Subject.‸").is_empty());
}

#[test]
fn odd_names_are_quoted() {
    let found = offers("print ['a b'] = 1, ['2'] = 2 | project ‸");
    assert_eq!(&texts(&found)[..2], [r#"["a b"]"#, r#"["2"]"#]);
}

#[test]
fn the_call_around_the_place() {
    let call = |marked: &str| {
        let (text, offset) = at(marked);
        signature(&text, offset).map(|s| (s.name, s.active))
    };
    assert_eq!(call("print strlen(‸"), Some(("strlen", 0)));
    assert_eq!(call("print substring('a', ‸"), Some(("substring", 1)));
    assert_eq!(call("print strcat(tolower('a'), 'b', 'c', ‸").unwrap().0, "strcat");
    assert_eq!(call("EmailEvents | summarize dcount(‸"), Some(("dcount", 0)));
    assert_eq!(call("print strlen('a')‸"), None);
    assert_eq!(call("print (‸"), None);
}

#[test]
fn no_text_makes_it_panic() {
    let text = "let f=(a:long){T|where a[(\"x|y\" // ‸;\n}; ['é'] | project-a-b- | join kind=(x) on $left. | 漢字 .. :";
    for offset in 0..=text.len() + 2 {
        let _ = complete(text, offset, &tables(), &PlanOptions::default());
        let _ = signature(text, offset);
    }
}

#[test]
fn inside_the_parts_of_a_query_with_several_results() {
    has("EmailEvents | project Subject | fork Few = (‸", &["take", "where", "project-away"]);
    assert_eq!(columns("EmailEvents | project Subject | fork (count) (where ‸"), ["Subject"]);
    assert_eq!(columns("EmailEvents | project Subject | facet by Subject with (where ‸"), ["Subject"]);
    assert_eq!(columns("EmailEvents | project Subject | facet by ‸"), ["Subject"]);
    // A statement before is another result, and none of its columns is here.
    assert_eq!(columns("EmailEvents | count; EmailUrlInfo | where ‸"), ["MessageId", "Url"]);
    has("print x = 1 | evaluate pre‸", &["preview("]);
}
