//! Webhook endpoints, as the wire shows them.

use books::Kind;
use books::webhook::WebhookEndpoint;

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A webhook endpoint; a removed one shows three fields only. Its secret is shown to whoever
    /// made it, once, and not here.
    pub fn webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Json {
        let id = self.id_of_account(Kind::WebhookEndpoint, endpoint.number);
        if endpoint.deleted {
            return object! { "id": id, "object": "webhook_endpoint", "deleted": true };
        }
        object! {
            "id": id,
            "object": "webhook_endpoint",
            "api_version": &endpoint.api_version,
            "application": Json::Null,
            "created": endpoint.number.created(),
            "description": &endpoint.description,
            "enabled_events": &endpoint.enabled_events,
            "livemode": self.livemode,
            "metadata": &endpoint.metadata,
            "status": if endpoint.disabled { "disabled" } else { "enabled" },
            "url": &endpoint.url,
        }
    }
}
