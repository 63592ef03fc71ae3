//! Every operation of the API, on one screen. The router and the API description are made from
//! this table; nothing else knows a path.
//!
//! To add an operation: declare its parameters, write its handler, add its row here, add its
//! scenario.

use std::collections::HashMap;

use books::Command;
use hyper::Method;

use super::error::ApiError;
use super::execute::Asked;
use super::form::Node;
use super::json::Json;
use super::list::Ask;
use super::params::{NoParams, Param, Schema};
use super::{
    accounts, approvals, audits, balances, bank_transfers, cash_balances, charges, clock,
    customer_search, customer_sources, customers, events, external_accounts, funding,
    invoice_items, invoices, journal, payment_intents, payment_methods, payouts, positions,
    refunds, requests, search, sources, tokens, topups, trail, webhook_endpoints,
};

/// One operation.
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path, with `{names}` for ids.
    pub path: &'static str,
    /// Stripe's operation id.
    pub operation: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The object it answers with.
    pub answer: &'static str,
    /// Whether it answers with one, or with a list of them.
    pub shape: Shape,
    /// The resource that a restricted key needs a scope for.
    pub resource: &'static str,
    /// Its parameters, beside those in the path.
    pub params: fn() -> Schema,
    /// What it does.
    pub action: Action,
}

/// What an operation answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object.
    One,
    /// A list of objects.
    List,
    /// The objects that a search found.
    Found,
}

/// Something that an operation does by itself, on a thread that may wait.
pub type Task = Box<dyn FnOnce() -> Result<Json, ApiError> + Send>;

