//! HEIC as phones and programs put it together, out of one small coded picture.

use super::pixels::Srgb;
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

/// A picture of 64 by 64 pixels, all of them (60, 120, 80), as an ordinary encoder codes it: the
/// end of its header, which says what the samples mean, and its data.
struct Coded {
    header_end: &'static str,
    data: &'static str,
}

const FULL_601: Coded = Coded {
    header_end: "6e021a0c080",
    data: "000000192801af06385afcfd37f4b87ffffc747fffec838aaf1098fd7e",
};
const LIMITED_601: Coded = Coded {
    header_end: "6a021a0c080",
    data: "000000192801af06385afcfd37f458dffffbc1bfffea2c4aaf1098fd7e",
};
const FULL_709: Coded = Coded {
    header_end: "6e021a02080",
    data: "0000001a2801af06385afcfd37f278dffffd0d77fffb4712abc4263f5f80",
};
const LIMITED_709: Coded = Coded {
    header_end: "6a021a02080",
    data: "0000001a2801af06385afcfd37f2193ffffcb5cffffad5faabc4263f5f80",
};

const GREEN: [u8; 3] = [60, 120, 80];

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|d| (d[0] << 4 | d[1]) as u8).collect()
}

impl Coded {
    fn header(&self) -> Vec<u8> {
        let end = self.header_end;
        bytes_of(&format!(
            "42010103700000030090000003000003001ea020810596ea4929ae{end}0000300c8000003000840"
        ))
    }

    fn config(&self) -> Vec<u8> {
        let unit = |kind: u8, unit: &[u8]| {
            let mut bytes = vec![kind, 0, 1];
            bytes.extend((unit.len() as u16).to_be_bytes());
            bytes.extend(unit);
            bytes
        };
        let units = [
            bytes_of("0103700000009000000000001ef000fcfdf8f800000f03"),
            unit(
                0x60,
                &bytes_of("40010c01ffff03700000030090000003000003001eba0240"),
            ),
            unit(0x61, &self.header()),
            unit(0x62, &bytes_of("4401c172b02240")),
        ];
        boxed(b"hvcC", &units.concat())
    }
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn full(kind: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], body].concat())
}

fn coded_colours(matrix: u8, range: u8) -> Vec<u8> {
    boxed(
        b"colr",
        &[b"nclx".as_slice(), &[0, 1, 0, 13, 0, matrix, range]].concat(),
    )
}

fn display_p3() -> Vec<u8> {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    boxed(b"colr", &[b"prof".as_slice(), &profile].concat())
}

/// A file of some coded pictures side by side, as tiles when there are several.
fn heic(brands: &[u8; 12], coded: &[&Coded], colours: &[Vec<u8>]) -> Vec<u8> {
    let tiles = coded.len() as u16;
    let item = |id: u16, kind: &[u8; 4]| {
        let body = [id.to_be_bytes().as_slice(), &[0, 0], kind, b"\0"].concat();
        full(b"infe", 2, &body)
    };
    let is_grid = tiles > 1;
    let grid = vec![0, 0, 0, tiles as u8 - 1, 0, 64 * tiles as u8, 0, 64];
    let mut data: Vec<Vec<u8>> = coded.iter().map(|c| bytes_of(c.data)).collect();
    let mut items: Vec<Vec<u8>> = (1..=tiles).map(|id| item(id, b"hvc1")).collect();
    if is_grid {
        data.push(grid);
        items.push(item(tiles + 1, b"grid"));
    }
    let count = items.len() as u16;
    let size = |width: u32| {
        let body = [width.to_be_bytes(), 64u32.to_be_bytes()].concat();
        full(b"ispe", 0, &body)
    };
    let mut properties = vec![size(64), size(64 * u32::from(tiles))];
    properties.extend(coded.iter().map(|c| c.config()));
    properties.extend_from_slice(colours);
    let mut uses = u32::from(count).to_be_bytes().to_vec();
    for id in 1..=count {
        let own: Vec<u8> = match id {
            id if id <= tiles => vec![1, id as u8 + 2],
            _ => vec![2],
        };
        let colours = (0..colours.len() as u8).map(|n| n + 3 + tiles as u8);
        let own: Vec<u8> = own.into_iter().chain(colours).collect();
        uses.extend(id.to_be_bytes());
        uses.push(own.len() as u8);
        uses.extend(own);
    }
    let mut references = vec![0, count as u8, 0, tiles as u8];
    references.extend((1..=tiles).flat_map(u16::to_be_bytes));
    let references = full(b"iref", 0, &boxed(b"dimg", &references));
    let ftyp = boxed(b"ftyp", &[&brands[..4], &[0; 4], &brands[4..]].concat());
    let catalogue = |data_at: usize| {
        let mut places = vec![0x44, 0];
        places.extend(count.to_be_bytes());
        let mut at = data_at;
        for (id, data) in (1..=count).zip(&data) {
            places.extend(id.to_be_bytes());
            places.extend([0, 0, 0, 1]);
            places.extend((at as u32).to_be_bytes());
            places.extend((data.len() as u32).to_be_bytes());
            at += data.len();
        }
        let body = [
            full(
                b"hdlr",
                0,
                &[&[0; 4], b"pict".as_slice(), &[0; 13]].concat(),
            ),
            full(b"pitm", 0, &count.to_be_bytes()),
            full(b"iloc", 0, &places),
            full(
                b"iinf",
                0,
                &[&count.to_be_bytes()[..], &items.concat()].concat(),
            ),
            if is_grid { references.clone() } else { vec![] },
            boxed(
                b"iprp",
                &[
                    boxed(b"ipco", &properties.concat()),
                    full(b"ipma", 0, &uses),
                ]
                .concat(),
            ),
        ];
        full(b"meta", 0, &body.concat())
    };
    let data_at = ftyp.len() + catalogue(0).len() + 8;
    [ftyp, catalogue(data_at), boxed(b"mdat", &data.concat())].concat()
}

