//! For every operation that writes, something to do it to: a request that succeeds.

#[path = "fixtures/cards.rs"]
mod cards;

use crate::support::http::Request;
use crate::{Api, owned, payment, text};

const BANK: [(&str, &str); 5] = [
    ("external_account[object]", "bank_account"),
    ("external_account[country]", "DE"),
    ("external_account[currency]", "eur"),
    ("external_account[account_number]", "DE89370400440532013000"),
    ("external_account[account_holder_name]", "Purser"),
];
/// Nothing of the kind happens, so nobody is told anything meanwhile.
const ENDPOINT: [(&str, &str); 2] =
    [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "payout.failed")];
const DAY_S: &str = "86400";
/// An account that takes transfers, with one of 70.
const RECEIVER: [(&str, &str); 3] = [
    ("type", "sepa_credit_transfer"),
    ("currency", "eur"),
    ("owner[email]", "amount_70@example.com"),
];

/// Makes what requests are about. Whoever asks for an approval is the agent.
pub struct Fixtures {
    pub person: Api,
    pub agent: Api,
}

impl Fixtures {
    fn made(&self, path: &str, params: &[(&str, &str)]) -> String {
        text(&self.person.ask("POST", path, params), "id")
    }

    fn customer(&self) -> String {
        self.person.customer(5000)
    }

    fn paid(&self) -> String {
        let request = payment(&self.customer(), 1000, "");
        let params = request.body.clone().expect("a body");
        // Without the key: each of these is another payment.
        let headers = request.headers.into_iter().filter(|(name, _)| name != "Idempotency-Key");
        let request = Request { headers: headers.collect(), body: Some(params), ..request };
        let answer = self.person.send(request);
        assert_eq!(answer.status, 200, "{}", answer.body);
        text(&crate::json(&answer), "id")
    }

    /// A payment that nobody confirmed.
    fn begun(&self) -> String {
        let customer = self.customer();
        let params = [
            ("amount", "1000"),
            ("currency", "eur"),
            ("customer", &customer),
            ("payment_method_types[]", "customer_balance"),
        ];
        self.made("/v1/payment_intents", &params)
    }

    /// A payment that waits for money of a customer who has some.
    fn waiting(&self) -> String {
        let customer = self.customer();
        let balance = format!("/v1/customers/{customer}/cash_balance");
        self.person.ask("POST", &balance, &[("settings[reconciliation_mode]", "manual")]);
        let option = "payment_method_options[customer_balance]";
        let params = [
            ("amount", "1000"),
            ("currency", "eur"),
            ("customer", &customer),
            ("confirm", "true"),
            ("payment_method_types[]", "customer_balance"),
            ("payment_method_data[type]", "customer_balance"),
            (&format!("{option}[funding_type]"), "bank_transfer"),
            (&format!("{option}[bank_transfer][type]"), "eu_bank_transfer"),
            (&format!("{option}[bank_transfer][eu_bank_transfer][country]"), "DE"),
        ];
        self.made("/v1/payment_intents", &params)
    }

    fn refund(&self) -> String {
        let of = self.paid();
        self.made("/v1/refunds", &[("payment_intent", &of), ("amount", "400")])
    }

    fn draft(&self) -> String {
        let customer = self.customer();
        let option = "payment_settings[payment_method_options][customer_balance]";
        let params = [
            ("customer", &*customer),
            ("currency", "eur"),
            ("collection_method", "send_invoice"),
            ("days_until_due", "30"),
            ("payment_settings[payment_method_types][]", "customer_balance"),
            (&format!("{option}[funding_type]"), "bank_transfer"),
            (&format!("{option}[bank_transfer][type]"), "eu_bank_transfer"),
            (&format!("{option}[bank_transfer][eu_bank_transfer][country]"), "DE"),
        ];
        let invoice = self.made("/v1/invoices", &params);
        let item = [("customer", &*customer), ("invoice", &invoice), ("amount", "9000")];
        self.made("/v1/invoiceitems", &[&item[..], &[("currency", "eur")]].concat());
        invoice
    }

    fn open_invoice(&self) -> String {
        let draft = self.draft();
        self.made(&format!("/v1/invoices/{draft}/finalize"), &[])
    }

    fn account(&self) -> String {
        text(&self.person.get("/v1/account"), "id")
    }

    fn bank_account(&self) -> String {
        self.made(&format!("/v1/accounts/{}/external_accounts", self.account()), &BANK)
    }

    fn payout(&self) -> String {
        self.paid();
        self.bank_account();
        self.made("/v1/payouts", &[("amount", "10"), ("currency", "eur")])
    }

