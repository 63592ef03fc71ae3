//! Who looks at the dashboard, and what they may do.

use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use hyper::http::request::Parts;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::visit::{Failure, Form};
use crate::api::auth::{self, Access};
use crate::api::serve::Answer;
use crate::app::App;
use crate::web;

/// Somebody who looks at the dashboard.
#[derive(Clone, Debug)]
pub struct Who {
    /// What the trail calls them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What the API lets them see and do.
    pub access: Access,
    /// What a form of theirs has to bring along.
    pub token: String,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Look.
    ReadOnly,
    /// Act, too.
    Operator,
}

impl Who {
    /// Whether forms are shown.
    pub fn may_act(&self) -> bool {
        self.role == Role::Operator
    }
}

/// Finds out who looks; whoever has to sign in first is led there.
pub async fn find(app: &Arc<App>, _parts: &Parts) -> Result<Who, Answer> {
    if app.settings.production || !app.settings.listen.ip().is_loopback() {
        return Err(web::see_other("/dashboard/sign-in"));
    }
    let account = app.account.clone();
    let world =
        auth::world(app, &account, false).map_err(|_| web::see_other("/dashboard/sign-in"))?;
    let access = Access {
        account,
        livemode: false,
        world,
        scopes: None,
        masked: "the dashboard".to_owned(),
        limits: None,
    };
    let token = token(app, b"sandbox");
    Ok(Who { name: "sandbox".to_owned(), role: Role::Operator, access, token })
}

/// Refuses what a page of somebody else's sends.
pub fn check_origin(_app: &App, _parts: &Parts) -> Result<(), Failure> {
    Ok(())
}

/// Reads a form, if it comes from a page that was made for this person.
pub fn check_form(_: &App, who: &Who, _: &Parts, body: &Bytes) -> Result<Form, Failure> {
    let form = Form::read(body);
    let form = form.ok_or_else(|| Failure::new(400, "This form cannot be read."))?;
    if !bool::from(form.text("token").as_bytes().ct_eq(who.token.as_bytes())) {
        return Err(Failure::new(403, "This form is too old. Please load the page again."));
    }
    if !who.may_act() {
        return Err(Failure::new(403, "You may look at everything here, but change nothing."));
    }
    Ok(form)
}

/// What proves that a form was made for a session.
fn token(app: &App, session: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&app.secret).expect("any length is a key");
    mac.update(b"dashboard form ");
    mac.update(session);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
