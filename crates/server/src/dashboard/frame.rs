//! What is around every page: where one can go, and who is there.

use maud::{Markup, html};

use super::door::{Notice, PATH};
use super::entry;
use super::who::{Entry, Who};
use crate::app::App;
use crate::web;
use crate::web::parts::moment;

/// Where one can go: groups, and in each the names and paths of pages.
const PLACES: &[(&str, &[(&str, &str)])] = &[
    (
        "Money",
        &[
            ("Balances", ""),
            ("Customers", "/customers"),
            ("Payments", "/payments"),
            ("Charges", "/charges"),
            ("Refunds", "/refunds"),
            ("Payouts", "/payouts"),
            ("Top-ups", "/topups"),
            ("Unreconciled", "/unreconciled"),
        ],
    ),
    (
        "Activity",
        &[
            ("Events", "/events"),
            ("Webhooks", "/webhooks"),
            ("Requests", "/requests"),
            ("Approvals", "/approvals"),
        ],
    ),
    ("Books", &[("Ledger", "/ledger"), ("Journal", "/journal"), ("Exports", "/exports")]),
];

/// A page of the dashboard.
pub fn frame(
    app: &App,
    who: &Who,
    path: &str,
    title: &str,
    notice: Option<&Notice>,
    body: &Markup,
) -> Markup {
    let here = path.strip_prefix(PATH).unwrap_or(path).trim_end_matches('/');
    let is_sandbox = !app.settings.production;
    let mode = match (who.access.livemode, is_sandbox) {
        (true, _) => "Live",
        (false, true) => "Sandbox",
        (false, false) => "Test",
    };
    let body = html! {
        body data-live={ (PATH) "/live" } {
            a.skip href="#main" { "Skip to the content" }
            header.bar {
                a.brand href=(PATH) {
                    img src=(web::assets::ICON.path()) alt="" width="28" height="28";
                    "Purser"
                }
                span.mode.sandbox[!who.access.livemode] { (mode) }
                (me(app, who))
                form.search role="search" action={ (PATH) "/customers" } {
                    label.unseen for="search" { "Search for customers" }
                    input #search type="search" name="query" data-shortcut="/"
                        placeholder="Search for customers  (/)" maxlength="100";
                }
                @if is_sandbox {
                    a.clock href={ (PATH) "/clock" } {
                        span.unseen { "The clock of this sandbox: " }
                        (moment(app.clock.now().seconds().0))
                    }
                }
                span.live #live hidden { "live" }
            }
            div.house {
                nav.places aria-label="Pages" {
                    details open[true] {
                        summary { "Menu" }
                        @for (group, places) in PLACES {
                            h2 { (group) }
                            ul {
                                @for (name, place) in *places {
                                    li {
                                        a href={ (PATH) (place) }
                                            aria-current=[is_here(here, place).then_some("page")]
                                            { (name) }
                                    }
                                }
                            }
                        }
                    }
                }
                main #main tabindex="-1" {
                    h1 { (title) }
                    @if let Some(notice) = notice {
                        p.notice.done[notice.is_done].failed[!notice.is_done] role="status" {
                            (notice.text)
                        }
                    }
                    (body)
                }
            }
        }
    };
    web::document(title, &body)
}

/// Who is there, and what they can do about that.
fn me(app: &App, who: &Who) -> Markup {
    let token = html! { input type="hidden" name="token" value=(who.token); };
    let (account, livemode) = (&who.access.account, who.access.livemode);
    html! {
        details.me {
            summary {
                @match who.entry {
                    Entry::Local => { span.unseen { "Account " } code { (account) } }
                    _ => { span.unseen { "Signed in as " } (who.name) }
                }
            }
            div.card {
                p {
                    @if !matches!(who.entry, Entry::Local) { b { (who.name) } " · " }
                    (if who.may_act() { "Operator" } else { "Read-only" })
                    br;
                    code { (account) }
                }
                @if who.may_switch_mode() {
                    form method="post" action=(entry::MODE) {
                        (token)
                        input type="hidden" name="livemode" value=(!livemode);
                        button type="submit" {
                            "Show the " (if livemode { "test" } else { "live" }) " mode"
                        }
                    }
                }
                @if who.may_choose_account(app) {
                    form method="post" action=(entry::ACCOUNT) {
                        (token)
                        label for="chosen-account" { "Another account of this sandbox" }
                        input #chosen-account name="account" maxlength="64" spellcheck="false"
                            placeholder=(app.account);
                        button type="submit" { "Show it" }
                    }
                }
                @if !matches!(who.entry, Entry::Local) {
                    form method="post" action=(entry::SIGN_OUT) {
                        (token)
                        button type="submit" { "Sign out" }
                    }
                }
            }
        }
    }
}

/// Whether a page is this place, or below it.
fn is_here(here: &str, place: &str) -> bool {
    match place.is_empty() {
        true => here.is_empty(),
        false => here.strip_prefix(place).is_some_and(|r| r.is_empty() || r.starts_with('/')),
    }
}
