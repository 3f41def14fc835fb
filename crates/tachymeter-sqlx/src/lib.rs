//! A measured sqlx executor.
