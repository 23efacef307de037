//! Registers (名录): lists that the bureau keeps of what it deals with. A register is a struct made
//! by `register!`, which says its columns, and an [`Item`], which says its checks, names, readers
//! and writers. Everything else is here, once for all of them.

mod document;
mod handlers;
mod place;
mod standing;
mod table;

use serde::{Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::account::{Access, Operation, Role};
use crate::district::Profile;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id},
    http::PageQuery,
    problem::{self, Problem},
};
use crate::privacy::Scope;

pub use place::{PlaceBody, Placed};
pub use standing::{FurtherName, Standing, are_names};
pub(crate) use standing::{refused, seal};
pub(crate) use table::{choices, register};

/// What a register says of its items.
pub trait Item: Table {
    /// What one is called in the history and in the names of operations.
    const NAME: &'static str;
    /// Where the list is; its last part is what several are called.
    const PATH: &'static str;
    /// What one is in the document, in English and Chinese.
    const ABOUT: &'static str;
    /// What a second of what there may be one of is answered.
    const TWICE: &'static str;
    /// Who may read; a street reads what lies in it.
    const READERS: &'static [Role];
    /// Who may add and change.
    const WRITERS: &'static [Role];

    /// Brings a body's fields to their normal form, and says what is wrong with each that has none.
    fn check(body: &mut Self::Body, profile: &Profile) -> Vec<problem::Item>;
}

/// What `register!` makes of a register's columns: its body, its filters, and all of its SQL.
pub trait Table: Sized + 'static {
    /// What is sent of an item, and shown.
    type Body: Clone + Serialize + DeserializeOwned + Validate + ToSchema + Send + Sync + 'static;
    /// What the list is asked by.
    type Filters: DeserializeOwned + Validate + IntoParams + Send + 'static;

    /// Whether items lie somewhere.
    const PLACED: bool;
    /// Fields that are sealed in their rows, so that the history does not hold them either.
    const SEALED: &'static [&'static str];

    /// Where an item lies, as it was sent.
    fn place(body: &Self::Body) -> Option<PlaceBody>;

    /// `cursor` and `limit` of a list.
    fn paging(filters: &Self::Filters) -> PageQuery;

    /// The items a caller sees that a list is asked for, newest first.
    ///
    /// # Errors
    /// A fault when the database fails.
    fn page(
        conn: &mut Connection,
        keys: &Keys,
        scope: &Scope,
        filters: &Self::Filters,
        slice: (Option<Id>, i64),
    ) -> Result<Vec<Standing<Self::Body>>, Problem>;

    /// An item that a caller sees.
    ///
    /// # Errors
    /// A fault when the database fails.
    fn find(
        conn: &mut Connection,
        keys: &Keys,
        scope: &Scope,
        id: Id,
    ) -> Result<Option<Standing<Self::Body>>, Problem>;

    /// Writes a new item.
    ///
    /// # Errors
    /// 409 when there is one already of what there may be one of.
    fn insert(
        conn: &mut Connection,
        keys: &Keys,
        one: &Standing<Self::Body>,
    ) -> Result<(), Problem>;

    /// Writes an item anew, if it still is of the version that was read; whether it was.
    ///
    /// # Errors
    /// 409 when there is another already of what there may be one of.
    fn update(
        conn: &mut Connection,
        keys: &Keys,
        one: &Standing<Self::Body>,
        read: i32,
    ) -> Result<bool, Problem>;
}

/// Operations that each register has.
pub const OPERATIONS: usize = 5;

/// The operations of a register: list, add, read, change, history.
#[must_use]
pub const fn operations<T: Item>() -> [Operation; OPERATIONS] {
    let (readers, writers) = (Access::Staff(T::READERS), Access::Staff(T::WRITERS));
    [
        Operation {
            access: readers,
            keyed: false,
            document: document::list::<T>,
            handler: handlers::to_list::<T>,
        },
        Operation {
            access: writers,
            keyed: true,
            document: document::create::<T>,
            handler: handlers::to_create::<T>,
        },
        Operation {
            access: readers,
            keyed: false,
            document: document::get::<T>,
            handler: handlers::to_get::<T>,
        },
        Operation {
            access: writers,
            keyed: true,
            document: document::change::<T>,
            handler: handlers::to_change::<T>,
        },
        Operation {
            access: readers,
            keyed: false,
            document: document::history::<T>,
            handler: handlers::to_history::<T>,
        },
    ]
}
