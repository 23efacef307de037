//! The colours of a file turned into those every screen shows (sRGB).
//!
//! Phones write Display P3, cameras Adobe RGB, scanners and printers grey and ink. A public copy
//! carries no profile, so its numbers must mean sRGB. A profile that cannot be used is left out, as
//! browsers do: the picture then looks a little pale or a little loud, and is still evidence.

use moxcms::{ColorProfile, DataColorSpace, Layout, ParsingOptions, TransformOptions};

use super::PhotoProblem;
use super::jpeg_walk::MAX_PROFILE_BYTES;
use super::pixels::{Kind, Pixels, Srgb, thrice};

/// Bytes of a profile's colour table at most, as read.
const MAX_TABLE_BYTES: usize = 4 * 1024 * 1024;

/// Points of a profile's curve at most.
const MAX_CURVE_POINTS: usize = 16_384;

/// What a file says its colours are.
#[derive(Debug)]
pub(super) enum Profile {
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Adobe RGB, as cameras say it in EXIF alone.
    AdobeRgb,
    /// Primaries and transfer by their numbers in ITU-T H.273.
    Coded { primaries: u8, transfer: u8 },
}

impl Profile {
    fn read(&self) -> Option<ColorProfile> {
        match self {
            Self::Icc(bytes) => {
                let options = ParsingOptions {
                    max_profile_size: MAX_PROFILE_BYTES,
                    max_allowed_clut_size: MAX_TABLE_BYTES,
                    max_allowed_trc_size: MAX_CURVE_POINTS,
                };
                ColorProfile::new_from_slice_with_options(bytes, options).ok()
            }
            Self::AdobeRgb => Some(ColorProfile::new_adobe_rgb()),
            // The curves of ordinary screens and films; those of bright screens (16, 18) would
            // need tone mapping.
            Self::Coded {
                primaries,
                transfer: 1 | 6 | 13 | 14 | 15,
            } => match primaries {
                9 => Some(ColorProfile::new_bt2020()),
                11 | 12 => Some(ColorProfile::new_display_p3()),
                _ => None,
            },
            Self::Coded { .. } => None,
        }
    }
}

/// The pixels in sRGB.
///
/// # Errors
/// When there are not as many samples as the size says.
pub(super) fn to_srgb(pixels: Pixels, profile: Option<&Profile>) -> Result<Srgb, PhotoProblem> {
    let (width, height) = (pixels.width, pixels.height);
    let rgb = profile
        .and_then(Profile::read)
        .and_then(|profile| converted(&pixels, &profile))
        .unwrap_or_else(|| plain(pixels));
    Srgb::new(width, height, rgb)
}

fn converted(pixels: &Pixels, profile: &ColorProfile) -> Option<Vec<u8>> {
    let layout = match (pixels.kind, profile.color_space) {
        (Kind::Grey, DataColorSpace::Gray) => Layout::Gray,
        (Kind::Rgb, DataColorSpace::Rgb) => Layout::Rgb,
        // Four samples without a see-through one.
        (Kind::Cmyk, DataColorSpace::Cmyk) => Layout::Rgba,
        // Grey is written into files with a profile for colours as well: three samples alike.
        (Kind::Grey, DataColorSpace::Rgb) => {
            let threefold = Pixels {
                kind: Kind::Rgb,
                data: thrice(pixels.data.iter().copied()),
                ..*pixels
            };
            return converted(&threefold, profile);
        }
        // A grey picture in a format whose rows were made colour on the way.
        (Kind::Rgb, DataColorSpace::Gray) => {
            let one = Pixels {
                kind: Kind::Grey,
                data: pixels.data.iter().step_by(3).copied().collect(),
                ..*pixels
            };
            return converted(&one, profile);
        }
        _ => return None,
    };
    let transform = profile
        .create_transform_8bit(
            layout,
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )
        .ok()?;
    let count = pixels.data.len() / pixels.kind.samples();
    let mut rgb = vec![0; count * 3];
    transform.transform(&pixels.data, &mut rgb).ok()?;
    Some(rgb)
}

/// The pixels as if they were sRGB already.
fn plain(pixels: Pixels) -> Vec<u8> {
    match pixels.kind {
        Kind::Rgb => pixels.data,
        Kind::Grey => thrice(pixels.data.iter().copied()),
        Kind::Cmyk => pixels.data.chunks_exact(4).flat_map(ink_on_paper).collect(),
    }
}

/// Inks without a profile: what each leaves of white, times what black leaves.
fn ink_on_paper(pixel: &[u8]) -> [u8; 3] {
    let ink = |at: usize| u16::from(pixel.get(at).copied().unwrap_or(0));
    let black = 255 - ink(3);
    [0, 1, 2].map(|at| ((255 - ink(at)) * black / 255) as u8)
}
