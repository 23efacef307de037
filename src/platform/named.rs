//! Closed sets whose members have one name each, in code, on the wire and in the document.

/// Makes an enum whose variants are each written as the name beside them: [`Serialize`] and the
/// OpenAPI schema say that name, and `ALL` lists the set.
///
/// [`Serialize`]: serde::Serialize
macro_rules! named {
    (
        $(#[$about:meta])*
        $visible:vis enum $set:ident {
            $($(#[doc = $doc:literal])+ $variant:ident $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
        $visible enum $set {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl $set {
            /// The whole set, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

pub(crate) use named;
