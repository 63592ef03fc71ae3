//! Objects as the wire shows them, one function each.
//!
//! Field names, types and nullability follow the tables in `wire/resources`; the scenario tests
//! hold every answer against them.

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause, ReconciliationMode, Sender, Settings};
use books::customer::{Address, Customer};
use books::event::{Event, EventObject};
use books::funding::Instructions;
use books::id::{Number, RowKey};
use books::journal::Account;
use books::{Currency, IdKey, Kind, Timestamp, World};
use serde_json::{Map, Value, json};

/// The API version whose shapes are served.
pub const API_VERSION: &str = "2026-10-28.endive";

/// What rendering depends on beside the object itself.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Writes ids.
    pub ids: IdKey,
    /// Whose books.
    pub world: World,
    /// The account's id.
    pub account: std::sync::Arc<str>,
    /// The mode.
    pub livemode: bool,
    /// How customers without a mode of their own are reconciled.
    pub default_mode: ReconciliationMode,
}

impl Wire {
    /// A customer; a deleted one shows three fields only.
    pub fn customer(&self, customer: &Customer) -> Value {
        if customer.deleted {
            return json!({ "id": customer.id, "object": "customer", "deleted": true });
        }
        let profile = &customer.profile;
        let mut shown = json!({
            "id": customer.id,
            "object": "customer",
            "address": profile.address.as_ref().map(address),
            "balance": 0,
            "created": customer.number.created(),
            "currency": null,
            "customer_account": null,
            "default_source": null,
            "delinquent": false,
            "description": profile.description,
            "discount": null,
            "email": profile.email,
            "invoice_prefix": profile.invoice_prefix,
            "invoice_settings": {
                "custom_fields": profile.invoice_settings.custom_fields,
                "default_payment_method": null,
                "footer": profile.invoice_settings.footer,
                "rendering_options": profile.invoice_settings.rendering_options,
            },
            "livemode": self.livemode,
            "metadata": profile.metadata,
            "name": profile.name,
            "next_invoice_sequence": profile.next_invoice_sequence.unwrap_or(1),
            "phone": profile.phone,
            "preferred_locales": profile.preferred_locales,
            "shipping": profile.shipping.as_ref().map(|shipping| json!({
                "address": address(&shipping.address),
                "name": shipping.name,
                "phone": shipping.phone,
            })),
            "tax_exempt": profile.tax_exempt.as_deref().unwrap_or("none"),
            "test_clock": null,
        });
        for (name, value) in [
            ("business_name", &profile.business_name),
            ("individual_name", &profile.individual_name),
        ] {
            if let Some(value) = value {
                shown[name] = value.as_str().into();
            }
        }
        shown
    }

    /// A cash balance.
    pub fn cash_balance(&self, customer: Number, settings: Settings, has: &Balances) -> Value {
        json!({
            "object": "cash_balance",
            "available": (!has.0.is_empty()).then_some(has),
            "customer": self.ids.customer(customer),
            "customer_account": null,
            "livemode": self.livemode,
            "settings": settings,
        })
    }

    /// A cash balance transaction.
    pub fn cash_transaction(&self, row: &CashTransaction) -> Value {
        let mut shown = Map::new();
        let mut set = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        set("id", self.ids.write(Kind::CashTransaction, row.key).into());
        set("object", "customer_cash_balance_transaction".into());
        set("created", row.created().0.into());
        set("currency", row.currency.as_str().into());
        set("customer", self.ids.customer(row.key.customer).into());
        set("customer_account", Value::Null);
        set("ending_balance", row.ending_balance.into());
        match &row.cause {
            Cause::Funded(transfer) => {
                let kind = transfer.sender.transfer_type();
                let mut told = Map::new();
                if let Some(sender) = sender(&transfer.sender) {
                    told.insert(kind.to_owned(), sender);
                }
                told.insert("reference".to_owned(), transfer.reference.clone().into());
                told.insert("type".to_owned(), kind.into());
                set("funded", json!({ "bank_transfer": told }));
            }
            Cause::FundingReversed => {}
        }
        set("livemode", self.livemode.into());
        set("net_amount", row.net_amount.into());
        set("type", row.cause.type_name().into());
        Value::Object(shown)
    }

    /// Funding instructions, narrowed to some types of addresses (all where none are named).
    pub fn funding_instructions(&self, made: &Instructions, types: &[String]) -> Value {
        let wanted = |address: &&Value| {
            types.is_empty()
                || types
                    .iter()
                    .any(|wanted| address["type"] == wanted.as_str())
        };
        let all = made
            .financial_addresses
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        json!({
            "object": "funding_instructions",
            "bank_transfer": {
                "country": made.country,
                "financial_addresses": all.iter().filter(wanted).collect::<Vec<_>>(),
                "type": made.transfer_type,
            },
            "currency": made.currency,
            "funding_type": "bank_transfer",
            "livemode": self.livemode,
        })
    }

