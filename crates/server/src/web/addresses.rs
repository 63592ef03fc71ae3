//! The accounts that a transfer can go to, in the words of the banks of their countries.

use bank::FinancialAddress;
use bank::instructions::{Network, Parties};
use bank::profile::{Address, JpAccountType, UsAccountType};
use maud::{Markup, html};
use serde_json::Value;

use super::parts::text;

/// What a payer types into a form of their bank.
pub struct Line {
    /// What it is called.
    pub name: &'static str,
    /// As it is read best.
    pub shown: String,
    /// As forms take it; none for what nobody has to type.
    pub copied: Option<String>,
}

impl Line {
    /// Something that is typed as it is shown.
    pub fn plain(name: &'static str, text: impl Into<String>) -> Line {
        let text = text.into();
        Line { name, copied: Some(text.clone()), shown: text }
    }

    /// Something that is read in groups.
    fn grouped(name: &'static str, text: &str, group: usize, joint: &str) -> Line {
        let characters: Vec<char> = text.chars().collect();
        let groups = characters.chunks(group).map(|group| group.iter().collect::<String>());
        let shown = groups.collect::<Vec<_>>().join(joint);
        Line { name, shown, copied: Some(text.to_owned()) }
    }

    /// Something that is only read.
    fn read(name: &'static str, text: impl Into<String>) -> Line {
        Line { name, shown: text.into(), copied: None }
    }
}

/// Lines, each with a button that copies it.
pub fn list(lines: &[Line]) -> Markup {
    html! {
        dl.facts {
            @for Line { name, shown, copied } in lines {
                div {
                    dt { (name) }
                    dd {
                        @if let Some(copied) = copied {
                            span.copyable {
                                code { (shown) }
                                button.copy type="button" data-copy=(copied)
                                    aria-label={ "Copy " (name) } hidden { "Copy" }
                            }
                        } @else { (shown) }
                    }
                }
            }
        }
    }
}

/// The accounts of instructions, as the API tells them.
pub fn read(told: &Value) -> Vec<FinancialAddress> {
    serde_json::from_value(told["financial_addresses"].clone()).unwrap_or_default()
}

/// Who should use an account.
pub fn heading(address: &FinancialAddress) -> &'static str {
    match address {
        FinancialAddress::Aba { .. } => "From an account in the United States",
        FinancialAddress::Swift { .. } => "From an account in another country",
        FinancialAddress::SortCode { .. } => "To this account in the United Kingdom",
        FinancialAddress::Iban { .. } => "To this account, by SEPA credit transfer",
        FinancialAddress::Zengin { .. } => "To this account in Japan",
        FinancialAddress::Spei { .. } => "To this account in Mexico, by SPEI",
    }
}

/// Who is paid.
pub fn payee(address: &FinancialAddress) -> &str {
    let parties = match address {
        FinancialAddress::Aba { aba, .. } => &aba.parties,
        FinancialAddress::Swift { swift, .. } => &swift.parties,
        FinancialAddress::SortCode { sort_code, .. } => &sort_code.parties,
        FinancialAddress::Iban { iban, .. } => &iban.parties,
        FinancialAddress::Zengin { zengin, .. } => &zengin.parties,
        FinancialAddress::Spei { spei, .. } => &spei.parties,
    };
    &parties.account_holder_name
}

