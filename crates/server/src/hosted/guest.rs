//! What a link opens: one object, as it is now, for somebody of whom nothing is known.

use std::sync::Arc;

use books::Document;
use serde_json::Value;

use super::links::{Purpose, Target, ends_at};
use crate::api::auth::{self, Access};
use crate::api::error::ApiError;
use crate::api::wire::Wire;
use crate::app::App;

/// Whoever came with a link that is in order.
pub struct Guest {
    /// Everything shared.
    pub app: Arc<App>,
    /// Where the link leads.
    pub target: Target,
    /// What is there.
    pub document: Document,
    /// The path of the page itself.
    pub path: String,
    /// What the API lets them do.
    pub access: Access,
}

impl Guest {
    /// Opens a link. `None` for one that was never made, leads nowhere any more, or came to its
    /// end: nobody is told which.
    pub fn enter(app: &Arc<App>, purpose: Purpose, token: &str) -> Result<Option<Guest>, ApiError> {
        let Some(target) = Target::read(&app.ids, purpose, token) else { return Ok(None) };
        let Some((account, livemode)) = auth::whose(app, target.world)? else { return Ok(None) };
        let Some(document) = look(app, &target)? else { return Ok(None) };
        let is_over = ends_at(&document).is_none_or(|end| end <= app.clock.now().seconds());
        if livemode != target.livemode || is_over {
            return Ok(None);
        }
        let access = Access {
            account,
            livemode,
            world: target.world,
            scopes: Some(vec![format!("{}:write", changes(purpose))]),
            masked: "a hosted page".to_owned(),
            limits: None,
        };
        let path = format!("{}{token}", purpose.folder());
        Ok(Some(Guest { app: app.clone(), target, document, path, access }))
    }

    /// How the API shows objects of these books.
    pub fn wire(&self) -> Wire {
        self.app.wire(&self.access)
    }

    /// The object as the API shows it.
    pub fn shown(&self) -> Value {
        let shown = self.wire().document(&self.document).to_bytes();
        serde_json::from_slice(&shown).unwrap_or_default()
    }
}

/// The resource that somebody with such a link may change.
fn changes(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Authentication => "payment_intents",
        Purpose::Instructions | Purpose::RefundDetails => "refunds",
    }
}

/// What a link leads to, as it is now.
pub fn look(app: &App, target: &Target) -> Result<Option<Document>, ApiError> {
    let Target { world, key, purpose, .. } = *target;
    Ok(app.readers.snapshot(|reader| reader.document(world, purpose.kind(), key))?)
}
