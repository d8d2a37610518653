//! Making an MMDB file: for lists that come as tables, and for tests. The format is described at
//! <https://maxmind.github.io/MaxMind-DB/>.

use std::collections::HashMap;
use std::net::IpAddr;

/// A value in the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Text.
    Text(String),
    /// A whole number.
    Number(u32),
    /// A number.
    Real(f64),
    /// A list.
    List(Vec<Data>),
    /// Names and values, in this order.
    Map(Vec<(String, Data)>),
}

/// The file would be larger than the format can address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address database cannot be this large")]
pub struct TooLarge;

/// Where one bit of an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    Node(u32),
    /// An offset in the data.
    Data(u32),
}

/// An MMDB file under construction.
#[derive(Debug)]
pub struct Builder {
    kind: String,
    built: u64,
    nodes: Vec<[Next; 2]>,
    data: Vec<u8>,
    written: HashMap<Vec<u8>, u32>,
}

/// An address in the tree: IPv4 lies at the beginning of IPv6.
fn leaf(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Builder {
    /// An empty database: what it calls itself and when it was built, in seconds since 1970.
    pub fn new(kind: &str, built: u64) -> Self {
        let nodes = vec![[Next::Nothing; 2]];
        Self { kind: kind.to_owned(), built, nodes, data: Vec::new(), written: HashMap::new() }
    }

    /// Gives all addresses from one to another this value. What is there already of a smaller or larger range is
    /// replaced. A range that ends before it begins or mixes families is left out.
    pub fn add(&mut self, from: IpAddr, to: IpAddr, data: &Data) -> Result<(), TooLarge> {
        let (low, high) = (leaf(from), leaf(to));
        if from.is_ipv4() != to.is_ipv4() || low > high {
            return Ok(());
        }
        let mut bytes = Vec::new();
        encode(data, &mut bytes);
        let offset = match self.written.get(&bytes) {
            Some(offset) => *offset,
            None => {
                let offset = u32::try_from(self.data.len()).ok().filter(|at| *at < 1 << 30).ok_or(TooLarge)?;
                self.data.extend_from_slice(&bytes);
                self.written.insert(bytes, offset);
                offset
            }
        };
        self.put(0, 0, 0, (low, high), Next::Data(offset))
    }

    /// Puts a value for the part of the range below a node. `depth` bits of the node's addresses are `base`.
    fn put(&mut self, node: usize, depth: u32, base: u128, range: (u128, u128), value: Next) -> Result<(), TooLarge> {
        for (side, bit) in [(0usize, 0u128), (1, 1)] {
            let free = 127 - depth;
            let low = base | bit << free;
            let high = low | ((1u128 << free) - 1);
            if range.1 < low || high < range.0 {
                continue;
            }
            if range.0 <= low && high <= range.1 {
                self.set(node, side, value);
                continue;
            }
            let child = match self.nodes.get(node).map(|sides| sides[side]) {
                Some(Next::Node(child)) => child as usize,
                Some(above) => {
                    let child = self.nodes.len();
                    let number = u32::try_from(child).ok().filter(|n| *n < 1 << 30).ok_or(TooLarge)?;
                    self.nodes.push([above; 2]);
                    self.set(node, side, Next::Node(number));
                    child
                }
                None => continue,
            };
            self.put(child, depth + 1, low, range, value)?;
        }
        Ok(())
    }

    fn set(&mut self, node: usize, side: usize, value: Next) {
        if let Some(sides) = self.nodes.get_mut(node) {
            sides[side] = value;
        }
    }

    /// The file.
    pub fn finish(self) -> Result<Vec<u8>, TooLarge> {
        let count = u32::try_from(self.nodes.len()).map_err(|_| TooLarge)?;
        let mut file = Vec::with_capacity(self.nodes.len() * 8 + self.data.len() + 512);
        for next in self.nodes.iter().flatten() {
            let record = match next {
                Next::Nothing => Some(count),
                Next::Node(node) => Some(*node),
                Next::Data(offset) => count.checked_add(16).and_then(|base| base.checked_add(*offset)),
            };
            file.extend_from_slice(&record.ok_or(TooLarge)?.to_be_bytes());
        }
        file.extend_from_slice(&[0; 16]);
        file.extend_from_slice(&self.data);
        file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
        let text = |text: &str| Data::Text(text.to_owned());
        let description = Data::Map(vec![("en".to_owned(), text(&self.kind))]);
        // Nine entries; two of them are of types that only this map has.
        file.push(7 << 5 | 9);
        for (name, value) in [
            ("binary_format_major_version", Whole::U16(2)),
            ("binary_format_minor_version", Whole::U16(0)),
            ("build_epoch", Whole::U64(self.built)),
            ("database_type", Whole::Data(text(&self.kind))),
            ("description", Whole::Data(description)),
            ("ip_version", Whole::U16(6)),
            ("languages", Whole::Data(Data::List(vec![text("en")]))),
            ("node_count", Whole::Data(Data::Number(count))),
            ("record_size", Whole::U16(32)),
        ] {
            encode(&text(name), &mut file);
            match value {
                Whole::U16(number) => {
                    file.push(5 << 5 | 2);
                    file.extend_from_slice(&number.to_be_bytes());
                }
                Whole::U64(number) => {
                    file.extend_from_slice(&[8, 2]);
                    file.extend_from_slice(&number.to_be_bytes());
                }
                Whole::Data(data) => encode(&data, &mut file),
            }
        }
        Ok(file)
    }
}

enum Whole {
    U16(u16),
    U64(u64),
    Data(Data),
}

/// The byte or bytes before a value: its type and size. Longer texts than the format has are cut by the caller.
fn control(kind: u8, size: usize, bytes: &mut Vec<u8>) {
    let (first, rest): (u8, Vec<u8>) = match size {
        0..29 => (size as u8, Vec::new()),
        29..285 => (29, vec![(size - 29) as u8]),
        _ => (30, ((size - 285).min(65_535) as u16).to_be_bytes().to_vec()),
    };
    if kind < 8 {
        bytes.push(kind << 5 | first);
    } else {
        bytes.extend_from_slice(&[first, kind - 7]);
    }
    bytes.extend_from_slice(&rest);
}

/// The longest text and the most entries: what two bytes of size can say.
const LONGEST: usize = 60_000;

fn encode(data: &Data, bytes: &mut Vec<u8>) {
    match data {
        Data::Text(text) => {
            let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
            control(2, text.len(), bytes);
            bytes.extend_from_slice(text.as_bytes());
        }
        Data::Number(number) => {
            control(6, 4, bytes);
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        Data::Real(real) => {
            control(3, 8, bytes);
            bytes.extend_from_slice(&real.to_be_bytes());
        }
        Data::List(items) => {
            let items = items.get(..LONGEST).unwrap_or(items);
            control(11, items.len(), bytes);
            items.iter().for_each(|item| encode(item, bytes));
        }
        Data::Map(entries) => {
            let entries = entries.get(..LONGEST).unwrap_or(entries);
            control(7, entries.len(), bytes);
            for (name, value) in entries {
                encode(&Data::Text(name.clone()), bytes);
                encode(value, bytes);
            }
        }
    }
}
