use super::*;
use crate::admin::Admin;
use crate::reader::Readers;
use crate::{Location, Store};

const CUSTOMERS: i64 = 300;

/// A store with customers: all of them are named Ada, the oldest of them Grace as well.
fn filled() -> (tempfile::TempDir, Store, World) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::File(home.path().join("purser.db")), [7; 16]).unwrap();
    let world = Admin::of(&store).unwrap().world("acct_1", false, books::Timestamp(0)).unwrap();
    let db = store.connect().unwrap();
    db.batch("BEGIN").unwrap();
    for n in 1..=CUSTOMERS {
        let mut customer = Customer { number: Number(n << 22), ..Customer::default() };
        customer.profile.name = Some(if n == 1 { "Ada Grace".into() } else { format!("Ada {n}") });
        customer.profile.metadata.insert("n".into(), n.to_string());
        let data = serde_json::to_string(&customer).unwrap();
        let row = values![world, customer.number, false, None::<&str>, data];
        db.execute(crate::tables::CUSTOMER.insert(), &row).unwrap();
    }
    crate::search::fill(&*db).unwrap();
    db.batch("COMMIT").unwrap();
    (home, store, world)
}

fn read(text: &str) -> Query {
    Query::read(Resource::Customers, text, &|_| None).unwrap()
}

/// Numbers of the objects of a page, and where the next one is.
type Seen = Option<(Vec<i64>, Option<i64>)>;

fn page(readers: &Readers, world: World, text: &str, before: i64, bounds: Bounds) -> Seen {
    let query = read(text);
    let search = Search { resource: Resource::Customers, query: &query, among: &[] };
    let at = (Number(before), 5);
    let found = readers.snapshot(|reader| reader.search_within(world, search, at, bounds)).unwrap();
    found.map(|found| {
        let numbers = found.rows.iter().map(|hit| hit.number().0 >> 22).collect();
        (numbers, found.next.map(|next| next.0))
    })
}

#[test]
fn a_page_that_meets_a_bound_has_what_was_found_and_goes_on() {
    let (_home, store, world) = filled();
    let readers = Readers::open(&store, 1).unwrap();
    let page = |text: &str, before: i64, bounds| page(&readers, world, text, before, bounds);
    let bounds = Bounds { looked_at: 100, texts: 100, read: 20_000 };
    let few_read = Bounds { read: 32, ..BOUNDS };
    for (text, bounds) in [
        // Two of 300, far from each other.
        ("name~'ada 290' OR name~'grace'", bounds),
        ("name:'ada 290' OR name:null", few_read),
    ] {
        let (found, next) = page(text, i64::MAX, bounds).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found, [290], "{text}");
        let next = next.unwrap_or_else(|| panic!("{text} was not looked at to its end"));
        assert!(next < 290 << 22 && next > 1 << 22, "{text}: {next}");
        // What is behind is too much to be looked at again, and nothing of it was found.
        assert_eq!(page(text, next, bounds), None, "{text}");
        // From near enough, the rest is found.
        if text.contains("grace") {
            assert_eq!(page(text, 50 << 22, bounds), Some((vec![1], None)), "{text}");
        }
    }
    assert_eq!(page("name~'grace'", i64::MAX, bounds), None);
    assert_eq!(page("name~'grace'", i64::MAX, BOUNDS), Some((vec![1], None)));
    assert_eq!(page("name:null", i64::MAX, few_read), None);
    // Terms lead there at once, whatever the bounds are.
    assert_eq!(page("name:'grace'", i64::MAX, few_read), Some((vec![1], None)));
    let newest = (vec![300, 299, 298, 297, 296], Some(296 << 22));
    assert_eq!(page("-name:'grace'", i64::MAX, few_read), Some(newest));
}

#[test]
fn what_cannot_be_counted_is_not_counted() {
    let (_home, store, world) = filled();
    let readers = Readers::open(&store, 1).unwrap();
    let count = |text: &str, bounds: Bounds| {
        let query = read(text);
        let search = Search { resource: Resource::Customers, query: &query, among: &[] };
        readers.snapshot(|reader| reader.count_within(world, search, bounds)).unwrap()
    };
    let few = Bounds { looked_at: 100, texts: 100, read: 32 };
    for (text, counted, within_few) in [
        ("name:'ada'", 300, None),
        ("name:'grace'", 1, Some(1)),
        ("name~'ada 2'", 111, None),
        ("-name:null", 300, None),
        ("metadata['n']:'7' OR metadata['n']:'8' OR name:'7'", 2, Some(2)),
    ] {
        assert_eq!(count(text, BOUNDS), Some(counted), "{text}");
        assert_eq!(count(text, few), within_few, "{text} within less");
    }
}