/// Reads answer at once, from a snapshot; writes become a command for the lane.
pub enum Action {
    /// Answers from a snapshot.
    Read(fn(&Ask<'_>, &Node) -> Result<Json, ApiError>),
    /// Becomes a command.
    Write(fn(&Asked<'_>, &Node) -> Result<Command, ApiError>),
    /// Neither: no part of any customer's books.
    Own(fn(&Asked<'_>, &Node) -> Result<Task, ApiError>),
}

macro_rules! route {
    ($method:ident $path:literal $operation:ident $kind:ident $handler:path, $params:ty
     => $($answer:literal)? $([$listed:literal])? $({$found:literal})?,
     $resource:literal, $summary:literal) => {
        Route {
            method: Method::$method,
            path: $path,
            operation: stringify!($operation),
            summary: $summary,
            answer: concat!($($answer)? $($listed)? $($found)?),
            shape: route!(@shape $([$listed])? $({$found})?),
            resource: $resource,
            params: <$params as Param>::schema,
            action: Action::$kind(|asked, tree| {
                $handler(asked, super::params::read_all::<$params>(tree)?)
            }),
        }
    };
    (@shape [$listed:literal]) => { Shape::List };
    (@shape {$found:literal}) => { Shape::Found };
    (@shape) => { Shape::One };
}

/// The table.
#[rustfmt::skip]
pub fn all() -> Vec<Route> { vec![
    route!(GET "/v1/account" GetAccount Read accounts::own, NoParams => "account", "account", "Retrieve the account of the key"),
    route!(GET "/v1/accounts/{account}" GetAccountsAccount Read accounts::retrieve, NoParams => "account", "account", "Retrieve an account"),
    route!(GET "/v1/accounts/{account}/external_accounts" GetAccountsAccountExternalAccounts Read external_accounts::list, external_accounts::List => ["bank_account"], "external_accounts", "List the bank accounts of an account"),
    route!(POST "/v1/accounts/{account}/external_accounts" PostAccountsAccountExternalAccounts Write external_accounts::create, external_accounts::Create => "bank_account", "external_accounts", "Add a bank account"),
    route!(DELETE "/v1/accounts/{account}/external_accounts/{id}" DeleteAccountsAccountExternalAccountsId Write external_accounts::delete, NoParams => "bank_account", "external_accounts", "Remove a bank account"),
    route!(GET "/v1/accounts/{account}/external_accounts/{id}" GetAccountsAccountExternalAccountsId Read external_accounts::retrieve, NoParams => "bank_account", "external_accounts", "Retrieve a bank account"),
    route!(POST "/v1/accounts/{account}/external_accounts/{id}" PostAccountsAccountExternalAccountsId Write external_accounts::update, external_accounts::Update => "bank_account", "external_accounts", "Update a bank account"),
    route!(GET "/v1/balance" GetBalance Read balances::retrieve, NoParams => "balance", "balance", "Retrieve the merchant's balance"),
    route!(GET "/v1/balance_transactions" GetBalanceTransactions Read balances::list, balances::List => ["balance_transaction"], "balance", "List balance transactions"),
    route!(GET "/v1/balance_transactions/{id}" GetBalanceTransactionsId Read balances::transaction, NoParams => "balance_transaction", "balance", "Retrieve a balance transaction"),
    route!(GET "/v1/charges" GetCharges Read charges::list, charges::List => ["charge"], "charges", "List charges"),
    route!(POST "/v1/charges" PostCharges Write charges::create, charges::Create => "charge", "charges", "Charge a card or a source"),
    route!(GET "/v1/charges/search" GetChargesSearch Read search::charges, search::Find => {"charge"}, "charges", "Search charges"),
    route!(GET "/v1/charges/{charge}" GetChargesCharge Read charges::retrieve, NoParams => "charge", "charges", "Retrieve a charge"),
    route!(POST "/v1/charges/{charge}" PostChargesCharge Write charges::update, charges::Update => "charge", "charges", "Update a charge"),
    route!(POST "/v1/charges/{charge}/capture" PostChargesChargeCapture Write charges::capture, charges::Capture => "charge", "charges", "Capture a charge"),
    route!(GET "/v1/customers" GetCustomers Read customers::list, customers::List => ["customer"], "customers", "List customers"),
    route!(POST "/v1/customers" PostCustomers Write customers::create, customers::Create => "customer", "customers", "Create a customer"),
    route!(GET "/v1/customers/search" GetCustomersSearch Read search::customers, search::Find => {"customer"}, "customers", "Search customers"),
    route!(DELETE "/v1/customers/{customer}" DeleteCustomersCustomer Write customers::delete, NoParams => "customer", "customers", "Delete a customer"),
    route!(GET "/v1/customers/{customer}" GetCustomersCustomer Read customers::retrieve, NoParams => "customer", "customers", "Retrieve a customer"),
    route!(POST "/v1/customers/{customer}" PostCustomersCustomer Write customers::update, customers::Update => "customer", "customers", "Update a customer"),
    route!(GET "/v1/customers/{customer}/cash_balance" GetCustomersCustomerCashBalance Read cash_balances::retrieve, NoParams => "cash_balance", "cash_balance", "Retrieve a cash balance"),
    route!(POST "/v1/customers/{customer}/cash_balance" PostCustomersCustomerCashBalance Write cash_balances::update, cash_balances::Update => "cash_balance", "cash_balance", "Update the settings of a cash balance"),
    route!(GET "/v1/customers/{customer}/cash_balance_transactions" GetCustomersCustomerCashBalanceTransactions Read cash_balances::transactions, cash_balances::List => ["customer_cash_balance_transaction"], "cash_balance", "List cash balance transactions"),
    route!(GET "/v1/customers/{customer}/cash_balance_transactions/{transaction}" GetCustomersCustomerCashBalanceTransactionsTransaction Read cash_balances::transaction, NoParams => "customer_cash_balance_transaction", "cash_balance", "Retrieve a cash balance transaction"),
    route!(POST "/v1/customers/{customer}/funding_instructions" PostCustomersCustomerFundingInstructions Write funding::instructions, funding::Instructions => "funding_instructions", "cash_balance", "Create or retrieve funding instructions"),
    route!(GET "/v1/customers/{customer}/payment_methods" GetCustomersCustomerPaymentMethods Read payment_methods::list_of_customer, payment_methods::ListOfCustomer => ["payment_method"], "payment_methods", "List the payment methods of a customer"),
    route!(GET "/v1/customers/{customer}/payment_methods/{payment_method}" GetCustomersCustomerPaymentMethodsPaymentMethod Read payment_methods::retrieve_of_customer, NoParams => "payment_method", "payment_methods", "Retrieve a payment method of a customer"),
    route!(GET "/v1/customers/{customer}/sources" GetCustomersCustomerSources Read customer_sources::list, customer_sources::List => ["payment_source"], "sources", "List the cards and sources of a customer"),
    route!(POST "/v1/customers/{customer}/sources" PostCustomersCustomerSources Write customer_sources::create, customer_sources::Create => "payment_source", "sources", "Give a customer a card or a source"),
    route!(DELETE "/v1/customers/{customer}/sources/{id}" DeleteCustomersCustomerSourcesId Write customer_sources::delete, NoParams => "payment_source", "sources", "Take a card or a source away from a customer"),
    route!(GET "/v1/customers/{customer}/sources/{id}" GetCustomersCustomerSourcesId Read customer_sources::retrieve, NoParams => "payment_source", "sources", "Retrieve a card or a source of a customer"),
    route!(POST "/v1/customers/{customer}/sources/{id}" PostCustomersCustomerSourcesId Write customer_sources::update, customer_sources::Update => "payment_source", "sources", "Update a card or a source of a customer"),
    route!(POST "/v1/customers/{customer}/sources/{id}/verify" PostCustomersCustomerSourcesIdVerify Own customer_sources::verify, customer_sources::Verify => "payment_source", "sources", "Verify a bank account of a customer, of which there are none"),
    route!(GET "/v1/events" GetEvents Read events::list, events::List => ["event"], "events", "List events"),
    route!(GET "/v1/events/{id}" GetEventsId Read events::retrieve, NoParams => "event", "events", "Retrieve an event"),
    route!(GET "/v1/invoiceitems" GetInvoiceitems Read invoice_items::list, invoice_items::List => ["invoiceitem"], "invoices", "List invoice items"),
    route!(POST "/v1/invoiceitems" PostInvoiceitems Write invoice_items::create, invoice_items::Create => "invoiceitem", "invoices", "Create an invoice item"),
    route!(GET "/v1/invoiceitems/{invoiceitem}" GetInvoiceitemsInvoiceitem Read invoice_items::retrieve, NoParams => "invoiceitem", "invoices", "Retrieve an invoice item"),
    route!(GET "/v1/invoices" GetInvoices Read invoices::list, invoices::List => ["invoice"], "invoices", "List invoices"),
    route!(POST "/v1/invoices" PostInvoices Write invoices::create, invoices::Create => "invoice", "invoices", "Draft an invoice"),
    route!(GET "/v1/invoices/{invoice}" GetInvoicesInvoice Read invoices::retrieve, NoParams => "invoice", "invoices", "Retrieve an invoice"),
    route!(POST "/v1/invoices/{invoice}/finalize" PostInvoicesInvoiceFinalize Write invoices::finalize, invoices::Finalize => "invoice", "invoices", "Open an invoice for payment"),
    route!(GET "/v1/invoices/{invoice}/lines" GetInvoicesInvoiceLines Read invoices::lines, invoices::Lines => ["line_item"], "invoices", "List the lines of an invoice"),
    route!(POST "/v1/invoices/{invoice}/mark_uncollectible" PostInvoicesInvoiceMarkUncollectible Write invoices::mark_uncollectible, NoParams => "invoice", "invoices", "Give up hope for an invoice"),
    route!(POST "/v1/invoices/{invoice}/pay" PostInvoicesInvoicePay Write invoices::pay, invoices::Pay => "invoice", "invoices", "Pay an invoice"),
    route!(POST "/v1/invoices/{invoice}/void" PostInvoicesInvoiceVoid Write invoices::void, NoParams => "invoice", "invoices", "Give an invoice up as a mistake"),
    route!(GET "/v1/payment_intents" GetPaymentIntents Read payment_intents::list, payment_intents::List => ["payment_intent"], "payment_intents", "List payment intents"),
    route!(POST "/v1/payment_intents" PostPaymentIntents Write payment_intents::create, payment_intents::Create => "payment_intent", "payment_intents", "Create a payment intent"),
    route!(GET "/v1/payment_intents/search" GetPaymentIntentsSearch Read search::payment_intents, search::Find => {"payment_intent"}, "payment_intents", "Search payment intents"),
    route!(GET "/v1/payment_intents/{intent}" GetPaymentIntentsIntent Read payment_intents::retrieve, payment_intents::Retrieve => "payment_intent", "payment_intents", "Retrieve a payment intent"),
    route!(POST "/v1/payment_intents/{intent}" PostPaymentIntentsIntent Write payment_intents::update, payment_intents::Update => "payment_intent", "payment_intents", "Update a payment intent"),
    route!(POST "/v1/payment_intents/{intent}/apply_customer_balance" PostPaymentIntentsIntentApplyCustomerBalance Write payment_intents::apply, payment_intents::Apply => "payment_intent", "payment_intents", "Apply the cash balance to a payment intent"),
    route!(POST "/v1/payment_intents/{intent}/cancel" PostPaymentIntentsIntentCancel Write payment_intents::cancel, payment_intents::Cancel => "payment_intent", "payment_intents", "Cancel a payment intent"),
    route!(POST "/v1/payment_intents/{intent}/capture" PostPaymentIntentsIntentCapture Write payment_intents::after::capture, payment_intents::after::Capture => "payment_intent", "payment_intents", "Capture a payment intent"),
    route!(POST "/v1/payment_intents/{intent}/confirm" PostPaymentIntentsIntentConfirm Write payment_intents::confirm, payment_intents::Confirm => "payment_intent", "payment_intents", "Confirm a payment intent"),
    route!(POST "/v1/payment_intents/{intent}/increment_authorization" PostPaymentIntentsIntentIncrementAuthorization Own payment_intents::after::increment, payment_intents::after::Increment => "payment_intent", "payment_intents", "Increment an authorization"),
    route!(GET "/v1/payment_methods" GetPaymentMethods Read payment_methods::list, payment_methods::List => ["payment_method"], "payment_methods", "List payment methods"),
    route!(POST "/v1/payment_methods" PostPaymentMethods Write payment_methods::create, payment_methods::Create => "payment_method", "payment_methods", "Create a payment method of a card"),
    route!(GET "/v1/payment_methods/{payment_method}" GetPaymentMethodsPaymentMethod Read payment_methods::retrieve, NoParams => "payment_method", "payment_methods", "Retrieve a payment method"),
    route!(POST "/v1/payment_methods/{payment_method}" PostPaymentMethodsPaymentMethod Write payment_methods::update, payment_methods::Update => "payment_method", "payment_methods", "Update a payment method"),
    route!(POST "/v1/payment_methods/{payment_method}/attach" PostPaymentMethodsPaymentMethodAttach Write payment_methods::attach, payment_methods::Attach => "payment_method", "payment_methods", "Attach a payment method to a customer"),
    route!(POST "/v1/payment_methods/{payment_method}/detach" PostPaymentMethodsPaymentMethodDetach Write payment_methods::detach, NoParams => "payment_method", "payment_methods", "Detach a payment method from its customer"),
    route!(GET "/v1/payouts" GetPayouts Read payouts::list, payouts::List => ["payout"], "payouts", "List payouts"),
    route!(POST "/v1/payouts" PostPayouts Write payouts::create, payouts::Create => "payout", "payouts", "Send money to the merchant's bank"),
    route!(GET "/v1/payouts/{payout}" GetPayoutsPayout Read payouts::retrieve, NoParams => "payout", "payouts", "Retrieve a payout"),
    route!(POST "/v1/payouts/{payout}" PostPayoutsPayout Write payouts::update, payouts::Update => "payout", "payouts", "Update a payout"),
    route!(POST "/v1/payouts/{payout}/cancel" PostPayoutsPayoutCancel Write payouts::cancel, NoParams => "payout", "payouts", "Give up a payout that has not left"),
    route!(POST "/v1/payouts/{payout}/reverse" PostPayoutsPayoutReverse Write payouts::reverse, payouts::Reverse => "payout", "payouts", "Take back a payout that was paid"),
    route!(GET "/v1/refunds" GetRefunds Read refunds::list, refunds::List => ["refund"], "refunds", "List refunds"),
    route!(POST "/v1/refunds" PostRefunds Write refunds::create, refunds::Create => "refund", "refunds", "Create a refund"),
    route!(GET "/v1/refunds/{refund}" GetRefundsRefund Read refunds::retrieve, NoParams => "refund", "refunds", "Retrieve a refund"),
    route!(POST "/v1/refunds/{refund}" PostRefundsRefund Write refunds::update, refunds::Update => "refund", "refunds", "Update a refund"),
    route!(POST "/v1/refunds/{refund}/cancel" PostRefundsRefundCancel Write refunds::cancel, NoParams => "refund", "refunds", "Cancel a refund"),
    route!(POST "/v1/sources" PostSources Write sources::create, sources::Create => "source", "sources", "Create a source"),
    route!(GET "/v1/sources/{source}" GetSourcesSource Read sources::retrieve, sources::Retrieve => "source", "sources", "Retrieve a source"),
    route!(POST "/v1/sources/{source}" PostSourcesSource Write sources::update, sources::Update => "source", "sources", "Update a source"),
    route!(GET "/v1/sources/{source}/source_transactions" GetSourcesSourceSourceTransactions Read sources::transactions, sources::List => ["source_transaction"], "sources", "List the transfers that a source received"),
    route!(GET "/v1/sources/{source}/source_transactions/{source_transaction}" GetSourcesSourceSourceTransactionsSourceTransaction Read sources::transaction, NoParams => "source_transaction", "sources", "Retrieve a transfer that a source received"),
    route!(POST "/v1/sources/{source}/verify" PostSourcesSourceVerify Own sources::verify, sources::Verify => "source", "sources", "Verify a source with a code"),
    route!(POST "/v1/test_helpers/customers/{customer}/fund_cash_balance" PostTestHelpersCustomersCustomerFundCashBalance Write funding::fund, funding::Fund => "customer_cash_balance_transaction", "cash_balance", "Simulate an incoming bank transfer"),
    route!(POST "/v1/test_helpers/refunds/{refund}/expire" PostTestHelpersRefundsRefundExpire Write refunds::expire, NoParams => "refund", "refunds", "Simulate that a refund expires"),
    route!(POST "/v1/tokens" PostTokens Write tokens::create, tokens::Create => "token", "tokens", "Create a token of a card"),
    route!(GET "/v1/tokens/{token}" GetTokensToken Read tokens::retrieve, NoParams => "token", "tokens", "Retrieve a token"),
    route!(GET "/v1/topups" GetTopups Read topups::list, topups::List => ["topup"], "topups", "List top-ups"),
    route!(POST "/v1/topups" PostTopups Write topups::create, topups::Create => "topup", "topups", "Put money into the merchant's balance"),
    route!(GET "/v1/topups/{topup}" GetTopupsTopup Read topups::retrieve, NoParams => "topup", "topups", "Retrieve a top-up"),
    route!(POST "/v1/topups/{topup}" PostTopupsTopup Write topups::update, topups::Update => "topup", "topups", "Update a top-up"),
    route!(POST "/v1/topups/{topup}/cancel" PostTopupsTopupCancel Write topups::cancel, NoParams => "topup", "topups", "Give up a top-up that is not there yet"),
    route!(GET "/v1/webhook_endpoints" GetWebhookEndpoints Read webhook_endpoints::list, webhook_endpoints::List => ["webhook_endpoint"], "webhook_endpoints", "List webhook endpoints"),
    route!(POST "/v1/webhook_endpoints" PostWebhookEndpoints Write webhook_endpoints::create, webhook_endpoints::Create => "webhook_endpoint", "webhook_endpoints", "Add a webhook endpoint"),
    route!(DELETE "/v1/webhook_endpoints/{webhook_endpoint}" DeleteWebhookEndpointsWebhookEndpoint Write webhook_endpoints::delete, NoParams => "webhook_endpoint", "webhook_endpoints", "Remove a webhook endpoint"),
    route!(GET "/v1/webhook_endpoints/{webhook_endpoint}" GetWebhookEndpointsWebhookEndpoint Read webhook_endpoints::retrieve, NoParams => "webhook_endpoint", "webhook_endpoints", "Retrieve a webhook endpoint"),
    route!(POST "/v1/webhook_endpoints/{webhook_endpoint}" PostWebhookEndpointsWebhookEndpoint Write webhook_endpoints::update, webhook_endpoints::Update => "webhook_endpoint", "webhook_endpoints", "Update a webhook endpoint"),
    route!(GET "/purser/v1/approvals" GetPurserApprovals Read approvals::list, approvals::List => ["purser.approval"], "approvals", "List what waits for a person's approval, or waited"),
    route!(GET "/purser/v1/approvals/{id}" GetPurserApprovalsId Read approvals::retrieve, NoParams => "purser.approval", "approvals", "Retrieve an approval"),
    route!(POST "/purser/v1/approvals/{id}/approve" PostPurserApprovalsIdApprove Write approvals::approve, NoParams => "purser.approval", "approvals", "Approve a request, which is carried out at once"),
    route!(POST "/purser/v1/approvals/{id}/reject" PostPurserApprovalsIdReject Write approvals::reject, approvals::Reject => "purser.approval", "approvals", "Reject a request"),
    route!(GET "/purser/v1/audits" GetPurserAudits Read audits::list, NoParams => ["purser.audit"], "journal", "List the last audits"),
    route!(POST "/purser/v1/audits" PostPurserAudits Own audits::start, NoParams => "purser.audit", "journal", "Start an audit of the whole database"),
    route!(POST "/purser/v1/bank_transfers" PostPurserBankTransfers Write bank_transfers::report, bank_transfers::Report => "customer_cash_balance_transaction", "bank_transfers", "Report a bank transfer that arrived"),
    route!(POST "/purser/v1/bank_transfers/{transaction}/reverse" PostPurserBankTransfersTransactionReverse Write bank_transfers::reverse, NoParams => "customer_cash_balance_transaction", "bank_transfers", "Report that the sender's bank pulls a transfer back"),
    route!(GET "/purser/v1/clock" GetPurserClock Read clock::show, NoParams => "purser.clock", "clock", "Show the sandbox clock"),
    route!(POST "/purser/v1/clock" PostPurserClock Own clock::advance, clock::Move => "purser.clock", "clock", "Move the sandbox clock forward, and do everything that is due on the way"),
    route!(GET "/purser/v1/daily_balances" GetPurserDailyBalances Read positions::daily_balances, positions::Days => ["purser.daily_balance"], "journal", "List what the accounts of the ledger held, day by day"),
    route!(GET "/purser/v1/customer_search" GetPurserCustomerSearch Read customer_search::search, customer_search::Search => ["customer"], "customers", "Find customers by what is known of them"),
    route!(GET "/purser/v1/customers/{customer}/cash_balance_transactions/{transaction}/trail" GetPurserCustomersCustomerCashBalanceTransactionsTransactionTrail Read trail::trail, NoParams => "purser.trail", "cash_balance", "Retrieve what stands behind a cash balance transaction: its journal entry, events and request"),
    route!(GET "/purser/v1/customers/{customer}/funding_instructions" GetPurserCustomersCustomerFundingInstructions Read funding::made_instructions, NoParams => ["funding_instructions"], "cash_balance", "List the funding instructions that were made for a customer"),
    route!(GET "/purser/v1/events/{id}/attempts" GetPurserEventsIdAttempts Read webhook_endpoints::attempts_for_event, NoParams => ["purser.webhook_attempt"], "events", "List the attempts to tell endpoints of an event"),
    route!(POST "/purser/v1/events/{id}/resend" PostPurserEventsIdResend Own webhook_endpoints::resend, webhook_endpoints::Resend => "purser.webhook_resend", "webhook_endpoints", "Tell an endpoint of an event once more"),
    route!(GET "/purser/v1/journal" GetPurserJournal Read journal::entries, journal::List => ["purser.entry"], "journal", "List the entries of the journal"),
    route!(GET "/purser/v1/journal/{entry}" GetPurserJournalEntry Read journal::entry, NoParams => "purser.entry", "journal", "Retrieve an entry of the journal"),
    route!(GET "/purser/v1/ledger_accounts" GetPurserLedgerAccounts Read journal::ledger_accounts, NoParams => ["purser.ledger_account"], "journal", "List the accounts of the ledger with their balances"),
    route!(POST "/purser/v1/payment_intents/{intent}/authenticate" PostPurserPaymentIntentsIntentAuthenticate Write payment_intents::after::authenticate, payment_intents::after::Authenticate => "payment_intent", "payment_intents", "Simulate that the holder of a card authenticates, or does not"),
    route!(POST "/purser/v1/payment_intents/{intent}/refund_to_cash_balance" PostPurserPaymentIntentsIntentRefundToCashBalance Write refunds::to_cash_balance, refunds::ToCashBalance => "refund", "refunds", "Refund a payment to the cash balance"),
    route!(POST "/purser/v1/refunds/{refund}/bank_details" PostPurserRefundsRefundBankDetails Write refunds::bank_details, refunds::BankDetails => "refund", "refunds", "Submit the bank details for a refund"),
    route!(GET "/purser/v1/refunds/{refund}/details_link" GetPurserRefundsRefundDetailsLink Read refunds::details_link, NoParams => "purser.refund_details_link", "refunds", "Show the link with which a customer gives bank details for a refund"),
    route!(GET "/purser/v1/requests" GetPurserRequests Read requests::list, requests::List => ["purser.request"], "requests", "List what agents asked for, and what came of it"),
    route!(GET "/purser/v1/requests/{request}" GetPurserRequestsRequest Read requests::retrieve, NoParams => "purser.request", "requests", "Retrieve a request of an agent"),
    route!(POST "/purser/v1/sources/{source}/return" PostPurserSourcesSourceReturn Write sources::send_back, sources::SendBack => "source", "sources", "Report that the bank sent money of a source back to the sender"),
    route!(GET "/purser/v1/unreconciled" GetPurserUnreconciled Read positions::unreconciled, positions::List => ["purser.unreconciled"], "cash_balance", "List the cash that waits in cash balances, oldest first"),
    route!(GET "/purser/v1/unreconciled_totals" GetPurserUnreconciledTotals Read positions::unreconciled_totals, NoParams => ["purser.unreconciled_total"], "cash_balance", "List the cash of all customers together, by currency"),
    route!(GET "/purser/v1/webhook_endpoints/{webhook_endpoint}/attempts" GetPurserWebhookEndpointsWebhookEndpointAttempts Read webhook_endpoints::attempts, NoParams => ["purser.webhook_attempt"], "webhook_endpoints", "List the newest attempts to tell an endpoint"),
    route!(POST "/purser/v1/webhook_endpoints/{webhook_endpoint}/roll_secret" PostPurserWebhookEndpointsWebhookEndpointRollSecret Write webhook_endpoints::roll_secret, webhook_endpoints::Roll => "webhook_endpoint", "webhook_endpoints", "Give a webhook endpoint another secret"),
] }

/// Finds the operation that a method and a path mean.
pub struct Router {
    routes: Vec<Route>,
    paths: matchit::Router<HashMap<Method, usize>>,
}

/// What a request asks for.
pub enum Found<'r, 'p> {
    /// This operation, with the ids in the path.
    Operation(usize, &'r Route, matchit::Params<'r, 'p>),
    /// The path is known, but only with these methods.
    OtherMethods(Vec<&'r str>),
    /// Nothing.
    Nothing,
}

impl Default for Router {
    fn default() -> Router {
        Router::new()
    }
}

impl Router {
    /// Makes the router from the table.
    pub fn new() -> Router {
        let routes = all();
        let mut by_path: HashMap<&str, HashMap<Method, usize>> = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            let known = by_path.entry(route.path).or_default().insert(route.method.clone(), index);
            assert!(known.is_none(), "{} {} is in the table twice", route.method, route.path);
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods).expect("paths in the table do not conflict");
        }
        Router { routes, paths }
    }

    /// All operations.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Finds an operation.
    pub fn find<'r, 'p>(&'r self, method: &Method, path: &'p str) -> Found<'r, 'p> {
        let Ok(matched) = self.paths.at(path) else {
            return Found::Nothing;
        };
        match matched.value.get(method) {
            Some(&index) => Found::Operation(index, &self.routes[index], matched.params),
            None => {
                let mut methods: Vec<&str> = matched.value.keys().map(Method::as_str).collect();
                methods.sort_unstable();
                Found::OtherMethods(methods)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters that are taken although the tables do not name them, with the operations that
    /// take them.
    const DOCUMENTED_ELSEWHERE: &[(&str, &str)] = &[
        // The tables are of a version that calls it allowed_payment_method_types. Versions before
        // it, the guide to bank transfers and most code that was ever written say this name.
        ("POST /v1/payment_intents", "payment_method_types"),
        ("POST /v1/payment_intents/{intent}", "payment_method_types"),
        // The guides have it, and so have versions of the tables that know card numbers.
        ("POST /v1/payment_intents payment_method_data", "card"),
        ("POST /v1/payment_intents/{intent} payment_method_data", "card"),
        ("POST /v1/payment_intents/{intent}/confirm payment_method_data", "card"),
    ];

    /// Every parameter that Stripe documents is either acted on or refused by name; nothing is
    /// made up. The facts are in `wire/operations.json`.
    #[test]
    fn no_documented_parameter_is_forgotten() {
        let text = include_str!("../../wire/operations.json");
        let documented: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut compared = 0;
        for route in all() {
            let key = format!("{} {}", route.method, route.path);
            let known = documented.as_object().unwrap().iter().find(|(name, _)| {
                // The tables name path parameters by their own fashion.
                shape(name) == shape(&key)
            });
            let Some((_, fields)) = known else { continue };
            compared += 1;
            compare(&key, fields, &(route.params)());
        }
        assert!(compared >= 14, "only {compared} operations were found in the table");
    }

    fn shape(path: &str) -> Vec<&str> {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect()
    }

    fn compare(at: &str, documented: &serde_json::Value, schema: &Schema) {
        let (fields, refuses) = match schema {
            Schema::Hash { fields, refuses } => (fields, refuses),
            Schema::Emptyable(inner) => return compare(at, documented, inner),
            Schema::List(inner) => return compare(at, documented, inner),
            _ => return,
        };
        let names = documented.as_object().unwrap();
        for (name, spec) in names.iter().filter(|(name, _)| *name != "expand") {
            let field = fields.iter().find(|field| field.name == name);
            let refused = refuses.contains(&name.as_str());
            assert!(field.is_some() != refused, "{at}: {name} must be taken or refused");
            let below = spec.get("fields").or_else(|| spec.get("items")?.get("fields"));
            if let (Some(field), Some(below)) = (field, below) {
                compare(&format!("{at} {name}"), below, &field.schema);
            }
        }
        for name in fields.iter().map(|field| field.name).chain(refuses.iter().copied()) {
            let elsewhere = DOCUMENTED_ELSEWHERE.contains(&(at, name));
            assert!(names.contains_key(name) != elsewhere, "{at}: nobody documents {name}");
        }
    }
}
