//! Registers (名录): lists that the bureau keeps of what it deals with. A register is a struct made
//! by `register!`, which says its columns, and an [`Item`], which says its checks, names, readers
//! and writers. Everything else is here, once for all of them.

mod choices;
mod document;
mod handlers;
mod place;
mod standing;
mod table;
mod term;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
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
use crate::record::{ComplaintEvent, RegisterEvent};

pub(crate) use choices::choices;
pub use place::{PlaceBody, Placed};
pub use standing::Standing;
pub(crate) use standing::{Told, of_nothing, open, refused, seal};
pub(crate) use table::register;
pub use term::{Begun, Key, Term};

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
    fn check(_body: &mut Self::Body, _profile: &Profile) -> Vec<problem::Item> {
        Vec::new()
    }

    /// What a new item begins with of what stands elsewhere: the keys it is found by, how long it
    /// holds.
    ///
    /// # Errors
    /// What stands in its way; a fault when the database fails.
    fn begin(
        _conn: &mut Connection,
        _one: &Standing<Self::Body>,
        _profile: &Profile,
    ) -> Result<Begun, Problem> {
        Ok(Begun::default())
    }

    /// Why an item was added, in the words of who did it.
    fn reason(_body: &Self::Body) -> Option<&str> {
        None
    }

    /// What a step of an item says in the history of the complaint that it is of.
    fn told(_event: RegisterEvent, _id: Id) -> Option<(ComplaintEvent, Value)> {
        None
    }
}

/// What `register!` makes of a register's columns: its body, its filters, and all of its SQL.
pub trait Table: Sized + 'static {
    /// What is sent of an item, and shown.
    type Body: Clone + Serialize + DeserializeOwned + Validate + ToSchema + Send + Sync + 'static;
    /// What the list is asked by.
    type Filters: DeserializeOwned + Validate + IntoParams + Send + 'static;

    /// Whether items lie somewhere.
    const PLACED: bool;
    /// Whether items hold for a term: then they are lifted, and neither changed nor withdrawn.
    const HELD: bool;
    /// Fields that are sealed in their rows, so that the history does not hold them either.
    const SEALED: &'static [&'static str];

    /// Where an item lies, as it was sent.
    fn place(_body: &Self::Body) -> Option<PlaceBody> {
        None
    }

    /// An item's further names, as they were sent.
    fn names(_body: &mut Self::Body) -> Option<&mut Vec<String>> {
        None
    }

    /// The street that a list is asked by.
    fn street(_filters: &Self::Filters) -> Option<&str> {
        None
    }

    /// The row elsewhere that an item is of.
    ///
    /// # Errors
    /// 422 when there is none; a fault when the database fails.
    fn matter(_conn: &mut Connection, _body: &Self::Body) -> Result<Option<Id>, Problem> {
        Ok(None)
    }

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

    /// Writes an item anew, if it still is of the version that was read; whether it was. Where
    /// it was not, nothing is written.
    ///
    /// # Errors
    /// 409 when there is another already of what there may be one of.
    fn update(
        conn: &mut Connection,
        keys: &Keys,
        one: &Standing<Self::Body>,
        read: i32,
    ) -> Result<bool, Problem>;

    /// Writes that an item was lifted, if it still is of the version that was read; whether it was.
    ///
    /// # Errors
    /// A fault when the database fails.
    fn lift(
        _conn: &mut Connection,
        _one: &Standing<Self::Body>,
        _read: i32,
    ) -> Result<bool, Problem> {
        Ok(false)
    }
}

/// Operations that each register has.
pub const OPERATIONS: usize = 5;

/// The operations of a register: list, add, read, change or lift, history.
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
            document: if T::HELD {
                document::lift::<T>
            } else {
                document::change::<T>
            },
            handler: if T::HELD {
                handlers::to_lift::<T>
            } else {
                handlers::to_change::<T>
            },
        },
        Operation {
            access: readers,
            keyed: false,
            document: document::history::<T>,
            handler: handlers::to_history::<T>,
        },
    ]
}
