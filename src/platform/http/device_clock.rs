//! What a device's clock shows when it sends something, told in `Device-Now`. A header, because it is
//! another at every attempt to send the same body.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderName};
use chrono::{DateTime, TimeDelta, Utc};

use super::dates::read_instant;
use crate::platform::problem::{Code, Problem};

const DEVICE_NOW: HeaderName = HeaderName::from_static("device-now");

/// What the sending device's clock showed, if it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceNow(Option<DateTime<Utc>>);

impl DeviceNow {
    /// By how much our clock, which shows `now`, is ahead of the device's.
    #[must_use]
    pub fn offset(self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.0.map(|shown| now - shown)
    }
}

impl FromRequest for DeviceNow {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(DEVICE_NOW) else {
            return ready(Ok(Self::default()));
        };
        let shown = value.to_str().ok().and_then(read_instant);
        ready(shown.map(|at| Self(Some(at))).ok_or_else(|| {
            let words = "Device-Now is the instant the device's clock shows, such as 2026-11-24T08:43:00+08:00";
            Problem::because(Code::MalformedRequest, words)
        }))
    }
}
