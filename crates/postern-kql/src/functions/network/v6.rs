//! Version 6 addresses; version 4 addresses take part in their mapped form.

use super::address::{mask6, text6, v6};
use super::shared::{V6, compare, in_any_range, in_range};
use crate::functions::Param;
use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param, repeated};
use crate::types::KqlType::{Long, String as Text};

const TWO: &[Param] = &[
    param("ip1", "string", "An address of either version, with or without a prefix length."),
    param("ip2", "string", "An address of either version, with or without a prefix length."),
    optional("prefix", "long", "A prefix length, 0 to 128 (0 to 32 for version 4); the shortest of all counts."),
];

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
    |args, _| compare("ipv6_is_match", args, V6, true),
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
    |args, _| compare("ipv6_compare", args, V6, false),
);

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
    |args, _| in_range("ipv6_is_in_range", args, V6),
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
    |args, _| Ok(in_any_range("ipv6_is_in_any_range", args, V6)),
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
