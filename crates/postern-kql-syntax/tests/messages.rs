//! The messages for the usual slips: code, place and hint, and that reading
//! goes on behind them.

use postern_kql_syntax::ast::{OperatorKind, StatementKind};
use postern_kql_syntax::{Severity, line_column, parse};

/// Every message as `code line:column`, and all hints.
fn messages(text: &str) -> (Vec<String>, String) {
    let parsed = parse(text);
    let mut places = Vec::new();
    let mut hints = Vec::new();
    for diagnostic in parsed.diagnostics {
        assert_eq!(diagnostic.severity, Severity::Error);
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{}", diagnostic.message);
        let (line, column) = line_column(text, diagnostic.span.start);
        places.push(format!("{} {line}:{column}", diagnostic.code));
        hints.extend(diagnostic.hint);
    }
    (places, hints.join("; "))
}

#[test]
fn the_usual_slips() {
    for (text, places, hint) in [
        ("T | where a = 'x'", &["KQL0040 1:13"][..], "`==`"),
        ("T | where (a = 1) or b == 2", &["KQL0040 1:14"], "`==`"),
        ("T\nwhere a == 1\n| take 5", &["KQL0031 2:1"], "| where"),
        ("T | where a == 1 take 5", &["KQL0031 1:18"], "| take"),
        ("T | where a == 1 && b == 2 || c", &["KQL0041 1:18", "KQL0041 1:28"], "`and`"),
        ("T | where !a", &["KQL0042 1:11"], "not("),
        ("T | where a ! has 'x'", &["KQL0042 1:13"], "!has"),
        ("T | where not a has 'x'", &["KQL0043 1:11"], "not("),
        ("T | where a not in ('x')", &["KQL0043 1:13"], "!in"),
        ("T | where a is null", &["KQL0043 1:13"], "isnull"),
        ("select * from T", &["KQL0043 1:1"], "write `T`"),
        ("SELECT a FROM T WHERE b = 1", &["KQL0043 1:1"], "`T | where b == 1 | project a`"),
        ("T | where a is not null", &["KQL0043 1:13"], "isnotnull(a)"),
        ("T | where a NOT IN ('x')", &["KQL0043 1:13"], "!in"),
        ("T | where a LIKE '%x%'", &["KQL0043 1:13"], "a contains"),
        ("T | extend x = CASE WHEN a THEN 1 ELSE 2 END | take 1", &["KQL0043 1:16"], "case("),
        ("T | project a as b", &["KQL0043 1:15"], "name = value"),
        ("T | count by a", &["KQL0022 1:11"], "summarize count() by"),
        ("T | order", &["KQL0027 1:10"], "order by column"),
        ("T | limit", &["KQL0027 1:10"], "take 10"),
        ("T | where a contains ('x', 'y')", &["KQL0022 1:26"], "has_any"),
        ("T | where a == ('x', 'y')", &["KQL0022 1:20"], "in ("),
        ("T | where a === 1", &["KQL0024 1:15"], "`==`"),
        ("T | where a => 1", &["KQL0022 1:13"], "`>=`"),
        ("T | where a between 1 and 2", &["KQL0022 1:21"], "(low .. high)"),
        ("T | inner join (U) on a", &["KQL0043 1:5"], "kind=inner"),
        ("T /* note */ | take 1", &["KQL0010 1:3"], "//"),
        ("-- note\nT | take 1", &["KQL0010 1:1"], "//"),
        ("T | where ‘a’ == b", &["KQL0010 1:11"], "straight"),
        ("T | select a", &["KQL0043 1:5"], "project"),
        ("T | group by a", &["KQL0043 1:5"], "summarize"),
        ("where a == 1", &["KQL0022 1:1"], "Table | where"),
        ("T | sumarize count() by a", &["KQL0030 1:5"], "`summarize`"),
        ("T | Where a == 1", &["KQL0044 1:5"], "`where`"),
        ("T | where a == 1 AND b Contains 'x'", &["KQL0044 1:18", "KQL0044 1:24"], "`and`"),
        ("T | banana", &["KQL0030 1:5"], ""),
        ("T | where a == 'x\n| take 5", &["KQL0011 1:16"], "close it"),
        ("T | where a == “x”", &["KQL0010 1:16"], "straight quotes"),
        ("T | where a in ('x', 'y'\n| take 5", &["KQL0023 1:16"], ""),
        ("T | where f(a, g(b) == 1", &["KQL0023 1:12"], ""),
        ("T | where a in 'x'", &["KQL0027 1:16"], "in ("),
        ("T | where a in ()", &["KQL0027 1:17"], ""),
        ("T | where a between (1 and 2)", &["KQL0027 1:29"], ".."),
        ("T | where a between (1, 2)", &["KQL0027 1:23"], ".."),
        ("T | where", &["KQL0024 1:10"], ""),
        ("T |", &["KQL0030 1:4"], "remove the bar"),
        ("T | | take 5", &["KQL0030 1:5"], "remove the bar"),
        ("T | project a,, b", &["KQL0024 1:15"], "comma"),
        ("T | top 5", &["KQL0027 1:10"], ""),
        ("T | sort a", &["KQL0027 1:10"], ""),
        ("T | sort by a descending", &["KQL0022 1:15"], "`desc`"),
        ("T | summarize", &["KQL0027 1:14"], ""),
        ("T | join (U)", &["KQL0027 1:13"], "$left.a == $right.b"),
        ("T | join kind=leftinner (U) on a", &["KQL0045 1:15"], ""),
        ("T | join kind=lefouter (U) on a", &["KQL0045 1:15"], "`leftouter`"),
        ("T | extend a = datetime(2024-13-01)", &["KQL0014 1:16"], "2024-01-31"),
        ("T | extend a = int(b)", &["KQL0014 1:16"], "toint("),
        ("T | extend a = long(strlen(b))", &["KQL0014 1:16"], "tolong("),
        ("T | extend a = string(b)", &["KQL0014 1:16"], "tostring("),
        ("T | extend a = dynamic([b])", &["KQL0014 1:25"], "pack_array"),
        ("T | extend a = {b}", &["KQL0024 1:16"], "dynamic("),
        ("T | where a matches regex '\\d+'", &["KQL0012 1:28"], "@"),
        ("T | extend a = 99999999999999999999", &["KQL0013 1:16"], ""),
        ("T | extend a = 1.5banana", &["KQL0013 1:16"], "units"),
        ("let f = (a:strin) { a }; T", &["KQL0026 1:12"], "`string`"),
        ("let a = 1\nT | take a", &["KQL0022 2:1"], ""),
        ("T | where a == 1 let b = 2;", &["KQL0022 1:18"], ";"),
        ("T | where a == 1)", &["KQL0022 1:17"], "closes nothing"),
        (".show tables", &["KQL0021 1:1"], ""),
        ("  // nothing", &["KQL0020 1:13"], "EmailEvents"),
        ("T | where by == 1", &["KQL0024 1:11"], "['name']"),
        ("T | mv-apply a on b", &["KQL0022 1:19"], "in parentheses"),
        ("T | fork", &["KQL0022 1:9"], "in parentheses"),
        ("T | fork take 1", &["KQL0022 1:10"], "in parentheses"),
        ("T | fork (take 1) B =", &["KQL0022 1:22"], "in parentheses"),
        ("T | fork (take 1) (count", &["KQL0023 1:19"], ""),
        ("T | facet a", &["KQL0027 1:11"], "facet by column"),
        ("T | where a == 1 b", &["KQL0022 1:18"], ""),
        ("T | where a hasprefx 'x'", &["KQL0022 1:13"], "`hasprefix`"),
    ] {
        let (found, hints) = messages(text);
        assert_eq!(found, places, "{text}");
        assert!(hints.contains(hint), "{text}: {hints}");
    }
}

