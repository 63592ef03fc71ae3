//! What payments ask about payment methods. One of the type `customer_balance` is made on the way
//! by the payment that it pays, and pays nothing else.

use bank::Rail;
use books::payment_intent::{self, TransferOptions};

use super::customers::Address;
use super::form::Node;
use super::params::{
    Email, NoParams, Param, ParamError, Patch, Path, Schema, Text, Trimmed, choice, params,
};
use super::transfer_options::{BankTransfer, FundingType};

/// The type of a payment method: `customer_balance`, as there is no other yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodType;

impl MethodType {
    const WORD: &'static str = "customer_balance";
}

impl Param for MethodType {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some(MethodType::WORD) => Ok(MethodType),
            Some("") => Err(ParamError::empty(at)),
            _ => {
                let problem = "must be customer_balance: Purser takes payments from cash \
                               balances, and by no other method, such as cards, yet";
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::Choice(&[MethodType::WORD])
    }
}

choice! {
    /// Whether a payment method is to be used again.
    pub enum FutureUsage {
        /// It is not: a cash balance cannot be saved.
        Never = "none",
    }
}

params! {
    /// Who pays.
    pub struct BillingDetails {
        /// The payer's address.
        pub address: Patch<Address>,
        /// The payer's e-mail address.
        pub email: Patch<Email>,
        /// The payer's full name.
        pub name: Patch<Trimmed>,
        /// The payer's phone number.
        pub phone: Patch<Trimmed>,
        /// The payer's tax number.
        pub tax_id: Patch<Text>,
    }
    refuses {}
}

params! {
    /// A payment method to make.
    pub struct MethodData {
        /// Who pays.
        pub billing_details: Option<BillingDetails>,
        /// An empty hash: a cash balance has no details.
        pub customer_balance: Patch<NoParams>,
        /// Always `customer_balance`.
        pub r#type: MethodType,
    }
    refuses {
        "acss_debit", "affirm", "afterpay_clearpay", "alipay", "allow_redisplay", "alma",
        "amazon_pay", "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik",
        "boleto", "cashapp", "crypto", "eps", "fpx", "giropay", "grabpay", "ideal",
        "interac_present", "kakao_pay", "klarna", "konbini", "kr_card", "link", "mb_way",
        "metadata", "mobilepay", "multibanco", "naver_pay", "nz_bank_account", "oxxo", "p24",
        "pay_by_bank", "payco", "paynow", "paypal", "paypay", "payto", "pix", "promptpay",
        "radar_options", "revolut_pay", "samsung_pay", "satispay", "scalapay", "sepa_debit",
        "sequra", "sofort", "sunbit", "swish", "twint", "upi", "us_bank_account", "wechat_pay",
        "zip",
    }
}

params! {
    /// How a payment from a cash balance goes on when the balance is too low.
    pub struct CashOptions {
        /// The transfer to await. Required with `funding_type`.
        pub bank_transfer: Option<BankTransfer>,
        /// `bank_transfer` awaits a transfer. Without it the payment fails when the balance is
        /// too low.
        pub funding_type: Option<FundingType>,
        /// Always `none`: a cash balance cannot be saved for later.
        pub setup_future_usage: Patch<FutureUsage>,
    }
    refuses {}
    check CashOptions::check
}

params! {
    /// Options for each type of payment method.
    pub struct MethodOptions {
        /// For payments from a cash balance.
        pub customer_balance: Patch<CashOptions>,
    }
    refuses {
        "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
        "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto", "card",
        "card_present", "cashapp", "crypto", "eps", "fpx", "giropay", "grabpay", "ideal",
        "interac_present", "kakao_pay", "klarna", "konbini", "kr_card", "link", "mb_way",
        "mobilepay", "multibanco", "naver_pay", "nz_bank_account", "oxxo", "p24", "pay_by_bank",
        "payco", "paynow", "paypal", "paypay", "payto", "pix", "promptpay", "revolut_pay",
        "samsung_pay", "satispay", "scalapay", "sepa_debit", "sequra", "sofort", "sunbit",
        "swish", "twint", "upi", "us_bank_account", "wechat_pay", "zip",
    }
}

