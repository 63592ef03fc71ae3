//! What payments ask about payment methods: which types, which one, with which options.

use bank::Rail;
use books::Kind;
use books::command::{CardEdit, MethodDraft, PayWith};
use books::payment_intent::{self, InstrumentKey, TransferOptions};

use crate::api::cards::MethodCard;
use crate::api::error::ApiError;
use crate::api::execute::Asked;
use crate::api::form::Node;
use crate::api::instruments::{self, Named};
use crate::api::params::{
    CurrencyCode, MetadataPatch, NoParams, Param, ParamError, Patch, Path, Schema, choice, params,
};
use crate::api::payment_methods::{AllowRedisplay, BillingDetails};
use crate::api::payouts::new_metadata;
use crate::api::transfer_options::{BankTransfer, FundingType};

/// Most characters of an address to come back to.
const URL_CHARS_MAX: usize = 2_000;

/// A type of payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodType {
    /// A card.
    Card,
    /// The customer's cash balance.
    CustomerBalance,
}

impl MethodType {
    const WORDS: &'static [&'static str] = &["card", "customer_balance"];

    /// How the books call it.
    pub fn of_books(self) -> payment_intent::MethodType {
        match self {
            MethodType::Card => payment_intent::MethodType::Card,
            MethodType::CustomerBalance => payment_intent::MethodType::CustomerBalance,
        }
    }
}

impl Param for MethodType {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some("card") => Ok(MethodType::Card),
            Some("customer_balance") => Ok(MethodType::CustomerBalance),
            Some("") => Err(ParamError::empty(at)),
            _ => {
                let problem = "must be card or customer_balance: Purser takes payments by card and \
                               from cash balances, and by no other method";
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::Choice(MethodType::WORDS)
    }
}

choice! {
    /// Whether a payment method is to be used again.
    pub enum NoFutureUsage {
        /// It is not: a cash balance cannot be saved.
        Never = "none",
    }
}

choice! {
    /// How a payment method is to be used again.
    pub enum FutureUsage {
        /// While the customer is away.
        OffSession = "off_session",
        /// While the customer is there.
        OnSession = "on_session",
    }
}

choice! {
    /// When the holder of a card is to authenticate.
    pub enum ThreeDSecure {
        /// Whenever the card's bank can ask for it.
        Any = "any",
        /// When the card's bank asks for it.
        Automatic = "automatic",
        /// Whenever the card's bank can ask for it, and with a challenge.
        Challenge = "challenge",
    }
}

choice! {
    /// When the money of a card is taken.
    pub enum CardCapture {
        /// When the payment is captured.
        Manual = "manual",
    }
}

params! {
    /// A payment method to make.
    pub struct MethodData {
        /// Whether the customer may be shown the card again.
        pub allow_redisplay: Option<AllowRedisplay>,
        /// Who pays.
        pub billing_details: Option<BillingDetails>,
        /// The card, where the type is `card`.
        pub card: Option<MethodCard>,
        /// An empty hash: a cash balance has no details.
        pub customer_balance: Patch<NoParams>,
        /// Up to 50 names with values of your own, for a card.
        pub metadata: MetadataPatch,
        /// `card` or `customer_balance`.
        pub r#type: MethodType,
    }
    refuses {
        "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
        "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto",
        "cashapp", "crypto", "eps", "fpx", "giropay", "grabpay", "ideal", "interac_present",
        "kakao_pay", "klarna", "konbini", "kr_card", "link", "mb_way", "mobilepay", "multibanco",
        "naver_pay", "nz_bank_account", "oxxo", "p24", "pay_by_bank", "payco", "paynow", "paypal",
        "paypay", "payto", "pix", "promptpay", "radar_options", "revolut_pay", "samsung_pay",
        "satispay", "scalapay", "sepa_debit", "sequra", "sofort", "sunbit", "swish", "twint",
        "upi", "us_bank_account", "wechat_pay", "zip",
    }
    check MethodData::check
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
        pub setup_future_usage: Patch<NoFutureUsage>,
    }
    refuses {}
    check CashOptions::check
}

