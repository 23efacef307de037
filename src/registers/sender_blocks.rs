//! The abuse list (D8): a blocked sender gets the answer everybody gets, and what they send stays
//! hidden. Somebody named puts a sender on the list, says why, and may take them off again.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::queries::{keys_of_address, keys_of_reporter};
use crate::account::{
    Operation,
    Role::{self, Brigade, Office},
};
use crate::district::Profile;
use crate::platform::{
    db::{Connection, Id},
    http::says_something,
    problem::{Code, Problem},
};
use crate::record::{ComplaintEvent, RegisterEvent};
use crate::register::{self, Begun, Item, Standing, register};

register! {
    /// A block of the sender of a complaint, for as long as the profile says: of who reports, and
    /// nobody who signed with them. Whom it hits is told by a complaint of theirs, never by name or
    /// address. Of somebody who is not known the address is blocked, within thirty days after the
    /// complaint came and for some days only: others send from it as well. A block for what came
    /// without the phone proved never hits who proves it by signing in, nor what the office or
    /// another system takes in. What a blocked sender sends from now on is taken as ever, hidden,
    /// and looked at within a working day; once lifted, what was hidden meanwhile stays hidden.
    SenderBlock in sender_block: BlockBody, BlockQuery;
    of {
        /// Number of a complaint by that sender.
        #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
        #[schema(min_length = 1, max_length = 32)]
        number of complaint as complaint_id
    }
    sealed {
        /// Why; kept in the record.
        #[validate(length(min = 4, max = 500, message = "has 4 to 500 letters"), custom(function = "says_something"))]
        #[schema(min_length = 4, max_length = 500)]
        reason: String = BLOCK_REASON,
    }
    keys { sender_block_key of block_id }
    term { expires_at }
}

/// The operations of this register.
pub static OPERATIONS: [Operation; register::OPERATIONS] = register::operations::<SenderBlock>();

impl Item for SenderBlock {
    const NAME: &'static str = "sender_block";
    const PATH: &'static str = "/api/v1/sender-blocks";
    const ABOUT: &'static str = "blocks of senders (滥用名单)";
    const TWICE: &'static str = "the sender is blocked already";
    const READERS: &'static [Role] = &[Brigade, Office];
    const WRITERS: &'static [Role] = &[Brigade, Office];

    fn begin(
        conn: &mut Connection,
        block: &Standing<BlockBody>,
        profile: &Profile,
    ) -> Result<Begun, Problem> {
        let complaint = block.of.ok_or_else(Problem::not_found)?;
        let (mut keys, mut days) = (
            keys_of_reporter(conn, complaint)?,
            profile.rules.abuse.person_block_days,
        );
        if keys.is_empty() {
            keys = keys_of_address(conn, complaint)?;
            days = profile.rules.abuse.address_block_days;
        }
        if keys.is_empty() {
            let unknown = "nothing is known of who sent this complaint, or no longer";
            return Err(Problem::because(Code::GuardFailed, unknown));
        }
        let lasts = Some(TimeDelta::days(days));
        Ok(Begun { keys, lasts })
    }

    fn reason(body: &BlockBody) -> Option<&str> {
        Some(&body.reason)
    }

    fn told(event: RegisterEvent, id: Id) -> Option<(ComplaintEvent, Value)> {
        let event = match event {
            RegisterEvent::Lift => ComplaintEvent::LiftSenderBlock,
            _ => ComplaintEvent::BlockSender,
        };
        Some((event, json!({ "block": id })))
    }
}
