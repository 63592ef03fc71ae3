//! Rules that chance rarely reaches, as tables.