params! {
    /// How a payment by card is made.
    pub struct CardOptions {
        /// `manual` only sets the money aside: it is taken when the payment is captured.
        pub capture_method: Patch<CardCapture>,
        /// When the holder is to authenticate. The cards of the sandbox ask for it by themselves.
        pub request_three_d_secure: Option<ThreeDSecure>,
    }
    refuses {
        "cvc_token", "installments", "mandate_options", "moto", "network",
        "request_extended_authorization", "request_incremental_authorization",
        "request_multicapture", "request_overcapture", "require_cvc_recollection",
        "setup_credential_usage", "setup_future_usage", "statement_descriptor_suffix_kana",
        "statement_descriptor_suffix_kanji", "stored_credential_usage", "three_d_secure",
    }
}

params! {
    /// Options for each type of payment method.
    pub struct MethodOptions {
        /// For payments by card.
        pub card: Patch<CardOptions>,
        /// For payments from a cash balance.
        pub customer_balance: Patch<CashOptions>,
    }
    refuses {
        "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
        "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto",
        "card_present", "cashapp", "crypto", "eps", "fpx", "giropay", "grabpay", "ideal",
        "interac_present", "kakao_pay", "klarna", "konbini", "kr_card", "link", "mb_way",
        "mobilepay", "multibanco", "naver_pay", "nz_bank_account", "oxxo", "p24", "pay_by_bank",
        "payco", "paynow", "paypal", "paypay", "payto", "pix", "promptpay", "revolut_pay",
        "samsung_pay", "satispay", "scalapay", "sepa_debit", "sequra", "sofort", "sunbit",
        "swish", "twint", "upi", "us_bank_account", "wechat_pay", "zip",
    }
}

/// Whether the customer is away: `true` and `false`, or why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffSession(pub bool);

impl Param for OffSession {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some("one_off" | "recurring") => Ok(OffSession(true)),
            _ => bool::read(node, at).map(OffSession),
        }
    }

    fn schema() -> Schema {
        Schema::AnyOf(vec![bool::schema(), Schema::Choice(&["one_off", "recurring"])])
    }
}

/// An address on the web that a customer comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(pub String);