    fn paid_payout(&self) -> String {
        let payout = self.payout();
        let path = format!("/v1/payouts/{payout}");
        for _ in 0..10 {
            if self.person.get(&path)["status"] == "paid" {
                return payout;
            }
            self.person.ask("POST", "/purser/v1/clock", &[("advance_s", DAY_S)]);
        }
        panic!("the payout never arrived")
    }

    /// A transfer that the sender's bank can pull back.
    fn transfer(&self) -> String {
        let path = format!("/v1/customers/{}/funding_instructions", self.customer());
        let rail = ("bank_transfer[type]", "us_bank_transfer");
        let params = [("currency", "usd"), ("funding_type", "bank_transfer"), rail];
        let made = self.person.ask("POST", &path, &params);
        let account = &made["bank_transfer"]["financial_addresses"][0]["aba"];
        let params = [
            ("amount", "70"),
            ("currency", "usd"),
            ("account_number", &*text(account, "account_number")),
            ("routing_number", &*text(account, "routing_number")),
            ("us_bank_transfer[network]", "ach"),
        ];
        self.made("/purser/v1/bank_transfers", &params)
    }

    /// A source with money in its account.
    fn receiver(&self) -> String {
        self.made("/v1/sources", &RECEIVER)
    }

    fn endpoint(&self) -> String {
        self.made("/v1/webhook_endpoints", &ENDPOINT)
    }

    fn approval(&self, key: &str) -> String {
        self.agent.held(&self.customer(), 1500, key)
    }

    /// A virtual account of a customer, to which money can be sent.
    fn iban(&self) -> String {
        let path = format!("/v1/customers/{}/funding_instructions", self.customer());
        let made = self.person.ask("POST", &path, &eu_transfer());
        text(&made["bank_transfer"]["financial_addresses"][0]["iban"], "iban")
    }

