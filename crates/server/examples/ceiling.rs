//! The ceiling: what this machine's network stack, hyper and axum give when a server does nothing.
//!
//! `just bench` measures Purser against it. It takes any path, reads the body of a POST, and always
//! answers the same JSON, about as long as a cash balance. Like the server it runs on tokio's
//! threads and sends small answers at once (`TCP_NODELAY`). It listens on the address that is its
//! argument, else on a free port of 127.0.0.1, and prints which.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

const ANSWER: &str = concat!(
    r#"{"object":"cash_balance","available":{"usd":5000},"customer":"cus_Q4xW8sLk2mZr7t","#,
    r#""customer_account":null,"livemode":false,"#,
    r#""settings":{"reconciliation_mode":"automatic","using_merchant_default":true}}"#
);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("listening  http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let app = Router::new().fallback(get(answer).post(read_and_answer));
    axum::serve(listener, app).await
}

async fn answer() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], ANSWER)
}

async fn read_and_answer(_body: Bytes) -> impl IntoResponse {
    answer().await
}
