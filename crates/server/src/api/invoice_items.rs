//! Invoice items: what is billed, on an invoice or for a later one.

use books::command::{InvoiceCommand, ItemDraft};
use books::{Command, Kind, Timestamp};
use store::DocumentFilter;

use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    Between, CreatedRange, CurrencyCode, MetadataPatch, NoParams, NonNegative, Page, ParamError,
    Path, Str, Text, params,
};
use super::payouts::{currency, new_metadata};

/// What an item costs, at most and (for a credit) at least: sums of an invoice's lines stay far
/// from the end of 64 bits.
pub const AMOUNT_MAX: i64 = 999_999_999_999;
const AMOUNT_MIN: i64 = -AMOUNT_MAX;
/// How many of something are billed, at most.
pub const QUANTITY_MAX: i64 = 999_999_999;
/// Decimal places of a unit price, at most: Stripe's limit.
const PLACES_MAX: usize = 12;

params! {
    /// The span of time that an item is for.
    pub struct Period {
        /// Its last moment.
        pub end: NonNegative,
        /// Its first moment; not after the last.
        pub start: NonNegative,
    }
    refuses {}
}

params! {
    /// An item to bill.
    pub struct Create {
        /// What it costs in all, in the smallest unit of the currency; below zero for a credit.
        pub amount: Option<Between<AMOUNT_MIN, AMOUNT_MAX>>,
        /// The currency: that of the invoice; without an invoice the account's, if left out.
        pub currency: Option<CurrencyCode>,
        /// Who is to pay.
        pub customer: Text,
        /// What it is, for the customer.
        pub description: Option<Text>,
        /// Whether a discount would apply. The default is true, and false for a credit.
        pub discountable: Option<bool>,
        /// The draft that it goes on. Without one it waits for an invoice.
        pub invoice: Option<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// The span of time that it is for; the moment, if left out.
        pub period: Option<Period>,
        /// How many, with `unit_amount_decimal`. The default is 1.
        pub quantity: Option<Between<0, QUANTITY_MAX>>,
        /// What one of them costs, with up to 12 decimal places. The amount in all must come out
        /// whole.
        pub unit_amount_decimal: Option<Str<40>>,
    }
    refuses {
        "customer_account", "discounts", "price_data", "pricing", "quantity_decimal",
        "subscription", "tax_behavior", "tax_code", "tax_rates",
    }
    check Create::check
}

params! {
    /// Which invoice items to list.
    pub struct List {
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those of this customer.
        pub customer: Option<Text>,
        /// Only those on this invoice.
        pub invoice: Option<Text>,
        ..page: Page,
    }
    refuses { "customer_account", "pending" }
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        if let Some(Period { end, start }) = params.period
            && end < start
        {
            return Err(ParamError::invalid("period[end]", "must not be before `period[start]`"));
        }
        params.in_all().map(drop)
    }

    /// What it costs in all.
    fn in_all(&self) -> Result<i64, ParamError> {
        match (self.amount, &self.unit_amount_decimal) {
            (Some(_), Some(_)) => {
                let (at, problem) =
                    ("unit_amount_decimal", "cannot be sent together with `amount`");
                Err(ParamError::coded("parameters_exclusive", at, problem))
            }
            (Some(_), None) if self.quantity.is_some() => {
                let problem = "goes with `unit_amount_decimal` only: `amount` is what all cost";
                Err(ParamError::invalid("quantity", problem))
            }
            (Some(amount), None) => Ok(amount.0),
            (None, Some(price)) => times(price, self.how_many())
                .map_err(|problem| ParamError::invalid("unit_amount_decimal", problem)),
            (None, None) => Err(ParamError::missing("amount")),
        }
    }

    fn how_many(&self) -> i64 {
        self.quantity.map_or(1, |quantity| quantity.0)
    }
}

