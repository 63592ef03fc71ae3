//! Commands about top-ups.

use crate::decision::{Context, Decision, Refusal, View};
use crate::id::Number;

/// What can be asked about top-ups.
#[derive(Clone, Debug, PartialEq)]
pub enum TopupCommand {}

impl TopupCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match *self {}
    }
}

pub(super) fn decide(
    command: &TopupCommand,
    _view: &dyn View,
    _ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match *command {}
}

/// A top-up is there, or fails.
pub(super) fn arrive(
    timer: crate::timer::Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let _ = (timer, view, ctx);
    unreachable!("there are no top-ups yet")
}
