//! Objects as the wire shows them, one function each.
//!
//! Field names, types and nullability follow the tables in `wire/resources`; the scenario tests
//! hold every answer against them.

use std::borrow::Cow;

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause, ReconciliationMode, Sender, Settings};
use books::customer::{Address, CustomField, Customer, RenderingOptions};
use books::event::{Event, EventObject};
use books::funding::Instructions;
use books::id::{Number, RowKey};
use books::journal::Account;
use books::{Currency, IdKey, Kind, Purse, Timestamp, World};

use super::json::{Json, object};

/// The API version whose shapes are served.
pub const API_VERSION: &str = "2026-10-28.endive";

/// What rendering depends on beside the object itself.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Writes ids.
    pub ids: IdKey,
    /// Whose books.
    pub world: World,
    /// The mode.
    pub livemode: bool,
    /// How customers without a mode of their own are reconciled.
    pub default_mode: ReconciliationMode,
}

impl Wire {
    /// A customer; a deleted one shows three fields only.
    pub fn customer(&self, customer: &Customer) -> Json {
        if customer.deleted {
            return object! { "id": &customer.id, "object": "customer", "deleted": true };
        }
        let profile = &customer.profile;
        let invoices = &profile.invoice_settings;
        let mut shown = object! {
            "id": &customer.id,
            "object": "customer",
            "address": profile.address.as_ref(),
            "balance": 0,
            "created": customer.number.created(),
            "currency": Json::Null,
            "customer_account": Json::Null,
            "default_source": Json::Null,
            "delinquent": false,
            "description": &profile.description,
            "discount": Json::Null,
            "email": &profile.email,
            "invoice_prefix": &profile.invoice_prefix,
            "invoice_settings": object! {
                "custom_fields": invoices.custom_fields.as_ref().map(|fields| {
                    fields.iter().map(Json::from).collect::<Vec<_>>()
                }),
                "default_payment_method": Json::Null,
                "footer": &invoices.footer,
                "rendering_options": invoices.rendering_options.as_ref(),
            },
            "livemode": self.livemode,
            "metadata": &profile.metadata,
            "name": &profile.name,
            "next_invoice_sequence": profile.next_invoice_sequence.unwrap_or(1),
            "phone": &profile.phone,
            "preferred_locales": &profile.preferred_locales,
            "shipping": profile.shipping.as_ref().map(|shipping| object! {
                "address": &shipping.address,
                "name": &shipping.name,
                "phone": &shipping.phone,
            }),
            "tax_exempt": profile.tax_exempt.clone().unwrap_or_else(|| "none".into()),
            "test_clock": Json::Null,
        };
        if let Some(name) = &profile.business_name {
            shown.push("business_name", name);
        }
        if let Some(name) = &profile.individual_name {
            shown.push("individual_name", name);
        }
        shown
    }

    /// The cash balance that a purse holds.
    pub fn purse(&self, purse: &Purse) -> Json {
        let settings = purse.standing.settings(self.default_mode);
        self.cash_balance(purse.standing.number, settings, &purse.available)
    }

    /// A cash balance.
    pub fn cash_balance(&self, customer: Number, settings: Settings, has: &Balances) -> Json {
        object! {
            "object": "cash_balance",
            "available": amounts(has),
            "customer": self.ids.customer(customer),
            "customer_account": Json::Null,
            "livemode": self.livemode,
            "settings": object! {
                "reconciliation_mode": settings.reconciliation_mode.as_str(),
                "using_merchant_default": settings.using_merchant_default,
            },
        }
    }

    /// A cash balance transaction.
    pub fn cash_transaction(&self, row: &CashTransaction) -> Json {
        let mut shown = object! {
            "id": self.ids.write(Kind::CashTransaction, row.key),
            "object": "customer_cash_balance_transaction",
            "created": row.created(),
            "currency": row.currency,
            "customer": self.ids.customer(row.key.customer),
            "customer_account": Json::Null,
            "ending_balance": row.ending_balance,
        };
        if let Cause::Funded(transfer) = &row.cause {
            let kind = transfer.sender.transfer_type();
            let mut told = Json::Object(Vec::with_capacity(3));
            if let Some(sender) = sender(&transfer.sender) {
                told.push(kind, sender);
            }
            told.push("reference", &transfer.reference);
            told.push("type", kind);
            shown.push("funded", object! { "bank_transfer": told });
        }
        shown.push("livemode", self.livemode);
        shown.push("net_amount", row.net_amount);
        shown.push("type", row.cause.type_name());
        shown
    }

    /// Funding instructions, narrowed to some types of addresses (all where none are named).
    pub fn funding_instructions(&self, made: &Instructions, types: &[String]) -> Json {
        let wanted = |address: &&serde_json::Value| {
            types.is_empty() || types.iter().any(|wanted| address["type"] == wanted.as_str())
        };
        let all = made.financial_addresses.as_array().map(Vec::as_slice).unwrap_or_default();
        object! {
            "object": "funding_instructions",
            "bank_transfer": object! {
                "country": &made.country,
                "financial_addresses": all.iter().filter(wanted).collect::<Vec<_>>(),
                "type": &made.transfer_type,
            },
            "currency": made.currency,
            "funding_type": "bank_transfer",
            "livemode": self.livemode,
        }
    }

