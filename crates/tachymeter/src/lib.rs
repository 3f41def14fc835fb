//! Events, handlers and spans.
