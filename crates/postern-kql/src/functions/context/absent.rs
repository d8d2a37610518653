//! Functions that Kusto or its hunting portals have and this engine has not, each with the reason: a query that calls
//! one is told so by name.

/// Name and reason, sorted by name.
pub const ABSENT: &[(&str, &str)] = &[
    ("AssignedIPAddresses", "it asks the vendor's device inventory"),
    ("DeviceFromIP", "it asks the vendor's device inventory"),
    ("FileProfile", "it asks the vendor's file reputation service"),
    ("SeenBy", "it asks the vendor's device inventory"),
    ("cluster", "there is no cluster: the tables are those of the store"),
    ("current_cluster_endpoint", "there is no cluster"),
    ("current_cursor", "there is no ingestion to follow"),
    ("current_database", "there are no databases"),
    ("current_node_id", "there is no cluster"),
    ("current_principal", "there is no signed-in user"),
    ("current_principal_details", "there is no signed-in user"),
    ("current_principal_is_member_of", "there is no signed-in user"),
    ("cursor_after", "there is no ingestion to follow"),
    ("cursor_before_or_at", "there is no ingestion to follow"),
    ("cursor_current", "there is no ingestion to follow"),
    ("database", "there are no databases: the tables are those of the store"),
    ("extent_id", "the store has no extents"),
    ("extent_tags", "the store has no extents"),
    ("extentid", "the store has no extents"),
    ("external_table", "the store has no external tables"),
    ("geo_simplify_polygons_array", "its documentation leaves open whether shared borders stay shared"),
    ("hash_combine", "the vendor has not published how it combines hashes"),
    ("hash_many", "the vendor has not published how it combines hashes"),
    ("materialized_view", "the store has no materialized views"),
    ("rowstore_ordinal_range", "the store has no row store"),
    ("stored_query_result", "the store keeps no query results"),
];

/// Why a function of this name is not there; `None` when none of this name is known.
pub fn absent(name: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_not_there() {
        assert!(ABSENT.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0)));
        for (name, _) in ABSENT {
            assert!(
                crate::functions::find(name).is_none() && crate::functions::find_aggregate(name).is_none(),
                "{name}"
            );
        }
        assert!(absent("extent_id").is_some() && absent("strlen").is_none());
    }
}
