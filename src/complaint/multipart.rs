//! Reads a multipart body: one part `complaint` (JSON) and photos, in any order, within bounds.

use actix_multipart::{Field, Multipart};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::photos::Upload;
use crate::platform::{
    http::MAX_JSON_BYTES,
    problem::{Code, Item, Problem},
    room::{Held, Room},
};

/// What a multipart body held.
#[derive(Debug, Default)]
pub struct Parts {
    /// The JSON part.
    pub json: Option<Bytes>,
    /// The photos, in the order sent.
    pub uploads: Vec<Upload>,
}

/// How much a body may hold.
#[derive(Debug, Clone, Copy)]
pub struct PartLimits<'a> {
    /// Name of the JSON part.
    pub json: &'a str,
    /// Names photos may come under, which become their roles.
    pub roles: &'a [&'a str],
    /// Photos at most.
    pub photos: usize,
    /// Bytes of a photo at most; one with more is read to its end but not kept.
    pub photo_bytes: usize,
}

/// Reads the body.
///
/// # Errors
/// 400 when it is not multipart, has an unknown part, too many photos, or breaks off; 413 when
/// its JSON part is too large; 503 when all uploads together would need more memory than they
/// are given.
pub async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: PartLimits<'_>,
    room: &Room,
) -> Result<Parts, Problem> {
    let malformed = |detail: &str| Problem::because(Code::MalformedRequest, detail.to_owned());
    let mut stream = Multipart::from_request(request, payload)
        .await
        .map_err(|_| malformed("send multipart/form-data with a boundary"))?;
    let mut parts = Parts::default();
    while let Some(field) = stream.next().await {
        let field =
            field.map_err(|_| malformed("the multipart body breaks off or is malformed"))?;
        let name = field.name().unwrap_or_default().to_owned();
        if name == limits.json && parts.json.is_none() {
            let (json, _) = read_field(field, MAX_JSON_BYTES, room).await?;
            parts.json = Some(json.ok_or_else(|| Problem::new(Code::BodyTooLarge))?);
        } else if limits.roles.contains(&name.as_str()) {
            if parts.uploads.len() == limits.photos {
                let item = Item::new(
                    &name,
                    "too_many_photos",
                    format!("{} photos at most", limits.photos),
                );
                return Err(Problem::invalid_items(vec![item]));
            }
            let file_name = field
                .content_disposition()
                .and_then(|d| d.get_filename())
                .map(str::to_owned);
            let (bytes, held) = read_field(field, limits.photo_bytes, room).await?;
            parts.uploads.push(Upload {
                role: name,
                file_name,
                bytes,
                held,
            });
        } else {
            let known = limits.roles.join(", ");
            let item = Item::new(
                &name,
                "unknown_part",
                format!("parts are {}, {known}", limits.json),
            );
            return Err(
                malformed("the body has a part this operation does not take")
                    .with_items(vec![item]),
            );
        }
    }
    Ok(parts)
}

/// The field's bytes and the room they hold; `None` when there were more than allowed. The rest is
/// read and dropped, so that the parts after it are still read.
async fn read_field(
    mut field: Field,
    max: usize,
    room: &Room,
) -> Result<(Option<Bytes>, Held), Problem> {
    let mut bytes = BytesMut::new();
    let mut held = Held::default();
    let mut too_many = false;
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::because(Code::MalformedRequest, "the multipart body breaks off")
        })?;
        too_many |= bytes.len() + chunk.len() > max;
        if too_many {
            bytes = BytesMut::new();
            held = Held::default();
        } else {
            room.take(chunk.len(), &mut held)?;
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(((!too_many).then(|| bytes.freeze()), held))
}
