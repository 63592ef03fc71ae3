//! The clock of the sandbox: what it says, and moving it forward.
//!
//! There is one clock, for all worlds of the database. Production has no other than the real one.

use books::time::Millis;

use super::auth::Access;
use super::error::ApiError;
use super::execute::Asked;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{Between, INTEGER_MAX, NoParams, ParamError, Path, params};
use super::routes::Task;
use crate::app::App;
use crate::clock::{CLOCK_END, Clock};

/// Seconds that one request moves the clock, at most: ten years.
pub const ADVANCE_S_MAX: i64 = 10 * 365 * 24 * 60 * 60;

params! {
    /// Moves the sandbox clock forward: send `advance_s` or `to`.
    pub struct Move {
        /// By how many seconds, from the moment at which this request is read. Sent twice it moves
        /// the clock twice, also with the same idempotency key: where a request may be repeated,
        /// send `to`.
        pub advance_s: Option<Between<1, ADVANCE_S_MAX>>,
        /// To which moment, in seconds of Unix time: not before now, and not more than ten years
        /// ahead. Sent twice it moves the clock once.
        pub to: Option<Between<0, INTEGER_MAX>>,
    }
    refuses {}
    check Move::check_one
}

impl Move {
    fn check_one(params: &Move, at: &Path) -> Result<(), ParamError> {
        match (params.advance_s, params.to) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            (None, None) => {
                let problem = "is required, unless `to` says where to move the clock";
                Err(ParamError::coded("parameter_missing", at.key("advance_s"), problem))
            }
            (Some(_), Some(_)) => {
                let problem = "cannot be sent together with `advance_s`: leave one of them out";
                Err(ParamError::coded("parameters_exclusive", at.key("to"), problem))
            }
        }
    }

    /// Where it moves a clock that stands at `now`.
    fn from(&self, now: Millis) -> Result<Millis, ApiError> {
        let second = now.seconds().0;
        let (param, target) = match (self.advance_s, self.to) {
            (Some(Between(seconds)), _) => ("advance_s", Millis(now.0 + seconds * 1000)),
            (None, Some(Between(to))) if to < second => {
                let message = format!(
                    "The clock only goes forward: it stands at {second} already, and `to` is {to}."
                );
                return Err(ApiError::invalid(400, message).about("to"));
            }
            (None, Some(Between(to))) => ("to", Millis(to.saturating_mul(1000).max(now.0))),
            (None, None) => ("to", now),
        };
        let most = (second + ADVANCE_S_MAX).min(CLOCK_END.0);
        if target.seconds().0 > most {
            let message = format!(
                "The clock can be moved to {most} at most now: ten years at once (advance_s_max is \
                 {ADVANCE_S_MAX}), and never past {} (clock_end), which is in the year 2080.",
                CLOCK_END.0
            );
            return Err(ApiError::invalid(400, message).about(param));
        }
        Ok(target)
    }
}

/// Shows the clock.
pub fn show(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    check_sandbox(ask.app, ask.access)?;
    Ok(shown(&ask.app.clock))
}

/// Where a request moves the clock.
pub fn target(asked: &Asked<'_>, params: Move) -> Result<Millis, ApiError> {
    check_sandbox(asked.app, asked.access)?;
    params.from(asked.app.clock.now())
}

/// Moves the clock, and answers when everything that is due by then is done.
pub fn advance(asked: &Asked<'_>, params: Move) -> Result<Task, ApiError> {
    let target = target(asked, params)?;
    let (worker, clock) = (asked.app.worker.clone(), asked.app.clock.clone());
    let webhooks = asked.app.webhooks.clone();
    Ok(Box::new(move || {
        worker.move_clock(target)?;
        // Retries may be due by now.
        webhooks.wake();
        Ok(shown(&clock))
    }))
}

/// The clock as an object.
pub fn shown(clock: &Clock) -> Json {
    object! {
        "object": "purser.clock",
        "livemode": false,
        "now": clock.now().seconds(),
        "offset_s": clock.offset_ms().div_euclid(1000),
    }
}

fn check_sandbox(app: &App, access: &Access) -> Result<(), ApiError> {
    let message = match (app.settings.production, access.livemode) {
        (true, _) => "The clock of a production server is the real one and cannot be moved.",
        (false, true) => "The sandbox clock is for test mode keys only; this key is a live one.",
        (false, false) => return Ok(()),
    };
    Err(ApiError::invalid(400, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    /// What a form asks of a clock that stands at 1,000.5 seconds: the target in milliseconds, or
    /// the code and the parameter of the error.
    fn check(form: &str, want: &str) {
        let tree = parse_form(form.as_bytes()).unwrap();
        let moved = read_all::<Move>(&tree).map_err(ApiError::from);
        let moved = moved.and_then(|params| params.from(Millis(1_000_500)));
        let got = match moved {
            Ok(target) => target.0.to_string(),
            Err(error) => {
                let param = error.param.as_deref().unwrap_or("-");
                format!("{} {param}", error.code.unwrap_or("-"))
            }
        };
        assert_eq!(got, want, "{form}");
    }

    #[test]
    fn one_way_to_say_it_and_only_forward() {
        check("advance_s=60", "1060500");
        check("to=1000", "1000500");
        check("to=1001", "1001000");
        check("advance_s=315360000", "315361000500");
        check("to=315361000", "315361000000");
        check("", "parameter_missing advance_s");
        check("advance_s=60&to=2000", "parameters_exclusive to");
        check("advance_s=0", "parameter_invalid_integer advance_s");
        check("advance_s=315360001", "parameter_invalid_integer advance_s");
        check("advance_s=2d", "parameter_invalid_integer advance_s");
        check("to=999", "- to");
        check("to=315361001", "- to");
        check("to=9007199254740991", "- to");
        check("by=60", "parameter_unknown by");
    }

    #[test]
    fn nobody_gets_past_the_end_in_several_moves() {
        let near = Millis(CLOCK_END.0 * 1000 - 60_000);
        let by = |seconds| Move { advance_s: Some(Between(seconds)), to: None }.from(near);
        assert_eq!(by(60), Ok(Millis(CLOCK_END.0 * 1000)));
        let refused = by(61).unwrap_err();
        assert_eq!((refused.status, refused.param.as_deref()), (400, Some("advance_s")));
    }
}
