//! `geo_info_from_ip_address`: where an address is, as far as whoever runs the query knows.

use crate::functions::string::as_text;
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::types::KqlType::{Dynamic, String as Text};

/// `geo_info_from_ip_address(ip)`: null, which is "unknown", where no database says anything.
pub const GEO_INFO: Scalar = Scalar::new(
    info(
        "geo_info_from_ip_address",
        "geo",
        "The country, state, city, latitude and longitude of an address, by the address databases of this machine (`postern places`); null without, and for private addresses and the vendor's own services.",
        &[param("ip_address", "string", "The address.")],
        "dynamic",
        &[example("print isnull(geo_info_from_ip_address(\"192.0.2.1\"))", "true")],
    ),
    |args, cx| {
        let places = cx.places.clone();
        call("geo_info_from_ip_address", &as_text(args, &[0]), &[Text], Dynamic, move |args| {
            let addresses = args.get(0)?.text()?;
            build::texts(args.rows, |row, out| {
                out.push_str(&places.as_ref()?.json(addresses.get(row)?)?);
                Some(())
            })
        })
    },
);
