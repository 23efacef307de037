//! Bodies the stories send.

use serde_json::{Value, json};

/// A place in 东街街道.
pub const LON: f64 = 119.2985;
pub const LAT: f64 = 26.0860;

/// A complaint about a barbecue's fumes, by a person (or nobody), some metres north of the place.
pub fn fumes(phone: Option<&str>, metres_north: f64) -> Value {
    let mut body = json!({
        "category": "air.cooking_fume",
        "description": "楼下老王烧烤每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。",
        "location": { "lon": LON, "lat": LAT + metres_north / 111_195.0, "datum": "WGS84", "accuracy_m": 10.0 },
        "premises": "老王烧烤",
        "occurred_at": "2026-11-23T19:00:00+08:00",
        "occurred_until": "2026-11-23T22:00:00+08:00",
        "demand": "enforcement"
    });
    if let Some(phone) = phone {
        body["reporter"] = json!({ "name": "林小雨", "phone": phone });
    }
    body
}

/// A complaint about something else, far from the barbecue.
pub fn river(phone: Option<&str>) -> Value {
    let mut body = json!({
        "category": "water.black_odorous",
        "description": "河水发黑发臭，两岸居民苦不堪言，望截污清淤。",
        "location": { "lon": 119.2760, "lat": 26.1010, "datum": "WGS84" }
    });
    if let Some(phone) = phone {
        body["reporter"] = json!({ "phone": phone });
    }
    body
}
