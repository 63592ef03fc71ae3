//! What a role lets somebody do through the API, and what the trail says of them.

use books::time::Millis;
use clap::Parser;
use maud::html;

use super::*;
use crate::clock::Clock;
use crate::dashboard::visit::Visit;
use crate::entropy::Entropy;
use crate::settings::Settings;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

fn app() -> Arc<App> {
    let settings = Flags::parse_from(["purser", "--store", "sqlite::memory:"]).settings;
    let clock = Clock::new(|| Millis(1_893_456_030_000));
    Arc::new(App::start(settings, clock, Entropy::from_seed([7; 32])).expect("it starts"))
}

fn visit(app: &Arc<App>, name: &str, role: Role) -> Visit {
    let world = auth::world(app, &app.account, false).expect("a world");
    let scopes = session::scopes_of(role);
    let (account, masked) = (app.account.clone(), name.to_owned());
    let access = Access { account, livemode: false, world, scopes, masked, limits: None };
    let (name, token) = (name.to_owned(), token(app, &[1; 32]));
    let who = Who { name, role, access, token, entry: Entry::Password([1; 32]) };
    Visit::new(app, who, Vec::new(), "")
}

#[tokio::test]
async fn the_trail_names_the_person_who_acts() {
    let app = app();
    let ada = visit(&app, "ada", Role::Operator);
    let made = ada.post("/v1/customers", &[("name", "Jenny")], "").await.expect("she may");
    let id = made["id"].as_str().expect("an id");
    ada.delete(&format!("/v1/customers/{id}")).await.expect("she may");
    let trail = ada.get("/purser/v1/requests").await.expect("she may");
    let told: Vec<_> = trail["data"].as_array().expect("rows").iter().collect();
    assert_eq!(told.len(), 2, "{trail}");
    for request in told {
        assert!(request.to_string().contains("\"ada\""), "{request}");
        assert!(request.to_string().contains("\"dashboard\""), "{request}");
    }
}

#[tokio::test]
async fn who_may_only_look_changes_nothing_and_sees_no_forms() {
    let app = app();
    let bob = visit(&app, "bob", Role::ReadOnly);
    assert_eq!(bob.post("/v1/customers", &[], "").await.map_err(|it| it.status), Err(403));
    assert_eq!(bob.delete("/v1/customers/cus_1").await.map_err(|it| it.status), Err(403));
    assert_eq!(bob.get("/v1/customers").await.expect("he may")["data"].as_array(), Some(&vec![]));
    assert_eq!(bob.who.check_may_act().map_err(|it| it.status), Err(403));
    let form = |visit: &Visit| visit.action("/dashboard/x", "/dashboard", "Do it", &html! {});
    assert_eq!(form(&bob).into_string(), "");
    let ada = visit(&app, "ada", Role::Operator);
    assert!(form(&ada).into_string().contains(&ada.who.token));
}
