//! Calls that are bound by the language itself and not by the list of functions.

use super::{Entry, entry};

/// These calls, sorted by name.
pub const FORMS: &[Entry] = &[
    entry(
        "column_ifexists",
        "column_ifexists(name, default)",
        "The column of a constant name, or the default when there is none.",
        "print a = 1 | extend b = column_ifexists(\"z\", 7)",
    )
    .also(&["columnifexists"]),
    entry(
        "next",
        "next(column, [offset = 1], [default])",
        "The value of a later row; the rows must have an order.",
        "range x from 1 to 2 step 1 | serialize n = next(x)",
    ),
    entry(
        "prev",
        "prev(column, [offset = 1], [default])",
        "The value of an earlier row; the rows must have an order.",
        "range x from 1 to 2 step 1 | serialize p = prev(x, 1, 0)",
    ),
    entry(
        "row_cumsum",
        "row_cumsum(number, [restart])",
        "The sum so far; it starts again where `restart` is true.",
        "range x from 1 to 3 step 1 | serialize s = row_cumsum(x)",
    ),
    entry(
        "row_number",
        "row_number([first = 1], [restart])",
        "The number of the row; it starts again where `restart` is true.",
        "range x from 5 to 6 step 1 | serialize n = row_number()",
    ),
    entry(
        "row_rank_dense",
        "row_rank_dense(column, [restart])",
        "The rank of the row by changes of the column, without gaps.",
        "datatable(n:long)[1, 1, 2] | sort by n asc | extend r = row_rank_dense(n)",
    ),
    entry(
        "row_rank_min",
        "row_rank_min(column, [restart])",
        "The rank of the row: rows with equal values have the lowest of their numbers.",
        "datatable(n:long)[1, 1, 2] | sort by n asc | extend r = row_rank_min(n)",
    ),
    entry(
        "row_window_session",
        "row_window_session(time, longest, gap, [restart])",
        "The start of the session that a row belongs to.",
        "datatable(t:datetime)[datetime(2026-03-01)] | sort by t asc | extend s = row_window_session(t, 1h, 5m)",
    ),
    entry(
        "toscalar",
        "toscalar(T)",
        "The first value of the first row of a table, computed before the rest of the query.",
        "print toscalar(range x from 4 to 6 step 1 | summarize max(x))",
    ),
];
