//! Reads a multipart body: one part `complaint` (JSON) and photos, in any order, within bounds.

use actix_web::{HttpRequest, dev::Payload, http::header};
use bytes::{Bytes, BytesMut};

use super::base64::Base64;
use super::disposition::{self, Disposition};
use crate::district::Limits;
use crate::evidence::{
    file::{FILE, most_bytes_of_any},
    intake::Upload,
};
use crate::platform::{
    http::{
        Patience, Piece, PieceStream, Unpacked, Waiting, announced_bytes, broken_off, unpacked,
    },
    problem::{Code, Item, ItemCode, Problem},
    room::{Held, Visit},
};

/// What a body may have beside its photos and the JSON part: boundaries, headers of parts.
const BESIDE_PHOTOS: usize = 1024 * 1024;

/// Parts that a form sends of itself and nobody wrote: the encoding it is in, its buttons.
const OF_THE_FORM: [&str; 8] = [
    "_charset_",
    "submit",
    "submit.x",
    "submit.y",
    "button",
    "btn",
    "x",
    "y",
];

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
    /// Bytes of the JSON part at most.
    pub json_bytes: usize,
    /// Names photos may come under, which become their roles.
    pub roles: &'a [&'a str],
    /// Photos at most.
    pub photos: usize,
    /// Bytes of a photo at most; one with more is read to its end but not kept.
    pub photo_bytes: usize,
    /// Bytes of a file that is no photo to be shown at most, read likewise.
    pub file_bytes: usize,
}

impl PartLimits<'_> {
    /// Bytes of the whole body at most: as many photos as there may be. Other files share their room.
    fn whole(&self) -> usize {
        self.photos * self.photo_bytes + self.json_bytes + BESIDE_PHOTOS
    }

    /// Bytes of a part of that name at most.
    fn most(&self, name: &str) -> usize {
        if name == FILE {
            self.file_bytes
        } else {
            self.photo_bytes
        }
    }

    fn too_large(&self) -> Problem {
        Problem::because(
            Code::BodyTooLarge,
            format!("the whole body may have {} bytes", self.whole()),
        )
    }

    /// Whoever sends a part under another name means something by it.
    fn unknown(&self, name: &str) -> Problem {
        let known = self.roles.join(", ");
        let message = format!("parts are {}, {known}", self.json);
        let item = Item::new(name, ItemCode::UnknownPart, message);
        malformed("the body has a part this operation does not take").with_items(vec![item])
    }
}

/// A body that is being read: how long it may still take, and how much may still come.
struct Reading<'a> {
    waiting: Waiting,
    left: usize,
    limits: PartLimits<'a>,
    visit: &'a Visit,
}

/// A form's body, piece by piece.
type Form = PieceStream<Unpacked>;

fn malformed(detail: &str) -> Problem {
    Problem::because(Code::MalformedRequest, detail.to_owned())
}

/// Reads the body of an upload that was let in.
///
/// # Errors
/// 400 when it is not multipart, has an unknown part, too many photos, or breaks off; 408 when it
/// does not come in time; 413 when its JSON part or the whole is too large; 415 for a coding that is
/// not taken; 429 and 503 when there is no room for it.
pub async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: PartLimits<'_>,
    visit: &Visit,
) -> Result<Parts, Problem> {
    if announced_bytes(request).is_some_and(|bytes| bytes > limits.whole()) {
        return Err(limits.too_large());
    }
    let sent = request.headers().get(header::CONTENT_TYPE);
    let boundaries = sent.map(|value| disposition::boundaries(value.as_bytes()));
    let boundaries = boundaries.unwrap_or_default();
    if boundaries.is_empty() {
        return Err(malformed("send multipart/form-data with a boundary"));
    }
    let mut stream = PieceStream::new(&boundaries, unpacked(request, payload.take())?);
    let mut parts = Parts::default();
    let mut reading = Reading {
        waiting: Patience::UPLOAD.begin(),
        left: limits.whole(),
        limits,
        visit,
    };
    while let Some(headers) = reading.next_part(&mut stream).await? {
        let Disposition {
            name,
            file_name,
            is_base64,
        } = disposition::of(&headers);
        let coding = is_base64.then(Base64::default);
        if name.is_empty() || OF_THE_FORM.contains(&name.to_ascii_lowercase().as_str()) {
            reading.pass_over(&mut stream).await?;
        } else if name == limits.json && parts.json.is_none() {
            let (json, _) = reading
                .field(&mut stream, limits.json_bytes, coding)
                .await?;
            parts.json = Some(json.ok_or_else(|| Problem::new(Code::BodyTooLarge))?);
        } else if limits.roles.contains(&name.as_str()) {
            let photo = reading.field(&mut stream, limits.most(&name), coding);
            let (bytes, held) = photo.await?;
            let is_empty = bytes.as_ref().is_some_and(Bytes::is_empty);
            // What a browser sends for a file input that nobody filled in. An empty file that has a
            // name is told, as long as there is room for it, and takes no photo's place.
            if is_empty && (file_name.is_none() || parts.uploads.len() >= limits.photos) {
                continue;
            }
            let filled = |upload: &&Upload| upload.bytes.as_ref().is_none_or(|b| !b.is_empty());
            if !is_empty && parts.uploads.iter().filter(filled).count() == limits.photos {
                let message = format!("{} photos at most", limits.photos);
                let item = Item::new(&name, ItemCode::TooManyPhotos, message);
                return Err(Problem::invalid_items(vec![item]));
            }
            parts.uploads.push(Upload {
                role: name,
                file_name,
                bytes,
                held,
            });
        } else if !reading.is_empty(&mut stream).await? {
            return Err(limits.unknown(&name));
        }
    }
    Ok(parts)
}

