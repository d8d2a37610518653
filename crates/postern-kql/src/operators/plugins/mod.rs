//! The plugins of `evaluate` that work on all rows at once, one group of them in each file.
//!
//! | file | plugins |
//! | --- | --- |
//! | [`activity`] | `activity_counts_metrics`, `activity_metrics`, `activity_engagement`, `new_activity_metrics` |
//! | [`windows`] | `sliding_window_counts`, `active_users_count`, `session_count`, `rolling_percentile` |
//! | [`sequence`] | `sequence_detect`, `funnel_sequence`, `funnel_sequence_completion` |
//! | [`patterns`] | `basket`, `autocluster`, `diffpatterns` |
//! | [`small`] | `rows_near`, `schema_merge`, `dcount_intersect`, `identity` |

pub mod activity;
pub mod patterns;
pub mod reader;
pub mod sequence;
pub mod small;
pub mod timeline;
pub mod windows;

use postern_kql_syntax::ast::{Call, RowSchema};

use crate::bind::Binder;
use crate::bind::coerce::convert;
use crate::bind::env::Env;
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::literal::kql_type;
use crate::bind::scope::Relation;
use reader::Reader;

/// Plugins that would leave the machine.
const REMOTE: &[&str] = &[
    "ai_chat_completion",
    "ai_chat_completion_prompt",
    "ai_embed_text",
    "ai_embeddings",
    "azure_digital_twins_query_request",
    "cosmosdb_sql_request",
    "http_request",
    "http_request_post",
    "mysql_request",
    "postgresql_request",
    "sql_request",
];

/// Plugins that would run a program that the query brings along.
const PROGRAMS: &[&str] = &["csharp", "python", "r"];

/// The names of the plugins, for messages and for the reference page.
pub const NAMES: &[&str] = &[
    "active_users_count",
    "activity_counts_metrics",
    "activity_engagement",
    "activity_metrics",
    "autocluster",
    "bag_unpack",
    "basket",
    "dcount_intersect",
    "diffpatterns",
    "funnel_sequence",
    "funnel_sequence_completion",
    "geo_line_lookup",
    "geo_polygon_lookup",
    "identity",
    "ipv4_lookup",
    "ipv6_lookup",
    "narrow",
    "new_activity_metrics",
    "pivot",
    "preview",
    "rolling_percentile",
    "rows_near",
    "schema_merge",
    "sequence_detect",
    "session_count",
    "sliding_window_counts",
];

/// Applies a plugin that works on all rows; `None` when the name is none of theirs.
pub fn apply(
    binder: &Binder,
    input: Relation,
    call: &Call,
    schema: Option<&RowSchema>,
    env: &Env,
) -> Option<Bound<Relation>> {
    let work: fn(Reader) -> Bound<Relation> = match call.name.text.as_str() {
        "active_users_count" => windows::active_users,
        "activity_counts_metrics" => activity::counts,
        "activity_engagement" => activity::engagement,
        "activity_metrics" => activity::metrics,
        "autocluster" => patterns::autocluster,
        "basket" => patterns::basket,
        "dcount_intersect" => small::dcount_intersect,
        "diffpatterns" => patterns::diffpatterns,
        "funnel_sequence" => sequence::funnel,
        "funnel_sequence_completion" => sequence::completion,
        "identity" => small::identity,
        "new_activity_metrics" => activity::new_metrics,
        "rolling_percentile" => windows::rolling_percentile,
        "rows_near" => small::rows_near,
        "schema_merge" => small::schema_merge,
        "sequence_detect" => sequence::detect,
        "session_count" => windows::sessions,
        "sliding_window_counts" => windows::sliding_counts,
        _ => return None,
    };
    let open = input.open;
    let made = work(Reader::new(binder, env, input, call)).and_then(|mut made| {
        made.open |= open;
        match schema {
            Some(schema) => promised(binder, made, schema),
            None => Ok(made),
        }
    });
    Some(made)
}

/// What a query promises of a plugin's columns (`: (a:long, b:string)`) must be what the plugin gives.
pub fn promised(binder: &Binder, made: Relation, schema: &RowSchema) -> Bound<Relation> {
    let mut columns = Vec::with_capacity(schema.columns.len());
    for declared in &schema.columns {
        let name = &declared.name.text;
        let ty = kql_type(declared.ty.ty);
        match made.columns.iter().find(|c| c.name == *name) {
            Some(column) if column.ty == ty => columns.push(column.clone()),
            Some(column) if convert(&column.bound(), ty, &binder.cx()).is_some() => {
                return Err(Fault::new(
                    codes::ARGUMENT,
                    declared.span,
                    format!("the plugin gives column `{name}` as `{}`, not `{ty}`", column.ty),
                ));
            }
            _ => {
                return Err(Fault::new(
                    codes::ARGUMENT,
                    declared.span,
                    format!("the plugin gives no column `{name}` of type `{ty}`"),
                ));
            }
        }
    }
    let mut made = made;
    if !schema.star {
        made.columns = columns;
    }
    Ok(made)
}

/// Why a plugin is not there.
pub fn refused(call: &Call) -> Fault {
    let name = call.name.text.as_str();
    let span = call.name.span;
    if REMOTE.contains(&name) {
        return Fault::new(
            codes::NOT_SUPPORTED,
            span,
            format!("the plugin `{name}` is not supported: a query never reaches for the network"),
        )
        .hint("bring the data in first: load it with `postern ingest`, or read a saved file with `externaldata`");
    }
    if PROGRAMS.contains(&name) {
        return Fault::new(
            codes::NOT_SUPPORTED,
            span,
            format!("the plugin `{name}` is not supported: a query never runs a program that it brings along"),
        );
    }
    let fault = Fault::unsupported(span, &format!("the plugin `{name}`"));
    fault.maybe_hint(crate::bind::scope::nearest(name, NAMES.iter().copied()).map(|n| format!("did you mean `{n}`?")))
}
