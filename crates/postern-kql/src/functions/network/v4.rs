//! Version 4 addresses.

use super::address::{mask4, text4, v4};
use super::shared::{V4, compare, in_any_range, in_range};
use crate::functions::conversion::{Value, read};
use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param, repeated};
use crate::functions::support::json::ArrayText;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Bool, Dynamic, Long, String as Text};

const IP: &[Param] = &[param("ip", "string", "The address, with or without a prefix length.")];
const TWO: &[Param] = &[
    param("ip1", "string", "An address, with or without a prefix length."),
    param("ip2", "string", "An address, with or without a prefix length."),
    optional("prefix", "long", "A prefix length, 0 to 32; the shortest of all counts."),
];

const PRIVATE: [(u32, u32); 3] = [(0x0A00_0000, 8), (0xAC10_0000, 12), (0xC0A8_0000, 16)];

/// `ipv4_is_private(ip)`: 10/8, 172.16/12, 192.168/16.
pub const IS_PRIVATE: Scalar = Scalar::new(
    info(
        "ipv4_is_private",
        "network",
        "Whether the address is in a private network.",
        IP,
        "bool",
        &[example("print ipv4_is_private(\"192.168.1.6\")", "true")],
    ),
    |args, _| {
        call("ipv4_is_private", &as_text(args, &[0]), &[Text], Bool, |args| {
            let ip = args.get(0)?.text()?;
            build::bools(args.rows, |row| {
                let (address, prefix) = v4(ip.get(row)?)?;
                Some(PRIVATE.iter().any(|(net, length)| prefix >= *length && address & mask4(*length) == *net))
            })
        })
    },
);

/// `ipv4_is_in_range(ip, range)`.
pub const IS_IN_RANGE: Scalar = Scalar::new(
    info(
        "ipv4_is_in_range",
        "network",
        "Whether the address is in a network.",
        &[
            param("ip", "string", "The address."),
            param("range", "string", "The network, e.g. `192.0.2.0/24`, or one address."),
        ],
        "bool",
        &[example("print ipv4_is_in_range(\"192.0.2.6\", \"192.0.2.1/24\")", "true")],
    ),
    |args, _| in_range("ipv4_is_in_range", args, V4),
);

/// `ipv4_is_in_any_range(ip, range…)`: ranges that are none are passed over.
pub const IS_IN_ANY_RANGE: Scalar = Scalar::new(
    info(
        "ipv4_is_in_any_range",
        "network",
        "Whether the address is in at least one of several networks.",
        &[
            param("ip", "string", "The address."),
            repeated("range", "string or dynamic", "Networks, or an array of them."),
        ],
        "bool",
        &[example("print ipv4_is_in_any_range(\"192.0.2.6\", \"198.51.100.0/24\", \"192.0.2.0/24\")", "true")],
    ),
    |args, _| Ok(in_any_range("ipv4_is_in_any_range", args, V4)),
);

/// `ipv4_is_match(ip1, ip2 [, prefix])`.
pub const IS_MATCH: Scalar = Scalar::new(
    info(
        "ipv4_is_match",
        "network",
        "Whether two addresses are equal under the shortest of their prefixes.",
        TWO,
        "bool",
        &[example("print ipv4_is_match(\"192.0.2.1/24\", \"192.0.2.255\")", "true")],
    ),
    |args, _| compare("ipv4_is_match", args, V4, true),
);

/// `ipv4_compare(ip1, ip2 [, prefix])`: 0, 1 or -1.
pub const COMPARE: Scalar = Scalar::new(
    info(
        "ipv4_compare",
        "network",
        "0, 1 or -1 as the first address is equal, greater or less under the shortest prefix.",
        TWO,
        "long",
        &[example("print ipv4_compare(\"192.0.2.1\", \"192.0.2.2\")", "-1")],
    ),
    |args, _| compare("ipv4_compare", args, V4, false),
);

/// `ipv4_netmask_suffix(ip)`: 32 without a prefix.
pub const NETMASK_SUFFIX: Scalar = Scalar::new(
    info(
        "ipv4_netmask_suffix",
        "network",
        "The prefix length of the address, 32 without one.",
        IP,
        "long",
        &[example("print ipv4_netmask_suffix(\"192.0.2.0/24\")", "24")],
    ),
    |args, _| {
        call("ipv4_netmask_suffix", &as_text(args, &[0]), &[Text], Long, |args| {
            let ip = args.get(0)?.text()?;
            build::longs(args.rows, |row| Some(i64::from(v4(ip.get(row)?)?.1)))
        })
    },
);

