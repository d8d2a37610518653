//! The plugins of `evaluate`, sorted by name. A new plugin gets one entry here.

use super::{Entry, entry};

/// Every plugin that the engine has or names as missing.
pub const PLUGINS: &[Entry] = &[
    entry(
        "active_users_count",
        "active_users_count(Id, Time, Start, End, LookBack, Period, ActivePeriods, Bin, [Dimension, …])",
        "Different values that occur in at least so many periods of a look-back time.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate active_users_count(u, t, datetime(2026-03-01), datetime(2026-03-03), 2d, 1d, 1, 1d)",
    ),
    entry(
        "activity_counts_metrics",
        "activity_counts_metrics(Id, Time, Start, End, Window, [Dimension, …])",
        "Counts of activity in each window, in all and different.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate activity_counts_metrics(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d)",
    ),
    entry(
        "activity_engagement",
        "activity_engagement(Id, Time, [Start, End], Inner, Outer, [Dimension, …])",
        "The share of those active in a longer window that are active in a shorter one.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate activity_engagement(u, t, 1d, 7d)",
    ),
    entry(
        "activity_metrics",
        "activity_metrics(Id, Time, [Start, End], Window, [Dimension, …])",
        "Values, new values, retention and churn for each window.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate activity_metrics(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d)",
    ),
    entry(
        "autocluster",
        "autocluster([Size], [Weight], [Seeds], [Wildcards …])",
        "Few patterns of values that cover many rows.",
        "datatable(a:string, b:string)['x', 'y', 'x', 'z'] | evaluate autocluster()",
    ),
    entry(
        "bag_unpack",
        "bag_unpack(Bag, [Prefix], [columnsConflict], [ignoredProperties]) [: (Name: type, …)]",
        "A column for each member of the bags of a column.",
        "print Bag = dynamic({\"a\": 1}) | evaluate bag_unpack(Bag)",
    ),
    entry(
        "basket",
        "basket([Threshold], [Weight], [MaxDimensions], [Wildcards …])",
        "All frequent patterns of values.",
        "datatable(a:string, b:string)['x', 'y', 'x', 'z'] | evaluate basket()",
    ),
    entry(
        "dcount_intersect",
        "dcount_intersect(Hll, Hll, …)",
        "Sizes of the overlaps of several sets of values.",
        "range x from 1 to 3 step 1 | summarize a = hll(x), b = hll(x + 1) | evaluate dcount_intersect(a, b)",
    ),
    entry(
        "diffpatterns",
        "diffpatterns(Split, ValueA, ValueB, [Weight], [Threshold], …)",
        "Patterns of values that tell two parts of the rows apart.",
        "datatable(s:string, a:string)['x', 'p', 'y', 'q'] | evaluate diffpatterns(s, 'x', 'y')",
    ),
    entry(
        "diffpatterns_text",
        "diffpatterns_text(Text, Condition, [MinTokens, Threshold, MaxTokens])",
        "Pieces of text that tell two parts of the rows apart.",
        "datatable(s:string, n:long)['a b', 1, 'a c', 2] | evaluate diffpatterns_text(s, n == 1)",
    ),
    entry(
        "funnel_sequence",
        "funnel_sequence(Id, Time, Start, End, MaxStep, Step, State, Sequence)",
        "Counts of those that went through a sequence of states, by the state before it and the state after it.",
        "datatable(u:string, t:datetime, s:string)['a', datetime(2026-03-01), 'x'] | evaluate funnel_sequence(u, t, datetime(2026-03-01), datetime(2026-03-03), 1h, 1d, s, dynamic(['x']))",
    ),
    entry(
        "funnel_sequence_completion",
        "funnel_sequence_completion(Id, Time, Start, End, Step, State, Sequence, MaxSteps)",
        "Counts of those that completed a sequence within each length of time.",
        "datatable(u:string, t:datetime, s:string)['a', datetime(2026-03-01), 'x'] | evaluate funnel_sequence_completion(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d, s, dynamic(['x']), dynamic([1h]))",
    ),
    entry(
        "geo_line_lookup",
        "geo_line_lookup(Table, Lines, Longitude, Latitude, Radius, [return_unmatched], [lookup_area_radius], [return_lookup_key])",
        "The rows of a table of lines that lie within a radius, in metres, of each place.",
        "let L = datatable(n:string, s:dynamic)['equator', dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})]; print x = 1.0, y = 0.1 | evaluate geo_line_lookup(L, s, x, y, 60000)",
    ),
    entry(
        "geo_polygon_lookup",
        "geo_polygon_lookup(Table, Polygons, Longitude, Latitude, [radius], [return_unmatched], [lookup_area_radius], [return_lookup_key])",
        "The rows of a table of polygons that each place lies in.",
        "let P = datatable(n:string, s:dynamic)['square', dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]})]; print x = 1.0, y = 1.0 | evaluate geo_polygon_lookup(P, s, x, y)",
    ),
    entry(
        "http_request",
        "http_request(Uri, …)",
        "Asks a web server. Queries never touch the network.",
        "evaluate http_request('https://example.com')",
    ),
    entry("identity", "identity()", "The rows as they are.", "print a = 1 | evaluate identity()"),
    entry(
        "infer_storage_schema",
        "infer_storage_schema(Options)",
        "The columns of files.",
        "evaluate infer_storage_schema(dynamic({}))",
    ),
    entry(
        "ipv4_lookup",
        "ipv4_lookup(Networks, Address, Network, [Key …], [return_unmatched = true])",
        "Adds the columns of the networks that hold an IPv4 address.",
        "let N = datatable(net:string, Name:string)['192.0.2.0/24', 'doc']; datatable(ip:string)['192.0.2.7'] | evaluate ipv4_lookup(N, ip, net)",
    ),
    entry(
        "ipv6_lookup",
        "ipv6_lookup(Networks, Address, Network, [return_unmatched = true])",
        "Adds the columns of the networks that hold an IPv6 or IPv4 address.",
        "let N = datatable(net:string, Name:string)['2001:db8::/32', 'doc']; datatable(ip:string)['2001:db8::7'] | evaluate ipv6_lookup(N, ip, net)",
    ),
    entry(
        "narrow",
        "narrow()",
        "One row for each cell: its row, column and value.",
        "print a = 1, b = 2 | evaluate narrow()",
    ),
    entry(
        "new_activity_metrics",
        "new_activity_metrics(Id, Time, Start, End, Window, [Cohort], [Dimension, …])",
        "Retention and churn of those that are new in each window.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate new_activity_metrics(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d)",
    ),
    entry(
        "pivot",
        "pivot(Column, [aggregate], [Key, …]) [: (Name: type, …)]",
        "A column for each value of a column, filled with an aggregate.",
        "datatable(k:string, n:long)['a', 1, 'b', 2] | evaluate pivot(k, sum(n))",
    ),
    entry(
        "preview",
        "preview(n)",
        "Two results: the first n rows, and the number of all of them. Ends a query.",
        "range x from 1 to 3 step 1 | evaluate preview(2)",
    ),
    entry(
        "python",
        "python(typeof(…), 'code', …)",
        "Runs a program of another language. Queries never run programs.",
        "print a = 1 | evaluate python(typeof(*), 'result = df')",
    ),
    entry(
        "R",
        "r(typeof(…), 'code', …)",
        "Runs a program of another language. Queries never run programs.",
        "print a = 1 | evaluate r(typeof(*), 'result <- df')",
    ),
    entry(
        "rolling_percentile",
        "rolling_percentile(Value, Percentile, Index, BinSize, BinsPerWindow, [Dimension, …])",
        "A percentile over a window that moves.",
        "range x from 1 to 9 step 1 | extend v = x | evaluate rolling_percentile(v, 50, x, 1, 3)",
    ),
    entry(
        "rows_near",
        "rows_near(Condition, n, [n_after])",
        "The rows around those for which a condition is true.",
        "range x from 1 to 9 step 1 | serialize | evaluate rows_near(x == 5, 1)",
    ),
    entry(
        "schema_merge",
        "schema_merge([PreserveOrder])",
        "One schema out of several.",
        "print a = 1 | getschema | evaluate schema_merge()",
    ),
    entry(
        "sequence_detect",
        "sequence_detect(Time, MaxStep, MaxSpan, Name = Condition, …, [Key, …])",
        "Sequences of events, found by a condition for each.",
        "datatable(t:datetime, s:string)[datetime(2026-03-01), 'x'] | evaluate sequence_detect(t, 1h, 1h, a = s == 'x', b = s == 'y')",
    ),
    entry(
        "session_count",
        "session_count(Id, Time, Start, End, Bin, LookBack, [Dimension, …])",
        "Counts of sessions for each value.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate session_count(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d, 1h)",
    ),
    entry(
        "sliding_window_counts",
        "sliding_window_counts(Id, Time, Start, End, Window, Bin, [Dimension, …])",
        "Counts, in all and different, over a window that moves.",
        "datatable(u:string, t:datetime)['a', datetime(2026-03-01)] | evaluate sliding_window_counts(u, t, datetime(2026-03-01), datetime(2026-03-03), 1d, 1d)",
    ),
    entry(
        "sql_request",
        "sql_request(ConnectionString, Query, …)",
        "Asks a database. Queries never touch the network.",
        "evaluate sql_request('Server=example.com', 'select 1')",
    ),
];