    /// The merchant's balance, from the sums of the house accounts.
    pub fn balance(&self, house: &[(Account, Currency, i64)], default: Currency) -> Value {
        let bucket = |account: Account| -> Vec<Value> {
            let mut sums: Vec<_> = house
                .iter()
                .filter(|(of, _, _)| *of == account)
                // The merchant's money is a debt of the house: a credit, so below zero.
                .map(|(_, currency, sum)| (*currency, -sum))
                .collect();
            if !sums.iter().any(|(currency, _)| *currency == default) {
                sums.insert(0, (default, 0));
            }
            let entry = |(currency, amount): &(Currency, i64)| {
                json!({ "amount": amount, "currency": currency,
                        "source_types": { "card": amount } })
            };
            sums.iter().map(entry).collect()
        };
        json!({
            "object": "balance",
            "available": bucket(Account::MerchantAvailable),
            "connect_reserved": bucket(Account::ConnectReserved),
            "instant_available": bucket(Account::MerchantAvailable),
            "issuing": { "available": bucket(Account::Issuing) },
            "livemode": self.livemode,
            "pending": bucket(Account::MerchantPending),
            "refund_and_dispute_prefunding": {
                "available": bucket(Account::PrefundingAvailable),
                "pending": bucket(Account::PrefundingPending),
            },
        })
    }

    /// A line of the merchant's balance, as it stands at a moment.
    pub fn balance_transaction(&self, row: &BalanceTransaction, now: Timestamp) -> Value {
        let key = RowKey {
            customer: Number(0),
            number: row.number,
        };
        let fee = json!({
            "amount": row.fee, "application": null, "currency": row.currency,
            "description": "Processing fee", "type": "stripe_fee",
        });
        json!({
            "id": self.ids.write(Kind::BalanceTransaction, key),
            "object": "balance_transaction",
            "amount": row.amount,
            "available_on": row.available_on,
            "balance_type": "payments",
            "created": row.number.created(),
            "currency": row.currency,
            "description": row.details.description,
            "exchange_rate": null,
            "fee": row.fee,
            "fee_details": if row.fee == 0 { json!([]) } else { json!([fee]) },
            "net": row.net(),
            "reporting_category": row.details.reporting_category,
            "source": row.source,
            "status": row.status(now),
            "type": row.type_name,
        })
    }

    /// An event. `referred` is the row that it refers to, where it refers to one.
    pub fn event(&self, event: &Event, referred: Option<&CashTransaction>) -> Value {
        let mut data = Map::new();
        let object = match (&event.object, referred) {
            (EventObject::CashTransaction(_), Some(row)) => self.cash_transaction(row),
            (EventObject::CashBalance(key, settings), Some(row)) => {
                self.cash_balance(key.customer, *settings, &row.available())
            }
            (EventObject::Customer { now, .. }, _) => self.customer(now),
            (_, None) => Value::Null,
        };
        if let EventObject::Customer {
            now,
            before: Some(before),
        } = &event.object
        {
            let changed = previous_attributes(&self.customer(before), &self.customer(now));
            data.insert("previous_attributes".to_owned(), changed);
        }
        data.insert("object".to_owned(), object);
        let cause = event.cause.as_deref();
        json!({
            "id": self.ids.write(
                Kind::Event,
                RowKey { customer: Number(0), number: event.number },
            ),
            "object": "event",
            "api_version": API_VERSION,
            "created": event.number.created(),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {
                "id": cause.map(|cause| &cause.request_id),
                "idempotency_key": cause.and_then(|cause| cause.idempotency_key.as_ref()),
            },
            "type": event.kind.as_str(),
        })
    }
}

fn address(address: &Address) -> Value {
    json!(address)
}

/// The hash named like the transfer type; SPEI has none on the wire.
fn sender(sender: &Sender) -> Option<Value> {
    let mut fields = serde_json::to_value(sender).ok()?;
    fields.as_object_mut()?.shift_remove("type");
    (!fields.as_object()?.is_empty()).then_some(fields)
}

/// The old values of what differs between two renderings of an object, one level deep in hashes:
/// `previous_attributes`. Names that are new appear as null.
fn previous_attributes(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return before.clone();
    };
    let mut changed = Map::new();
    for (name, value) in new {
        match old.get(name) {
            Some(was) if was == value => {}
            Some(was @ Value::Object(_)) if value.is_object() => {
                changed.insert(name.clone(), previous_attributes(was, value));
            }
            Some(was) => drop(changed.insert(name.clone(), was.clone())),
            None => drop(changed.insert(name.clone(), Value::Null)),
        }
    }
    for (name, was) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        changed.insert(name.clone(), was.clone());
    }
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_attributes_name_what_changed() {
        let cases = [
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1, "b": 3}),
                json!({"b": 2}),
            ),
            (
                json!({"m": {"x": "1"}}),
                json!({"m": {"y": "2"}}),
                json!({"m": {"y": null, "x": "1"}}),
            ),
            (json!({"l": [1]}), json!({"l": [1, 2]}), json!({"l": [1]})),
            (json!({}), json!({"n": 1}), json!({"n": null})),
            (
                json!({"s": {"a": 1}}),
                json!({"s": null}),
                json!({"s": {"a": 1}}),
            ),
        ];
        for (before, after, want) in cases {
            assert_eq!(previous_attributes(&before, &after), want);
        }
    }
}