/// `parse_ipv4(ip)`: a prefix is applied.
pub const PARSE: Scalar = Scalar::new(
    info(
        "parse_ipv4",
        "network",
        "The address as a number, its prefix applied.",
        IP,
        "long",
        &[example("print parse_ipv4(\"127.0.0.1\")", "2130706433")],
    ),
    |args, _| {
        call("parse_ipv4", &as_text(args, &[0]), &[Text], Long, |args| {
            let ip = args.get(0)?.text()?;
            build::longs(args.rows, |row| {
                let (address, prefix) = v4(ip.get(row)?)?;
                Some(i64::from(address & mask4(prefix)))
            })
        })
    },
);

/// `parse_ipv4_mask(ip, prefix)`: the shorter of the two prefixes is applied.
pub const PARSE_MASK: Scalar = Scalar::new(
    info(
        "parse_ipv4_mask",
        "network",
        "The address as a number with a prefix applied.",
        &[param("ip", "string", "The address."), param("prefix", "long", "A prefix length, 0 to 32.")],
        "long",
        &[example("print parse_ipv4_mask(\"127.0.0.1\", 24)", "2130706432")],
    ),
    |args, _| {
        call("parse_ipv4_mask", &as_text(args, &[0]), &[Text, Long], Long, |args| {
            let (ip, prefix) = (args.get(0)?.text()?, args.get(1)?.longs()?);
            build::longs(args.rows, |row| {
                let (address, own) = v4(ip.get(row)?)?;
                let given = u32::try_from(prefix.get(row)?).ok().filter(|p| *p <= 32)?;
                Some(i64::from(address & mask4(own.min(given))))
            })
        })
    },
);

const FORMAT: &[Param] = &[
    param("ip", "long or string", "The address, as a number or text."),
    optional("prefix", "long", "A prefix length, 0 to 32."),
];

fn format(name: &'static str, args: &[BoundExpr], suffix: bool) -> Result<BoundExpr, BindError> {
    let ty = args.first().map_or(Text, |a| a.ty);
    call(name, args, &[ty, Long], Text, move |args| {
        let prefix = args.args.get(1).map(super::super::kernel::Arg::longs).transpose()?;
        build::strings(args.rows, |row, out| {
            let written = (|| {
                let (address, own) = match read(args.args.first()?, ty, row)? {
                    Value::Text(text) => v4(text)?,
                    value => (u32::try_from(value.to_long()?).ok()?, 32),
                };
                let given = match prefix {
                    Some(prefix) => u32::try_from(prefix.get(row)?).ok().filter(|p| *p <= 32)?,
                    None => 32,
                };
                let length = own.min(given);
                let text = text4(address & mask4(length));
                Some(if suffix { format!("{text}/{length}") } else { text })
            })();
            out.push_str(&written.unwrap_or_default());
        })
    })
}

/// `format_ipv4(ip [, prefix])`: `""` for what is no address.
pub const FORMAT_IPV4: Scalar = Scalar::new(
    info(
        "format_ipv4",
        "network",
        "The address as text with a prefix applied.",
        FORMAT,
        "string",
        &[example("print format_ipv4(\"192.0.2.255\", 24)", "192.0.2.0")],
    ),
    |args, _| format("format_ipv4", args, false),
);

/// `format_ipv4_mask(ip [, prefix])`.
pub const FORMAT_IPV4_MASK: Scalar = Scalar::new(
    info(
        "format_ipv4_mask",
        "network",
        "The address as text with a prefix applied and written.",
        FORMAT,
        "string",
        &[example("print format_ipv4_mask(\"192.0.2.255\", 24)", "192.0.2.0/24")],
    ),
    |args, _| format("format_ipv4_mask", args, true),
);

/// `ipv4_range_to_cidr_list(start, end)`: null when the end is before the start.
pub const RANGE_TO_CIDR: Scalar = Scalar::new(
    info(
        "ipv4_range_to_cidr_list",
        "network",
        "The networks that make up a range of addresses.",
        &[param("start", "string", "The first address."), param("end", "string", "The last address.")],
        "dynamic",
        &[example(
            "print ipv4_range_to_cidr_list(\"192.0.2.0\", \"192.0.2.11\")",
            "[\"192.0.2.0/29\",\"192.0.2.8/30\"]",
        )],
    ),
    |args, _| {
        call("ipv4_range_to_cidr_list", &as_text(args, &[0, 1]), &[Text], Dynamic, |args| {
            let (start, end) = (args.get(0)?.text()?, args.get(1)?.text()?);
            build::texts(args.rows, |row, out| {
                let (start, end) = (u64::from(v4(start.get(row)?)?.0), u64::from(v4(end.get(row)?)?.0));
                if end < start {
                    return None;
                }
                let mut list = ArrayText::new();
                let mut at = start;
                while at <= end {
                    let aligned = if at == 0 { 32 } else { at.trailing_zeros().min(32) };
                    let fitting = (end - at + 1).ilog2();
                    let bits = aligned.min(fitting);
                    list.string(&format!("{}/{}", text4(at as u32), 32 - bits));
                    at += 1u64 << bits;
                }
                out.push_str(&list.finish());
                Some(())
            })
        })
    },
);