/// A decimal price times a quantity, where that is a whole amount; else what is wrong.
fn times(price: &str, quantity: i64) -> Result<i64, String> {
    let unsigned = price.strip_prefix('-').unwrap_or(price);
    let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = !whole.is_empty() && digits(whole) && digits(places) && !unsigned.ends_with('.');
    if !plain || places.len() > PLACES_MAX {
        return Err(format!("must be a decimal number with up to {PLACES_MAX} decimal places"));
    }
    let too_much = || format!("makes more than {AMOUNT_MAX}");
    let scaled: i128 = format!("{whole}{places:0<PLACES_MAX$}").parse().map_err(|_| too_much())?;
    let one = 10_i128.pow(PLACES_MAX as u32);
    let all = scaled.checked_mul(i128::from(quantity)).ok_or_else(too_much)?;
    if all % one != 0 {
        return Err("times the quantity must make a whole number of smallest units".to_owned());
    }
    let amount = i64::try_from(all / one).ok().filter(|amount| *amount <= AMOUNT_MAX);
    let amount = amount.ok_or_else(too_much)?;
    Ok(if price.starts_with('-') { -amount } else { amount })
}

/// Bills something.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let customer = asked.named(Kind::Customer, &params.customer, "customer")?.number;
    let invoice = match &params.invoice {
        Some(id) => Some(asked.named(Kind::Invoice, id, "invoice")?),
        None => None,
    };
    if invoice.is_some_and(|invoice| invoice.customer != customer) {
        let problem = "is an invoice of another customer than `customer` names";
        return Err(ParamError::invalid("invoice", problem).into());
    }
    let amount = params.in_all()?;
    let quantity = params.how_many();
    let period = params.period.map(|span| (Timestamp(span.start.0), Timestamp(span.end.0)));
    let draft = Box::new(ItemDraft {
        amount,
        currency: params.currency.map(currency),
        quantity,
        unit_amount: params.unit_amount_decimal.map(Into::into),
        description: params.description.map(Into::into),
        discountable: params.discountable.unwrap_or(amount >= 0),
        period,
        metadata: new_metadata(params.metadata),
    });
    Ok(Command::Invoice(InvoiceCommand::CreateItem { customer, draft, invoice }))
}

/// Shows an invoice item.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let item = ask.document(Kind::InvoiceItem, "invoiceitem")?;
    Ok(ask.wire.document(&item))
}

/// Lists invoice items.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.customer {
        filter.customer = Some(ask.wire.named(Kind::Customer, id, "customer")?.number);
    }
    if let Some(id) = &params.invoice {
        filter.parent = Some(ask.wire.named(Kind::Invoice, id, "invoice")?.number);
    }
    ask.documents(Kind::InvoiceItem, &filter, params.created, &params.page)
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    #[test]
    fn prices_make_whole_amounts() {
        let cases = [
            ("100", 3, Ok(300)),
            ("0.5", 4, Ok(2)),
            ("-12.25", 4, Ok(-49)),
            ("1.000000000000", 1, Ok(1)),
            ("0.000000000001", 1, Err("whole number")),
            ("0.5", 3, Err("whole number")),
            ("5", 0, Ok(0)),
            ("1.0000000000001", 1, Err("decimal places")),
            ("1.", 1, Err("decimal number")),
            (".5", 2, Err("decimal number")),
            ("--5", 1, Err("decimal number")),
            ("+5", 1, Err("decimal number")),
            ("1e3", 1, Err("decimal number")),
            ("", 1, Err("decimal number")),
            ("999999999999", 1, Ok(999_999_999_999)),
            ("1000000000000", 1, Err("more than")),
            ("9999999999999999999999999999999999999999", 1, Err("more than")),
            ("99999999999999999999999999", 999_999_999, Err("more than")),
        ];
        for (price, quantity, want) in cases {
            match (times(price, quantity), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{price} times {quantity}"),
                (Err(got), Err(part)) => assert!(got.contains(part), "{price}: {got}"),
                (got, _) => panic!("{price} times {quantity}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_price_is_given_once() {
        let cases = [
            ("amount=5", None),
            ("amount=-5", None),
            ("unit_amount_decimal=2.5&quantity=2", None),
            ("", Some("amount")),
            ("amount=5&unit_amount_decimal=5", Some("unit_amount_decimal")),
            ("amount=5&quantity=2", Some("quantity")),
            ("unit_amount_decimal=0.3&quantity=2", Some("unit_amount_decimal")),
            ("amount=5&period[start]=2&period[end]=1", Some("period[end]")),
            ("amount=5&price_data[currency]=usd", Some("price_data")),
        ];
        for (form, want) in cases {
            let form = format!("customer=cus_1&{form}");
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|error| error.param).as_deref(), want, "{form}");
        }
    }
}
