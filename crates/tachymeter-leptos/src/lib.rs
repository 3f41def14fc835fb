//! Interactions, server functions, the stream and the dashboard for Leptos.
