//! Closed sets kept as texts: a column of text is one of the set in Rust.

/// Lets an enum with `as_str` and `FromStr` stand for a text column on both databases. It derives
/// `AsExpression` and `FromSqlRow` with `#[diesel(sql_type = diesel::sql_types::Text)]`.
macro_rules! text_column {
    ($set:ident) => {
        const _: () = {
            use diesel::{
                backend::Backend,
                deserialize::{self, FromSql},
                pg::{Pg, PgValue},
                serialize::{self, IsNull, Output, ToSql},
                sql_types::Text,
                sqlite::{Sqlite, SqliteValue},
            };

            use $crate::platform::db::MultiBackend;

            impl ToSql<Text, Pg> for $set {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    std::io::Write::write_all(out, self.as_str().as_bytes())?;
                    Ok(IsNull::No)
                }
            }

            impl ToSql<Text, Sqlite> for $set {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(self.as_str());
                    Ok(IsNull::No)
                }
            }

            impl ToSql<Text, MultiBackend> for $set {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut Output<'b, '_, MultiBackend>,
                ) -> serialize::Result {
                    out.set_value((Text, self));
                    Ok(IsNull::No)
                }
            }

            impl FromSql<Text, Pg> for $set {
                fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
                    Ok(std::str::from_utf8(bytes.as_bytes())?.parse()?)
                }
            }

            impl FromSql<Text, Sqlite> for $set {
                fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                    let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
                    Ok(text.parse()?)
                }
            }

            impl FromSql<Text, MultiBackend> for $set {
                fn from_sql(
                    bytes: <MultiBackend as Backend>::RawValue<'_>,
                ) -> deserialize::Result<Self> {
                    bytes.from_sql::<$set, Text>()
                }
            }
        };
    };
}

pub(crate) use text_column;
