//! What a table's columns and words mean: said on the command line, or in a mapping's `[import]`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Days, FixedOffset, NaiveDate, Utc};
use serde::Deserialize;

use super::{Complaints, row::columns};
use crate::district::{Profile, calendar::date_of, shanghai};
use crate::triage::past::Standing;

/// Columns unless said.
const COLUMNS: &str =
    "id=id,date=date,text=content,title=title,district=district,place=river,phone=phone";

/// Meanings whose words a mapping may translate.
const TRANSLATED: [&str; 5] = ["channel", "category", "state", "procedure", "unit"];

/// The key under which a mapping's file says how its table comes in.
#[derive(Debug, Deserialize)]
struct Mapping {
    import: Option<Said>,
}

/// What a mapping says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Columns by meaning.
    columns: BTreeMap<String, String>,
    /// What the words of a column stand for, by meaning and word.
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the ids are the table's own and no upstream numbers.
    #[serde(default)]
    own_ids: bool,
    /// Where the table's times are told, as `+08:00`.
    utc_offset: Option<String>,
    channel: Option<String>,
    source: Option<String>,
    category: Option<String>,
    procedure: Option<String>,
    unit: Option<String>,
    datum: Option<String>,
}

/// How a table comes in: what was said, and for the rest what is usual.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Columns by meaning.
    pub(super) columns: BTreeMap<String, String>,
    /// Whether somebody named the columns, so that each must be there.
    pub(super) named: bool,
    values: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) own_ids: bool,
    pub(super) offset: FixedOffset,
    pub(super) channel: String,
    pub(super) source: String,
    pub(super) category: String,
    pub(super) procedure: String,
    pub(super) unit: Option<String>,
    pub(super) datum: Option<String>,
    /// A row without an end that was received before is history that waits to be cleared up.
    pub(super) open_since: NaiveDate,
    /// Whether such a row comes in closed.
    pub(super) close_older: bool,
}

impl Plan {
    /// Of what the command says, its mapping and the profile.
    ///
    /// # Errors
    /// When the mapping cannot be read, or a name in it or on the command line is unknown.
    pub(super) fn of(
        options: &Complaints,
        profile: &Profile,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let said = match &options.mapping {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                read(&text).with_context(|| format!("in {}", path.display()))?
            }
            None => Said::default(),
        };
        let named = options.columns.is_some() || options.mapping.is_some();
        let columns = match &options.columns {
            Some(text) => columns(text)?,
            None if options.mapping.is_some() => said.columns,
            None => columns(COLUMNS)?,
        };
        let known = |code: &str, name: &str, is_known: bool| {
            anyhow::ensure!(is_known, "the profile has no {name} {code:?}");
            Ok(())
        };
        let procedure = options.procedure.clone().or(said.procedure);
        let procedure = procedure.unwrap_or_else(|| profile.rules.import.procedure.clone());
        known(
            &procedure,
            "procedure",
            profile.procedure(&procedure).is_some(),
        )?;
        let unit = options.unit.clone().or(said.unit);
        if let Some(unit) = &unit {
            known(unit, "unit", profile.unit(unit).is_some())?;
        }
        let offset = match &said.utc_offset {
            Some(text) => text
                .parse()
                .with_context(|| format!("utc_offset {text:?} is none, such as +08:00"))?,
            None => shanghai(),
        };
        let days = Days::new(u64::from(profile.rules.import.open_days));
        let since = date_of(now).checked_sub_days(days);
        let or = |one: &Option<String>, other: Option<String>, usual: &str| {
            one.clone().or(other).unwrap_or_else(|| usual.to_owned())
        };
        Ok(Self {
            columns,
            named,
            values: said.values,
            own_ids: options.own_ids || said.own_ids,
            offset,
            channel: or(&options.channel, said.channel, "hotline_12345"),
            source: or(&options.source, said.source, "import"),
            category: or(&options.category, said.category, "water.black_odorous"),
            procedure,
            unit,
            datum: options.datum.clone().or(said.datum),
            open_since: options.open_since.or(since).unwrap_or(NaiveDate::MIN),
            close_older: options.close_older,
        })
    }

    /// Whether rows may come in further than open, for which somebody answers.
    pub(super) fn tells_of_the_past(&self) -> bool {
        let past = ["state", "accepted_on", "answered_on", "closed_on"];
        self.close_older
            || past
                .iter()
                .any(|meaning| self.columns.contains_key(*meaning))
    }

    /// What a word of a column stands for. Without a table of them it stands for itself; one that is
    /// not in the table stands for what is usual.
    pub(super) fn word<'a>(
        &'a self,
        meaning: &str,
        word: Option<&'a str>,
        usual: &'a str,
    ) -> &'a str {
        let Some(word) = word else { return usual };
        match self.values.get(meaning) {
            Some(values) => values.get(word).map_or(usual, String::as_str),
            None => word,
        }
    }

    /// The standing a word stands for. One that nobody translated is never guessed at.
    ///
    /// # Errors
    /// Words for the line.
    pub(super) fn standing(&self, word: &str) -> Result<Standing, String> {
        let values = self.values.get("state");
        let name = values.map_or(Some(word), |values| values.get(word).map(String::as_str));
        name.and_then(Standing::named).ok_or_else(|| {
            let known: Vec<&str> = match values {
                Some(values) => values.keys().map(String::as_str).collect(),
                None => Standing::ALL.iter().map(|one| one.as_str()).collect(),
            };
            format!(
                "its state {word:?} is none of {}; translate it in the mapping's [import.values.state]",
                known.join(", ")
            )
        })
    }
}

