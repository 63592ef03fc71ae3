//! Commands about charges.

use crate::decision::{Context, Decision, Refusal, View};
use crate::id::Number;

/// What can be asked about charges.
#[derive(Clone, Debug, PartialEq)]
pub enum ChargeCommand {}

impl ChargeCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match *self {}
    }
}

pub(super) fn decide(
    command: &ChargeCommand,
    _view: &dyn View,
    _ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match *command {}
}

/// What a card's bank set aside is let go: nobody captured it in time.
pub(super) fn expire(
    timer: crate::timer::Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let _ = (timer, view, ctx);
    unreachable!("nothing is set aside yet")
}
