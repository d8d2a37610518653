//! Version 6 addresses; version 4 addresses take part in their mapped form.

use super::address::{mask6, text6, v4, v6};
use super::v4::texts;
use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, call_as_is, example, info, optional, param, repeated};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{self, Bool, Long, String as Text};

const TWO: &[Param] = &[
    param("ip1", "string", "An address of either version, with or without a prefix length."),
    param("ip2", "string", "An address of either version, with or without a prefix length."),
    optional("prefix", "long", "A prefix length, 0 to 128 (0 to 32 for version 4); the shortest of all counts."),
];

fn compare(name: &'static str, args: &[BoundExpr], matching: bool) -> Result<BoundExpr, BindError> {
    let returns = if matching { Bool } else { Long };
    call(name, &as_text(args, &[0, 1]), &[Text, Text, Long], returns, move |args| {
        let (left, right) = (args.get(0)?.text()?, args.get(1)?.text()?);
        let prefix = args.args.get(2).map(super::super::kernel::Arg::longs).transpose()?;
        let order = |row: usize| {
            let (a_text, b_text) = (left.get(row)?, right.get(row)?);
            let ((a, p1), (b, p2)) = (v6(a_text)?, v6(b_text)?);
            let given = match prefix {
                Some(prefix) => {
                    let given = u32::try_from(prefix.get(row)?).ok().filter(|p| *p <= 128)?;
                    let both_v4 = v4(a_text).is_some() && v4(b_text).is_some();
                    if both_v4 && given <= 32 { given + 96 } else { given }
                }
                None => 128,
            };
            let mask = mask6(p1.min(p2).min(given));
            Some((a & mask).cmp(&(b & mask)))
        };
        if matching {
            build::bools(args.rows, |row| Some(order(row)?.is_eq()))
        } else {
            build::longs(args.rows, |row| Some(order(row)? as i64))
        }
    })
}

/// `ipv6_is_match(ip1, ip2 [, prefix])`.
pub const IS_MATCH: Scalar = Scalar::new(
    info(
        "ipv6_is_match",
        "network",
        "Whether two addresses are equal under the shortest of their prefixes.",
        TWO,
        "bool",
        &[example("print ipv6_is_match(\"2001:db8::1/64\", \"2001:db8::2\")", "true")],
    ),
    |args, _| compare("ipv6_is_match", args, true),
);

/// `ipv6_compare(ip1, ip2 [, prefix])`: 0, 1 or -1.
pub const COMPARE: Scalar = Scalar::new(
    info(
        "ipv6_compare",
        "network",
        "0, 1 or -1 as the first address is equal, greater or less under the shortest prefix.",
        TWO,
        "long",
        &[example("print ipv6_compare(\"2001:db8::1\", \"2001:db8::2\")", "-1")],
    ),
    |args, _| compare("ipv6_compare", args, false),
);

fn in_range(address: u128, range: &str) -> Option<bool> {
    let (net, prefix) = v6(range)?;
    Some(address & mask6(prefix) == net & mask6(prefix))
}

/// `ipv6_is_in_range(ip, range)`.
pub const IS_IN_RANGE: Scalar = Scalar::new(
    info(
        "ipv6_is_in_range",
        "network",
        "Whether the address is in a network.",
        &[param("ip", "string", "The address."), param("range", "string", "The network, or one address.")],
        "bool",
        &[example("print ipv6_is_in_range(\"2001:db8::5\", \"2001:db8::/64\")", "true")],
    ),
    |args, _| {
        call("ipv6_is_in_range", &as_text(args, &[0, 1]), &[Text], Bool, |args| {
            let (ip, range) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::bools(args.rows, |row| in_range(v6(ip.get(row)?)?.0, range.get(row)?))
        })
    },
);

/// `ipv6_is_in_any_range(ip, range…)`: ranges that are none are passed over.
pub const IS_IN_ANY_RANGE: Scalar = Scalar::new(
    info(
        "ipv6_is_in_any_range",
        "network",
        "Whether the address is in at least one of several networks.",
        &[
            param("ip", "string", "The address."),
            repeated("range", "string or dynamic", "Networks, or an array of them."),
        ],
        "bool",
        &[example("print ipv6_is_in_any_range(\"2001:db8::5\", dynamic([\"2001:db8::/64\"]))", "true")],
    ),
    |args, _| {
        let args = as_text(args, &[0]);
        let types: Vec<KqlType> = args.iter().map(|a| a.ty).collect();
        Ok(call_as_is("ipv6_is_in_any_range", "", &args, Bool, move |args| {
            let ip = args.get(0)?.text()?;
            build::bools(args.rows, |row| {
                let (address, _) = v6(ip.get(row)?)?;
                Some(texts(args, &types, 1, row).iter().any(|range| in_range(address, range) == Some(true)))
            })
        }))
    },
);

/// `parse_ipv6(ip)`: eight groups of four digits, the prefix applied; `""` for what is no address.
pub const PARSE: Scalar = Scalar::new(
    info(
        "parse_ipv6",
        "network",
        "The address in its full form, its prefix applied.",
        &[param("ip", "string", "The address.")],
        "string",
        &[example("print parse_ipv6(\"127.0.0.1\")", "0000:0000:0000:0000:0000:ffff:7f00:0001")],
    ),
    |args, _| {
        call("parse_ipv6", &as_text(args, &[0]), &[Text], Text, |args| {
            let ip = args.get(0)?.text()?;
            build::strings(args.rows, |row, out| {
                if let Some((address, prefix)) = ip.get(row).and_then(v6) {
                    out.push_str(&text6(address & mask6(prefix)));
                }
            })
        })
    },
);

/// `parse_ipv6_mask(ip, prefix)`: the shorter of the two prefixes, of 128 bits, is applied.
pub const PARSE_MASK: Scalar = Scalar::new(
    info(
        "parse_ipv6_mask",
        "network",
        "The address in its full form with a prefix applied.",
        &[param("ip", "string", "The address."), param("prefix", "long", "A prefix length, 0 to 128.")],
        "string",
        &[example("print parse_ipv6_mask(\"192.0.2.255\", 120)", "0000:0000:0000:0000:0000:ffff:c000:0200")],
    ),
    |args, _| {
        call("parse_ipv6_mask", &as_text(args, &[0]), &[Text, Long], Text, |args| {
            let (ip, prefix) = (args.get(0)?.text()?, args.get(1)?.longs()?);
            build::strings(args.rows, |row, out| {
                let given = prefix.get(row).and_then(|p| u32::try_from(p).ok()).filter(|p| *p <= 128);
                if let (Some((address, own)), Some(given)) = (ip.get(row).and_then(v6), given) {
                    out.push_str(&text6(address & mask6(own.min(given))));
                }
            })
        })
    },
);
