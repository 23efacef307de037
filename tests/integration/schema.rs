//! The tables as diesel sees them, held against both migrated databases.

use std::collections::BTreeMap;

use dengwen::platform::db::Connection;
use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use syn::{
    GenericArgument, Ident, Item, ItemUse, PathArguments, Token, Type, braced, parenthesized,
    parse::{Parse, ParseStream},
};

use crate::support::{On, World};

/// Each type of a column as diesel, SQLite and PostgreSQL call it.
const TYPES: [(&str, &str, &str); 10] = [
    ("BigInt", "BIGINT", "bigint"),
    ("Binary", "BLOB", "bytea"),
    ("Bool", "BOOLEAN", "boolean"),
    ("Date", "DATE", "date"),
    ("Double", "DOUBLE", "double precision"),
    ("Integer", "INTEGER", "integer"),
    ("JsonSql", "TEXT", "jsonb"),
    ("Text", "TEXT", "text"),
    ("UtcTimeSql", "TEXT", "timestamp with time zone"),
    ("UuidSql", "BLOB", "uuid"),
];

/// SQLite numbers rows by itself in a column of this type alone; its whole numbers have 64 bits.
const NUMBERED_BY_SQLITE: (&str, &str) = ("match_fact.seq", "INTEGER");

/// What `diesel::table!` takes.
struct Table {
    name: Ident,
    columns: Vec<Column>,
}

struct Column {
    name: Ident,
    of: Type,
}

impl Parse for Table {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        while input.peek(Token![use]) {
            input.parse::<ItemUse>()?;
        }
        let name = input.parse()?;
        let (key, columns);
        parenthesized!(key in input);
        key.parse_terminated(Ident::parse, Token![,])?;
        braced!(columns in input);
        let columns = columns.parse_terminated(Column::parse, Token![,])?;
        Ok(Self {
            name,
            columns: columns.into_iter().collect(),
        })
    }
}

impl Parse for Column {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![->]>()?;
        let of = input.parse()?;
        Ok(Self { name, of })
    }
}

/// A type's name, and whether it may be null.
fn named(of: &Type) -> (String, bool) {
    let Type::Path(path) = of else {
        panic!("a type of a column is a path");
    };
    let last = path.path.segments.last().unwrap();
    match &last.arguments {
        PathArguments::AngleBracketed(inner) if last.ident == "Nullable" => {
            let Some(GenericArgument::Type(inner)) = inner.args.first() else {
                panic!("Nullable is of a type");
            };
            (named(inner).0, true)
        }
        _ => (last.ident.to_string(), false),
    }
}

fn line(column: &str, of: &str, nullable: bool) -> String {
    let null = if nullable { " or null" } else { "" };
    format!("{column}: {of}{null}")
}

/// The columns as `schema.rs` says them for a database.
fn said(on: On) -> Vec<String> {
    let text = include_str!("../../src/platform/db/schema.rs");
    let types: BTreeMap<&str, (&str, &str)> = TYPES
        .into_iter()
        .map(|(diesel, sqlite, postgres)| (diesel, (sqlite, postgres)))
        .collect();
    let mut said = Vec::new();
    for item in syn::parse_file(text).unwrap().items {
        let Item::Macro(item) = item else { continue };
        if item.mac.path.segments.last().unwrap().ident != "table" {
            continue;
        }
        let table: Table = item.mac.parse_body().unwrap();
        for Column { name, of } in table.columns {
            let column = format!("{}.{name}", table.name);
            let (of, nullable) = named(&of);
            let (sqlite, postgres) = types[of.as_str()];
            let of = match on {
                On::Sqlite if column == NUMBERED_BY_SQLITE.0 => NUMBERED_BY_SQLITE.1,
                On::Sqlite => sqlite,
                On::Postgres => postgres,
            };
            said.push(line(&column, of, nullable));
        }
    }
    said.sort();
    said
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The columns as a migrated database has them.
fn migrated(conn: &mut Connection) -> Vec<String> {
    let query = match conn {
        Connection::Sqlite(_) => {
            "SELECT m.name || '.' || c.name || ': ' || c.type || (CASE c.\"notnull\" WHEN 1 THEN '' ELSE ' or null' END) AS line
             FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'"
        }
        Connection::Postgres(_) => {
            "SELECT table_name || '.' || column_name || ': ' || data_type || (CASE is_nullable WHEN 'NO' THEN '' ELSE ' or null' END) AS line
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'"
        }
    };
    let lines: Vec<Line> = sql_query(query).load(conn).unwrap();
    let mut lines: Vec<String> = lines.into_iter().map(|l| l.line).collect();
    lines.sort();
    lines
}

/// Every table has the columns that `schema.rs` says, of its types and null where it says so, and
/// none besides.
async fn columns_are_those_of_the_migrations(world: World) {
    let said = said(world.on);
    assert!(said.len() > 300, "{}", said.len());
    let migrated = world.db_read(migrated);
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these
            .iter()
            .filter(|l| !those.contains(l))
            .cloned()
            .collect()
    };
    let differences = (only(&said, &migrated), only(&migrated, &said));
    assert_eq!(differences, (Vec::new(), Vec::new()), "said, migrated");
}

on_both!(columns_are_those_of_the_migrations);