impl CashOptions {
    fn check(options: &CashOptions, at: &Path) -> Result<(), ParamError> {
        match (&options.funding_type, &options.bank_transfer) {
            (Some(_), None) => Err(ParamError::missing(at.key("bank_transfer").key("type"))),
            (None, Some(_)) => Err(ParamError::missing(at.key("funding_type"))),
            (Some(_), Some(_)) | (None, None) => Ok(()),
        }
    }
}

impl MethodOptions {
    /// The rail of the transfer to await, if one is named.
    pub fn rail(&self) -> Option<Rail> {
        match &self.customer_balance {
            Patch::Set(options) => Some(options.bank_transfer.as_ref()?.r#type.rail()),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// What becomes of the way in which a transfer is awaited.
    pub fn transfer(self) -> Patch<TransferOptions> {
        match self.customer_balance {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(CashOptions { bank_transfer: None, .. }) => Patch::Keep,
            Patch::Set(CashOptions { bank_transfer: Some(transfer), .. }) => {
                Patch::Set(transfer.options())
            }
        }
    }
}

impl From<MethodData> for payment_intent::BillingDetails {
    fn from(params: MethodData) -> payment_intent::BillingDetails {
        params.billing_details.map(Into::into).unwrap_or_default()
    }
}

impl From<BillingDetails> for payment_intent::BillingDetails {
    fn from(details: BillingDetails) -> payment_intent::BillingDetails {
        payment_intent::BillingDetails {
            address: details.address.into_option().map(Into::into),
            email: details.email.into_option().map(Into::into),
            name: details.name.into_option().map(Into::into),
            phone: details.phone.into_option().map(Into::into),
            tax_id: details.tax_id.into_option().map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    const US: &str = "customer_balance[bank_transfer][type]=us_bank_transfer";

    #[test]
    fn a_transfer_is_awaited_with_funding_type_and_rail() {
        let (both, usage) = (
            format!("customer_balance[funding_type]=bank_transfer&{US}"),
            format!("{US}&customer_balance[setup_future_usage]=none"),
        );
        for (form, want) in [
            (both.as_str(), ""),
            ("customer_balance=", ""),
            ("customer_balance[setup_future_usage]=none", ""),
            ("customer_balance[setup_future_usage]=", ""),
            (
                "customer_balance[setup_future_usage]=off_session",
                "customer_balance[setup_future_usage]",
            ),
            (&usage, "customer_balance[funding_type] parameter_missing"),
            (
                "customer_balance[funding_type]=bank_transfer",
                "customer_balance[bank_transfer][type] parameter_missing",
            ),
            (
                "customer_balance[funding_type]=bank_transfer\
                 &customer_balance[bank_transfer][requested_address_types][]=aba",
                "customer_balance[bank_transfer][type] parameter_missing",
            ),
            (
                "customer_balance[funding_type]=bank_transfer\
                 &customer_balance[bank_transfer][type]=eu_bank_transfer",
                "customer_balance[bank_transfer][eu_bank_transfer][country] parameter_missing",
            ),
            ("customer_balance[funding_type]=card", "customer_balance[funding_type]"),
            ("card[request_three_d_secure]=any", "card"),
            ("cash[a]=1", "cash parameter_unknown"),
        ] {
            let read = read_all::<MethodOptions>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(fault(read), want, "{form}");
        }
    }

    #[test]
    fn only_a_cash_balance_pays() {
        for (form, want) in [
            ("type=customer_balance", ""),
            ("type=customer_balance&customer_balance=", ""),
            ("type=customer_balance&billing_details[email]=a@b.co", ""),
            ("type=customer_balance&billing_details[email]=", ""),
            (
                "type=customer_balance&billing_details[email]=a",
                "billing_details[email] email_invalid",
            ),
            ("type=card", "type"),
            ("type=", "type parameter_invalid_empty"),
            ("billing_details[name]=Ada", "type parameter_missing"),
            ("type=customer_balance&us_bank_account[account_number]=1", "us_bank_account"),
        ] {
            let read = read_all::<MethodData>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(fault(read), want, "{form}");
        }
    }

    fn fault<T>(read: Result<T, ParamError>) -> String {
        let Err(ParamError { param, code, .. }) = read else {
            return String::new();
        };
        let words = [param.as_deref().unwrap_or_default(), code.unwrap_or_default()];
        words.join(" ").trim().to_owned()
    }
}
