//! What a register's columns become: its body, its filters, and the SQL of its table.

/// Makes the struct of a register from its columns.
///
/// Each column of `columns` is a field of the body and a column of the table, of one type. Those of
/// `sealed` are words, sealed in their rows. `place` is where an item lies (`raw_lon`, `raw_lat`,
/// `datum`, `lon`, `lat`, `grid_code`, and the column of the street named). `names` are further names
/// in a table of their own (`position`, `name`, `key`): the list is asked by the key of a name or a
/// further name. Each of `filters` asks for what a column holds. The table has `id`, `version`,
/// `withdrawn`, `created_at` and `updated_at` besides.
macro_rules! register {
    (
        $(#[$about:meta])*
        $item:ident in $table:ident: $body:ident, $filters:ident;
        columns { $($(#[$said:meta])* $column:ident: $of:ident $(<$inner:ident>)?,)* }
        $(sealed { $($(#[$said_of_words:meta])* $words:ident: $sealed:ident,)* })?
        $(place { $(#[$said_of_place:meta])* $place:ident as $street:ident })?
        $(names {
            $(#[$said_of_names:meta])* $names:ident in $list:ident of $owner:ident;
            $named:ident by $key:ident as $name_key:ident
        })?
        filters { $($(#[$said_of_filter:meta])* $filter:ident: $kind:ident = $filtered:ident,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub struct $item;

        $(#[$about])*
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, validator::Validate,
            utoipa::ToSchema,
        )]
        #[serde(deny_unknown_fields)]
        pub struct $body {
            $($(#[$said])* pub $column: $of $(<$inner>)?,)*
            $($($(#[$said_of_words])* pub $words: Option<String>,)*)?
            $($(#[$said_of_place])* pub $place: Option<$crate::register::PlaceBody>,)?
            $(
                $(#[$said_of_names])*
                #[serde(default)]
                #[schema(value_type = Vec<$crate::register::FurtherName>, inline)]
                pub $names: Vec<String>,
            )?
            /// Whether it is withdrawn from the register.
            #[serde(default)]
            pub withdrawn: bool,
        }

        /// Filters of the list.
        #[derive(Debug, serde::Deserialize, validator::Validate, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        pub struct $filters {
            $(
                /// A name, or one of the further names.
                pub $named: Option<String>,
            )?
            $($(#[$said_of_filter])* pub $filter: Option<$kind>,)*
            /// Those that were withdrawn; they are left out unless said.
            pub withdrawn: Option<bool>,
            /// Where the page begins: `next_cursor` of the page before.
            pub cursor: Option<String>,
            /// Rows in the page, 1 to 200; 50 unless said.
            #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
            #[param(minimum = 1, maximum = 200)]
            pub limit: Option<i64>,
        }

        const _: () = {
            use std::collections::HashMap;

            use diesel::prelude::*;
            use $crate::platform::{
                crypto::Keys,
                db::{Connection, Id, MultiBackend, UtcTime, schema::{$table $(, $list)?}},
                http::PageQuery,
                problem::{OnDb as _, Problem},
                sealed,
            };
            use $crate::privacy::Scope;
            use $crate::register::{self, PlaceBody, Placed, Standing, Table};

            #[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
            #[diesel(table_name = $table, treat_none_as_null = true)]
            #[diesel(treat_none_as_default_value = false)]
            struct Row {
                id: Id,
                version: i32,
                $($column: $of $(<$inner>)?,)*
                $($($words: Option<String>,)*)?
                $(#[diesel(embed)] $place: PlaceRow,)?
                $($name_key: String,)?
                withdrawn: bool,
                created_at: UtcTime,
                updated_at: UtcTime,
            }

            $(
                #[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
                #[diesel(table_name = $table, treat_none_as_null = true)]
                #[diesel(treat_none_as_default_value = false)]
                struct PlaceRow {
                    raw_lon: Option<f64>,
                    raw_lat: Option<f64>,
                    datum: Option<String>,
                    lon: Option<f64>,
                    lat: Option<f64>,
                    $street: Option<String>,
                    grid_code: Option<String>,
                }

                impl PlaceRow {
                    fn of(one: &Standing<$body>) -> Self {
                        let (sent, point) = (one.body.$place, one.placed.point);
                        Self {
                            raw_lon: sent.map(|place| place.lon),
                            raw_lat: sent.map(|place| place.lat),
                            datum: sent.map(|place| place.datum.as_str().to_owned()),
                            lon: point.map(|point| point.lon),
                            lat: point.map(|point| point.lat),
                            $street: one.placed.street.clone(),
                            grid_code: one.placed.grid.clone(),
                        }
                    }

                    fn sent(&self) -> Option<PlaceBody> {
                        PlaceBody::read(self.raw_lon, self.raw_lat, self.datum.as_deref())
                    }

                    fn placed(&self) -> Placed {
                        let point = self.lon.zip(self.lat);
                        Placed {
                            point: point.map(|(lon, lat)| $crate::geo::Point { lon, lat }),
                            street: self.$street.clone(),
                            grid: self.grid_code.clone(),
                        }
                    }
                }
            )?

            impl Row {
                fn of(keys: &Keys, one: &Standing<$body>) -> Result<Self, Problem> {
                    Ok(Self {
                        id: one.id,
                        version: one.version,
                        $($column: Clone::clone(&one.body.$column),)*
                        $($($words: register::seal(
                            sealed::$sealed, keys, one.id, one.body.$words.as_deref(),
                        )?,)*)?
                        $($place: PlaceRow::of(one),)?
                        $($name_key: $key(&one.body.$named),)?
                        withdrawn: one.body.withdrawn,
                        created_at: one.created_at,
                        updated_at: one.updated_at,
                    })
                }

                fn standing(
                    self,
                    keys: &Keys,
                    names: &mut HashMap<Id, Vec<String>>,
                ) -> Standing<$body> {
                    let placed = [$(self.$place.placed())?].into_iter().next();
                    Standing {
                        id: self.id,
                        version: self.version,
                        body: $body {
                            $($column: self.$column,)*
                            $($($words: sealed::$sealed.read_maybe(
                                keys, self.id.0.as_bytes(), self.$words,
                            ),)*)?
                            $($place: self.$place.sent(),)?
                            $($names: names.remove(&self.id).unwrap_or_default(),)?
                            withdrawn: self.withdrawn,
                        },
                        placed: placed.unwrap_or_default(),
                        created_at: self.created_at,
                        updated_at: self.updated_at,
                    }
                }
            }

            /// The rows a caller sees.
            fn seen(scope: &Scope) -> $table::BoxedQuery<'static, MultiBackend> {
                let rows = $table::table.into_boxed::<MultiBackend>();
                $(
                    if let Some(street) = scope.street() {
                        return rows.filter($table::$street.eq(street.to_owned()));
                    }
                )?
                rows
            }

            /// Rows as they stand, with their further names.
            fn load(
                conn: &mut Connection,
                keys: &Keys,
                rows: $table::BoxedQuery<'static, MultiBackend>,
            ) -> QueryResult<Vec<Standing<$body>>> {
                let rows: Vec<Row> = rows.select(Row::as_select()).load(conn)?;
                let mut names: HashMap<Id, Vec<String>> = HashMap::new();
                $(
                    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
                    let further: Vec<(Id, String)> = $list::table
                        .filter($list::$owner.eq_any(ids))
                        .order(($list::$owner, $list::position))
                        .select(($list::$owner, $list::name))
                        .load(conn)?;
                    for (of, name) in further {
                        names.entry(of).or_default().push(name);
                    }
                )?
                let standing = rows.into_iter().map(|row| row.standing(keys, &mut names));
                Ok(standing.collect())
            }

            $(
                /// Writes the further names anew.
                fn write_names(conn: &mut Connection, one: &Standing<$body>) -> QueryResult<()> {
                    diesel::delete($list::table.filter($list::$owner.eq(one.id))).execute(conn)?;
                    for (position, name) in (0_i32..).zip(&one.body.$names) {
                        diesel::insert_into($list::table)
                            .values((
                                $list::$owner.eq(one.id),
                                $list::position.eq(position),
                                $list::name.eq(name),
                                $list::key.eq($key(name)),
                            ))
                            .execute(conn)?;
                    }
                    Ok(())
                }
            )?

            impl Table for $item {
                type Body = $body;
                type Filters = $filters;

                const PLACED: bool = {
                    let places: &[&str] = &[$(stringify!($place))?];
                    !places.is_empty()
                };
                const SEALED: &'static [&'static str] = &[$($(stringify!($words)),*)?];

                fn place(body: &$body) -> Option<PlaceBody> {
                    let places: &[Option<PlaceBody>] = &[$(body.$place)?];
                    places.iter().copied().flatten().next()
                }

                fn paging(filters: &$filters) -> PageQuery {
                    PageQuery { cursor: filters.cursor.clone(), limit: filters.limit }
                }

                fn page(
                    conn: &mut Connection,
                    keys: &Keys,
                    scope: &Scope,
                    filters: &$filters,
                    (after, limit): (Option<Id>, i64),
                ) -> Result<Vec<Standing<$body>>, Problem> {
                    let withdrawn = filters.withdrawn.unwrap_or_default();
                    let mut rows = seen(scope)
                        .filter($table::withdrawn.eq(withdrawn))
                        .order($table::id.desc())
                        .limit(limit);
                    $(
                        if let Some(name) = &filters.$named {
                            let further = $list::table
                                .filter($list::key.eq($key(name)))
                                .select($list::$owner);
                            let own = $table::$name_key.eq($key(name));
                            rows = rows.filter(own.or($table::id.eq_any(further)));
                        }
                    )?
                    $(
                        if let Some(wanted) = &filters.$filter {
                            rows = rows.filter($table::$filtered.eq(Clone::clone(wanted)));
                        }
                    )*
                    if let Some(id) = after {
                        rows = rows.filter($table::id.lt(id));
                    }
                    load(conn, keys, rows).or_fault("list a register")
                }

                fn find(
                    conn: &mut Connection,
                    keys: &Keys,
                    scope: &Scope,
                    id: Id,
                ) -> Result<Option<Standing<$body>>, Problem> {
                    let found = load(conn, keys, seen(scope).filter($table::id.eq(id)));
                    Ok(found.or_fault("load an item of a register")?.pop())
                }

                fn insert(
                    conn: &mut Connection,
                    keys: &Keys,
                    one: &Standing<$body>,
                ) -> Result<(), Problem> {
                    let row = Row::of(keys, one)?;
                    let new = diesel::insert_into($table::table).values(row);
                    new.execute(conn).map_err(register::refused::<Self>)?;
                    $(
                        let _: &[String] = &one.body.$names;
                        write_names(conn, one).or_fault("write further names")?;
                    )?
                    Ok(())
                }

                fn update(
                    conn: &mut Connection,
                    keys: &Keys,
                    one: &Standing<$body>,
                    read: i32,
                ) -> Result<bool, Problem> {
                    let row = Row::of(keys, one)?;
                    let as_read = $table::id.eq(one.id).and($table::version.eq(read));
                    let old = diesel::update($table::table.filter(as_read)).set(row);
                    let changed = old.execute(conn).map_err(register::refused::<Self>)?;
                    $(
                        let _: &[String] = &one.body.$names;
                        write_names(conn, one).or_fault("write further names")?;
                    )?
                    Ok(changed == 1)
                }
            }
        };
    };
}

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

pub(crate) use {choices, register};
