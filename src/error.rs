//! The one error that server functions return: what a person can act on, and nothing about our insides.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::PostcardEncoding;
use serde::{Deserialize, Serialize};

/// What is wrong with one field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's `name` attribute.
    pub field: String,
    /// What happened and what to do next, as a sentence.
    pub message: String,
}

/// Why a server function did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AppError {
    /// Fields that a person can correct.
    #[error("{}", join(fields))]
    Invalid {
        /// Every field that is wrong, in the form's order.
        fields: Vec<FieldError>,
    },
    /// Somebody else has it already.
    #[error("{message}")]
    Conflict {
        /// The field whose value is taken.
        field: String,
        /// What happened and what to do next, as a sentence.
        message: String,
    },
    /// Sign-in was tried with a pair that doesn't match. Deliberately the same for an unknown account.
    #[error("That email and password don't match an account. Check both and try again.")]
    WrongCredentials,
    /// Only for people who have signed in.
    #[error("Sign in to continue.")]
    Unauthorized,
    /// Signed in, but not allowed to do this.
    #[error("Your account isn't allowed to see this.")]
    Forbidden,
    /// A limit was reached.
    #[error("Too many attempts. Try again in {}.", wait(*.seconds))]
    TooManyRequests {
        /// When it is worth trying again.
        seconds: u64,
    },
    /// The request doesn't have the arguments of this function.
    #[error("That request could not be read. Reload the page and try again.")]
    BadRequest,
    /// The browser did not get an answer.
    #[error("The server can't be reached. Check your connection and try again.")]
    Unreachable,
    /// Our fault. The cause is in the server's log, never in the answer.
    #[error("Something went wrong on our side. Try again in a moment.")]
    Internal,
}

impl AppError {
    /// One field that a person can correct.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self::Invalid { fields: vec![FieldError { field, message }] }
    }

    /// What this error says about a field, if anything.
    pub fn for_field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Invalid { fields } => fields.iter().find(|f| f.field == name).map(|f| f.message.as_str()),
            Self::Conflict { field, message } if field == name => Some(message),
            _ => None,
        }
    }

    /// The HTTP status that an answer with this error has.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid { .. } => 422,
            Self::Conflict { .. } => 409,
            Self::WrongCredentials | Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::TooManyRequests { .. } => 429,
            Self::BadRequest => 400,
            Self::Unreachable | Self::Internal => 500,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = PostcardEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

fn join(fields: &[FieldError]) -> String {
    fields.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join(" ")
}

fn wait(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".into(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_finds_its_own_message() {
        let error = AppError::Conflict { field: "email".into(), message: "Taken.".into() };
        assert_eq!(error.for_field("email"), Some("Taken."));
        assert_eq!(error.for_field("password"), None);
        assert_eq!(AppError::invalid("password", "Too short.").to_string(), "Too short.");
    }

    #[test]
    fn waiting_is_said_in_words() {
        assert_eq!(AppError::TooManyRequests { seconds: 40 }.to_string(), "Too many attempts. Try again in 40 seconds.");
        assert_eq!(AppError::TooManyRequests { seconds: 100 }.to_string(), "Too many attempts. Try again in 2 minutes.");
    }
}
