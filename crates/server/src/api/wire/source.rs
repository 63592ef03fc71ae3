//! Tokens and sources as the wire shows them.

use books::Kind;
use books::source::Source;

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A source.
    pub fn source(&self, source: &Source) -> Json {
        object! { "id": self.ids.write(Kind::Source, source.key), "object": "source" }
    }

    /// The account that a transfer to a source goes to.
    pub(super) fn receiver_details(&self, _source: &Source) -> Json {
        object! {}
    }
}
