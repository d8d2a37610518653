//! The words that fit behind each operator.

/// The types, as they are written.
pub(super) const TYPES: &[&str] =
    &["bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"];

/// The words that begin something with rows.
pub(super) const SOURCES: &[&str] = &["datatable(", "evaluate", "find", "print", "range", "search", "union"];

/// The kinds of chart.
pub(super) const CHARTS: &[&str] = &[
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "linechart",
    "piechart",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
];

/// The properties of `render`.
pub(super) const RENDER_PROPERTIES: &[&str] = &[
    "anomalycolumns=",
    "kind=",
    "legend=",
    "series=",
    "title=",
    "xcolumn=",
    "xtitle=",
    "ycolumns=",
    "ymax=",
    "ymin=",
    "ytitle=",
];

/// The values of an option of an operator.
pub(super) fn option_values(operator: &str, option: &str) -> &'static [&'static str] {
    match (operator, option) {
        ("join", "kind") => &[
            "inner",
            "innerunique",
            "leftouter",
            "rightouter",
            "fullouter",
            "leftsemi",
            "leftanti",
            "rightsemi",
            "rightanti",
        ],
        ("lookup", "kind") => &["inner", "leftouter"],
        ("union", "kind") => &["inner", "outer"],
        ("search", "kind") => &["case_insensitive", "case_sensitive"],
        ("parse" | "parse-where", "kind") => &["simple", "regex", "relaxed"],
        ("mv-expand", "bagexpansion" | "kind") => &["array", "bag"],
        ("union", "isfuzzy") => &["false", "true"],
        (_, "strategy") => &["broadcast", "shuffle"],
        _ => &[],
    }
}

/// The words of the grammar that may follow a value.
pub(super) fn next_words(operator: &str) -> &'static [&'static str] {
    match operator {
        "summarize" => &["by"],
        "sort" | "order" => &["asc", "desc", "nulls first", "nulls last"],
        "top" => &["by", "asc", "desc", "nulls first", "nulls last"],
        "make-series" => &["on", "from", "to", "step", "by", "default="],
        "mv-expand" => &["to typeof(", "limit"],
        "mv-apply" => &["on (", "to typeof(", "limit"],
        "parse" | "parse-where" => &["with"],
        "parse-kv" => &["as ("],
        "partition" => &["by"],
        "sample-distinct" => &["of"],
        "top-hitters" => &["of", "by"],
        "top-nested" => &["of", "by", "with others="],
        "range" => &["from", "to", "step"],
        "find" => &["where", "project"],
        "scan" => &["with ("],
        _ => &[],
    }
}

/// Whether an operator takes columns and nothing else.
pub(super) fn lists_columns(operator: &str) -> bool {
    matches!(operator, "project-away" | "project-keep" | "project-reorder" | "project-rename")
}

/// Whether aggregates may stand behind an operator.
pub(super) fn aggregates(operator: &str) -> bool {
    matches!(operator, "summarize" | "make-series" | "top-nested" | "evaluate")
}
