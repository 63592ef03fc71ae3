//! How a bank account for a refund is written in each country, as fields of a form.

use bank::Rail;
use maud::{Markup, html};

use crate::dashboard::visit::Form;

/// The hash that the API takes an account in.
pub const HASH: &str = "bank_account";
/// Characters of a field, at most.
const CHARS_MAX: &str = "64";

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// How the API calls it, inside of [`HASH`].
    pub name: &'static str,
    /// How people call it.
    pub label: &'static str,
    /// What is to be typed.
    pub hint: &'static str,
    /// What works with test money.
    sample: &'static str,
    /// Whether it has digits only.
    is_numeric: bool,
}

impl Field {
    /// The parameter of the API, and the name in the form.
    pub fn param(&self) -> String {
        format!("{HASH}[{}]", self.name)
    }

    /// The field as a form shows it, with what was typed and what is wrong with that, and with a
    /// sample where that is of use.
    pub fn shown(&self, typed: &str, wrong: Option<&str>, with_sample: bool) -> Markup {
        let Field { name, label, hint, sample, is_numeric } = *self;
        let described = match wrong {
            Some(_) => format!("{name}-wrong {name}-hint"),
            None => format!("{name}-hint"),
        };
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(self.param()) value=(typed) type="text" required
                    maxlength=(CHARS_MAX) autocomplete="off" autocapitalize="characters"
                    spellcheck="false" inputmode=(if is_numeric { "numeric" } else { "text" })
                    aria-describedby=(described) aria-invalid=[wrong.map(|_| "true")]
                    autofocus[wrong.is_some()];
                @if let Some(wrong) = wrong { p.wrong id={ (name) "-wrong" } { (wrong) } }
                p.hint id={ (name) "-hint" } {
                    (hint)
                    @if with_sample { " For tests: " (sample) }
                }
            }
        }
    }
}

/// The fields of an account that a rail reaches.
pub fn fields(rail: Rail) -> &'static [Field] {
    const US: &[Field] = &[
        Field {
            name: "routing_number",
            label: "Routing number",
            hint: "Nine digits: the first ones at the bottom of a cheque.",
            sample: "110000000",
            is_numeric: true,
        },
        Field {
            name: "account_number",
            label: "Account number",
            hint: "Up to 17 digits.",
            sample: "000123456789",
            is_numeric: true,
        },
    ];
    const GB: &[Field] = &[
        Field {
            name: "sort_code",
            label: "Sort code",
            hint: "Six digits, such as 10-88-00.",
            sample: "108800",
            is_numeric: true,
        },
        Field {
            name: "account_number",
            label: "Account number",
            hint: "Eight digits.",
            sample: "00012345",
            is_numeric: true,
        },
    ];
    const EU: &[Field] = &[Field {
        name: "iban",
        label: "IBAN",
        hint: "It begins with two letters for the country. Spaces do not matter.",
        sample: "DE89370400440532013000",
        is_numeric: false,
    }];
    const JP: &[Field] = &[
        Field {
            name: "routing_number",
            label: "Bank code and branch code",
            hint: "Seven digits: four of the bank, then three of the branch.",
            sample: "1100000",
            is_numeric: true,
        },
        Field {
            name: "account_number",
            label: "Account number",
            hint: "Seven digits.",
            sample: "0001234",
            is_numeric: true,
        },
    ];
    const MX: &[Field] = &[Field {
        name: "clabe",
        label: "CLABE",
        hint: "18 digits.",
        sample: "000000001234567897",
        is_numeric: true,
    }];
    match rail {
        Rail::Us => US,
        Rail::Gb => GB,
        Rail::Eu => EU,
        Rail::Jp => JP,
        Rail::Mx => MX,
    }
}

/// What was typed into a form, field by field.
pub fn typed(rail: Rail, form: &Form) -> Vec<(&'static Field, String)> {
    let text = |field: &Field| form.within(HASH, field.name).to_owned();
    fields(rail).iter().map(|field| (field, text(field))).collect()
}
