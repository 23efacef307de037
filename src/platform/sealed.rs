//! Every column that holds sealed bytes, in one table. Changing keys, checking a backup and
//! `docs/security.md` go by it, and a house test compares it with the schema, so that nothing
//! sealed can be forgotten when keys change.

mod reseal;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::crypto::Keys;
use super::problem::Problem;

pub use reseal::{Resealed, reseal};

/// How a column's rows are told apart, and with that what each is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    /// By an id; the row's sealed bytes open under it alone. The column of the id.
    Id(&'static str),
    /// The one row there is.
    Only,
    /// By the two columns of a kept answer: who asked for what, and under which key.
    Answer,
    /// Base64 in a history event's JSON; sealed for the event's subject. The JSON's field and the
    /// event's name.
    InHistory(&'static str, &'static str),
}

/// A column that holds sealed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// How rows are told apart.
    pub key: RowKey,
    /// Whether it is a text, in which sealed bytes stand as `SEALED_TEXT` and base64. A text
    /// without that is one from before texts were sealed.
    pub text: bool,
    /// Whether the column's name is part of what it is sealed for. The oldest columns lack it.
    pub named: bool,
    /// The table's name in what it is sealed for: rows that moved into another table go on under the
    /// former's.
    pub sealed_as: &'static str,
    /// What is in it.
    pub holds: &'static str,
}

/// Who petitions: name, phone, identity number.
pub const PETITIONER: SealedColumn = SealedColumn {
    table: "petitioner",
    column: "sealed",
    key: RowKey::Id("id"),
    text: false,
    named: false,
    sealed_as: "petitioner",
    holds: "name, phone, identity number and address of who petitions",
};

/// Who stood on a petition before a correction.
pub const FORMER_PETITIONER: SealedColumn = SealedColumn {
    table: "former_petitioner",
    column: "sealed",
    key: RowKey::Id("id"),
    text: false,
    named: true,
    sealed_as: "former_petitioner",
    holds: "who stood on a petition before a correction",
};

/// The phone a resident signs in with.
pub const RESIDENT_PHONE: SealedColumn = SealedColumn {
    table: "resident",
    column: "sealed_phone",
    key: RowKey::Id("id"),
    text: false,
    named: false,
    sealed_as: "resident",
    holds: "the phone a resident signs in with",
};

/// The secret of a member of staff's second factor.
pub const SECOND_FACTOR: SealedColumn = SealedColumn {
    table: "second_factor",
    column: "sealed_secret",
    key: RowKey::Id("staff_id"),
    text: false,
    named: true,
    sealed_as: "second_factor",
    holds: "the secret of a member of staff's second factor",
};

/// What a correction replaced.
pub const CORRECTION: SealedColumn = SealedColumn {
    table: "record",
    column: "detail",
    key: RowKey::InHistory("before", "correct"),
    text: false,
    named: false,
    sealed_as: "record",
    holds: "what a correction replaced",
};

/// The key photos are sealed under.
pub const PHOTO_KEY: SealedColumn = SealedColumn {
    table: "installation",
    column: "sealed_photo_key",
    key: RowKey::Only,
    text: false,
    named: true,
    sealed_as: "installation",
    holds: "the key photos are sealed under",
};

/// A complaint in its own words.
pub const DESCRIPTION: SealedColumn = words(
    "complaint_text",
    "description",
    "complaint_id",
    "a complaint in its own words",
);

/// The address of a complaint.
pub const ADDRESS: SealedColumn = words(
    "complaint_text",
    "address",
    "complaint_id",
    "the address of a complaint",
);

/// What was added to a complaint.
pub const SUPPLEMENT: SealedColumn =
    words("supplement", "text", "id", "what was added to a complaint");

/// What a reporter was answered.
pub const REPLY: SealedColumn = words("reply", "text", "id", "what a reporter was answered");

/// What a reporter thinks of the answer.
pub const RATING: SealedColumn = words(
    "rating",
    "text",
    "reply_id",
    "what a reporter thinks of the answer",
);

