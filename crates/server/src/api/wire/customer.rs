//! Customers as the wire shows them.

use books::Kind;
use books::customer::{CustomField, Customer, RenderingOptions, Shipping};

use super::Wire;
use crate::api::json::{Json, object};

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
            "default_source": customer.default_source.map(|source| {
                let (kind, key) = source.named();
                self.ids.write(kind, key)
            }),
            "delinquent": false,
            "description": &profile.description,
            "discount": Json::Null,
            "email": &profile.email,
            "invoice_prefix": &profile.invoice_prefix,
            "invoice_settings": object! {
                "custom_fields": invoices.custom_fields.as_ref().map(|fields| {
                    fields.iter().map(Json::from).collect::<Vec<_>>()
                }),
                "default_payment_method": customer.default_method.map(|method| {
                    self.id_of_account(Kind::PaymentMethod, method)
                }),
                "footer": &invoices.footer,
                "rendering_options": invoices.rendering_options.as_ref(),
            },
            "livemode": self.livemode,
            "metadata": &profile.metadata,
            "name": &profile.name,
            "next_invoice_sequence": profile.next_invoice_sequence.unwrap_or(1),
            "phone": &profile.phone,
            "preferred_locales": &profile.preferred_locales,
            "shipping": profile.shipping.as_ref(),
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

impl From<&Shipping> for Json {
    fn from(shipping: &Shipping) -> Json {
        object! {
            "address": &shipping.address,
            "name": &shipping.name,
            "phone": &shipping.phone,
        }
    }
}
