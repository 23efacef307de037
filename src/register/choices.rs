//! Closed sets that columns of registers are one of.

/// Makes a closed set that a column of a register is one of.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $set:ident { $($variant:ident $name:literal $zh:literal,)+ }
    ) => {
        $crate::platform::named::named! {
            $(#[$about])*
            #[derive(
                serde::Deserialize, diesel::expression::AsExpression,
                diesel::deserialize::FromSqlRow,
            )]
            #[diesel(sql_type = diesel::sql_types::Text)]
            pub enum $set { $(#[doc = $zh] $variant $name,)+ }
        }

        impl std::str::FromStr for $set {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                let mut all = Self::ALL.iter().copied();
                let found = all.find(|one| one.as_str() == name);
                found.ok_or_else(|| format!("unknown name {name:?}"))
            }
        }

        $crate::platform::db::text_column!($set);
    };
}

pub(crate) use choices;
