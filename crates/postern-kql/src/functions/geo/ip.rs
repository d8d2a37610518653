//! `geo_info_from_ip_address`: Postern carries no data of places, so the place is unknown.

use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Dynamic, String as Text};

/// `geo_info_from_ip_address(ip)`: null, which is "unknown": no data of places is built in.
pub const GEO_INFO: Scalar = Scalar::new(
    info(
        "geo_info_from_ip_address",
        "geo",
        "The place of an address; always null, because Postern carries no data of places.",
        &[param("ip_address", "string", "The address.")],
        "dynamic",
        &[example("print isnull(geo_info_from_ip_address(\"192.0.2.1\"))", "true")],
    ),
    |args, _| {
        call("geo_info_from_ip_address", &as_text(args, &[0]), &[Text], Dynamic, |args| {
            build::texts(args.rows, |_, _| None)
        })
    },
);
