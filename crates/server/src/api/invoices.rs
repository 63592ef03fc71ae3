//! Invoices: drafting, finalizing, paying and giving them up. Each is paid from the customer's
//! cash balance, by its payment intent.

use books::command::{InvoiceCommand, InvoiceDraft};
use books::customer::{CustomField, RenderingOptions};
use books::payment_intent::TransferOptions;
use books::{Command, Currency, Document, Kind, Timestamp};
use store::DocumentFilter;
use store::Page as Rows;

use super::customers::{InvoiceField, Rendering as Look};
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    Between, CreatedRange, CurrencyCode, MetadataPatch, NoParams, NonNegative, Page, ParamError,
    Patch, Path, Str, Text, choice, params,
};
use super::payouts::{currency, new_metadata};
use super::transfer_options::{EuTransfer, FundingType, TransferType, check_rail};

choice! {
    /// Who starts the payment.
    pub enum CollectionMethod {
        /// Purser does, at once.
        ChargeAutomatically = "charge_automatically",
        /// The customer does, who gets the invoice.
        SendInvoice = "send_invoice",
    }
}

choice! {
    /// How an invoice can be paid.
    pub enum MethodType {
        /// From the cash balance, or by a bank transfer to it.
        CustomerBalance = "customer_balance",
    }
}

choice! {
    /// What becomes of items that wait for an invoice.
    pub enum PendingItems {
        /// They go on waiting.
        Exclude = "exclude",
        /// They become lines of this invoice.
        Include = "include",
    }
}

choice! {
    /// How far an invoice is.
    pub enum Status {
        /// It is being written.
        Draft = "draft",
        /// It is to be paid.
        Open = "open",
        /// It was paid.
        Paid = "paid",
        /// Nobody hopes for it any more.
        Uncollectible = "uncollectible",
        /// It was a mistake.
        Void = "void",
    }
}

params! {
    /// How an invoice looks.
    pub struct Rendering {
        ..look: Look,
    }
    refuses { "pdf", "template_version" }
}

params! {
    /// How a transfer for an invoice is awaited.
    pub struct Transfer {
        /// What only SEPA needs to know.
        pub eu_bank_transfer: Option<EuTransfer>,
        /// The rail.
        pub r#type: TransferType,
    }
    refuses {}
    check Transfer::check
}

params! {
    /// What is done when the cash balance does not suffice.
    pub struct BalanceOptions {
        /// How a transfer is awaited.
        pub bank_transfer: Option<Transfer>,
        /// How the money comes then.
        pub funding_type: Option<FundingType>,
    }
    refuses {}
}

params! {
    /// Options of each payment method.
    pub struct MethodOptions {
        /// Of the cash balance.
        pub customer_balance: Patch<BalanceOptions>,
    }
    refuses {
        "acss_debit", "bancontact", "billie", "blik", "card", "konbini", "payto", "pix",
        "sepa_debit", "upi", "us_bank_account",
    }
}

params! {
    /// How an invoice is paid.
    pub struct PaymentSettings {
        /// Options of each payment method.
        pub payment_method_options: Option<MethodOptions>,
        /// The payment methods: `customer_balance`, whether named or not.
        pub payment_method_types: Patch<Vec<MethodType>>,
    }
    refuses { "default_mandate" }
}

/// Days until an invoice is due, at most: a hundred years.
const DUE_DAYS_MAX: i64 = 36_500;
/// Lines that an invoice shows on top, at most.
const CUSTOM_FIELDS_MAX: usize = 4;

params! {
    /// An invoice to draft.
    pub struct Create {
        /// Whether Purser finalizes the invoice by itself, which it does not do: false.
        pub auto_advance: Option<bool>,
        /// Who starts the payment. `charge_automatically` is the default.
        pub collection_method: Option<CollectionMethod>,
        /// The currency of all its lines; the account's, if left out.
        pub currency: Option<CurrencyCode>,
        /// Up to four lines for the top of the invoice.
        pub custom_fields: Patch<Vec<InvoiceField>>,
        /// Who is to pay.
        pub customer: Text,
        /// Days between finalization and the due date, for `send_invoice`.
        pub days_until_due: Option<Between<0, DUE_DAYS_MAX>>,
        /// What the invoice is about, for the customer.
        pub description: Option<Str<1500>>,
        /// When it is due, for `send_invoice`.
        pub due_date: Option<NonNegative>,
        /// What is printed at its foot.
        pub footer: Option<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// The number that people see. Purser makes one at finalization, if left out.
        pub number: Option<Str<26>>,
        /// How it is paid.
        pub payment_settings: Option<PaymentSettings>,
        /// What becomes of items that wait for an invoice: `exclude`, they go on waiting.
        pub pending_invoice_items_behavior: Option<PendingItems>,
        /// How it looks.
        pub rendering: Option<Rendering>,
    }
    refuses {
        "account_tax_ids", "application_fee_amount", "automatic_tax", "automatically_finalizes_at",
        "customer_account", "default_payment_method", "default_source", "default_tax_rates",
        "discounts", "effective_at", "from_invoice", "issuer", "on_behalf_of", "shipping_cost",
        "shipping_details", "statement_descriptor", "subscription", "transfer_data",
    }
    check Create::check
}

