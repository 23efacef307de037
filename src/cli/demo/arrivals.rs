//! What came in during the last days, by all channels: made up, like everything here.

use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, text};
use crate::photo::sample::scene;

/// The complaints, in the order they came.
const COMPLAINTS: &str = include_str!("complaints.json");

/// One complaint of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrival {
    /// What it is about, for the screen.
    label: String,
    /// Its channel; `app` is the public door, any other comes in at the desk.
    channel: String,
    external_no: Option<String>,
    /// How long ago it reached its channel.
    #[serde(default)]
    hours_ago: i64,
    #[serde(default)]
    petitioners: Vec<Value>,
    /// How many photos it brings.
    #[serde(default)]
    photos: u32,
    complaint: Value,
}

/// Files all of them; answers their numbers.
pub(super) async fn take_in(resident: &Client, office: &Client) -> anyhow::Result<Vec<String>> {
    let arrivals: Vec<Arrival> = serde_json::from_str(COMPLAINTS)?;
    let mut numbers = Vec::new();
    for (at, arrival) in (0_u32..).zip(arrivals) {
        let receipt = if arrival.channel == "app" {
            let pictures = (0..arrival.photos).map(|n| scene(100 + 10 * at + n, 800, 600));
            let path = "/api/v1/complaints";
            resident
                .post_photos(path, Some(&arrival.complaint), "photo", pictures.collect())
                .await?
        } else {
            let body = json!({
                "channel": arrival.channel,
                "external_no": arrival.external_no,
                "received_at": Utc::now() - TimeDelta::hours(arrival.hours_ago),
                "petitioners": arrival.petitioners,
                "complaint": arrival.complaint,
            });
            office.post("/api/v1/intake", &body).await?
        };
        let number = text(&receipt, "/number");
        tell!("  {number}  {}", arrival.label)?;
        numbers.push(number);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_has_all_kinds() {
        let arrivals: Vec<Arrival> = serde_json::from_str(COMPLAINTS).unwrap();
        assert!(arrivals.len() > 20);
        for channel in ["app", "hotline_12345", "letter", "visit", "platform"] {
            assert!(arrivals.iter().any(|a| a.channel == channel), "{channel}");
        }
    }
}
