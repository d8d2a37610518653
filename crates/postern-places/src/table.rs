//! Free lists that come as tables: `first,last,country` or `first,last,number,network` per line.

use std::io::BufRead;
use std::net::IpAddr;

use crate::mmdb::{Builder, Data, TooLarge};

/// What became of a table's lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Converted {
    /// Ranges taken.
    pub taken: u64,
    /// Lines that are no range.
    pub skipped: u64,
}

/// Adds the ranges of a table to a database. Lines are read as they come; what is no range (a header, a remark) is
/// counted and left out.
pub fn convert(table: impl BufRead, into: &mut Builder) -> std::io::Result<Converted> {
    let mut converted = Converted::default();
    for line in table.lines() {
        let line = line?;
        let cells = cells(&line);
        let added = range(&cells).map(|(from, to, data)| into.add(from, to, &data));
        match added {
            Some(Ok(())) => converted.taken += 1,
            Some(Err(TooLarge)) => return Err(std::io::Error::other(TooLarge)),
            None if line.trim().is_empty() => {}
            None => converted.skipped += 1,
        }
    }
    Ok(converted)
}

fn range(cells: &[String]) -> Option<(IpAddr, IpAddr, Data)> {
    let [from, to, rest @ ..] = cells else { return None };
    let (from, to): (IpAddr, IpAddr) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    let entry = |name: &str, value: Data| (name.to_owned(), value);
    let data = match rest {
        [code] if code.trim().len() == 2 => vec![entry("country_code", Data::Text(code.trim().to_owned()))],
        [number, rest @ ..] => {
            let number: u32 = number.trim().parse().ok()?;
            let mut data = vec![entry("autonomous_system_number", Data::Number(number))];
            if let Some(name) = rest.first().map(|name| name.trim()).filter(|name| !name.is_empty()) {
                data.push(entry("autonomous_system_organization", Data::Text(name.to_owned())));
            }
            data
        }
        [] => return None,
    };
    Some((from, to, Data::Map(data)))
}

/// The cells of a line; a cell in quotes may hold commas, and a doubled quote stands for one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let cell = cells.last_mut();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.into_iter().for_each(|cell| cell.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cell.into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, Places};

    #[test]
    fn a_table_of_networks_becomes_a_database() {
        let table = "from,to,number,name\n\
            81.2.69.0,81.2.69.200,20712,\"Andrews & Arnold, \"\"AA\"\" Ltd\"\n\
            89.160.20.112,89.160.20.127,29518,Bredband2\n\
            2001:218::,2001:218:ffff:ffff:ffff:ffff:ffff:ffff,2914,NTT\n\
            \n\
            89.0.0.0,88.0.0.0,1,backwards\n";
        let mut builder = Builder::new("asn", 1_700_000_000);
        let converted = convert(table.as_bytes(), &mut builder).unwrap();
        assert_eq!(converted, Converted { taken: 4, skipped: 1 });
        let places = Places::of(vec![Database::from_bytes("asn.mmdb", builder.finish().unwrap()).unwrap()]);
        for (address, asn, network) in [
            ("81.2.69.200", Some(20712), Some("Andrews & Arnold, \"AA\" Ltd")),
            ("81.2.69.201", None, None),
            ("89.160.20.112", Some(29518), Some("Bredband2")),
            ("2001:218:1::1", Some(2914), Some("NTT")),
        ] {
            let place = places.look_up(address).unwrap();
            assert_eq!((place.asn, place.network.as_deref()), (asn, network), "{address}");
        }
    }

    #[test]
    fn later_ranges_replace_parts_of_earlier_ones() {
        let table = "81.0.0.0,81.255.255.255,GB\n81.2.69.0,81.2.69.255,SE\n81.2.69.7,81.2.69.7,NL\n";
        let mut builder = Builder::new("country", 1);
        convert(table.as_bytes(), &mut builder).unwrap();
        let places = Places::of(vec![Database::from_bytes("c.mmdb", builder.finish().unwrap()).unwrap()]);
        for (address, country) in [
            ("81.0.0.0", "GB"),
            ("81.255.255.255", "GB"),
            ("81.2.69.6", "SE"),
            ("81.2.69.7", "NL"),
            ("81.2.70.0", "GB"),
        ] {
            assert_eq!(places.look_up(address).unwrap().country.as_deref(), Some(country), "{address}");
        }
    }
}