fn kept(bytes: &[u8]) -> Processed {
    process(bytes, LIMITS, Depth::Pixels).unwrap()
}

fn colour(bytes: &[u8]) -> Option<[u8; 3]> {
    let small = kept(bytes).derived?.small;
    let pixels = jpeg::open(&small, LIMITS, Depth::Pixels)
        .unwrap()
        .picture
        .unwrap()
        .pixels;
    let picture = Srgb::new(pixels.width, pixels.height, pixels.data).unwrap();
    let first = picture.pixels()[0];
    assert!(picture.pixels().iter().all(|p| near(*p, first)), "even");
    Some(first)
}

fn near(colour: [u8; 3], wanted: [u8; 3]) -> bool {
    colour.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 3)
}

const BRANDS: &[u8; 12] = b"heicmif1heic";

#[test]
fn what_samples_mean_is_read_where_phones_write_it() {
    for (name, coded) in [
        ("full 601", FULL_601),
        ("limited 601", LIMITED_601),
        ("full 709", FULL_709),
        ("limited 709", LIMITED_709),
    ] {
        let plain = colour(&heic(BRANDS, &[&coded], &[])).unwrap();
        assert!(near(plain, GREEN), "{name}: {plain:?}");
        let wide = colour(&heic(BRANDS, &[&coded], &[display_p3()])).unwrap();
        assert!(near(wide, [30, 122, 76]), "{name}, P3: {wide:?}");
    }
    // What the catalogue says comes first; what it does not name is what HEIF takes.
    let said = heic(BRANDS, &[&FULL_601], &[coded_colours(6, 0)]);
    assert!(!near(colour(&said).unwrap(), GREEN));
    for matrix in [2, 5, 6] {
        let said = heic(
            BRANDS,
            &[&FULL_601],
            &[coded_colours(matrix, 0x80), display_p3()],
        );
        assert!(near(colour(&said).unwrap(), [30, 122, 76]), "{matrix}");
    }
    // A matrix that nobody knows here would show wrong colours: kept as it is.
    let unknown = heic(BRANDS, &[&FULL_601], &[coded_colours(14, 0x80)]);
    assert!(kept(&unknown).derived.is_none());
}

#[test]
fn tiles_are_put_side_by_side() {
    let tiles = heic(BRANDS, &[&FULL_601, &FULL_601, &FULL_601], &[display_p3()]);
    let photo = kept(&tiles);
    assert_eq!((photo.width, photo.height), (Some(192), Some(64)));
    assert!(near(colour(&tiles).unwrap(), [30, 122, 76]));
    for part in [tiles.len() / 2, tiles.len() - 1] {
        let cut = process(&tiles[..part], LIMITS, Depth::Pixels).unwrap_err();
        assert_eq!(cut, PhotoProblem::Truncated, "{part} bytes");
    }
}

#[test]
fn any_brand_of_its_own_makes_it_a_picture() {
    for brands in [
        b"heicmif1heic",
        b"mif1heicmif1",
        b"miafheicmif1",
        b"MiHEmif1heic",
        b"isomheicmif1",
        b"mp42isomheic",
        b"mp42isommif1",
    ] {
        let name = String::from_utf8_lossy(brands);
        let bytes = heic(brands, &[&FULL_601], &[]);
        assert!(near(colour(&bytes).unwrap(), GREEN), "{name}");
        assert_eq!(kept(&bytes).media_type, MediaType::Heic, "{name}");
    }
    let film = heic(b"mp42isomavc1", &[&FULL_601], &[]);
    assert_eq!(
        at_sight(&film, LIMITS),
        Err(PhotoProblem::UnsupportedType),
        "a film is none"
    );
    let avif = heic(b"mif1avifmiaf", &[&FULL_601], &[]);
    assert_eq!(kept(&avif).media_type, MediaType::Avif);
}

