//! Whether a PostgreSQL server is one to start on: looked at before the first write, so that what
//! would fail later is refused at once, with the reason and what to do.

use diesel::{
    ConnectionError, PgConnection, QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};

use super::{OpenError, connect::Manager};

/// The oldest major version that is still repaired by its makers.
const OLDEST_MAJOR: i32 = 14;

/// What a session shows of its server.
#[derive(Debug, Clone, QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Bool)]
    read_only: bool,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
    #[diesel(sql_type = Bool)]
    may_create: bool,
    #[diesel(sql_type = Bool)]
    has_tables: bool,
    #[diesel(sql_type = BigInt)]
    closed_tables: i64,
}

const LOOK: &str = "SELECT current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS standby,
    current_setting('transaction_read_only') = 'on' AS read_only,
    current_user::text AS role,
    current_schema()::text AS schema,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
    to_regclass('__diesel_schema_migrations') IS NOT NULL AS has_tables,
    (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = current_schema() AND c.relkind = 'r'
        AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT'))) AS closed_tables";

/// Refuses a server that cannot be served from; answers whether sessions change under us, as they
/// do behind a pooler that hands out transactions.
///
/// # Errors
/// When it cannot be reached, or is refused.
pub(super) fn look(manager: &Manager) -> Result<bool, OpenError> {
    let asked = |e| OpenError::Connect(ConnectionError::CouldntSetupConfiguration(e));
    let mut conn = manager.bare()?;
    let server: Server = sql_query(LOOK).get_result(&mut conn).map_err(asked)?;
    if let Some(reason) = unfit(&server) {
        return Err(OpenError::Unfit(reason));
    }
    let mut other = manager.bare()?;
    sessions_change(&mut conn, &mut other).map_err(|e| {
        OpenError::Unfit(format!(
            "no transaction can be begun ({}); behind a pooler its pool_mode must be transaction or session",
            e.to_string().trim()
        ))
    })
}

/// Why a server is refused, in words for the operator.
fn unfit(server: &Server) -> Option<String> {
    let role = &server.role;
    if server.version / 10_000 < OLDEST_MAJOR {
        return Some(format!(
            "the server is PostgreSQL {}; {OLDEST_MAJOR} or newer is needed",
            server.version / 10_000
        ));
    }
    if server.encoding != "UTF8" {
        return Some(format!(
            "the database's encoding is {}; make it anew with ENCODING 'UTF8' (CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'), other encodings lose Chinese text",
            server.encoding
        ));
    }
    if server.standby {
        return Some("the server is a standby and takes no writes; name the primary, or all hosts with target_session_attrs=read-write".to_owned());
    }
    if server.read_only {
        return Some("the server, the database or the role is set to default_transaction_read_only; it must take writes".to_owned());
    }
    let Some(schema) = &server.schema else {
        return Some(format!(
            "no schema of the search_path exists for role {role}; set it: ALTER ROLE {role} SET search_path = public"
        ));
    };
    if !server.has_tables && !server.may_create {
        return Some(format!(
            "role {role} may not create tables in schema {schema}: GRANT CREATE ON SCHEMA {schema} TO {role}"
        ));
    }
    (server.closed_tables > 0).then(|| {
        format!(
            "role {role} may not read and write {} tables of schema {schema}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
            server.closed_tables
        )
    })
}

/// Sets a mark in one session and looks for it: where transactions are handed out, a second
/// client meets the session the first one marked, or the first no longer finds it.
fn sessions_change(one: &mut PgConnection, other: &mut PgConnection) -> diesel::QueryResult<bool> {
    let mark = uuid::Uuid::now_v7().simple().to_string();
    one.batch_execute(&format!("SET dengwen.mark = '{mark}'"))?;
    other.batch_execute("BEGIN")?;
    let change = marked(other, &mark)? || !marked(one, &mark)?;
    other.batch_execute("ROLLBACK")?;
    Ok(change)
}

#[derive(QueryableByName)]
struct Marked {
    #[diesel(sql_type = Bool)]
    marked: bool,
}

fn marked(conn: &mut PgConnection, mark: &str) -> diesel::QueryResult<bool> {
    let look =
        format!("SELECT coalesce(current_setting('dengwen.mark', true), '') = '{mark}' AS marked");
    sql_query(look).get_result::<Marked>(conn).map(|m| m.marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit() -> Server {
        Server {
            version: 150_018,
            encoding: "UTF8".to_owned(),
            standby: false,
            read_only: false,
            role: "dengwen".to_owned(),
            schema: Some("public".to_owned()),
            may_create: true,
            has_tables: false,
            closed_tables: 0,
        }
    }

    #[test]
    fn a_server_is_refused_with_what_to_do() {
        assert_eq!(unfit(&fit()), None);
        type Spoil = fn(&mut Server);
        let cases: [(Spoil, &str); 7] = [
            (|s| s.version = 130_014, "14 or newer"),
            (|s| s.encoding = "EUC_CN".to_owned(), "ENCODING 'UTF8'"),
            (|s| s.standby = true, "standby"),
            (|s| s.read_only = true, "default_transaction_read_only"),
            (|s| s.schema = None, "search_path"),
            (
                |s| s.may_create = false,
                "GRANT CREATE ON SCHEMA public TO dengwen",
            ),
            (|s| s.closed_tables = 3, "3 tables"),
        ];
        for (change, words) in cases {
            let mut server = fit();
            change(&mut server);
            assert!(unfit(&server).unwrap().contains(words), "{server:?}");
        }
        let mut migrated = fit();
        migrated.has_tables = true;
        migrated.may_create = false;
        assert_eq!(
            unfit(&migrated),
            None,
            "CREATE is needed for migrations alone"
        );
    }
}
