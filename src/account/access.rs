//! Who may call what: every operation carries an [`Access`], and one guard enforces it before any
//! body is read, so that 401 and 403 always come before 400 and 422.

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};

use super::{
    caller::{Caller, Resident, Staff},
    operation::{Access, Operation, Table},
    queries,
    role::Role,
    second_factor,
    session::queries as sessions,
};
use crate::app::App;
use crate::platform::{
    crypto::Subject,
    http::idempotency::CallerScope,
    problem::{Code, OnDb, Problem},
};

/// Middleware: reads the token, loads the account behind it, and lets the request pass if the
/// operation allows the caller. Rights are the account's of this moment, not the token's.
///
/// # Errors
/// 401 for a missing or bad token, 403 for a role without the right or a disabled account.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let operation = request
        .app_data::<&'static Table>()
        .zip(request.match_pattern())
        .and_then(|(table, path)| table.find(request.method(), &path));
    // A path or method outside the table goes on to the router, which answers 404 or 405.
    let Some(Operation { access, .. }) = operation else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let caller = authenticate(&request).await?;
    permit(*access, caller.as_ref())?;
    if let Some(Caller::Staff(staff)) = &caller
        && staff.must_enrol
        && access.needs_enrolment()
    {
        return Err(Problem::because(
            Code::EnrolSecondFactor,
            format!(
                "the role {} needs one: POST /api/v1/staff/me/totp",
                staff.role
            ),
        )
        .into());
    }
    // Nothing is called by a name with the letter NUL, and no database can be asked for one.
    if request.path().contains("%00") {
        return Err(Problem::not_found().into());
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(CallerScope(caller.scope()));
        request.extensions_mut().insert(caller);
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn authenticate(request: &ServiceRequest) -> Result<Option<Caller>, Problem> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let token = value.to_str().map_or(None, bearer).ok_or_else(|| {
        Problem::because(Code::Unauthenticated, "send `Authorization: Bearer TOKEN`")
    })?;
    let app = request
        .app_data::<web::Data<App>>()
        .ok_or_else(|| Problem::fault("the application state is missing"))?;
    let claims = app.keys.verify(token, app.now())?;
    let (subject, session, token) = (claims.sub.into(), claims.sid.into(), claims.tid.into());
    match claims.kind {
        Subject::Resident => {
            let live = app
                .db
                .read(move |c| sessions::is_live(c, token).or_fault("load session"))
                .await?;
            live.then_some(Some(Caller::Resident(Resident {
                id: subject,
                session,
            })))
            .ok_or_else(|| Problem::because(Code::TokenExpired, "the session was ended"))
        }
        Subject::Staff => {
            let second_factor_roles = app.settings.totp_roles.clone();
            let (found, must_enrol) = app
                .db
                .read(move |c| {
                    let live = sessions::is_live(c, token).or_fault("load session")?;
                    let staff = queries::staff_by_id(c, subject).or_fault("load staff")?;
                    // Disabling ends the sessions as well; the phone must learn the true reason.
                    let staff = staff.filter(|staff| live || staff.disabled);
                    let must_have =
                        |staff: &queries::StaffRow| second_factor_roles.contains(&staff.role);
                    let must_enrol = staff.as_ref().is_some_and(must_have)
                        && second_factor::queries::confirmed(c, subject)
                            .or_fault("load second factor")?
                            .is_none();
                    Ok(staff.map(|staff| (staff, must_enrol)))
                })
                .await?
                .ok_or_else(|| Problem::because(Code::TokenExpired, "the session was ended"))?;
            if found.disabled {
                return Err(Problem::because(
                    Code::AccountDisabled,
                    "keep what you captured and ask your office; nothing was changed",
                ));
            }
            Ok(Some(Caller::Staff(Staff::of(found, session, must_enrol)?)))
        }
    }
}

/// The token of an `Authorization` value; a scheme is named in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn permit(access: Access, caller: Option<&Caller>) -> Result<(), Problem> {
    match (access, caller) {
        (Access::Public, _) | (Access::OwnSessions, Some(_)) => Ok(()),
        (_, None) => Err(Problem::new(Code::Unauthenticated)),
        (Access::Resident, Some(Caller::Resident(_))) => Ok(()),
        (Access::OwnAccount, Some(Caller::Staff(_))) => Ok(()),
        (Access::Staff(roles), Some(Caller::Staff(staff)))
            if staff.role == Role::Admin || roles.contains(&staff.role) =>
        {
            Ok(())
        }
        (Access::Staff(roles), Some(Caller::Staff(staff))) => {
            let roles = roles
                .iter()
                .map(|r| r.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            Err(Problem::because(
                Code::Forbidden,
                format!("your role is {}; this is for {roles}", staff.role),
            ))
        }
        _ => Err(Problem::new(Code::Forbidden)),
    }
}
