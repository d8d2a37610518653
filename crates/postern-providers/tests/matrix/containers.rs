//! Writes containers: one file in each kind that exports come in.

use std::io::Write;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub(crate) fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let mut common = vec![20, 0, 0, 8, 8, 0, 0, 0, 0, 0];
    for number in [crc(content), packed.len() as u32, content.len() as u32] {
        common.extend(number.to_le_bytes());
    }
    common.extend((name.len() as u16).to_le_bytes());
    common.extend([0, 0]);
    let mut out = [b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat();
    let start = out.len() as u32;
    out.extend([b"PK\x01\x02\x14\x03", common.as_slice(), &[0; 14], name.as_bytes()].concat());
    let size = out.len() as u32 - start;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

pub(crate) fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 512];
    out[..name.len()].copy_from_slice(name.as_bytes());
    let size = format!("{:011o}", content.len());
    out[124..135].copy_from_slice(size.as_bytes());
    out[156] = b'0';
    out[257..263].copy_from_slice(b"ustar\0");
    out[148..156].fill(b' ');
    let sum: u32 = out.iter().map(|byte| u32::from(*byte)).sum();
    out[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend(content);
    out.resize(out.len().next_multiple_of(512) + 1024, 0);
    out
}

/// A 7z archive of stored files.
pub(crate) fn seven_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    // A number below 2^56, as the format writes them when it has eight bytes for it.
    let number = |n: usize| [&[0xFF][..], &(n as u64).to_le_bytes()].concat();
    let data: Vec<u8> = members.iter().flat_map(|(_, content)| content.iter().copied()).collect();
    let mut header = vec![0x01, 0x04, 0x06];
    header.extend([number(0), number(1), vec![0x09], number(data.len()), vec![0x00]].concat());
    // One folder with one coder: copy.
    header.extend([0x07, 0x0B, 0x01, 0x00, 0x01, 0x01, 0x00, 0x0C]);
    header.extend(number(data.len()));
    header.push(0x00);
    // Files within the folder, their sizes but the last, and their checksums.
    header.extend([vec![0x08, 0x0D], number(members.len())].concat());
    if members.len() > 1 {
        header.push(0x09);
        members[..members.len() - 1].iter().for_each(|(_, content)| header.extend(number(content.len())));
    }
    header.extend([0x0A, 0x01]);
    members.iter().for_each(|(_, content)| header.extend(crc(content).to_le_bytes()));
    header.extend([0x00, 0x00, 0x05]);
    header.extend(number(members.len()));
    let names: Vec<u8> =
        members.iter().flat_map(|(name, _)| name.encode_utf16().chain([0])).flat_map(u16::to_le_bytes).collect();
    header.push(0x11);
    header.extend(number(names.len() + 1));
    header.push(0x00);
    header.extend(names);
    header.extend([0x00, 0x00]);
    let mut start = (data.len() as u64).to_le_bytes().to_vec();
    start.extend((header.len() as u64).to_le_bytes());
    start.extend(crc(&header).to_le_bytes());
    let mut out = b"7z\xBC\xAF\x27\x1C\x00\x04".to_vec();
    out.extend(crc(&start).to_le_bytes());
    out.extend(start);
    out.extend(data);
    out.extend(header);
    out
}
