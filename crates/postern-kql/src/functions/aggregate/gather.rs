//! `make_list`, `make_set`, `make_bag` and their `_if` forms.

use super::collect::{Collect, LIMIT, Shape};
use super::define::{Summary, aggregate, first, info, output, predicate};
use super::groups::OwnAggregate;
use crate::functions::support::define::{example, optional, param};
use crate::functions::{BindError, BoundAggregate, BoundExpr, Param};
use crate::types::KqlType::Dynamic;

const SIZE: Param = optional("maxSize", "long", "At most this many values; 1,048,576 unless given.");
const PLAIN: &[Param] = &[param("expr", "any", "The values."), SIZE];
const IF: &[Param] = &[param("expr", "any", "The values."), param("predicate", "bool", "Which rows count."), SIZE];

/// The limit of the older names when none is given.
pub const OLD_LIMIT: usize = 128;
const OLD_SIZE: Param = optional("maxSize", "long", "At most this many values; 128 unless given.");
const OLD: &[Param] = &[param("expr", "any", "The values."), OLD_SIZE];

fn gather(
    args: &[BoundExpr],
    prefix: &str,
    shape: Shape,
    if_at: Option<usize>,
) -> Result<Vec<BoundAggregate>, BindError> {
    gather_within(args, prefix, shape, if_at, LIMIT)
}

fn gather_within(
    args: &[BoundExpr],
    prefix: &str,
    shape: Shape,
    if_at: Option<usize>,
    default: usize,
) -> Result<Vec<BoundAggregate>, BindError> {
    let arg = first(args)?;
    let size_at = if_at.map_or(1, |at| at + 1);
    let limit = match args.get(size_at) {
        None => default,
        Some(size) => {
            let size = size.const_long().ok_or_else(|| BindError::new("the size must be a constant").at(size_at))?;
            // A negative size means no limit of its own.
            usize::try_from(size).unwrap_or(LIMIT)
        }
    };
    let ty = arg.ty;
    if shape == Shape::Bag && ty != Dynamic {
        return Err(BindError::new(format!("expected `dynamic`, not `{ty}`")).at(0));
    }
    let udaf = OwnAggregate::udaf(
        prefix,
        format!("{shape:?} {ty} {limit}"),
        vec![ty.arrow()],
        Dynamic.arrow(),
        vec![Dynamic.arrow()],
        move || Box::new(Collect::new(shape, limit, ty)),
    );
    Ok(output(aggregate(udaf, vec![arg.expr.clone()], predicate(args, if_at)?), Dynamic, prefix, args))
}

/// `make_list(expr [, maxSize])`: in the order of the rows; nulls are skipped.
pub const MAKE_LIST: Summary = Summary::new(
    info(
        "make_list",
        "An array of all values.",
        PLAIN,
        "dynamic",
        &[example("range x from 1 to 3 step 1 | summarize make_list(x)", "[1,2,3]")],
    ),
    |args, _| gather(args, "list", Shape::List, None),
);

/// `make_list_if(expr, predicate [, maxSize])`.
pub const MAKE_LIST_IF: Summary = Summary::new(
    info(
        "make_list_if",
        "An array of the values in the rows for which a predicate holds.",
        IF,
        "dynamic",
        &[example("range x from 1 to 3 step 1 | summarize make_list_if(x, x > 1)", "[2,3]")],
    ),
    |args, _| gather(args, "list", Shape::List, Some(1)),
);

/// `make_list_with_nulls(expr)`.
pub const MAKE_LIST_WITH_NULLS: Summary = Summary::new(
    info(
        "make_list_with_nulls",
        "An array of all values, nulls included.",
        PLAIN,
        "dynamic",
        &[example("datatable(x:long)[1, long(null)] | summarize make_list_with_nulls(x)", "[1,null]")],
    ),
    |args, _| gather(args, "list", Shape::ListWithNulls, None),
);

/// `make_set(expr [, maxSize])`: each value once, in the order first seen; an array gives its elements.
pub const MAKE_SET: Summary = Summary::new(
    info(
        "make_set",
        "An array of the different values.",
        PLAIN,
        "dynamic",
        &[example("range x from 1 to 4 step 1 | summarize make_set(x % 2)", "[1,0]")],
    ),
    |args, _| gather(args, "set", Shape::Set, None),
);

/// `make_set_if(expr, predicate [, maxSize])`.
pub const MAKE_SET_IF: Summary = Summary::new(
    info(
        "make_set_if",
        "An array of the different values in the rows for which a predicate holds.",
        IF,
        "dynamic",
        &[example("range x from 1 to 4 step 1 | summarize make_set_if(x % 2, x > 3)", "[0]")],
    ),
    |args, _| gather(args, "set", Shape::Set, Some(1)),
);

/// `make_bag(expr [, maxSize])`: values that are no bags are skipped; of equal names the first stays.
pub const MAKE_BAG: Summary = Summary::new(
    info(
        "make_bag",
        "One bag of the members of all bags.",
        PLAIN,
        "dynamic",
        &[example(
            "datatable(b:dynamic)[dynamic({\"a\": 1}), dynamic({\"b\": 2})] | summarize make_bag(b)",
            "{\"a\":1,\"b\":2}",
        )],
    ),
    |args, _| gather(args, "bag", Shape::Bag, None),
);

/// `make_dictionary(expr [, maxSize])`: the older name of `make_bag`.
pub const MAKE_DICTIONARY: Summary = Summary::new(
    info(
        "make_dictionary",
        "One bag of the members of all bags (older name of `make_bag`).",
        PLAIN,
        "dynamic",
        &[example("datatable(b:dynamic)[dynamic({\"a\": 1})] | summarize make_dictionary(b)", "{\"a\":1}")],
    ),
    |args, _| gather(args, "dictionary", Shape::Bag, None),
);

/// `make_bag_if(expr, predicate [, maxSize])`.
pub const MAKE_BAG_IF: Summary = Summary::new(
    info(
        "make_bag_if",
        "One bag of the members of the bags in the rows for which a predicate holds.",
        IF,
        "dynamic",
        &[example(
            "datatable(b:dynamic)[dynamic({\"a\": 1}), dynamic({\"b\": 2})] | summarize make_bag_if(b, tolong(b.a) == 1)",
            "{\"a\":1}",
        )],
    ),
    |args, _| gather(args, "bag", Shape::Bag, Some(1)),
);

/// `makelist(expr [, maxSize])`: the older `make_list`, which stops at 128 values.
pub const MAKELIST: Summary = Summary::new(
    info(
        "makelist",
        "An array of the first values (older form of `make_list`).",
        OLD,
        "dynamic",
        &[example("range x from 1 to 200 step 1 | summarize array_length(makelist(x))", "128")],
    ),
    |args, _| gather_within(args, "list", Shape::List, None, OLD_LIMIT),
);

/// `makeset(expr [, maxSize])`: the older `make_set`, which stops at 128 values.
pub const MAKESET: Summary = Summary::new(
    info(
        "makeset",
        "An array of the first different values (older form of `make_set`).",
        OLD,
        "dynamic",
        &[example("range x from 1 to 200 step 1 | summarize array_length(makeset(x))", "128")],
    ),
    |args, _| gather_within(args, "set", Shape::Set, None, OLD_LIMIT),
);
