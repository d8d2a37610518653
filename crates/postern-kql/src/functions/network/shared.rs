//! What the functions over both versions of addresses share: comparing under a prefix, and lying in networks.

use super::address::{self, v4, v6};
use crate::functions::conversion::{Value, read};
use crate::functions::kernel::KernelArgs;
use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{call, call_as_is};
use crate::functions::support::json::{self, Kind};
use crate::functions::{BindError, BoundExpr};
use crate::types::KqlType::{self, Bool, Long, String as Text};

/// One version of addresses, each a number with the length of its prefix.
#[derive(Clone, Copy)]
pub(super) struct Version {
    /// The bits of an address.
    bits: u32,
    /// Reads an address.
    read: fn(&str) -> Option<(u128, u32)>,
    /// The prefix length that an argument means for two texts.
    given: fn(u32, &str, &str) -> u32,
}

/// Version 4.
pub(super) const V4: Version = Version {
    bits: 32,
    read: |text| v4(text).map(|(address, prefix)| (u128::from(address), prefix)),
    given: |prefix, _, _| prefix,
};

/// Version 6; version 4 addresses take part in their mapped form, and a prefix for two of them counts their own bits.
pub(super) const V6: Version = Version {
    bits: 128,
    read: v6,
    given: |prefix, a, b| if prefix <= 32 && v4(a).is_some() && v4(b).is_some() { prefix + 96 } else { prefix },
};

impl Version {
    fn mask(self, prefix: u32) -> u128 {
        address::mask6(prefix + 128 - self.bits)
    }

    fn holds(self, (net, prefix): (u128, u32), address: u128) -> bool {
        let mask = self.mask(prefix);
        address & mask == net & mask
    }
}

/// Compares two addresses under the shortest prefix: whether they are equal, or 0, 1 or -1.
pub(super) fn compare(
    name: &'static str,
    args: &[BoundExpr],
    version: Version,
    matching: bool,
) -> Result<BoundExpr, BindError> {
    let returns = if matching { Bool } else { Long };
    call(name, &as_text(args, &[0, 1]), &[Text, Text, Long], returns, move |args| {
        let (left, right) = (args.get(0)?.text()?, args.get(1)?.text()?);
        let prefix = args.args.get(2).map(super::super::kernel::Arg::longs).transpose()?;
        let order = |row: usize| {
            let (left, right) = (left.get(row)?, right.get(row)?);
            let ((a, p1), (b, p2)) = ((version.read)(left)?, (version.read)(right)?);
            let given = match prefix {
                Some(prefix) => {
                    let given = u32::try_from(prefix.get(row)?).ok().filter(|p| *p <= version.bits)?;
                    (version.given)(given, left, right)
                }
                None => version.bits,
            };
            let mask = version.mask(p1.min(p2).min(given));
            Some((a & mask).cmp(&(b & mask)))
        };
        if matching {
            build::bools(args.rows, |row| Some(order(row)?.is_eq()))
        } else {
            build::longs(args.rows, |row| Some(order(row)? as i64))
        }
    })
}

/// Whether an address lies in a network; null when either is none.
pub(super) fn in_range(name: &'static str, args: &[BoundExpr], version: Version) -> Result<BoundExpr, BindError> {
    call(name, &as_text(args, &[0, 1]), &[Text], Bool, move |args| {
        let (ip, range) = (args.get(0)?.text()?, args.get(1)?.text()?);
        build::bools(args.rows, |row| {
            let (address, _) = (version.read)(ip.get(row)?)?;
            Some(version.holds((version.read)(range.get(row)?)?, address))
        })
    })
}

/// Whether an address lies in any of the networks of the other arguments; those that are none are passed over.
pub(super) fn in_any_range(name: &'static str, args: &[BoundExpr], version: Version) -> BoundExpr {
    let args = as_text(args, &[0]);
    let types: Vec<KqlType> = args.iter().map(|a| a.ty).collect();
    call_as_is(name, "", &args, Bool, move |args| {
        let ip = args.get(0)?.text()?;
        let networks = |row: usize| -> Vec<(u128, u32)> {
            texts(args, &types, 1, row).iter().filter_map(|text| (version.read)(text)).collect()
        };
        // Networks that are the same for all rows are read once.
        let all = args.args.iter().skip(1).all(|a| a.scalar).then(|| networks(0));
        build::bools(args.rows, |row| {
            let (address, _) = (version.read)(ip.get(row)?)?;
            let held = |nets: &[(u128, u32)]| nets.iter().any(|net| version.holds(*net, address));
            Some(match &all {
                Some(all) => held(all),
                None => held(&networks(row)),
            })
        })
    })
}

/// The texts of list arguments: strings, or arrays of strings.
pub(super) fn texts<'a>(
    args: &'a KernelArgs,
    types: &'a [KqlType],
    from: usize,
    row: usize,
) -> Vec<std::borrow::Cow<'a, str>> {
    let mut all = Vec::new();
    for (arg, ty) in args.args.iter().zip(types).skip(from) {
        match read(arg, *ty, row) {
            Some(Value::Json(raw)) if json::kind(raw) == Some(Kind::Array) => {
                all.extend(json::elements(raw).map(json::string_value));
            }
            Some(Value::Json(raw)) => all.push(json::string_value(raw)),
            Some(Value::Text(text)) => all.push(text.into()),
            _ => {}
        }
    }
    all
}