impl Reading<'_> {
    /// The headers of the next part; `None` when there is none.
    async fn next_part(&mut self, stream: &mut Form) -> Result<Option<Bytes>, Problem> {
        while let Some(piece) = self.waiting.next(stream).await? {
            match piece? {
                Piece::Headers(headers) => {
                    self.count(headers.len())?;
                    return Ok(Some(headers));
                }
                Piece::Skipped(bytes) => self.count(bytes)?,
                Piece::Data(_) | Piece::End => {}
            }
        }
        Ok(None)
    }

    /// Counts bytes that came.
    fn count(&mut self, bytes: usize) -> Result<(), Problem> {
        self.waiting.received(bytes)?;
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| self.limits.too_large())?;
        Ok(())
    }

    /// More of the part that is being read; `None` at its end.
    async fn data(&mut self, stream: &mut Form) -> Result<Option<Bytes>, Problem> {
        let Some(piece) = self.waiting.next(stream).await? else {
            return Ok(None);
        };
        let Piece::Data(chunk) = piece? else {
            return Ok(None);
        };
        self.count(chunk.len())?;
        Ok(Some(chunk))
    }

    /// Reads a part to its end and keeps nothing of it.
    async fn pass_over(&mut self, stream: &mut Form) -> Result<(), Problem> {
        while self.data(stream).await?.is_some() {}
        Ok(())
    }

    /// Whether a part ends without a byte; one that does is read.
    async fn is_empty(&mut self, stream: &mut Form) -> Result<bool, Problem> {
        while let Some(chunk) = self.data(stream).await? {
            if !chunk.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The field's bytes and the room they hold; `None` when there were more than allowed. The
    /// rest is read and dropped, within the bound of the whole body, so that the parts after it
    /// are still read. What is written in Base64 is counted as the bytes it stands for.
    async fn field(
        &mut self,
        stream: &mut Form,
        max: usize,
        mut coding: Option<Base64>,
    ) -> Result<(Option<Bytes>, Held), Problem> {
        let mut bytes = BytesMut::new();
        let mut held = self.visit.hold();
        let mut too_many = false;
        loop {
            let sent = self.data(stream).await?;
            let is_end = sent.is_none();
            let chunk = match (sent, &mut coding) {
                (Some(sent), Some(coding)) => coding.decode(sent),
                (None, Some(coding)) => coding.finish(),
                (sent, None) => sent.unwrap_or_default(),
            };
            too_many |= bytes.len() + chunk.len() > max;
            if too_many {
                bytes = BytesMut::new();
                held = Held::default();
            } else {
                held.take(chunk.len())?;
                bytes.extend_from_slice(&chunk);
            }
            if is_end {
                return Ok(((!too_many).then(|| bytes.freeze()), held));
            }
        }
    }
}

/// Reads a body that is one photo or file, within its bound, taking room as it comes.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come in time, 400 when it breaks off, 415 for a
/// coding that is not taken, 429 and 503 when there is no room.
pub async fn read_raw(
    request: &HttpRequest,
    payload: &mut Payload,
    (role, limits): (&str, Limits),
    visit: &Visit,
) -> Result<(Bytes, Held), Problem> {
    let (most, code) = if role == FILE {
        (most_bytes_of_any(limits), Code::BodyTooLarge)
    } else {
        (limits.photo_bytes, Code::PhotoTooLarge)
    };
    let mut body = unpacked(request, payload.take())?;
    let mut waiting = Patience::UPLOAD.begin();
    let mut bytes = BytesMut::new();
    let mut held = visit.hold();
    while let Some(chunk) = waiting.next(&mut body).await? {
        let chunk = chunk.map_err(|e| broken_off(&e))?;
        waiting.received(chunk.len())?;
        if bytes.len() + chunk.len() > most {
            let detail = format!("a {role} has {most} bytes at most");
            return Err(Problem::because(code, detail));
        }
        held.take(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes.freeze(), held))
}