    /// The merchant's balance, from the sums of the house accounts.
    pub fn balance(&self, house: &[(Account, Currency, i64)], default: Currency) -> Json {
        let bucket = |account: Account| -> Json {
            let entry = |currency: Currency, amount: i64| {
                let source_types = object! { "card": amount };
                object! { "amount": amount, "currency": currency, "source_types": source_types }
            };
            let mut found: Vec<Json> = house
                .iter()
                .filter(|(of, _, _)| *of == account)
                // The merchant's money is a debt of the house: a credit, so below zero.
                .map(|(_, currency, sum)| entry(*currency, -sum))
                .collect();
            if !house.iter().any(|(of, currency, _)| *of == account && *currency == default) {
                found.insert(0, entry(default, 0));
            }
            Json::List(found)
        };
        object! {
            "object": "balance",
            "available": bucket(Account::MerchantAvailable),
            "connect_reserved": bucket(Account::ConnectReserved),
            "instant_available": bucket(Account::MerchantAvailable),
            "issuing": object! { "available": bucket(Account::Issuing) },
            "livemode": self.livemode,
            "pending": bucket(Account::MerchantPending),
            "refund_and_dispute_prefunding": object! {
                "available": bucket(Account::PrefundingAvailable),
                "pending": bucket(Account::PrefundingPending),
            },
        }
    }

    /// A line of the merchant's balance, as it stands at a moment.
    pub fn balance_transaction(&self, row: &BalanceTransaction, now: Timestamp) -> Json {
        let key = RowKey { customer: Number(0), number: row.number };
        let fee = object! {
            "amount": row.fee,
            "application": Json::Null,
            "currency": row.currency,
            "description": "Processing fee",
            "type": "stripe_fee",
        };
        object! {
            "id": self.ids.write(Kind::BalanceTransaction, key),
            "object": "balance_transaction",
            "amount": row.amount,
            "available_on": row.available_on,
            "balance_type": "payments",
            "created": row.number.created(),
            "currency": row.currency,
            "description": &row.details.description,
            "exchange_rate": Json::Null,
            "fee": row.fee,
            "fee_details": if row.fee == 0 { vec![] } else { vec![fee] },
            "net": row.net(),
            "reporting_category": &row.details.reporting_category,
            "source": &row.source,
            "status": row.status(now),
            "type": &row.type_name,
        }
    }

    /// An event. `referred` is the row that it refers to, where it refers to one.
    pub fn event(&self, event: &Event, referred: Option<&CashTransaction>) -> Json {
        let mut data = Json::Object(Vec::with_capacity(2));
        let about = match (&event.object, referred) {
            (EventObject::CashTransaction(_), Some(row)) => self.cash_transaction(row),
            (EventObject::CashBalance(key, settings), Some(row)) => {
                self.cash_balance(key.customer, *settings, &row.available())
            }
            (EventObject::Customer { now, .. }, _) => self.customer(now),
            (_, None) => Json::Null,
        };
        data.push("object", about);
        if let EventObject::Customer { now, before: Some(before) } = &event.object {
            let changed = previous_attributes(&self.customer(before), &self.customer(now));
            data.push("previous_attributes", changed);
        }
        let cause = event.cause.as_deref();
        let key = RowKey { customer: Number(0), number: event.number };
        object! {
            "id": self.ids.write(Kind::Event, key),
            "object": "event",
            "api_version": API_VERSION,
            "created": event.number.created(),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": object! {
                "id": cause.map(|cause| &cause.request_id),
                "idempotency_key": cause.and_then(|cause| cause.idempotency_key.as_ref()),
            },
            "type": event.kind.as_str(),
        }
    }
}

/// A map of amounts by currency; `null` where there never was any money.
fn amounts(balances: &Balances) -> Json {
    if balances.0.is_empty() {
        return Json::Null;
    }
    let amount = |(currency, amount): (&Currency, &i64)| {
        (Cow::Owned(currency.to_string()), Json::Int(*amount))
    };
    Json::Object(balances.0.iter().map(amount).collect())
}

/// The hash named like the transfer type; SPEI has none on the wire.
fn sender(sender: &Sender) -> Option<Json> {
    Some(match sender {
        Sender::EuBankTransfer { bic, iban_last4, sender_name } => {
            object! { "bic": bic, "iban_last4": iban_last4, "sender_name": sender_name }
        }
        Sender::GbBankTransfer { account_number_last4, sender_name, sort_code } => object! {
            "account_number_last4": account_number_last4,
            "sender_name": sender_name,
            "sort_code": sort_code,
        },
        Sender::JpBankTransfer { sender_bank, sender_branch, sender_name } => object! {
            "sender_bank": sender_bank,
            "sender_branch": sender_branch,
            "sender_name": sender_name,
        },
        Sender::UsBankTransfer { network, sender_name } => {
            object! { "network": network, "sender_name": sender_name }
        }
        Sender::MxBankTransfer {} => return None,
    })
}

impl From<&Address> for Json {
    fn from(address: &Address) -> Json {
        object! {
            "city": &address.city,
            "country": &address.country,
            "line1": &address.line1,
            "line2": &address.line2,
            "postal_code": &address.postal_code,
            "state": &address.state,
        }
    }
}

impl From<&CustomField> for Json {
    fn from(field: &CustomField) -> Json {
        object! { "name": &field.name, "value": &field.value }
    }
}

impl From<&RenderingOptions> for Json {
    fn from(options: &RenderingOptions) -> Json {
        object! {
            "amount_tax_display": &options.amount_tax_display,
            "template": &options.template,
        }
    }
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
