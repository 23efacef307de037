//! Who acts, and whom a table names.

use std::fmt;

use super::role::Role;
use crate::platform::db::Id;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff, in the role of this moment.
    Staff {
        /// The account.
        id: Id,
        /// Its user name.
        name: String,
        /// Its role.
        role: Role,
    },
    /// The reporter, by tracking code or signed in; never named here.
    Reporter,
    /// The software itself, by rule or job.
    System,
    /// The software, that takes in what others did before: in the history it is the system, which
    /// decides nothing of its own.
    Import,
}

impl Actor {
    /// `staff`, `reporter` or `system`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Staff { .. } => "staff",
            Self::Reporter => "reporter",
            Self::System | Self::Import => "system",
        }
    }

    /// The member of staff's id, of one.
    #[must_use]
    pub const fn id(&self) -> Option<Id> {
        match self {
            Self::Staff { id, .. } => Some(*id),
            Self::Reporter | Self::System | Self::Import => None,
        }
    }

    /// As tables name them.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Staff { role, .. } => Who::Role(*role),
            Self::Reporter => Who::Reporter,
            Self::System => Who::System,
            Self::Import => Who::Import,
        }
    }
}

/// Who may cause a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Staff of a role.
    Role(Role),
    /// The reporter.
    Reporter,
    /// The software itself.
    System,
    /// The software, that takes in what others did before.
    Import,
}

impl Who {
    /// Everybody a table can name.
    pub fn all() -> impl Iterator<Item = Self> {
        let roles = Role::ALL.iter().copied().map(Self::Role);
        roles.chain([Self::Reporter, Self::System, Self::Import])
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role(role) => role.as_str(),
            Self::Reporter => "reporter",
            Self::System => "system",
            Self::Import => "import",
        })
    }
}