/// What a payer has to type for an account.
pub fn lines(address: &FinancialAddress) -> Vec<Line> {
    match address {
        FinancialAddress::Aba { aba, .. } => vec![
            holder(&aba.parties),
            Line::plain("Routing number", &aba.routing_number),
            Line::plain("Account number", &aba.account_number),
            Line::read("Kind of account", us_account(aba.account_type)),
            Line::plain("Bank", &aba.bank_name),
            Line::read("Address of the bank", place(&aba.parties.bank_address)),
            Line::read("Address of the holder", place(&aba.parties.account_holder_address)),
        ],
        FinancialAddress::Swift { swift, .. } => vec![
            holder(&swift.parties),
            Line::plain("SWIFT code (BIC)", &swift.swift_code),
            Line::plain("Account number", &swift.account_number),
            Line::read("Kind of account", us_account(swift.account_type)),
            Line::plain("Bank", &swift.bank_name),
            Line::read("Address of the bank", place(&swift.parties.bank_address)),
            Line::read("Address of the holder", place(&swift.parties.account_holder_address)),
        ],
        FinancialAddress::SortCode { sort_code, .. } => vec![
            holder(&sort_code.parties),
            Line::grouped("Sort code", &sort_code.sort_code, 2, "-"),
            Line::plain("Account number", &sort_code.account_number),
        ],
        FinancialAddress::Iban { iban, .. } => vec![
            holder(&iban.parties),
            Line::grouped("IBAN", &iban.iban, 4, " "),
            Line::plain("BIC", &iban.bic),
            Line::read("Country", iban.country.as_str()),
        ],
        FinancialAddress::Zengin { zengin, .. } => vec![
            Line::plain("Bank", &zengin.bank_name),
            Line::plain("Bank code", &zengin.bank_code),
            Line::plain("Branch", &zengin.branch_name),
            Line::plain("Branch code", &zengin.branch_code),
            Line::read("Kind of account", jp_account(zengin.account_type)),
            Line::plain("Account number", &zengin.account_number),
            holder(&zengin.parties),
        ],
        FinancialAddress::Spei { spei, .. } => vec![
            holder(&spei.parties),
            Line::plain("CLABE", &spei.clabe),
            Line::plain("Bank", &spei.bank_name),
            Line::plain("Bank code", &spei.bank_code),
        ],
    }
}

/// What people call a network of banks.
pub fn network_name(network: &str) -> String {
    let known = match network {
        "domestic_wire_us" => "wire",
        "fednow" => "FedNow",
        "bacs" => "Bacs",
        "fps" => "Faster Payments",
        "zengin" => "Zengin",
        short => return short.to_uppercase(),
    };
    known.to_owned()
}

/// The ways to an account, as people call them.
pub fn ways(address: &FinancialAddress) -> String {
    let names = networks(address).iter().map(|network| {
        let told = serde_json::to_value(network).unwrap_or_default();
        network_name(text(&told))
    });
    names.collect::<Vec<_>>().join(", ")
}

fn networks(address: &FinancialAddress) -> &[Network] {
    match address {
        FinancialAddress::Aba { supported_networks, .. }
        | FinancialAddress::Swift { supported_networks, .. }
        | FinancialAddress::SortCode { supported_networks, .. }
        | FinancialAddress::Iban { supported_networks, .. }
        | FinancialAddress::Zengin { supported_networks, .. }
        | FinancialAddress::Spei { supported_networks, .. } => supported_networks,
    }
}

/// How long money takes to an account, for each way there.
pub fn durations(address: &FinancialAddress) -> impl Iterator<Item = &'static str> {
    networks(address).iter().map(|network| match network {
        Network::Ach => "By ACH: one to three working days.",
        Network::DomesticWireUs => "By wire: mostly on the same working day.",
        Network::Swift => "By SWIFT: one to five working days. Banks on the way may take a fee.",
        Network::Bacs => "By Bacs: three working days.",
        Network::Fps => "By Faster Payments: mostly within two hours.",
        Network::Sepa => "By SEPA: one working day; an instant transfer, some seconds.",
        Network::Zengin => "By Zengin: on the same day in banking hours, otherwise on the next.",
        Network::Spei => "By SPEI: mostly within some minutes.",
    })
}

fn holder(parties: &Parties) -> Line {
    Line::plain("Account holder", &parties.account_holder_name)
}

fn us_account(kind: UsAccountType) -> &'static str {
    match kind {
        UsAccountType::Checking => "Checking",
        UsAccountType::Savings => "Savings",
    }
}

fn jp_account(kind: JpAccountType) -> &'static str {
    match kind {
        JpAccountType::Futsu => "Ordinary (futsu)",
        JpAccountType::Toza => "Current (toza)",
    }
}

/// An address on one line.
fn place(address: &Address) -> String {
    let Address { city, country, line1, line2, postal_code, state } = address;
    let parts = [line1, line2, city, state, postal_code, country].into_iter().flatten();
    let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}
