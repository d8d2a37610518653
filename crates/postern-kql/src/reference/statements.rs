//! Statements, and what stands at the head of a pipeline.

use super::{Entry, entry};

/// Statements and sources, sorted by name.
pub const STATEMENTS: &[Entry] = &[
    entry(
        "alias database",
        "alias database Name = cluster(\"…\").database(\"…\");",
        "Gives a database a name.",
        "alias database d = database(\"x\"); print 1",
    ),
    entry(
        "database",
        "database(\"Name\").Table",
        "A table of a database; there is one store, so the name of the database is passed over.",
        "database(\"x\").EmailEvents | take 1",
    ),
    entry(
        "datatable",
        "datatable(Name: type, …) [value, …]",
        "Rows written into the query.",
        "datatable(k:string, n:long)['a', 1, 'b', 2]",
    ),
    entry(
        "declare pattern",
        "declare pattern Name = (…) { … };",
        "A function chosen by its arguments.",
        "declare pattern p = (a:string)[b:string] { (\"x\").[\"y\"] = { print 1 } }; print 1",
    ),
    entry(
        "declare query_parameters",
        "declare query_parameters(Name: type [= default], …);",
        "The parameters of the query; `--param` gives them their values.",
        "declare query_parameters(n:long = 5); print n",
    ),
    entry(
        "externaldata",
        "externaldata(Name: type, …) [\"file\"] with (format=\"csv\", …)",
        "Rows of text files, in columns of these types; gzip is unpacked. Only files in folders that were allowed (`--external DIR`) are read, and nothing over the network. Formats: `csv`, `tsv`, `psv`, `scsv`, `sohsv`, `txt`, `raw`, `json`, `multijson`; without `format` the file's name tells. The other option is `ignoreFirstRecord`.",
        "externaldata(a:string)[\"list.csv\"]",
    ),
    entry(
        "find",
        "find [in (Table, …)] where condition [project Column, …]",
        "Rows of many tables for which a condition is true.",
        "datatable(a:string)['x'] | as T | count",
    ),
    entry(
        "let",
        "let Name = expression or (Name: type [= default], …) { body };",
        "Gives a value, a table or a function a name.",
        "let twice = (n:long = 2) { n * 2 }; print twice(4), twice()",
    ),
    entry(
        "materialize",
        "materialize(T)",
        "Says that rows are used several times.",
        "let T = materialize(range x from 1 to 3 step 1); T | union T | count",
    ),
    entry("print", "print [Name =] expression [, …]", "One row of values.", "print a = 1 + 1"),
    entry(
        "range",
        "range Name from first to last step distance",
        "One column of values; the last one is included. Numbers, datetimes, timespans.",
        "range x from 1 to 10 step 3",
    ),
    entry(
        "restrict",
        "restrict access to (Table, …);",
        "Leaves only these tables to the rest of the query.",
        "restrict access to (EmailEvents); print 1",
    ),
    entry(
        "set",
        "set option [= value];",
        "An option of the request; it never changes the result here.",
        "set notruncation; print 1",
    ),
    entry(
        "table",
        "table(\"Name\")",
        "A table by a name that is a value.",
        "let T = datatable(a:long)[1]; table(\"T\")",
    ),
    entry(
        "view",
        "let Name = view () { body };",
        "A function without parameters that `union *` and `search` find by its name.",
        "let V = view () { print a = 1 }; V",
    ),
];
