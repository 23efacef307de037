//! How a matter came to light (发现方式): the plan's four ways, apart from the channel of a clue.

use crate::district::{FIND, Profile};
use crate::platform::named::named;
use crate::record::{Actor, role::Role};

named! {
    /// How a matter came to light.
    pub enum Discovery {
        /// 上级点: a superior pointed it out.
        Superior "superior",
        /// 本级查: the bureau's own sections, brigade or station found it.
        OwnCheck "own_check",
        /// 基层摸: grid officers or streets found it.
        Grassroots "grassroots",
        /// 群众报: the public reported it.
        Public "public",
    }
}

impl Discovery {
    /// Of what comes through a channel, by who files it.
    #[must_use]
    pub fn of(profile: &Profile, channel: &str, by: &Actor) -> Self {
        match by {
            Actor::Staff {
                role: Role::GridOfficer | Role::Street,
                ..
            } if channel == FIND => Self::Grassroots,
            _ if channel == FIND => Self::OwnCheck,
            _ if profile.is_from_above(channel) => Self::Superior,
            _ => Self::Public,
        }
    }
}
