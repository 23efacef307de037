//! Closed sets whose members have one name each, in code, on the wire and in the document.

/// Makes an enum whose variants are each written as the name beside them, which is their own in
/// snake case: what is served and the OpenAPI schema say it so, and `ALL` lists the set.
macro_rules! named {
    (
        $(#[$about:meta])*
        $visible:vis enum $set:ident {
            $($(#[doc = $doc:literal])+ $variant:ident $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        $visible enum $set {
            $($(#[doc = $doc])+ $variant,)+
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
