//! What an app needs to draw its form.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::district::{Limits, Profile};
use crate::evidence::file::FILE_TYPES;
use crate::geo::Datum;
use crate::photo::MediaType;

/// A street of the district.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreetView {
    /// Nine-digit code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A category to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryView {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// A first-level category and what is under it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryGroupView {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Its categories.
    pub categories: Vec<CategoryView>,
}

/// What a reporter may want.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemandView {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

impl DemandView {
    /// Those of the profile.
    #[must_use]
    pub fn all(profile: &Profile) -> Vec<Self> {
        let demands = profile.rules.demands.iter().map(|demand| Self {
            code: demand.code.clone(),
            name: demand.name.clone(),
        });
        demands.collect()
    }
}

/// What an app needs to draw its form.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistrictView {
    /// Division code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Categories, two levels.
    pub categories: Vec<CategoryGroupView>,
    /// Streets.
    pub streets: Vec<StreetView>,
    /// Demands (诉求).
    pub demands: Vec<DemandView>,
    /// What a complaint may carry.
    pub limits: Limits,
    /// Datums accepted; a position without one is refused.
    pub datums: Vec<&'static str>,
    /// Photo types accepted.
    pub photo_types: Vec<&'static str>,
    /// Types accepted beside them, under `file`.
    pub file_types: Vec<&'static str>,
}

/// What an app needs to draw its form: categories, streets, limits, datums, photo types.
#[utoipa::path(get, path = "/api/v1/district", tag = "complaints", operation_id = "get_district",
    responses((status = 200, body = DistrictView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_district(app: web::Data<App>) -> HttpResponse {
    let profile = &app.profile;
    let categories_of = |coarse: &str| {
        profile
            .categories
            .iter()
            .filter(|c| c.enabled && c.coarse == coarse)
            .map(|c| CategoryView {
                code: c.code.clone(),
                zh: c.zh.clone(),
                en: c.en.clone(),
            })
            .collect()
    };
    HttpResponse::Ok().json(DistrictView {
        code: profile.rules.code.clone(),
        name: profile.rules.name.clone(),
        categories: profile
            .coarse
            .iter()
            .map(|c| CategoryGroupView {
                code: c.code.clone(),
                zh: c.zh.clone(),
                en: c.en.clone(),
                categories: categories_of(&c.code),
            })
            .collect(),
        streets: profile
            .streets
            .iter()
            .map(|s| StreetView {
                code: s.code.clone(),
                name: s.name.clone(),
            })
            .collect(),
        demands: DemandView::all(profile),
        limits: profile.rules.limits,
        datums: Datum::ALL.map(Datum::as_str).to_vec(),
        photo_types: MediaType::ALL.map(MediaType::as_str).to_vec(),
        file_types: FILE_TYPES.to_vec(),
    })
}
