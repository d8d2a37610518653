//! Where the engine differs from the vendor's: as data, for the reference page.

/// One difference.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// What it is about.
    pub about: &'static str,
    /// What the vendor's engine does.
    pub there: &'static str,
    /// What this one does.
    pub here: &'static str,
}

const fn difference(about: &'static str, there: &'static str, here: &'static str) -> Difference {
    Difference { about, there, here }
}

/// All known differences that no list of what is missing tells already.
pub const DIFFERENCES: &[Difference] = &[
    difference(
        "Range of `datetime`",
        "0001-01-01 to 9999-12-31, in ticks of 100 ns.",
        "The same in queries. Stored rows hold 1677-09-21 to 2262-04-11: an instant outside is left empty and told in the account of its file; Parquet output refuses it.",
    ),
    difference(
        "Clusters and databases",
        "`cluster(…)` and `database(…)` choose where a table is.",
        "There is one store: the names are read and passed over. Functions stored in a database do not exist.",
    ),
    difference(
        "Several results",
        "A query may give several tables (`fork`, `facet`, `evaluate preview`, several statements). A branch of `fork` takes some operators.",
        "The same, up to 100 tables; the limits hold for all of them together. A branch of `fork` takes every operator with one result. CSV, NDJSON and Parquet hold one table: there a query with several is refused. Detections and playbooks take queries with one result.",
    ),
    difference(
        "Network and programs",
        "`externaldata`, `http_request`, `sql_request`, `python` and `r` reach out of the engine.",
        "A query never touches the network and never runs a program. `externaldata` reads files of the folders that `--external DIR` allows; the others are refused.",
    ),
    difference(
        "Limits",
        "500,000 rows and 64 MB of a result, four minutes.",
        "500,000 rows (`--limit`), 30 seconds (`--timeout`), 1 GiB of memory for the operators; a query over a limit ends with an error that says which, and rows that are cut are announced.",
    ),
    difference(
        "`dcount`",
        "Estimates, with an error that depends on the accuracy asked for.",
        "Exact, but for collisions of 64-bit hashes; where the vendor's estimate is off, the figures differ.",
    ),
    difference(
        "Order of rows without `sort`",
        "Not defined.",
        "Not defined either, and not the same: compare results as sets unless the query sorts.",
    ),
    difference(
        "`rand()`, `new_guid()`",
        "Differ from run to run.",
        "Differ from run to run, so no two engines agree on them.",
    ),
    difference(
        "`ingestion_time()`, cursors, row security",
        "Belong to the service that stores the data.",
        "There is no such service: `ingestion_time()` is null, of which a warning tells, and the others are refused.",
    ),
    difference(
        "Request options (`set …`)",
        "Change how the service runs a query.",
        "`query_now`, `query_bin_auto_at`, `query_bin_auto_size` and `query_take_max_records` do the same here; the others are read and passed over.",
    ),
    difference(
        "Parameters in braces",
        "A text `\"{NAME}\"` is a text.",
        "With `--param NAME=value` given, a text that is exactly `\"{NAME}\"` stands for the value, as playbooks publish their queries. Without it, it is a text.",
    ),
    difference(
        "Provenance columns",
        "None.",
        "Every stored row knows its file and position; these columns can be named and are no part of `*`.",
    ),
    difference(
        "Named arguments of functions",
        "Read for functions made by `let`.",
        "The same; for a function of the language the name is passed over, and `f(a = 1)` with a column `a` is an error, as `==` is most likely meant.",
    ),
];