params! {
    /// How an invoice is finalized.
    pub struct Finalize {
        /// Whether Purser goes on with the invoice by itself, which it does not do: false.
        pub auto_advance: Option<bool>,
    }
    refuses {}
    check Finalize::check
}

params! {
    /// How an invoice is paid.
    pub struct Pay {
        /// Whether it was paid by other means, so that nothing is taken from the cash balance.
        pub paid_out_of_band: Option<bool>,
    }
    refuses { "forgive", "mandate", "off_session", "payment_method", "source" }
}

params! {
    /// Which invoices to list.
    pub struct List {
        /// Only those that are paid this way.
        pub collection_method: Option<CollectionMethod>,
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those of this customer.
        pub customer: Option<Text>,
        /// Only those that are due in this span of time.
        pub due_date: Option<CreatedRange>,
        /// Only those that are this far.
        pub status: Option<Status>,
        ..page: Page,
    }
    refuses { "customer_account", "subscription" }
}

params! {
    /// Which lines of an invoice to list.
    pub struct Lines {
        ..page: Page,
    }
    refuses {}
}

const RAIL_AT: &str = "payment_settings[payment_method_options][customer_balance][bank_transfer]";

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        check_auto_advance(params.auto_advance)?;
        if let Patch::Set(fields) = &params.custom_fields
            && fields.len() > CUSTOM_FIELDS_MAX
        {
            let problem = format!("can have at most {CUSTOM_FIELDS_MAX} items");
            return Err(ParamError::invalid("custom_fields", problem));
        }
        if params.pending_invoice_items_behavior == Some(PendingItems::Include) {
            let problem = "can only be `exclude`: make the invoice first, then its items with \
                           `invoice`";
            return Err(ParamError::invalid("pending_invoice_items_behavior", problem));
        }
        params.check_due()?;
        match params.balance_options() {
            // A transfer can only be awaited on a rail.
            Some(options) if options.funding_type.is_some() && options.bank_transfer.is_none() => {
                Err(ParamError::missing(RAIL_AT))
            }
            _ => Ok(()),
        }
    }

    fn check_due(&self) -> Result<(), ParamError> {
        let sent = self.collection_method == Some(CollectionMethod::SendInvoice);
        match (sent, self.days_until_due, self.due_date) {
            (true, None, None) => Err(ParamError::missing("days_until_due")),
            (true, Some(_), Some(_)) => {
                let problem = "cannot be sent together with `days_until_due`";
                Err(ParamError::coded("parameters_exclusive", "due_date", problem))
            }
            (false, Some(_), _) => Err(only_when_sent("days_until_due")),
            (false, None, Some(_)) => Err(only_when_sent("due_date")),
            _ => Ok(()),
        }
    }

    fn balance_options(&self) -> Option<&BalanceOptions> {
        let options = self.payment_settings.as_ref()?.payment_method_options.as_ref()?;
        match &options.customer_balance {
            Patch::Set(options) => Some(options),
            Patch::Keep | Patch::Clear => None,
        }
    }

    fn transfer(&self) -> Option<&Transfer> {
        self.balance_options()?.bank_transfer.as_ref()
    }
}

fn only_when_sent(name: &str) -> ParamError {
    ParamError::invalid(name, "goes with the collection_method `send_invoice` only")
}

fn check_auto_advance(wanted: Option<bool>) -> Result<(), ParamError> {
    match wanted {
        Some(true) => {
            let problem = "can only be false: an invoice is finalized and paid when you say so";
            Err(ParamError::invalid("auto_advance", problem))
        }
        _ => Ok(()),
    }
}

