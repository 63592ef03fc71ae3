//! Commands about payment methods.

use crate::decision::{Context, Decision, Refusal, View};
use crate::id::Number;

/// What can be asked about payment methods.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodCommand {}

impl MethodCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match *self {}
    }
}

pub(super) fn decide(
    command: &MethodCommand,
    _view: &dyn View,
    _ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match *command {}
}
