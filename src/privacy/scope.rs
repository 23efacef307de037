//! The part of the district a role looks after: one rule for lists and for what is read alone.

use crate::account::{Role, Staff};

/// Which complaints a member of staff sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All.
    District,
    /// Those of one street; of none where the account has no street.
    Street(String),
    /// Those of one grid, and those whose officer was sent.
    Grid(String),
}

impl Scope {
    /// Of a member of staff. An account that should be bound to a place and is not sees nothing.
    #[must_use]
    pub fn of(staff: &Staff) -> Self {
        let code = |code: &Option<String>| code.clone().unwrap_or_default();
        match staff.role {
            Role::Street => Self::Street(code(&staff.street_code)),
            Role::GridOfficer => Self::Grid(code(&staff.grid_code)),
            _ => Self::District,
        }
    }

    /// Whether a place lies in it.
    #[must_use]
    pub fn holds(&self, street: Option<&str>, grid: Option<&str>) -> bool {
        match self {
            Self::District => true,
            Self::Street(code) => !code.is_empty() && street == Some(code),
            Self::Grid(code) => !code.is_empty() && grid == Some(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn a_place_is_in_one_scope_or_in_none() {
        let street = Scope::Street("35".to_owned());
        assert!(street.holds(Some("35"), None));
        assert!(!street.holds(Some("36"), Some("35")));
        assert!(!street.holds(None, None));
        assert!(!Scope::Street(String::new()).holds(Some(""), None));
        assert!(Scope::Grid("7".to_owned()).holds(None, Some("7")));
        assert!(Scope::District.holds(None, None));
    }
}