impl Param for ReturnUrl {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some("") => Err(ParamError::empty(at)),
            Some(url) if url.len() <= URL_CHARS_MAX && crate::web::origin(url).is_some() => {
                Ok(ReturnUrl(url.to_owned()))
            }
            _ => {
                let problem = format!(
                    "must be an address that begins with https:// or http:// and names a host, in \
                     ASCII and of at most {URL_CHARS_MAX} characters"
                );
                Err(ParamError::coded("url_invalid", at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::text(URL_CHARS_MAX)
    }
}

impl MethodData {
    fn check(data: &MethodData, at: &Path) -> Result<(), ParamError> {
        let is_cash = data.r#type == MethodType::CustomerBalance;
        let wrong = |name: &str, problem: &str| Err(ParamError::invalid(at.key(name), problem));
        match data {
            MethodData { card: None, .. } if !is_cash => Err(ParamError::missing(at.key("card"))),
            MethodData { card: Some(_), .. } if is_cash => {
                wrong("card", "goes with the type card only")
            }
            MethodData { customer_balance: Patch::Set(_), .. } if !is_cash => {
                wrong("customer_balance", "goes with the type customer_balance only")
            }
            MethodData { allow_redisplay: Some(_), .. } if is_cash => {
                wrong("allow_redisplay", "goes with the type card only")
            }
            MethodData { metadata, .. } if is_cash && *metadata != MetadataPatch::Keep => {
                wrong("metadata", "goes with the type card only")
            }
            _ => Ok(()),
        }
    }

    /// Who pays, if a cash balance does.
    pub fn cash(&self) -> Option<payment_intent::BillingDetails> {
        let details = || self.billing_details.clone().map(Into::into).unwrap_or_default();
        (self.r#type == MethodType::CustomerBalance).then(details)
    }

    /// What is to be charged, if a card is.
    pub fn card(self, asked: &Asked<'_>) -> Result<Option<CardEdit>, ApiError> {
        let Some(card) = self.card else { return Ok(None) };
        let new = MethodDraft {
            card: card.given(asked, "payment_method_data[card]")?,
            param: "payment_method_data[card][token]",
            billing_details: self.billing_details.map(Into::into).unwrap_or_default(),
            allow_redisplay: self.allow_redisplay.and_then(AllowRedisplay::kept),
            metadata: new_metadata(self.metadata),
        };
        Ok(Some(CardEdit::Instrument(PayWith::New(Box::new(new)))))
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

    /// What becomes of the way in which a card pays.
    pub fn of_card(&self) -> Vec<CardEdit> {
        let options = match &self.card {
            Patch::Keep => return Vec::new(),
            Patch::Clear => {
                return vec![CardEdit::CaptureMethod(None), CardEdit::RequestThreeDSecure(None)];
            }
            Patch::Set(options) => options,
        };
        let mut edits = Vec::with_capacity(2);
        match options.capture_method {
            Patch::Keep => {}
            Patch::Clear => edits.push(CardEdit::CaptureMethod(None)),
            Patch::Set(how) => edits.push(CardEdit::CaptureMethod(Some(how.as_str().to_owned()))),
        }
        if let Some(when) = options.request_three_d_secure {
            edits.push(CardEdit::RequestThreeDSecure(Some(when.as_str().to_owned())));
        }
        edits
    }
}

/// What a payment names to be paid with: a payment method, a card or a source.
pub fn pay_with(asked: &Asked<'_>, id: &str) -> Result<PayWith, ApiError> {
    const AT: &str = "payment_method";
    // Cash balances have payment methods where nobody takes cards, too.
    let is_kept = Kind::of(id) == Some(Kind::PaymentMethod) && !id.starts_with("pm_card_");
    if is_kept {
        let key = asked.named(Kind::PaymentMethod, id, AT)?;
        return Ok(PayWith::Kept(InstrumentKey::Method(key)));
    }
    match instruments::named(asked, id, AT)? {
        Named::Kept(key) => Ok(PayWith::Kept(key)),
        Named::FreshMethod(card) => Ok(PayWith::New(Box::new(MethodDraft {
            card: books::command::CardGiven::Fresh(card),
            param: AT,
            billing_details: payment_intent::BillingDetails::default(),
            allow_redisplay: None,
            metadata: Default::default(),
        }))),
        Named::Given(_) => {
            let message = "A token is no payment method. Send payment_method_data[type]=card and \
                           payment_method_data[card][token].";
            Err(ApiError::invalid(400, message).about(AT))
        }
    }
}

/// A list of types must not be empty.
pub fn check_types(types: &Option<Vec<MethodType>>, at: &str) -> Result<(), ParamError> {
    match types.as_deref() {
        Some([]) => Err(ParamError::empty(at)),
        _ => Ok(()),
    }
}

/// A payment method is named or made, not both.
pub fn check_one_method(named: bool, made: bool) -> Result<(), ParamError> {
    match named && made {
        true => {
            let problem = "excludes `payment_method_data`: send one of the two";
            Err(ParamError::coded("parameters_exclusive", "payment_method", problem))
        }
        false => Ok(()),
    }
}

/// The rail of a transfer moves one currency. A currency without a rail is the books' to refuse.
pub fn check_rail(
    options: &Option<MethodOptions>,
    currency: Option<CurrencyCode>,
) -> Result<(), ParamError> {
    let rail = options.as_ref().and_then(MethodOptions::rail);
    match (rail, currency.map(CurrencyCode::as_str)) {
        (Some(rail), Some(code))
            if rail.currency() != code && bank::Rail::for_currency(code).is_some() =>
        {
            let at = "payment_method_options[customer_balance][bank_transfer][type]";
            let problem = format!("moves {}, and the payment is in {code}", rail.currency());
            Err(ParamError::invalid(at, problem))
        }
        _ => Ok(()),
    }
}
