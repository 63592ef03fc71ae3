//! The two declarations from which parameters are made: [`params!`] and [`choice!`].

/// Declares the parameters of an operation, or of a hash inside one.
///
/// Yields the struct and its [`Group`](super::Group), hence its [`Param`](super::Param). Doc
/// comments on fields become the API documentation. `pub kind as "type": T` gives a field another
/// name than the wire has (`pub r#type: T` also works), `..page: Page,` after the fields reads
/// another group from the same level, `refuses` lists what Stripe documents and Purser does not
/// act on, and `check path` names a function of (&Self, &Path) that looks at all fields together.
///
/// ```ignore
/// params! {
///     /// Lists the customers.
///     pub struct ListCustomers {
///         /// Only customers with this e-mail address.
///         pub email: Option<Text>,
///         ..page: Page,
///     }
///     refuses { "test_clock" }
/// }
/// ```
macro_rules! params {
    (
        $(#[$meta:meta])*
        $vis:vis struct $group:ident {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident $(as $wire:literal)? : $type:ty,
            )*
            $( ..$flat:ident : $flat_type:ty, )*
        }
        refuses { $($refused:literal),* $(,)? }
        $(check $check:path)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $vis struct $group {
            $(
                $(#[doc = $doc])*
                pub $field: $type,
            )*
            $(
                /// A group of parameters that lie at the same level.
                pub $flat: $flat_type,
            )*
        }

        impl $crate::api::params::Group for $group {
            fn read_group(
                node: &$crate::api::form::Node,
                at: &$crate::api::params::Path,
            ) -> Result<Self, $crate::api::params::ParamError> {
                $crate::api::params::refuse(node, &[$($refused),*], at)?;
                let group = $group {
                    $(
                        $field: $crate::api::params::read_field(
                            node,
                            $crate::api::params::wire_name!($field $($wire)?),
                            at,
                        )?,
                    )*
                    $( $flat: <$flat_type as $crate::api::params::Group>::read_group(node, at)?, )*
                };
                $( $check(&group, at)?; )?
                Ok(group)
            }

            fn takes(
                name: &str,
                _node: &$crate::api::form::Node,
                _at: &$crate::api::params::Path,
            ) -> Result<bool, $crate::api::params::ParamError> {
                $(
                    if name == $crate::api::params::wire_name!($field $($wire)?) {
                        <$type as $crate::api::params::Param>::unknown(_node, _at)?;
                        return Ok(true);
                    }
                )*
                $(
                    if <$flat_type as $crate::api::params::Group>::takes(name, _node, _at)? {
                        return Ok(true);
                    }
                )*
                let refused: &[&str] = &[$($refused),*];
                Ok(refused.contains(&name))
            }

            fn describe(
                _fields: &mut Vec<$crate::api::params::Field>,
                _refuses: &mut Vec<&'static str>,
            ) {
                $(
                    _fields.push($crate::api::params::Field::of::<$type>(
                        $crate::api::params::wire_name!($field $($wire)?),
                        &[$($doc),*],
                    ));
                )*
                $( <$flat_type as $crate::api::params::Group>::describe(_fields, _refuses); )*
                _refuses.extend_from_slice(&[$($refused),*]);
            }
        }
    };
}

/// Declares a parameter that takes one of a few fixed words, which are also words of answers.
///
/// ```ignore
/// choice! {
///     /// Who matches money to payments.
///     pub enum ReconciliationMode {
///         /// Purser does.
///         Automatic = "automatic",
///         /// The merchant does, through the API.
///         Manual = "manual",
///     }
/// }
/// ```
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $choice:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $wire:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $choice {
            $( $(#[$variant_meta])* $variant, )+
        }

        // Not every choice is also an answer, so one of these may stay without a caller.
        #[allow(dead_code)]
        impl $choice {
            /// Every word that the wire allows.
            pub const WORDS: &'static [&'static str] = &[$($wire),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( $choice::$variant => $wire, )+
                }
            }

            /// The choice that a word stands for.
            pub fn from_word(word: &str) -> Option<$choice> {
                match word {
                    $( $wire => Some($choice::$variant), )+
                    _ => None,
                }
            }
        }

        impl $crate::api::params::Param for $choice {
            fn read(
                node: &$crate::api::form::Node,
                at: &$crate::api::params::Path,
            ) -> Result<Self, $crate::api::params::ParamError> {
                $crate::api::params::read_choice(node, at, $choice::WORDS, $choice::from_word)
            }

            fn schema() -> $crate::api::params::Schema {
                $crate::api::params::Schema::Choice($choice::WORDS)
            }
        }
    };
}

/// The name of a field on the wire: its own, without `r#`, unless the declaration gives another.
macro_rules! wire_name {
    ($field:ident $wire:literal) => {
        $wire
    };
    ($field:ident) => {
        const { $crate::api::params::bare_name(stringify!($field)) }
    };
}

pub(crate) use {choice, params, wire_name};
