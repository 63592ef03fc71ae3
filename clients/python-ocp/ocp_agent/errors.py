"""What can go wrong, as exceptions. Their texts say what to do and never hold a credential."""

SUGGESTIONS_MAX = 3


class OCPError(Exception):
    """The base of every exception of this package."""


class RegistryUnavailable(OCPError):
    """The registry could not be asked, or its answer could not be understood."""

    def __init__(self, registry_url: str, message: str | None = None):
        self.registry_url = registry_url
        if message:
            text = f"Registry unavailable at {registry_url}: {message}"
        else:
            text = f"Registry unavailable at {registry_url}. Use spec_url for direct discovery."
        super().__init__(text)


class APINotFound(OCPError):
    """The registry has no API of this name. `suggestions` are names that come close."""

    def __init__(self, api_name: str, suggestions: list[str] | None = None):
        self.api_name = api_name
        self.suggestions = suggestions or []
        text = f"API '{api_name}' not found in registry"
        if self.suggestions:
            text += f". Did you mean: {', '.join(self.suggestions[:SUGGESTIONS_MAX])}?"
        super().__init__(text)


class SchemaDiscoveryError(OCPError):
    """The description of an API could not be fetched or understood."""


class ValidationError(OCPError, ValueError):
    """Arguments do not fit their tool. Nothing was sent."""


class TransportError(OCPError):
    """No answer came: connection refused or lost, a timeout, an answer beyond a limit."""


class HTTPError(OCPError):
    """An answer whose status is 400 or more, raised by `Response.raise_for_status` alone."""

    def __init__(self, response):
        self.response = response
        super().__init__(f"HTTP {response.status_code} {response.reason} from {response.url}")
