//! Made-up pictures for the demonstration, the benchmarks and the tests.

use super::pixels::{Srgb, to_jpeg};

/// A made-up street scene as JPEG; another `seed`, another scene.
#[must_use]
pub fn scene(seed: u32, width: u32, height: u32) -> Vec<u8> {
    let (columns, rows) = (width.max(1), height.max(1));
    let mut data = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            data.extend(colour(seed, x, y, width, height));
        }
    }
    let jpeg = Srgb::new(columns, rows, data).and_then(|picture| to_jpeg(&picture, 88));
    jpeg.unwrap_or_default()
}

/// Sky, houses with windows, a street, and a plume of smoke.
fn colour(seed: u32, x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let (fx, fy) = (
        x as f32 / width.max(1) as f32,
        y as f32 / height.max(1) as f32,
    );
    let block = (fx * 7.0) as u32;
    let roof = 0.25 + (mixed(seed, block, 1) % 40) as f32 / 100.0;
    let grain = (mixed(seed, x / 2, y / 2) % 13) as u8;
    let smoke_x = 0.3 + (seed % 5) as f32 * 0.1 + (fy * 9.0).sin() * 0.04;
    let in_smoke = fy < 0.6 && (fx - smoke_x).abs() < 0.03 + (0.6 - fy) * 0.12;
    let [r, g, b] = if fy > 0.85 {
        [70, 70, 74]
    } else if in_smoke {
        [120, 118, 115]
    } else if fy > roof {
        let cell = (fx * 70.0) as u32 + (fy * 50.0) as u32 * 3;
        let window = (cell + mixed(seed, block, 2) % 3).is_multiple_of(4);
        let wall = (110 + mixed(seed, block, 3) % 90) as u8;
        if window {
            [230, 210, 140]
        } else {
            [wall, wall.saturating_sub(15), wall.saturating_sub(30)]
        }
    } else {
        [140, 170, 205 - (fy * 60.0) as u8]
    };
    [r, g, b].map(|sample: u8| sample.saturating_add(grain))
}

/// A number that looks random and is always the same.
fn mixed(seed: u32, x: u32, y: u32) -> u32 {
    let mut n =
        seed.wrapping_mul(0x9e37_79b9) ^ x.wrapping_mul(0x85eb_ca6b) ^ y.wrapping_mul(0xc2b2_ae35);
    n ^= n >> 15;
    n = n.wrapping_mul(0x2c1b_3c6d);
    n ^ (n >> 12)
}

/// The EXIF data to write into a made-up picture.
#[derive(Debug, Clone, Copy, Default)]
pub struct SampleExif<'a> {
    /// Longitude and latitude, WGS-84 degrees, both positive.
    pub gps: Option<(f64, f64)>,
    /// `2026:11:24 09:30:00`, the device's clock.
    pub taken: Option<&'a str>,
    /// 1 to 8.
    pub orientation: Option<u16>,
}

/// A JPEG with EXIF data put in.
#[must_use]
pub fn with_exif(jpeg: &[u8], exif: SampleExif<'_>) -> Vec<u8> {
    let tiff = tiff(exif);
    let length = u16::try_from(tiff.len() + 8).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(jpeg.len() + tiff.len() + 10);
    out.extend(jpeg.iter().take(2));
    out.extend([0xff, 0xe1]);
    out.extend(length.to_be_bytes());
    out.extend(b"Exif\0\0");
    out.extend(tiff);
    out.extend(jpeg.iter().skip(2));
    out
}

/// One entry of an image file directory: tag, type, count, and value or offset.
struct Field {
    tag: u16,
    kind: u16,
    count: u32,
    data: Vec<u8>,
}

fn ascii(tag: u16, text: &str) -> Field {
    let data: Vec<u8> = text.bytes().chain([0]).collect();
    Field {
        tag,
        kind: 2,
        count: data.len() as u32,
        data,
    }
}

fn dms(tag: u16, degrees: f64) -> Field {
    let minutes = degrees.fract() * 60.0;
    let seconds = minutes.fract() * 60.0;
    let parts = [
        (degrees.trunc(), 1.0),
        (minutes.trunc(), 1.0),
        (seconds * 10_000.0, 10_000.0),
    ];
    let data = parts
        .iter()
        .flat_map(|(n, d)| [(n.round() as u32).to_be_bytes(), (*d as u32).to_be_bytes()].concat())
        .collect();
    Field {
        tag,
        kind: 5,
        count: 3,
        data,
    }
}

/// Writes a directory at `offset`; values over four bytes follow it.
fn directory(fields: Vec<Field>, offset: u32) -> Vec<u8> {
    let mut table = (fields.len() as u16).to_be_bytes().to_vec();
    let mut values = Vec::new();
    let values_at = offset + 2 + 12 * fields.len() as u32 + 4;
    for field in fields {
        table.extend(field.tag.to_be_bytes());
        table.extend(field.kind.to_be_bytes());
        table.extend(field.count.to_be_bytes());
        if field.data.len() <= 4 {
            let mut inline = field.data;
            inline.resize(4, 0);
            table.extend(inline);
        } else {
            table.extend((values_at + values.len() as u32).to_be_bytes());
            values.extend(field.data);
        }
    }
    table.extend([0; 4]);
    table.extend(values);
    table
}

fn tiff(exif: SampleExif<'_>) -> Vec<u8> {
    const HEADER: u32 = 8;
    let pointer = |tag: u16, at: u32| Field {
        tag,
        kind: 4,
        count: 1,
        data: at.to_be_bytes().to_vec(),
    };
    let main = |exif_at: u32, gps_at: u32| {
        let mut fields = vec![ascii(0x010f, "Dengwen"), ascii(0x0110, "Sample 1")];
        if let Some(orientation) = exif.orientation {
            fields.push(Field {
                tag: 0x0112,
                kind: 3,
                count: 1,
                data: orientation.to_be_bytes().to_vec(),
            });
        }
        fields.push(pointer(0x8769, exif_at));
        fields.push(pointer(0x8825, gps_at));
        fields
    };
    let times = |_| {
        exif.taken
            .map(|text| ascii(0x9003, text))
            .into_iter()
            .collect::<Vec<_>>()
    };
    let places = |_| match exif.gps {
        Some((lon, lat)) => vec![ascii(1, "N"), dms(2, lat), ascii(3, "E"), dms(4, lon)],
        None => Vec::new(),
    };
    let exif_at = HEADER + directory(main(0, 0), HEADER).len() as u32;
    let gps_at = exif_at + directory(times(()), exif_at).len() as u32;
    let mut out = b"MM\0\x2a\0\0\0\x08".to_vec();
    out.extend(directory(main(exif_at, gps_at), HEADER));
    out.extend(directory(times(()), exif_at));
    out.extend(directory(places(()), gps_at));
    out
}