#[test]
fn one_text_gives_all_its_messages_and_the_rest_of_the_tree() {
    let text = "T | where a = 1 | extnd b = (2 | project c d | sort by e; U | tak 5 | count";
    let (found, _) = messages(text);
    assert!(found.len() >= 4, "{found:?}");
    let parsed = parse(text);
    let Some(StatementKind::Query(last)) = parsed.query.statements.last().map(|statement| &statement.kind) else {
        panic!("the second statement is lost");
    };
    assert!(matches!(last.operators.as_slice(), [take, count]
        if matches!(take.kind, OperatorKind::Take(_)) && matches!(count.kind, OperatorKind::Count)));
}

#[test]
fn words_of_the_grammar_are_names_where_they_can_be() {
    for name in [
        "kind",
        "type",
        "table",
        "step",
        "on",
        "from",
        "with",
        "default",
        "title",
        "set",
        "view",
        "find",
        "search",
        "print",
        "count",
        "time",
        "date",
        "pack",
        "list",
        "limit",
        "id",
        "join",
        "render",
        "database",
        "asc",
        "2fa",
        "$table",
        "ünïcode",
        "as",
        "order",
    ] {
        for text in [
            format!("T | where {name} == 1 and isempty({name})"),
            format!("T | project {name}, x = {name}, {name} = y"),
            format!("T | summarize {name} = max({name}) by x"),
            format!("T | extend x.{name}.y"),
            format!("let {name} = 5; T | extend x = {name} + 1"),
        ] {
            assert_eq!(messages(&text).0, [""; 0], "{text}");
        }
    }
}