impl Finalize {
    fn check(params: &Finalize, _at: &Path) -> Result<(), ParamError> {
        check_auto_advance(params.auto_advance)
    }
}

impl Transfer {
    fn check(params: &Transfer, at: &Path) -> Result<(), ParamError> {
        check_rail(params.r#type.rail(), params.eu_bank_transfer.as_ref(), &[], at)
    }

    /// What the books are to know, for an invoice in this currency.
    fn options(&self, currency: Currency) -> Result<TransferOptions, ParamError> {
        let rail = self.r#type.rail();
        if rail.currency() != currency.as_str() {
            let problem = format!(
                "moves {}, and the invoice is in {currency}: use another rail or another currency",
                rail.currency()
            );
            return Err(ParamError::invalid(format!("{RAIL_AT}[type]"), problem));
        }
        Ok(TransferOptions {
            transfer_type: rail.transfer_type().to_owned(),
            country: self.eu_bank_transfer.as_ref().map(|eu| eu.country.0.code().to_owned()),
            address_types: Vec::new(),
        })
    }
}

impl From<Rendering> for RenderingOptions {
    fn from(params: Rendering) -> RenderingOptions {
        params.look.into()
    }
}

/// Drafts an invoice.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let customer = asked.named(Kind::Customer, &params.customer, "customer")?.number;
    let currency = params.currency.map_or(asked.app.settings.currency, currency);
    let transfer = params.transfer().map(|transfer| transfer.options(currency)).transpose()?;
    let collection = params.collection_method.unwrap_or(CollectionMethod::ChargeAutomatically);
    let fields = params.custom_fields.into_option();
    let draft = Box::new(InvoiceDraft {
        currency,
        collection_method: collection.as_str().to_owned(),
        days_until_due: params.days_until_due.map(|days| days.0),
        due_date: params.due_date.map(|due| Timestamp(due.0)),
        number: params.number.map(Into::into),
        transfer,
        description: params.description.map(Into::into),
        footer: params.footer.map(Into::into),
        custom_fields: fields.map(|fields| fields.into_iter().map(CustomField::from).collect()),
        rendering: params.rendering.map(RenderingOptions::from),
        metadata: new_metadata(params.metadata),
    });
    Ok(Command::Invoice(InvoiceCommand::Create { customer, draft }))
}

/// Opens an invoice for payment.
pub fn finalize(asked: &Asked<'_>, _: Finalize) -> Result<Command, ApiError> {
    let invoice = asked.row(Kind::Invoice, "invoice")?;
    Ok(Command::Invoice(InvoiceCommand::Finalize { invoice }))
}

/// Pays an invoice.
pub fn pay(asked: &Asked<'_>, params: Pay) -> Result<Command, ApiError> {
    let invoice = asked.row(Kind::Invoice, "invoice")?;
    let out_of_band = params.paid_out_of_band.unwrap_or(false);
    Ok(Command::Invoice(InvoiceCommand::Pay { invoice, out_of_band }))
}

/// Gives an invoice up as a mistake.
pub fn void(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let invoice = asked.row(Kind::Invoice, "invoice")?;
    Ok(Command::Invoice(InvoiceCommand::Void { invoice }))
}

/// Gives up hope for an invoice.
pub fn mark_uncollectible(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let invoice = asked.row(Kind::Invoice, "invoice")?;
    Ok(Command::Invoice(InvoiceCommand::MarkUncollectible { invoice }))
}

/// Shows an invoice.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let invoice = ask.document(Kind::Invoice, "invoice")?;
    Ok(ask.wire.document(&invoice))
}

/// Lists invoices.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.customer {
        filter.customer = Some(ask.wire.named(Kind::Customer, id, "customer")?.number);
    }
    let collection = params.collection_method.map(CollectionMethod::as_str);
    let status = params.status.map(Status::as_str);
    for (name, word) in [("collection_method", collection), ("status", status)] {
        filter.fields.extend(word.map(|word| (name, word.to_owned())));
    }
    filter.ranges.extend(params.due_date.map(|span| ("due_date", span.from, span.to)));
    ask.documents(Kind::Invoice, &filter, params.created, &params.page)
}