/// What an officer wrote down on site.
pub const NOTES: SealedColumn = words(
    "verification_event",
    "notes",
    "id",
    "what an officer wrote down on site",
);

/// The name of a file that was sent, which senders name after persons.
pub const FILE_NAME: SealedColumn = SealedColumn {
    sealed_as: "photo",
    ..words(
        "evidence",
        "file_name",
        "id",
        "the name of a file that was sent, which senders name after persons",
    )
};

/// An answer kept for a client that asks again.
pub const ANSWER: SealedColumn = SealedColumn {
    table: "idempotency",
    column: "body",
    key: RowKey::Answer,
    text: true,
    named: true,
    sealed_as: "idempotency",
    holds: "an answer kept for a client that asks again",
};

/// A text of a row that has an id, sealed for its own row and column.
const fn words(
    table: &'static str,
    column: &'static str,
    key: &'static str,
    holds: &'static str,
) -> SealedColumn {
    SealedColumn {
        table,
        column,
        key: RowKey::Id(key),
        text: true,
        named: true,
        sealed_as: table,
        holds,
    }
}

/// What is complained of by name: shops bear their owners' names, and writers their own.
pub const PREMISES: SealedColumn = words(
    "complaint_text",
    "premises",
    "complaint_id",
    "the name of the premises complained of",
);

/// The registered object, whatever was written in its place.
pub const OBJECT_ID: SealedColumn = words(
    "complaint_text",
    "object_id",
    "complaint_id",
    "the registered object complained of",
);

/// An upstream number as it was written, where it names somebody or its key differs from it. The key
/// of others is no secret and stands in the complaint's row.
pub const EXTERNAL_NO: SealedColumn = words(
    "complaint_text",
    "external_no",
    "complaint_id",
    "an upstream number in which a name or a number of somebody's stands",
);

/// Why something was done, in the history.
pub const HISTORY_REASON: SealedColumn = words(
    "record",
    "reason",
    "id",
    "why something was done, in the history",
);

/// Why a complaint was decided on as it was.
pub const TRIAGE_REASON: SealedColumn = words(
    "triage_decision",
    "reason",
    "id",
    "why a complaint was decided on as it was",
);

/// What a reporter was told of a decision.
pub const TRIAGE_NOTICE: SealedColumn = words(
    "triage_decision",
    "notice",
    "id",
    "what a reporter was told of a decision",
);

/// Why two complaints were said to be one matter or not.
pub const MATCH_REASON: SealedColumn = words(
    "match_decision",
    "reason",
    "id",
    "why two complaints were said to be one matter or not",
);

/// Why a sender was blocked.
pub const BLOCK_REASON: SealedColumn =
    words("sender_block", "reason", "id", "why a sender was blocked");

/// Why a reporter asks for secrecy.
pub const SECRECY_WORDS: SealedColumn = words(
    "reporter_wish",
    "words",
    "complaint_id",
    "why a reporter asks for secrecy",
);

/// Why somebody looked behind a mask.
pub const UNMASKING_REASON: SealedColumn = words(
    "unmasking",
    "reason",
    "id",
    "why somebody looked behind a mask",
);

/// What an officer is to look at.
pub const INSTRUCTIONS: SealedColumn = words(
    "verification",
    "instructions",
    "id",
    "what an officer is to look at",
);

/// Why an officer was elsewhere.
pub const ELSEWHERE: SealedColumn = words(
    "verification_event",
    "reason",
    "id",
    "why an officer was elsewhere",
);

/// Why entries were merged.
pub const MERGE_REASON: SealedColumn =
    words("ledger_merge", "reason", "id", "why entries were merged");

/// Why a merge was undone.
pub const UNDO_REASON: SealedColumn = words(
    "ledger_merge",
    "undo_reason",
    "id",
    "why a merge was undone",
);

/// Why an entry was decided on as it was.
pub const LEDGER_REASON: SealedColumn = words(
    "ledger_decision",
    "reason",
    "id",
    "why an entry was decided on as it was",
);

