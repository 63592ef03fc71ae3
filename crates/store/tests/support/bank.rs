//! A bank that draws account numbers: one for each customer and rail, or those of a list.

use std::sync::Mutex;

use books::decision::AccountNumbers;
use books::funding::Instructions;
use books::{Currency, Number};

/// The bank. While its list is empty every customer gets a number of its own.
#[derive(Default)]
pub struct Bank {
    /// The candidates of every customer, in order.
    pub list: Mutex<Vec<&'static str>>,
}

impl Bank {
    /// From here on these are the candidates.
    pub fn offer(&self, numbers: &[&'static str]) {
        *self.list.lock().unwrap() = numbers.to_vec();
    }
}

impl AccountNumbers for Bank {
    fn draw(
        &self,
        customer: Number,
        transfer_type: &str,
        country: Option<&str>,
        attempt: u32,
    ) -> Option<Instructions> {
        let (currency, usual) = match transfer_type {
            "us_bank_transfer" => (Currency::USD, "US"),
            "eu_bank_transfer" => (Currency::EUR, "IE"),
            "gb_bank_transfer" => (Currency::GBP, "GB"),
            "jp_bank_transfer" => (Currency::JPY, "JP"),
            "mx_bank_transfer" => (Currency::MXN, "MX"),
            _ => return None,
        };
        let list = self.list.lock().unwrap();
        let account_key = match list.is_empty() {
            true => format!("{transfer_type} {} {attempt}", customer.0),
            false => (*list.get(attempt as usize)?).to_owned(),
        };
        Some(Instructions {
            currency,
            country: country.unwrap_or(usual).to_owned(),
            transfer_type: transfer_type.to_owned(),
            account_key,
            financial_addresses: serde_json::json!([{ "type": "account" }]),
        })
    }
}
