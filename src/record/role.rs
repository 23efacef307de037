//! Roles of staff (domain §1.6) and what each may see of reporters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! roles {
    ($($variant:ident $name:literal $zh:literal;)*) => {
        /// A role. Rights hang on roles, and roles on posts, never on persons' names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Role {
            $(#[doc = $zh] $variant,)*
        }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Role] = &[$(Role::$variant,)*];

            /// The role's name in the API, the database and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Role::$variant => $name,)* }
            }

            /// The Chinese term.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Role::$variant => $zh,)* }
            }
        }
    };
}

roles! {
    Admin         "admin"          "系统管理员";
    Office        "office"         "办公室";
    SteeringGroup "steering_group" "局领导小组";
    Leader        "leader"         "挂钩领导";
    Brigade       "brigade"        "执法大队";
    GridOfficer   "grid_officer"   "网格员";
    Section       "section"        "业务科室";
    Station       "station"        "监测站";
    PartyOffice   "party_office"   "党建办";
    Street        "street"         "属地街镇";
    Department    "department"     "行业主管部门";
    Park          "park"           "园区";
    Enterprise    "enterprise"     "企业";
    Expert        "expert"         "专家";
    Service       "service"        "服务账号";
}

impl Role {
    /// Whether the role ever needs to know who reported, and so reads their words unmasked; whose of
    /// them, `privacy::Need` says. Streets, parks, departments and
    /// enterprises get no reporter fields at all (环保法 57条; 办法 24条).
    #[must_use]
    pub const fn may_see_reporter(self) -> bool {
        matches!(self, Self::Admin | Self::Office | Self::Brigade)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role nobody knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown role {0:?}; roles: admin, office, steering_group, leader, brigade, grid_officer, section, station, party_office, street, department, park, enterprise, expert, service"
)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownRole(name.to_owned()))
    }
}