#[test]
fn what_stands_behind_a_heic_is_said() {
    let good = heic(BRANDS, &[&FULL_601], &[]);
    assert_eq!(kept(&good).remarks, []);
    let film = [
        boxed(b"ftyp", b"mp42\0\0\0\0isommp42"),
        boxed(b"moov", &[0; 40]),
        boxed(b"mdat", &[7; 3000]),
    ]
    .concat();
    for behind in [
        film.clone(),
        film[..film.len() - 9].to_vec(),
        boxed(b"free", &[0; 80]),
        boxed(b"mpvd", &film),
        vec![0; 5000],
    ] {
        let photo = kept(&[good.clone(), behind].concat());
        assert_eq!(photo.remarks, [Remark::Trailer]);
        assert!(photo.derived.is_some());
    }
}

/// Writes a header bit by bit.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, number: u32, count: u32) {
        self.0
            .extend((0..count).rev().map(|at| number >> at & 1 == 1));
    }

    /// Exp-Golomb codes.
    fn codes(&mut self, numbers: &[u32]) {
        for number in numbers {
            let length = 32 - (number + 1).leading_zeros();
            self.put(0, length - 1);
            self.put(number + 1, length);
        }
    }

    /// The unit, with threes where its bytes would look like the beginning of another.
    fn unit(&self) -> Vec<u8> {
        let (mut unit, mut zeros) = (vec![0x42, 1], 0);
        for bits in self.0.chunks(8) {
            let byte = bits.iter().fold(0, |n, bit| n << 1 | u8::from(*bit)) << (8 - bits.len());
            if zeros >= 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit
    }
}

/// Two layers below, one with its profile and level; sizes, what is cut off, depths.
fn sized(bits: &mut Bits) {
    bits.put(0, 4);
    bits.put(2, 3);
    bits.put(1, 1);
    (0..12).for_each(|_| bits.put(0x5a, 8));
    bits.put(0b1100, 4);
    bits.put(0, 12);
    (0..12).for_each(|_| bits.put(0xa5, 8));
    bits.codes(&[0, 1, 20_000, 20_000]);
    bits.put(1, 1);
    bits.codes(&[0, 4, 0, 2, 0, 0, 4]);
    bits.put(1, 1);
    bits.codes(&[4, 0, 0, 4, 0, 0, 4, 0, 0, 0, 3, 0, 3, 2, 2]);
}

/// Scaling lists, of which the first is spelled out and the others refer to it; raw blocks; two
/// sets of references, the second made of the first; a long-term one.
fn tools(bits: &mut Bits) {
    bits.put(0b11, 2);
    bits.put(1, 1);
    bits.codes(&[5; 16]);
    for _ in 0..19 {
        bits.put(0, 1);
        bits.codes(&[0]);
    }
    bits.put(0b111, 3);
    bits.put(0x77, 8);
    bits.codes(&[0, 2]);
    bits.put(0, 1);
    bits.codes(&[2, 2, 0, 0]);
    bits.put(1, 1);
    bits.codes(&[0]);
    bits.put(0b110, 3);
    bits.codes(&[0]);
    bits.put(0b10100, 5);
    bits.put(1, 1);
    bits.codes(&[1]);
    bits.put(0x1ff, 9);
    bits.put(0b11, 2);
}

/// A shape of its own, overscan, then the numbers of its colours.
fn usable(bits: &mut Bits) {
    bits.put(0b11, 2);
    bits.put(255, 8);
    bits.put(u32::MAX, 32);
    bits.put(0b111, 3);
    bits.put(0b10111, 5);
    for number in [12, 13, 1] {
        bits.put(number, 8);
    }
}

#[test]
fn a_header_tells_its_samples_behind_all_that_may_stand_in_front() {
    let header = hevc_header::read(&FULL_601.header()).unwrap();
    assert_eq!(header.samples, 64 * 64 * 3 / 2);
    assert_eq!(header.colours.range, heic_rs::Range::Full);
    assert_eq!(header.colours.matrix_code, 6);
    let mut bits = Bits::default();
    sized(&mut bits);
    tools(&mut bits);
    usable(&mut bits);
    let unit = bits.unit();
    let header = hevc_header::read(&unit).unwrap();
    assert_eq!(header.samples, 600_000_000);
    let colours = header.colours;
    assert_eq!(
        (colours.primaries, colours.transfer, colours.matrix_code),
        (12, 13, 1)
    );
    assert_eq!(colours.range, heic_rs::Range::Full);
    for part in 0..unit.len() - 1 {
        assert_eq!(hevc_header::read(&unit[..part]), None, "{part} bytes");
    }
}

#[test]
fn what_would_take_too_long_is_kept_as_it_is() {
    let good = heic(BRANDS, &[&FULL_601], &[]);
    let photo = process(&good, LIMITS, Depth::Structure).unwrap();
    assert!(photo.derived.is_none() && photo.width.is_none());
    // Bytes count as well as pixels.
    let mut long = FULL_601.data.to_owned();
    long.push_str(&"00".repeat(6_000_000));
    let long = Coded {
        data: Box::leak(long.into_boxed_str()),
        ..FULL_601
    };
    assert!(kept(&heic(BRANDS, &[&long], &[])).derived.is_none());
}
