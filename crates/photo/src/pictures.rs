//! Pictures in the formats that lose nothing.

/// The samples of a picture of one colour, row by row.
pub fn plain<const SAMPLES: usize>(width: u32, height: u32, pixel: [u8; SAMPLES]) -> Vec<u8> {
    pixel.repeat(width as usize * height as usize)
}

/// The samples of a picture whose colour depends on the column and the row.
pub fn drawn(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut samples = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            samples.extend(pixel(x, y));
        }
    }
    samples
}

/// A PNG: each pixel red, green, blue, and perhaps how opaque it is.
pub fn png(width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_color(match is_opaque(width, height, samples) {
        true => png::ColorType::Rgb,
        false => png::ColorType::Rgba,
    });
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The same as a WebP.
pub fn webp(width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let colours = match is_opaque(width, height, samples) {
        true => image_webp::ColorType::Rgb8,
        false => image_webp::ColorType::Rgba8,
    };
    let encoder = image_webp::WebPEncoder::new(&mut bytes);
    encoder.encode(samples, width, height, colours).unwrap();
    bytes
}

fn is_opaque(width: u32, height: u32, samples: &[u8]) -> bool {
    samples.len() == width as usize * height as usize * 3
}
