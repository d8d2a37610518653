//! What somebody may have meant.

/// Every operator by its name after a bar.
pub const OPERATORS: &[&str] = &[
    "as",
    "assert-schema",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "facet",
    "filter",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "invoke",
    "join",
    "limit",
    "lookup",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "mvapply",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "partition-by",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// Operators that are recognised and not taken apart.
pub const UNSUPPORTED: &[&str] = &["execute-and-cache", "graph-merge", "graph-where-edges", "graph-where-nodes"];

/// Whether a word is an operator.
pub(super) fn is_operator(word: &str) -> bool {
    OPERATORS.contains(&word) || UNSUPPORTED.contains(&word)
}

/// What to write instead of a word of SQL or another language.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "select" => "columns are chosen with `| project`; the table stands first: `Table | project a, b`",
        "from" => "the table stands first: `Table | where …`",
        "group" | "groupby" => "groups are made with `| summarize count() by column`",
        "having" => "filter after `summarize` with another `| where`",
        "insert" | "update" | "delete" | "drop" | "create" | "alter" => "this language only reads",
        "orderby" => "write `| order by column`",
        "sortby" => "write `| sort by column`",
        "head" | "first" | "fetch" => "write `| take 10`",
        "rename" => "write `| project-rename new = old`",
        "drop-columns" | "exclude" | "fields" => "write `| project-away column`",
        "stats" => "write `| summarize count() by column`",
        "eval" => "write `| extend name = value`",
        "table" => "write `| project a, b` for columns, `| render table` to show",
        "dedup" | "unique" => "write `| distinct column` or `| summarize take_any(*) by column`",
        "inner" | "left" | "right" | "outer" | "full" | "cross" | "leftouter" | "leftanti" | "leftsemi" => {
            "write `| join kind=inner (Other) on Key`; kinds are inner, leftouter, leftanti and more"
        }
        "tail" | "last" => "write `| top 10 by Timestamp asc`; rows have no order of their own",
        "offset" | "skip" => "rows have no numbers; write `| serialize n = row_number() | where n > 10`",
        "intersect" | "except" | "minus" => "write `| join kind=leftsemi (Other) on Key`, or `leftanti` for the rest",
        "timechart" | "linechart" | "barchart" | "columnchart" | "piechart" | "areachart" | "scatterchart"
        | "chart" => "write `| summarize …` and then `| render timechart`",
        "fillnull" | "fillna" => "write `| extend column = coalesce(column, 0)`",
        "rex" | "grok" => "write `| parse column with …`, or `| extend name = extract(@\"pattern\", 1, column)`",
        "bucket" | "bin" => "write `| summarize count() by bin(Timestamp, 1h)`",
        "sum" | "avg" | "min" | "max" | "dcount" | "countif" | "make_set" | "make_list" => {
            "aggregates stand in `| summarize …`"
        }
        "expand" | "explode" | "unnest" => "write `| mv-expand column`",
        "with" => "name a part with a `let` statement in front: `let Part = …;`",
        _ => return None,
    })
}

/// What to write instead of a comparing word that the language has not, or not like this.
pub(super) fn comparison(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "matches" | "regex" | "regexp" | "rlike" => "write `column matches regex @\"pattern\"`",
        "contains_any" | "containsany" => {
            "write `has_any (…)` for words, or one `contains` for each text, joined by `or`"
        }
        "contains_all" | "containsall" => {
            "write `has_all (…)` for words, or one `contains` for each text, joined by `and`"
        }
        "includes" | "include" => "write `column contains \"text\"`",
        "equals" | "equal" | "eq" => "write `==`, or `=~` to ignore case",
        "ne" | "neq" => "write `!=`, or `!~` to ignore case",
        "gt" => "write `>`",
        "ge" | "gte" => "write `>=`",
        "lt" => "write `<`",
        "le" | "lte" => "write `<=`",
        _ => return None,
    })
}

/// How an operator with several parts is written.
pub(super) fn shape(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "facet" => "facet by column",
        "make-series" => "make-series count() on Timestamp step 1d",
        "mv-apply" => "mv-apply column on (where column > 1)",
        "order" => "order by column desc",
        "parse" => "parse column with \"text\" name \"text\"",
        "parse-where" => "parse-where column with \"text\" name \"text\"",
        "parse-kv" => "parse-kv column as (name:string)",
        "partition" => "partition by column (top 3 by other)",
        "range" => "range x from 1 to 10 step 1",
        "reduce" => "reduce by column",
        "sample-distinct" => "sample-distinct 10 of column",
        "scan" => "scan with (step name: condition;)",
        "sort" => "sort by column desc",
        "top" => "top 10 by column",
        "top-hitters" => "top-hitters 10 of column",
        "top-nested" => "top-nested 3 of column by count()",
        _ => return None,
    })
}

/// The known word nearest to a mistyped one, when it is near enough.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > 40 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(word);
    if let Some(exact) = known.iter().find(|candidate| plain(candidate) == wanted) {
        return Some(exact);
    }
    let limit = if wanted.chars().count() <= 4 { 1 } else { 2 };
    known
        .iter()
        .map(|candidate| (distance(&wanted, &plain(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The fewest insertions, deletions, substitutions and swaps of neighbours from one word to the other.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, column) + usize::from(a != b)).min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0 && column > 0 && left.get(row - 1) == Some(b) && right.get(column - 1) == Some(a);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_find_their_word() {
        assert_eq!(nearest("sumarize", OPERATORS), Some("summarize"));
        assert_eq!(nearest("Where", OPERATORS), Some("where"));
        assert_eq!(nearest("projectaway", OPERATORS), Some("project-away"));
        assert_eq!(nearest("mv_expand", OPERATORS), Some("mv-expand"));
        assert_eq!(nearest("exetnd", OPERATORS), Some("extend"));
        assert_eq!(nearest("banana", OPERATORS), None);
        assert_eq!(nearest("", OPERATORS), None);
    }

    #[test]
    fn words_of_other_languages() {
        assert!(foreign("SELECT").unwrap().contains("project"));
        assert!(foreign("where").is_none());
    }
}
