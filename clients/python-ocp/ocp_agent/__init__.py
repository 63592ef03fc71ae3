"""The Open Context Protocol for Python: finds the operations of an API, calls them, and tells the
API what the agent is doing. Plain Python; nothing but the standard library."""

from .agent import OCPAgent
from .context import AgentContext
from .discovery import OCPSchemaDiscovery
from .errors import (
    APINotFound,
    HTTPError,
    OCPError,
    RegistryUnavailable,
    SchemaDiscoveryError,
    TransportError,
    ValidationError,
)
from .headers import (
    OCPHeaders,
    add_context_headers,
    create_ocp_headers,
    extract_context_from_response,
    parse_context,
)
from .http_client import OCPHTTPClient
from .registry import OCPRegistry
from .storage import OCPStorage
from .tools import OCPAPISpec, OCPTool
from .transport import Response, Transport
from .validation import ValidationResult, validate_and_fix_context, validate_context

__version__ = "0.1.0"
__all__ = [
    "APINotFound", "AgentContext", "HTTPError", "OCPAPISpec", "OCPAgent", "OCPError",
    "OCPHTTPClient", "OCPHeaders", "OCPRegistry", "OCPSchemaDiscovery", "OCPStorage", "OCPTool",
    "RegistryUnavailable", "Response", "SchemaDiscoveryError", "Transport", "TransportError",
    "ValidationError", "ValidationResult", "add_context_headers", "create_ocp_headers",
    "extract_context_from_response", "parse_context", "validate_and_fix_context",
    "validate_context",
]