    /// A request that carries out this operation, and is not carried out yet.
    pub fn request(&self, operation: &str) -> Request {
        let post =
            |path: String, params: &[(&str, &str)]| Request::new("POST", &path, &owned(params));
        let delete = |path: String| Request::new("DELETE", &path, &[]);
        let metadata = [("metadata[a]", "b")];
        let eur = |amount: &'static str| [("amount", amount), ("currency", "eur")];
        let accounts = || format!("/v1/accounts/{}/external_accounts", self.account());
        let intent = |id: String, verb: &str| format!("/v1/payment_intents/{id}{verb}");
        let invoice = |id: String, verb: &str| format!("/v1/invoices/{id}/{verb}");
        let refund = |verb: &str| format!("/v1/refunds/{}{verb}", self.refund());
        let customer = |verb: &str| format!("/v1/customers/{}{verb}", self.customer());
        let approval = |verb: &str| format!("/purser/v1/approvals/{}/{verb}", self.approval(verb));
        let hook = || format!("/v1/webhook_endpoints/{}", self.endpoint());
        match operation {
            "PostAccountsAccountExternalAccounts" => post(accounts(), &BANK),
            "DeleteAccountsAccountExternalAccountsId" => {
                delete(format!("{}/{}", accounts(), self.bank_account()))
            }
            "PostAccountsAccountExternalAccountsId" => {
                post(format!("{}/{}", accounts(), self.bank_account()), &metadata)
            }
            "PostCustomers" => post("/v1/customers".into(), &[("expand[]", "cash_balance")]),
            "DeleteCustomersCustomer" => {
                delete(format!("/v1/customers/{}", self.person.customer(0)))
            }
            "PostCustomersCustomer" => post(customer(""), &[("name", "Ada")]),
            "PostCustomersCustomerCashBalance" => {
                post(customer("/cash_balance"), &[("settings[reconciliation_mode]", "manual")])
            }
            "PostCustomersCustomerFundingInstructions" => {
                post(customer("/funding_instructions"), &eu_transfer())
            }
            "PostInvoiceitems" => {
                let of = self.customer();
                post("/v1/invoiceitems".into(), &[&eur("70")[..], &[("customer", &of)]].concat())
            }
            "PostInvoices" => {
                let of = self.customer();
                let how = ("collection_method", "send_invoice");
                let params = [("customer", &*of), how, ("days_until_due", "30")];
                post("/v1/invoices".into(), &params)
            }
            "PostInvoicesInvoiceFinalize" => post(invoice(self.draft(), "finalize"), &[]),
            "PostInvoicesInvoiceMarkUncollectible" => {
                post(invoice(self.open_invoice(), "mark_uncollectible"), &[])
            }
            "PostInvoicesInvoicePay" => {
                post(invoice(self.open_invoice(), "pay"), &[("paid_out_of_band", "true")])
            }
            "PostInvoicesInvoiceVoid" => post(invoice(self.open_invoice(), "void"), &[]),
            "PostPaymentIntents" => {
                let mut request = payment(&self.customer(), 1000, "");
                request.headers.retain(|(name, _)| name != "Idempotency-Key");
                let expanded = "&expand[]=latest_charge.balance_transaction&expand[]=customer";
                request.body = request.body.map(|body| body + expanded);
                request
            }
            "PostPaymentIntentsIntent" => post(intent(self.begun(), ""), &eur("1100")),
            "PostPaymentIntentsIntentApplyCustomerBalance" => {
                post(intent(self.waiting(), "/apply_customer_balance"), &[("amount", "30")])
            }
            "PostPaymentIntentsIntentCancel" => post(intent(self.waiting(), "/cancel"), &[]),
            "PostPaymentIntentsIntentConfirm" => {
                let with = ("payment_method_data[type]", "customer_balance");
                post(intent(self.begun(), "/confirm"), &[with])
            }
            "PostPayouts" => {
                self.paid();
                self.bank_account();
                post("/v1/payouts".into(), &eur("10"))
            }
            "PostPayoutsPayout" => post(format!("/v1/payouts/{}", self.payout()), &metadata),
            "PostPayoutsPayoutCancel" => post(format!("/v1/payouts/{}/cancel", self.payout()), &[]),
            "PostPayoutsPayoutReverse" => {
                post(format!("/v1/payouts/{}/reverse", self.paid_payout()), &[])
            }
            "PostRefunds" => {
                let of = self.paid();
                let expand = ("expand[]", "payment_intent");
                post("/v1/refunds".into(), &[("payment_intent", &*of), ("amount", "70"), expand])
            }
            "PostRefundsRefund" => post(refund(""), &metadata),
            "PostRefundsRefundCancel" => post(refund("/cancel"), &[]),
            "PostSources" => post("/v1/sources".into(), &RECEIVER),
            "PostSourcesSource" => post(format!("/v1/sources/{}", self.receiver()), &metadata),
            "PostPurserSourcesSourceReturn" => {
                post(format!("/purser/v1/sources/{}/return", self.receiver()), &[("amount", "30")])
            }
            "PostTestHelpersCustomersCustomerFundCashBalance" => {
                let path = format!("/v1/test_helpers{}", &customer("/fund_cash_balance")[3..]);
                post(path, &eur("70"))
            }
            "PostTestHelpersRefundsRefundExpire" => {
                post(format!("/v1/test_helpers{}", &refund("/expire")[3..]), &[])
            }
            "PostWebhookEndpoints" => post("/v1/webhook_endpoints".into(), &ENDPOINT),
            "DeleteWebhookEndpointsWebhookEndpoint" => delete(hook()),
            "PostWebhookEndpointsWebhookEndpoint" => post(hook(), &[("disabled", "true")]),
            "PostPurserApprovalsIdApprove" => post(approval("approve"), &[]),
            "PostPurserApprovalsIdReject" => post(approval("reject"), &[("reason", "no")]),
            "PostPurserBankTransfers" => {
                let iban = self.iban();
                let params = [&eur("70")[..], &[("account_number", &*iban)]].concat();
                post("/purser/v1/bank_transfers".into(), &params)
            }
            "PostPurserBankTransfersTransactionReverse" => {
                post(format!("/purser/v1/bank_transfers/{}/reverse", self.transfer()), &[])
            }
            "PostPurserPaymentIntentsIntentRefundToCashBalance" => {
                let path = intent(self.paid(), "/refund_to_cash_balance");
                post(format!("/purser{path}"), &[("amount", "70")])
            }
            "PostPurserRefundsRefundBankDetails" => {
                let account = [("bank_account[iban]", "DE89370400440532013000")];
                post(format!("/purser{}", refund("/bank_details")), &account)
            }
            "PostPurserWebhookEndpointsWebhookEndpointRollSecret" => {
                post(format!("/purser{}/roll_secret", hook()), &[])
            }
            other => self.request_of_cards(other),
        }
    }
}

fn eu_transfer() -> [(&'static str, &'static str); 4] {
    [
        ("currency", "eur"),
        ("funding_type", "bank_transfer"),
        ("bank_transfer[type]", "eu_bank_transfer"),
        ("bank_transfer[eu_bank_transfer][country]", "DE"),
    ]
}
