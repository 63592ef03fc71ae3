//! Commands about sources.

use crate::decision::{Context, Decision, Refusal, View};
use crate::id::Number;

/// What can be asked about sources.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceCommand {}

impl SourceCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match *self {}
    }
}

pub(super) fn decide(
    command: &SourceCommand,
    _view: &dyn View,
    _ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match *command {}
}
