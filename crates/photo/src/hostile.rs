//! Files made to hurt: what they are, their bytes, and the problem each must end in.

use super::pictures;

/// The set, some of it made out of a good JPEG.
pub fn set(good: &[u8]) -> [(&'static str, Vec<u8>, &'static str); 9] {
    let cut = good[..good.len() / 2].to_vec();
    let mut huge = good.to_vec();
    let frame = huge.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let scan = good.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    let mut scans = good[..scan].to_vec();
    for _ in 0..1000 {
        scans.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    }
    scans.extend([0xff, 0xd9]);
    let bomb = pictures::png(9000, 9000, &pictures::plain(9000, 9000, [0; 3]));
    let png = pictures::drawn(300, 300, |x, y| [x as u8, y as u8, (x * y) as u8]);
    let png = pictures::png(300, 300, &png);
    let png_cut = png[..2000].to_vec();
    [
        ("empty", Vec::new(), "empty"),
        (
            "a program",
            b"\x7fELF\x02\x01\x01 pretending".to_vec(),
            "unsupported_type",
        ),
        (
            "a page",
            b"<html><script>alert(1)</script>".to_vec(),
            "unsupported_type",
        ),
        (
            "gif",
            b"GIF89a\x01\x00\x01\x00".to_vec(),
            "unsupported_type",
        ),
        ("cut off", cut, "truncated"),
        ("65535 pixels square", huge, "too_many_pixels"),
        ("a thousand scans", scans, "too_costly"),
        ("81 megapixels in a small file", bomb, "too_many_pixels"),
        ("cut-off PNG", png_cut, "truncated"),
    ]
}
