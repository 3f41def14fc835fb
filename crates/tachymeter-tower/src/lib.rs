//! A tower Layer for requests.
