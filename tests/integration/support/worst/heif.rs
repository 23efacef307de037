//! HEIC and AVIF.

use super::{MAX_BYTES, Worst, exif_bombs, noise, worst};

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn full(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 4], body].concat())
}

/// A file of one coded picture with what else its catalogue holds.
struct Made<'a> {
    brand: &'a [u8; 4],
    coding: &'a [u8; 4],
    width: u32,
    height: u32,
    extents: u16,
    more_items: u16,
    exif: &'a [u8],
    data: &'a [u8],
}

impl Made<'_> {
    fn bytes(&self) -> Vec<u8> {
        let brand = [self.brand.as_slice(), &[0; 4], b"mif1", self.brand].concat();
        let ftyp = boxed(b"ftyp", &brand);
        // Where the data begins depends on how long the catalogue is, not on what it says.
        let length = self.catalogue(0).len();
        let data_at = (ftyp.len() + length + 8) as u32;
        let data = [self.exif, self.data].concat();
        [ftyp, self.catalogue(data_at), boxed(b"mdat", &data)].concat()
    }

    fn catalogue(&self, data_at: u32) -> Vec<u8> {
        let item = |id: u16, kind: &[u8; 4]| {
            let body = [id.to_be_bytes().as_slice(), &[0, 0], kind, b"\0"].concat();
            let mut bytes = full(b"infe", &body);
            bytes[8] = 2;
            bytes
        };
        let mut items = (2 + self.more_items).to_be_bytes().to_vec();
        items.extend(item(1, self.coding));
        items.extend(item(2, b"Exif"));
        for id in 0..self.more_items {
            items.extend(item(id.wrapping_add(3), b"mime"));
        }
        // Offsets and lengths of four bytes, no base.
        let mut places = vec![0x44, 0, 0, 2];
        let picture_at = data_at + self.exif.len() as u32;
        places.extend([0, 1, 0, 0]);
        places.extend(self.extents.to_be_bytes());
        for _ in 0..self.extents {
            places.extend(picture_at.to_be_bytes());
            places.extend((self.data.len() as u32).to_be_bytes());
        }
        places.extend([0, 2, 0, 0, 0, 1]);
        places.extend(data_at.to_be_bytes());
        places.extend((self.exif.len() as u32).to_be_bytes());
        let size = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let properties = [
            boxed(b"ipco", &full(b"ispe", &size)),
            full(b"ipma", &[0, 0, 0, 1, 0, 1, 1, 0x81]),
        ]
        .concat();
        let body = [
            full(b"hdlr", &[&[0; 4], b"pict".as_slice(), &[0; 13]].concat()),
            full(b"pitm", &[0, 1]),
            full(b"iinf", &items),
            full(b"iloc", &places),
            boxed(b"iprp", &properties),
        ]
        .concat();
        full(b"meta", &body)
    }
}

pub fn set() -> Vec<Worst> {
    let room = MAX_BYTES - 400_000;
    let noise = noise(room);
    let plain = |brand, coding| Made {
        brand,
        coding,
        width: 4_032,
        height: 3_024,
        extents: 1,
        more_items: 0,
        exif: &[0; 64],
        data: &noise[..1_000_000],
    };
    let heic = || plain(b"heic", b"hvc1");
    let begins = |brand: &[u8; 4]| {
        let body = [brand.as_slice(), &[0; 4], b"mif1heic"].concat();
        [boxed(b"ftyp", &body), noise.clone()].concat()
    };
    let mut all = vec![
        worst("HEIC, noise behind its name", begins(b"heic")),
        worst("AVIF, noise behind its name", begins(b"avif")),
        worst("HEIC, noise for a picture", heic().bytes()),
        worst("AVIF, noise for a picture", plain(b"avif", b"av01").bytes()),
        worst(
            "HEIC, noise as large as can be",
            Made {
                data: &noise,
                ..heic()
            }
            .bytes(),
        ),
        worst(
            "HEIC, 2^31 pixels square",
            Made {
                width: 1 << 31,
                height: 1 << 31,
                ..heic()
            }
            .bytes(),
        ),
        worst(
            "HEIC, one row",
            Made {
                width: 60_000_000,
                height: 1,
                ..heic()
            }
            .bytes(),
        ),
        worst(
            "HEIC, thirty thousand pieces of a picture",
            Made {
                extents: 30_000,
                ..heic()
            }
            .bytes(),
        ),
        worst(
            "HEIC, sixty thousand items",
            Made {
                more_items: 60_000,
                ..heic()
            }
            .bytes(),
        ),
        worst(
            "HEIC, three million boxes",
            [
                begins(b"heic")[..24].to_vec(),
                boxed(b"free", b"").repeat(room / 8),
            ]
            .concat(),
        ),
    ];
    let whole = heic().bytes();
    all.extend((1..8).map(|part| {
        worst(
            format!("HEIC, {part}/8 of it"),
            whole[..whole.len() * part / 8].to_vec(),
        )
    }));
    for (name, block) in exif_bombs() {
        let exif = [&[0, 0, 0, 6], b"Exif\0\0".as_slice(), &block].concat();
        all.push(worst(
            format!("HEIC, {name}"),
            Made {
                exif: &exif,
                ..heic()
            }
            .bytes(),
        ));
    }
    all
}