/// Reads a mapping's part for the import.
fn read(text: &str) -> anyhow::Result<Said> {
    let mapping: Mapping = toml::from_str(text).context("it is no mapping")?;
    let said = mapping
        .import
        .context("it has no [import]: it says how its table is measured and not how it comes in")?;
    super::row::check_columns(&said.columns)?;
    for (meaning, values) in &said.values {
        anyhow::ensure!(
            TRANSLATED.contains(&meaning.as_str()),
            "[import.values.{meaning}]: words have a table for {}",
            TRANSLATED.join(", ")
        );
        let states = values.values().filter(|_| meaning == "state");
        for name in states {
            anyhow::ensure!(
                Standing::named(name).is_some(),
                "[import.values.state]: {name:?} is no standing; there are {}",
                Standing::ALL
                    .iter()
                    .map(|one| one.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(values: &str) -> Plan {
        let text =
            format!("[import.columns]\nid = \"id\"\ndate = \"date\"\ntext = \"text\"\n{values}");
        let said = read(&text).unwrap();
        Plan {
            columns: said.columns,
            named: true,
            values: said.values,
            own_ids: said.own_ids,
            offset: shanghai(),
            channel: "hotline_12345".to_owned(),
            source: "import".to_owned(),
            category: "other.other".to_owned(),
            procedure: "consultation".to_owned(),
            unit: None,
            datum: None,
            open_since: NaiveDate::MIN,
            close_older: false,
        }
    }

    /// Words of a column stand for what the mapping says; a state nobody translated is refused.
    #[test]
    fn words_stand_for_what_the_mapping_says() {
        let plan = plan(
            "[import.values.channel]\n\"来信\" = \"letter\"\n[import.values.state]\n\"已办结\" = \"closed\"\n\"不受理\" = \"refused\"\n",
        );
        assert_eq!(plan.word("channel", Some("来信"), "app"), "letter");
        assert_eq!(plan.word("channel", Some("电话"), "app"), "app");
        assert_eq!(plan.word("channel", None, "app"), "app");
        assert_eq!(plan.word("unit", Some("dept_urban"), "x"), "dept_urban");
        assert_eq!(plan.standing("已办结"), Ok(Standing::Closed));
        assert_eq!(plan.standing("不受理"), Ok(Standing::Refused));
        let refused = plan.standing("办理中").unwrap_err();
        assert!(refused.contains("不受理, 已办结"), "{refused}");
        let plain = self::plan("");
        assert_eq!(plain.standing("answered"), Ok(Standing::Answered));
        assert!(plain.standing("closing").is_err());
    }

    #[test]
    fn mappings_that_cannot_be_meant_are_refused() {
        for (text, told) in [
            ("id = \"id\"\n", "no [import]"),
            ("[import.columns]\nid = \"id\"\n", "date"),
            (
                "[import.columns]\nid = \"id\"\ndate = \"d\"\ntext = \"t\"\nclosed = \"c\"\n",
                "unknown meaning",
            ),
            (
                "[import.columns]\nid = \"id\"\ndate = \"d\"\ntext = \"t\"\n[import.values.state]\n\"x\" = \"done\"\n",
                "no standing",
            ),
            (
                "[import.columns]\nid = \"id\"\ndate = \"d\"\ntext = \"t\"\n[import.values.phone]\n\"x\" = \"y\"\n",
                "have a table for",
            ),
        ] {
            let refused = format!("{:#}", read(text).unwrap_err());
            assert!(refused.contains(told), "{refused}");
        }
    }

    /// The mappings that come with the product say how their tables come in.
    #[test]
    fn the_mappings_of_the_product_are_read() {
        for text in [
            include_str!("../../../profiles/mappings/boston311.toml"),
            include_str!("../../../profiles/mappings/fuzhou12345.toml"),
            include_str!("../../../profiles/mappings/taidi2020c.toml"),
        ] {
            read(text).unwrap();
        }
    }
}