/// Why a clock was extended.
pub const EXTENSION_REASON: SealedColumn = words(
    "clock_extension",
    "reason",
    "id",
    "why a clock was extended",
);

/// The meeting that decided.
pub const MEETING: SealedColumn = words(
    "ledger_decision",
    "meeting",
    "id",
    "the meeting that decided on an entry",
);

/// The minutes of that meeting.
pub const MINUTES: SealedColumn = words(
    "ledger_decision",
    "minute_ref",
    "id",
    "where that meeting's minutes are",
);

/// The level an entry was brought before.
pub const LEVEL: SealedColumn = words(
    "ledger_decision",
    "level",
    "id",
    "the level an entry was brought before",
);

/// The address of registered premises, which is a home's where a shop is one.
pub const PREMISES_ADDRESS: SealedColumn = words(
    "premises",
    "address",
    "id",
    "the address of registered premises",
);

/// What a unit answered to what was sent to it.
pub const HANDOVER_ANSWER: SealedColumn = words(
    "handover",
    "answer",
    "id",
    "what a unit answered to what was sent to it",
);

/// Why a unit sent something back.
pub const HANDOVER_REASON: SealedColumn =
    words("handover", "reason", "id", "why a unit sent something back");

/// Whom a notice goes to.
pub const NOTICE_RECIPIENT: SealedColumn =
    words("notice", "recipient", "id", "the phone a notice goes to");

/// What a notice says, which may hold a query code.
pub const NOTICE_TEXT: SealedColumn = words(
    "notice",
    "text",
    "id",
    "what a notice says, with the query code where it brings it",
);

/// What shows that a notice was given.
pub const NOTICE_PROOF: SealedColumn = words(
    "notice",
    "proof",
    "id",
    "what shows that a notice was given, such as who took a letter",
);

/// Why a notice did not arrive.
pub const NOTICE_REASON: SealedColumn =
    words("notice", "reason", "id", "why a notice did not arrive");

/// All of them.
pub const ALL: &[SealedColumn] = &[
    PHOTO_KEY,
    PETITIONER,
    FORMER_PETITIONER,
    RESIDENT_PHONE,
    SECOND_FACTOR,
    CORRECTION,
    DESCRIPTION,
    ADDRESS,
    SUPPLEMENT,
    REPLY,
    RATING,
    NOTES,
    FILE_NAME,
    ANSWER,
    PREMISES,
    OBJECT_ID,
    EXTERNAL_NO,
    HISTORY_REASON,
    TRIAGE_REASON,
    TRIAGE_NOTICE,
    MATCH_REASON,
    BLOCK_REASON,
    SECRECY_WORDS,
    UNMASKING_REASON,
    INSTRUCTIONS,
    ELSEWHERE,
    MERGE_REASON,
    UNDO_REASON,
    LEDGER_REASON,
    EXTENSION_REASON,
    MEETING,
    MINUTES,
    LEVEL,
    PREMISES_ADDRESS,
    HANDOVER_ANSWER,
    HANDOVER_REASON,
    NOTICE_RECIPIENT,
    NOTICE_TEXT,
    NOTICE_PROOF,
    NOTICE_REASON,
];

/// What a blind index begins with where it stands in place of a number that is sealed.
pub const INDEXED: &str = "indexed:";

/// What is read in place of words whose key is lost, where nothing masked stands beside them.
pub const UNREADABLE: &str = "（密钥已失，原文无法读取）";

/// What a sealed text begins with.
const SEALED_TEXT: &str = "sealed:1:";

impl SealedColumn {
    fn context(&self, id: &[u8]) -> Vec<u8> {
        if self.named {
            [
                self.sealed_as.as_bytes(),
                b".",
                self.column.as_bytes(),
                b"\0",
                id,
            ]
            .concat()
        } else {
            id.to_vec()
        }
    }

