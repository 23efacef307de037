//! Premises (场所): shops, factories, sites and hospitals that complaints are about, by all the names
//! people give them.

use crate::account::{
    Operation,
    Role::{self, Brigade, Leader, Office, Section, Street},
};
use crate::district::Profile;
use crate::platform::{
    http::{are_names, says_something},
    problem::{self, ItemCode},
};
use crate::register::{self, Item, choices, register};
use crate::text::{company_code, premises_name_key};

choices! {
    /// What premises are (场所类型).
    pub enum PremisesKind {
        Catering "catering" "餐饮",
        Factory "factory" "工业企业",
        ConstructionSite "construction_site" "建筑工地",
        Hospital "hospital" "医疗机构",
        VehicleRepair "vehicle_repair" "汽修",
        Entertainment "entertainment" "娱乐场所",
        FuelStation "fuel_station" "加油站",
        Other "other" "其他",
    }
}

register! {
    /// Premises (场所) as the bureau registers them.
    Premises in premises: PremisesBody, PremisesQuery, withdrawn;
    columns {
        /// Name, as on the licence or the sign.
        #[validate(length(min = 1, max = 100, message = "has 1 to 100 letters"), custom(function = "says_something"))]
        #[schema(min_length = 1, max_length = 100)]
        name: String,
        /// What it is.
        kind: PremisesKind,
        /// Number of the discharge permit (排污许可证号).
        #[validate(length(max = 64, message = "has 64 letters at most"))]
        #[schema(max_length = 64)]
        licence: Option<String>,
        /// 统一社会信用代码 (GB 32100): 18 letters, the last of which checks the others.
        uscc: Option<String>,
    }
    sealed {
        /// Address in words.
        #[validate(length(max = 200, message = "has 200 letters at most"))]
        #[schema(max_length = 200)]
        address: Option<String> = PREMISES_ADDRESS,
    }
    place {
        /// Where it is; street and grid follow from it.
        location, street as street_code
    }
    names {
        /// What else people call it; what is said twice is kept once.
        #[validate(length(max = 20, message = "has 20 names at most"), custom(function = "are_names"))]
        #[schema(max_items = 20)]
        aliases in premises_alias of premises_id;
        name by premises_name_key as name_key
    }
    filters {
        /// What they are.
        #[param(inline)]
        kind: PremisesKind = kind,
        /// Number of the discharge permit.
        licence: String = licence,
        /// 统一社会信用代码.
        uscc: String = uscc,
    }
}

/// The operations of this register.
pub static OPERATIONS: [Operation; register::OPERATIONS] = register::operations::<Premises>();

impl Item for Premises {
    const NAME: &'static str = "premises";
    const PATH: &'static str = "/api/v1/premises";
    const ABOUT: &'static str = "premises (场所)";
    const TWICE: &'static str = "premises with this 统一社会信用代码 are registered already";
    const READERS: &'static [Role] = &[Brigade, Office, Section, Street, Leader];
    const WRITERS: &'static [Role] = &[Brigade, Office];

    fn check(body: &mut PremisesBody, _: &Profile) -> Vec<problem::Item> {
        let Some(None) = body.uscc.as_deref().map(company_code) else {
            body.uscc = body.uscc.as_deref().and_then(company_code);
            return Vec::new();
        };
        let message = "is no 统一社会信用代码: its last letter checks the others";
        vec![problem::Item::new("uscc", ItemCode::Wrong, message)]
    }
}
