//! What a register's columns become: its body, its filters, and the SQL of its table.

/// Makes the struct of a register from its columns.
///
/// Each column of `columns` is a field of the body and a column of the table, of one type. Those of
/// `sealed` are words, sealed in their rows. `place` is where an item lies (`raw_lon`, `raw_lat`,
/// `datum`, `lon`, `lat`, `grid_code`, and the column of the street named): the list is asked by the
/// street. `names` are further names in a table of their own (`position`, `name`, `key`): the list is
/// asked by the key of a name or a further name. `of` is a row elsewhere that an item is about: told
/// by what people call it, kept by its id. `keys` are blind indexes that an item is found by, in a
/// table of their own (`key`, `proven`). Each of `filters` asks for what a column holds. The table has
/// `id`, `version`, `created_at` and `updated_at` besides.
///
/// Items either stand until they are withdrawn, and are changed meanwhile (the column is named in the
/// head), or they hold for a `term`: until the time in the column named, or until somebody lifts
/// them (`created_by`, `lifted_by`, `lifted_at`).
macro_rules! register {
    (
        $(#[$about:meta])*
        $item:ident in $table:ident: $body:ident, $filters:ident $(, $withdrawn:ident)?;
        $(of { $(#[$said_of_matter:meta])* $called:ident of $matter:ident as $matter_id:ident })?
        $(columns { $($(#[$said:meta])* $column:ident: $of:ident $(<$inner:ident>)?,)* })?
        $(sealed {
            $($(#[$said_of_words:meta])* $words:ident: $text:ident $(<$maybe:ident>)? = $sealed:ident,)*
        })?
        $(place { $(#[$said_of_place:meta])* $place:ident, $by_street:ident as $street:ident })?
        $(names {
            $(#[$said_of_names:meta])* $names:ident in $list:ident of $owner:ident;
            $named:ident by $key:ident as $name_key:ident
        })?
        $(keys { $keys:ident of $keyed:ident })?
        $(term { $expires_at:ident })?
        $(filters { $($(#[$said_of_filter:meta])* $filter:ident: $kind:ident = $filtered:ident,)* })?
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
            $($(#[$said_of_matter])* pub $called: String,)?
            $($($(#[$said])* pub $column: $of $(<$inner>)?,)*)?
            $($($(#[$said_of_words])* pub $words: $text $(<$maybe>)?,)*)?
            $($(#[$said_of_place])* pub $place: Option<$crate::register::PlaceBody>,)?
            $(
                $(#[$said_of_names])*
                #[serde(default)]
                #[schema(value_type = Vec<$crate::platform::http::FurtherName>, inline)]
                pub $names: Vec<String>,
            )?
            $(
                /// Whether it is withdrawn from the register.
                #[serde(default)]
                pub $withdrawn: bool,
            )?
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
            $($($(#[$said_of_filter])* pub $filter: Option<$kind>,)*)?
            $(
                /// Street code.
                pub $by_street: Option<String>,
            )?
            $(
                /// Those that were withdrawn; they are left out unless said.
                pub $withdrawn: Option<bool>,
            )?
            /// Where the page begins: `next_cursor` of the page before.
            pub cursor: Option<String>,
            /// Rows in the page, 1 to 200; 50 unless said.
            #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
            #[param(minimum = 1, maximum = 200)]
            pub limit: Option<i64>,
        }

        const _: () = {
            use diesel::prelude::*;
            use $crate::platform::{
                crypto::Keys,
                db::{
                    Connection, Id, MultiBackend, UtcTime,
                    schema::{$table $(, $list)? $(, $matter)? $(, $keys)?},
                },
                http::PageQuery,
                problem::{OnDb as _, Problem},
                sealed,
            };
            use $crate::privacy::Scope;
            use $crate::register::{self, Standing, Table};

            #[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
            #[diesel(table_name = $table, treat_none_as_null = true)]
            #[diesel(treat_none_as_default_value = false)]
            struct Row {
                id: Id,
                version: i32,
                $($matter_id: Id,)?
                $($($column: $of $(<$inner>)?,)*)?
                $($($words: $text $(<$maybe>)?,)*)?
                $(#[diesel(embed)] $place: PlaceRow,)?
                $($name_key: String,)?
                $(#[diesel(embed)] $expires_at: TermRow,)?
                $($withdrawn: bool,)?
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

                    fn sent(&self) -> Option<register::PlaceBody> {
                        register::PlaceBody::read(self.raw_lon, self.raw_lat, self.datum.as_deref())
                    }

                    fn placed(&self) -> register::Placed {
                        let point = self.lon.zip(self.lat);
                        register::Placed {
                            point: point.map(|(lon, lat)| $crate::geo::Point { lon, lat }),
                            street: self.$street.clone(),
                            grid: self.grid_code.clone(),
                        }
                    }
                }
            )?

            $(
                #[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
                #[diesel(table_name = $table, treat_none_as_null = true)]
                #[diesel(treat_none_as_default_value = false)]
                struct TermRow {
                    created_by: Id,
                    $expires_at: Option<UtcTime>,
                    lifted_by: Option<Id>,
                    lifted_at: Option<UtcTime>,
                }

                impl TermRow {
                    fn of(one: &Standing<$body>) -> Result<Self, Problem> {
                        let term = one.held()?;
                        Ok(Self {
                            created_by: term.by,
                            $expires_at: term.until,
                            lifted_by: term.lifted.map(|(by, _)| by),
                            lifted_at: term.lifted.map(|(_, at)| at),
                        })
                    }

                    fn term(&self, by_name: String) -> register::Term {
                        register::Term {
                            by: self.created_by,
                            by_name,
                            until: self.$expires_at,
                            lifted: self.lifted_by.zip(self.lifted_at),
                        }
                    }
                }
            )?

            impl Row {
                fn of(keys: &Keys, one: &Standing<$body>) -> Result<Self, Problem> {
                    Ok(Self {
                        id: one.id,
                        version: one.version,
                        $($matter_id: one.of.ok_or_else(register::of_nothing)?,)?
                        $($($column: Clone::clone(&one.body.$column),)*)?
                        $($($words: register::seal(
                            sealed::$sealed, keys, one.id, &one.body.$words,
                        )?,)*)?
                        $($place: PlaceRow::of(one),)?
                        $($name_key: $key(&one.body.$named),)?
                        $($expires_at: TermRow::of(one)?,)?
                        $($withdrawn: one.body.$withdrawn,)?
                        created_at: one.created_at,
                        updated_at: one.updated_at,
                    })
                }

                fn standing(
                    self,
                    keys: &Keys,
                    told: &mut register::Told,
                ) -> Standing<$body> {
                    let _ = &told;
                    let placed = [$(self.$place.placed())?].into_iter().next();
                    let matters: &[Id] = &[$(self.$matter_id)?];
                    let terms: &[register::Term] = &[$({
                        let by = told.called(self.$expires_at.created_by);
                        self.$expires_at.term(by)
                    })?];
                    Standing {
                        id: self.id,
                        version: self.version,
                        body: $body {
                            $($called: told.called(self.$matter_id),)?
                            $($($column: self.$column,)*)?
                            $($($words: register::open(
                                sealed::$sealed, keys, self.id, self.$words,
                            ),)*)?
                            $($place: self.$place.sent(),)?
                            $($names: told.names(self.id),)?
                            $($withdrawn: self.$withdrawn,)?
                        },
                        placed: placed.unwrap_or_default(),
                        of: matters.first().copied(),
                        term: terms.first().cloned(),
                        keys: Vec::new(),
                        created_at: self.created_at,
                        updated_at: self.updated_at,
                    }
                }
            }

            /// The rows a caller sees.
            fn seen(scope: &Scope) -> $table::BoxedQuery<'static, MultiBackend> {
                let _ = scope;
                let rows = $table::table.into_boxed::<MultiBackend>();
                $(
                    if let Some(street) = scope.street() {
                        return rows.filter($table::$street.eq(street.to_owned()));
                    }
                )?
                rows
            }

            /// Rows as they stand, with their further names, and what is told of what they refer to.
            fn load(
                conn: &mut Connection,
                keys: &Keys,
                rows: $table::BoxedQuery<'static, MultiBackend>,
            ) -> QueryResult<Vec<Standing<$body>>> {
                let rows: Vec<Row> = rows.select(Row::as_select()).load(conn)?;
                let names: &[Vec<(Id, String)>] = &[$({
                    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
                    $list::table
                        .filter($list::$owner.eq_any(ids))
                        .order(($list::$owner, $list::position))
                        .select(($list::$owner, $list::name))
                        .load(conn)?
                })?];
                let matters: &[Vec<(Id, String)>] = &[$({
                    let ids: Vec<Id> = rows.iter().map(|row| row.$matter_id).collect();
                    $matter::table
                        .filter($matter::id.eq_any(ids))
                        .select(($matter::id, $matter::$called))
                        .load(conn)?
                })?];
                let makers: &[Vec<(Id, String)>] = &[$({
                    let ids = rows.iter().map(|row| row.$expires_at.created_by).collect();
                    $crate::account::queries::usernames(conn, ids)?
                })?];
                let mut told = register::Told::of(names, &[matters, makers].concat());
                let standing = rows.into_iter().map(|row| row.standing(keys, &mut told));
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

            $(
                /// Writes what an item is found by.
                fn write_keys(conn: &mut Connection, one: &Standing<$body>) -> QueryResult<()> {
                    for key in &one.keys {
                        diesel::insert_into($keys::table)
                            .values((
                                $keys::key.eq(&key.key),
                                $keys::$keyed.eq(one.id),
                                $keys::proven.eq(key.proven),
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
                const HELD: bool = {
                    let terms: &[&str] = &[$(stringify!($expires_at))?];
                    !terms.is_empty()
                };
                const SEALED: &'static [&'static str] = &[$($(stringify!($words)),*)?];

                $(
                    fn place(body: &$body) -> Option<register::PlaceBody> {
                        body.$place
                    }

                    fn street(filters: &$filters) -> Option<&str> {
                        filters.$by_street.as_deref()
                    }
                )?

                $(
                    fn names(body: &mut $body) -> Option<&mut Vec<String>> {
                        Some(&mut body.$names)
                    }
                )?

                $(
                    fn matter(conn: &mut Connection, body: &$body) -> Result<Option<Id>, Problem> {
                        let found: Option<Id> = $matter::table
                            .filter($matter::$called.eq(&body.$called))
                            .select($matter::id)
                            .first(conn)
                            .optional()
                            .or_fault("load what an item is of")?;
                        found.map(Some).ok_or_else(|| {
                            let unknown = $crate::platform::problem::ItemCode::Unknown;
                            let message = concat!(
                                "is no ", stringify!($matter), "'s ", stringify!($called),
                            );
                            Problem::invalid(stringify!($called), unknown, message)
                        })
                    }
                )?

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
                    let _ = filters;
                    let mut rows = seen(scope).order($table::id.desc()).limit(limit);
                    $(
                        let $withdrawn = filters.$withdrawn.unwrap_or_default();
                        rows = rows.filter($table::$withdrawn.eq($withdrawn));
                    )?
                    $(
                        if let Some(name) = &filters.$named {
                            let key = $key(name);
                            // Both at once would be looked for through the whole list.
                            let own = $table::table
                                .filter($table::$name_key.eq(&key))
                                .select($table::id);
                            let further = $list::table
                                .filter($list::key.eq(&key))
                                .select($list::$owner);
                            let mut ids: Vec<Id> = own.load(conn).or_fault("look up a name")?;
                            let others: Vec<Id> =
                                further.load(conn).or_fault("look up a further name")?;
                            ids.extend(others);
                            rows = rows.filter($table::id.eq_any(ids));
                        }
                    )?
                    $($(
                        if let Some(wanted) = &filters.$filter {
                            rows = rows.filter($table::$filtered.eq(Clone::clone(wanted)));
                        }
                    )*)?
                    $(
                        if let Some(street) = &filters.$by_street {
                            rows = rows.filter($table::$street.eq(street.clone()));
                        }
                    )?
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
                    $(
                        let _ = $keys::table;
                        write_keys(conn, one).or_fault("write what an item is found by")?;
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
                    if old.execute(conn).map_err(register::refused::<Self>)? == 0 {
                        return Ok(false);
                    }
                    $(
                        let _: &[String] = &one.body.$names;
                        write_names(conn, one).or_fault("write further names")?;
                    )?
                    Ok(true)
                }

                $(
                    fn lift(
                        conn: &mut Connection,
                        one: &Standing<$body>,
                        read: i32,
                    ) -> Result<bool, Problem> {
                        let $expires_at = TermRow::of(one)?;
                        let as_read = $table::id.eq(one.id).and($table::version.eq(read));
                        let lifted = diesel::update($table::table.filter(as_read))
                            .set((
                                $expires_at,
                                $table::version.eq(one.version),
                                $table::updated_at.eq(one.updated_at),
                            ))
                            .execute(conn)
                            .or_fault("lift an item of a register")?;
                        Ok(lifted == 1)
                    }
                )?
            }
        };
    };
}

pub(crate) use register;
