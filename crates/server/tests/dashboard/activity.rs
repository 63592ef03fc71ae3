//! Events, webhooks, requests, approvals, the books and the clock: the pages show what was done
//! through the API, and what is done on them arrives there.

#[path = "activity/agents.rs"]
mod agents;
#[path = "activity/books.rs"]
mod books;
#[path = "activity/events.rs"]
mod events;
#[path = "activity/live.rs"]
mod live;
#[path = "activity/webhooks.rs"]
mod webhooks;

/// What nobody should be able to put into a page.
const HOSTILE: &str = "<script>alert('x')</script>\"&";
/// How a page shows it.
const HARMLESS: &str = "&lt;script&gt;alert('x')&lt;/script&gt;&quot;&amp;";