/// Lists the lines of an invoice, in its own order. An invoice is one document with all its
/// lines, so a page of them is a part of what was read anyway.
pub fn lines(ask: &Ask<'_>, params: Lines) -> Result<Json, ApiError> {
    let missing = || ApiError::missing("invoice", ask.id("invoice"), "invoice");
    let Document::Invoice(invoice) = ask.document(Kind::Invoice, "invoice")? else {
        return Err(missing());
    };
    let Page { limit, starting_after, ending_before } = params.page;
    let place = |id: &str, param: &str| {
        let key = ask.wire.ids.read(Kind::InvoiceLine, id);
        let at = key.and_then(|key| invoice.lines.iter().position(|line| line.key == key));
        at.ok_or_else(|| ApiError { status: 400, ..ApiError::missing("line_item", id, param) })
    };
    let after = starting_after.map(|id| place(&id, "starting_after")).transpose()?;
    let before = ending_before.map(|id| place(&id, "ending_before")).transpose()?;
    let part = part(invoice.lines.len(), limit.0, after, before);
    let rows = Rows { rows: invoice.lines[part.0..part.1].to_vec(), has_more: part.2 };
    Ok(ask.page(rows, |line| ask.wire.invoice_line(&invoice, &line)))
}

/// Which of `count` things are on a page: from, to, and whether there are more in its direction.
fn part(
    count: usize,
    limit: usize,
    after: Option<usize>,
    before: Option<usize>,
) -> (usize, usize, bool) {
    match before {
        Some(before) => {
            let from = before.saturating_sub(limit);
            (from, before, from > 0)
        }
        None => {
            let from = after.map_or(0, |at| at + 1);
            let to = (from + limit).min(count);
            (from, to, to < count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    #[test]
    fn pages_of_lines_begin_and_end_at_cursors() {
        let cases = [
            ((5, 2, None, None), (0, 2, true)),
            ((5, 2, Some(1), None), (2, 4, true)),
            ((5, 2, Some(2), None), (3, 5, false)),
            ((5, 2, Some(4), None), (5, 5, false)),
            ((5, 2, None, Some(4)), (2, 4, true)),
            ((5, 2, None, Some(1)), (0, 1, false)),
            ((0, 10, None, None), (0, 0, false)),
        ];
        for ((count, limit, after, before), want) in cases {
            assert_eq!(part(count, limit, after, before), want);
        }
    }

    #[test]
    fn parameters_that_do_not_go_together_are_refused() {
        let rail = |rest: &str| {
            let options = "payment_settings[payment_method_options][customer_balance]";
            let pairs = rest.split('&').map(|pair| format!("{options}{pair}"));
            pairs.collect::<Vec<_>>().join("&")
        };
        let country = format!("{RAIL_AT}[eu_bank_transfer][country]");
        let eu = format!("{RAIL_AT}[eu_bank_transfer]");
        let cases = [
            (String::new(), None),
            ("collection_method=send_invoice&days_until_due=30".into(), None),
            ("collection_method=send_invoice&due_date=1800000000".into(), None),
            ("collection_method=send_invoice".into(), Some("days_until_due")),
            (
                "collection_method=send_invoice&days_until_due=3&due_date=1800000000".into(),
                Some("due_date"),
            ),
            ("days_until_due=30".into(), Some("days_until_due")),
            ("due_date=1800000000".into(), Some("due_date")),
            ("auto_advance=false".into(), None),
            ("auto_advance=true".into(), Some("auto_advance")),
            (
                "pending_invoice_items_behavior=include".into(),
                Some("pending_invoice_items_behavior"),
            ),
            ("subscription=sub_1".into(), Some("subscription")),
            ("rendering[pdf][page_size]=a4".into(), Some("rendering[pdf]")),
            ("rendering[template]=x".into(), None),
            (
                "payment_settings[payment_method_types][]=card".into(),
                Some("payment_settings[payment_method_types][0]"),
            ),
            ("payment_settings[payment_method_types][]=customer_balance".into(), None),
            (rail("[funding_type]=bank_transfer"), Some(RAIL_AT)),
            (rail("[bank_transfer][type]=us_bank_transfer"), None),
            (rail("[bank_transfer][type]=eu_bank_transfer"), Some(country.as_str())),
            (
                rail(
                    "[bank_transfer][type]=gb_bank_transfer\
                     &[bank_transfer][eu_bank_transfer][country]=DE",
                ),
                Some(eu.as_str()),
            ),
        ];
        for (form, want) in &cases {
            let form = format!("customer=cus_1&{form}");
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|error| error.param).as_deref(), *want, "{form}");
        }
    }
}
