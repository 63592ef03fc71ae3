//! Events as the wire shows them.

use books::balance::SourceType;
use books::cash_balance::CashTransaction;
use books::event::{Event, EventObject};
use books::journal::Account;
use books::{Currency, Document, Kind};

use super::{API_VERSION, Wire};
use crate::api::json::{Json, object};

impl Wire {
    /// An event. `referred` is the row that it refers to, where it refers to one;
    /// `pending_webhooks` how many endpoints have not taken it.
    pub fn event(
        &self,
        event: &Event,
        referred: Option<&CashTransaction>,
        pending_webhooks: i64,
    ) -> Json {
        let (about, before) = self.happened(event, referred);
        let changed = before.map(|before| previous_attributes(&before, &about));
        let mut data = Json::Object(Vec::with_capacity(2));
        data.push("object", about);
        if let Some(changed) = changed {
            data.push("previous_attributes", changed);
        }
        let cause = event.cause.as_deref();
        object! {
            "id": self.id_of_account(Kind::Event, event.number),
            "object": "event",
            "api_version": API_VERSION,
            "created": event.number.created(),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": pending_webhooks,
            "request": object! {
                "id": cause.map(|cause| &cause.request_id),
                "idempotency_key": cause.and_then(|cause| cause.idempotency_key.as_ref()),
            },
            "type": event.kind.as_str(),
        }
    }

    /// The object of an event, after and before.
    fn happened(&self, event: &Event, referred: Option<&CashTransaction>) -> (Json, Option<Json>) {
        match (&event.object, referred) {
            (EventObject::CashTransaction(_), Some(row)) => (self.cash_transaction(row), None),
            (EventObject::CashBalance(key, settings), Some(row)) => {
                (self.cash_balance(key.customer, *settings, &row.available()), None)
            }
            (EventObject::CashTransaction(_) | EventObject::CashBalance(..), None) => {
                (Json::Null, None)
            }
            (EventObject::Customer { now, before }, _) => {
                (self.customer(now), before.as_ref().map(|before| self.customer(before)))
            }
            (EventObject::Document { now, before }, _) => {
                // A charge is part of its payment intent, which is what the event keeps.
                let of_charge = event.kind.as_str().starts_with("charge.");
                let show = |document: &Document| match document {
                    Document::PaymentIntent(intent) if of_charge => self.charge(intent),
                    other => self.document(other),
                };
                (show(now), before.as_ref().map(show))
            }
            (EventObject::Balance(house), _) => {
                (self.balance(house, main_currency(house), None), None)
            }
        }
    }
}

/// The currency in which every part of the balance is shown, be it at zero: what became available
/// decides, since the event is about that.
fn main_currency(house: &[(Account, Currency, i64)]) -> Currency {
    let are_available = SourceType::ALL.map(SourceType::available);
    let available = house.iter().find(|(of, _, _)| are_available.contains(of));
    available.or(house.first()).map_or(Currency::USD, |(_, currency, _)| *currency)
}

/// The old values of what differs between two renderings of an object, one level deep in hashes:
/// `previous_attributes`. Names that are new appear as null.
fn previous_attributes(before: &Json, after: &Json) -> Json {
    let (Json::Object(old), Json::Object(new)) = (before, after) else {
        return before.clone();
    };
    let mut changed = Vec::new();
    for (name, value) in new {
        match before.get(name) {
            Some(was) if was == value => {}
            Some(was @ Json::Object(_)) if matches!(value, Json::Object(_)) => {
                changed.push((name.clone(), previous_attributes(was, value)));
            }
            Some(was) => changed.push((name.clone(), was.clone())),
            None => changed.push((name.clone(), Json::Null)),
        }
    }
    let gone = old.iter().filter(|(name, _)| after.get(name).is_none());
    changed.extend(gone.cloned());
    Json::Object(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn previous_attributes_name_what_changed() {
        let cases = [
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), json!({"b": 2})),
            (
                json!({"m": {"x": "1"}}),
                json!({"m": {"y": "2"}}),
                json!({"m": {"y": null, "x": "1"}}),
            ),
            (json!({"l": [1]}), json!({"l": [1, 2]}), json!({"l": [1]})),
            (json!({}), json!({"n": 1}), json!({"n": null})),
            (json!({"s": {"a": 1}}), json!({"s": null}), json!({"s": {"a": 1}})),
        ];
        for (before, after, want) in cases {
            let [before, after, want] = [&before, &after, &want].map(Json::from);
            assert_eq!(previous_attributes(&before, &after), want);
        }
    }
}