    /// Seals a row's bytes for this column.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal(&self, keys: &Keys, id: &[u8], plain: &[u8]) -> Result<Vec<u8>, Problem> {
        keys.seal(plain, &self.context(id))
    }

    /// Opens a row's bytes.
    ///
    /// # Errors
    /// A fault when they belong to another row or column, were changed, or their key is not known.
    pub fn open(&self, keys: &Keys, id: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Problem> {
        keys.open(sealed, &self.context(id))
    }

    /// Seals a row's text for this column.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal_text(&self, keys: &Keys, id: &[u8], plain: &str) -> Result<String, Problem> {
        let sealed = self.seal(keys, id, plain.as_bytes())?;
        Ok(format!("{SEALED_TEXT}{}", STANDARD_NO_PAD.encode(sealed)))
    }

    /// Opens a row's text; one from before texts were sealed is as it stands. `None` when its key
    /// is lost, which the log learns.
    #[must_use]
    pub fn open_text(&self, keys: &Keys, id: &[u8], stored: String) -> Option<String> {
        let Some(sealed) = sealed_in(&stored) else {
            return Some(stored);
        };
        let opened = self.open(keys, id, &sealed).ok();
        let plain = opened.and_then(|plain| String::from_utf8(plain).ok());
        if plain.is_none() {
            let (table, column) = (self.table, self.column);
            tracing::warn!("{table}.{column} cannot be opened with the keys given");
        }
        plain
    }

    /// Seals a row's text where there is one.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal_maybe(
        &self,
        keys: &Keys,
        id: &[u8],
        plain: Option<&str>,
    ) -> Result<Option<String>, Problem> {
        plain
            .map(|plain| self.seal_text(keys, id, plain))
            .transpose()
    }

    /// A row's text as it is read: opened, or [`UNREADABLE`].
    #[must_use]
    pub fn read_text(&self, keys: &Keys, id: &[u8], stored: String) -> String {
        self.open_text(keys, id, stored)
            .unwrap_or_else(|| UNREADABLE.to_owned())
    }

    /// The same where there may be none.
    #[must_use]
    pub fn read_maybe(&self, keys: &Keys, id: &[u8], stored: Option<String>) -> Option<String> {
        stored.map(|stored| self.read_text(keys, id, stored))
    }

    /// A text sealed under the present key in place of this one.
    fn text_anew(&self, keys: &Keys, id: &[u8], stored: &str) -> Result<TextAnew, Problem> {
        let Some(sealed) = sealed_in(stored) else {
            return self.seal_text(keys, id, stored).map(TextAnew::Sealed);
        };
        Ok(match self.anew(keys, id, &sealed)? {
            Anew::Present => TextAnew::Present,
            Anew::Unreadable => TextAnew::Unreadable,
            Anew::Sealed(bytes) => {
                TextAnew::Sealed(format!("{SEALED_TEXT}{}", STANDARD_NO_PAD.encode(bytes)))
            }
        })
    }

    /// Bytes sealed under the present key in place of these; `None` when they are already, or no
    /// key opens them.
    fn anew(&self, keys: &Keys, id: &[u8], sealed: &[u8]) -> Result<Anew, Problem> {
        if sealed.starts_with(&keys.seal_prefix()) && self.open(keys, id, sealed).is_ok() {
            return Ok(Anew::Present);
        }
        match self.open(keys, id, sealed) {
            Ok(plain) => self.seal(keys, id, &plain).map(Anew::Sealed),
            Err(_) => Ok(Anew::Unreadable),
        }
    }
}

/// What became of a row when keys change.
enum Anew {
    Present,
    Sealed(Vec<u8>),
    Unreadable,
}

enum TextAnew {
    Present,
    Sealed(String),
    Unreadable,
}

/// The bytes sealed in a text; `None` in one that is not sealed.
fn sealed_in(stored: &str) -> Option<Vec<u8>> {
    let coded = stored.strip_prefix(SEALED_TEXT)?;
    STANDARD_NO_PAD.decode(coded).ok()
}

/// What a kept answer is sealed for.
#[must_use]
pub fn answer_id(scope: &str, key: &str) -> Vec<u8> {
    [scope.as_bytes(), b"\0", key.as_bytes()].concat()
}
