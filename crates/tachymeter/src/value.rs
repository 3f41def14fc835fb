//! What a measurement or a piece of metadata may be.

use std::fmt;
use std::time::Duration;

/// A measurement or a piece of metadata, borrowed from the place that emits it.
///
/// ```
/// use std::time::Duration;
/// use tachymeter::Value;
///
/// assert_eq!(Value::from(3u8), Value::Uint(3));
/// assert_eq!(Value::from(Duration::from_millis(250)).as_f64(), Some(0.25)); // seconds
/// assert_eq!(Value::from("ok").as_f64(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A duration.
    Duration(Duration),
    /// A text.
    Str(&'a str),
}

impl<'a> Value<'a> {
    /// The number it is, durations in seconds; `None` for booleans and texts.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Int(value) => Some(value as f64),
            Self::Uint(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Duration(value) => Some(value.as_secs_f64()),
            Self::Bool(_) | Self::Str(_) => None,
        }
    }

    /// The text it is, if it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Uint(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Duration(value) => fmt::Debug::fmt(value, f),
            Self::Str(text) => text.fmt(f),
        }
    }
}

macro_rules! from_number {
    ($($variant:ident($wide:ty) from $($narrow:ty)+;)+) => {$($(
        impl From<$narrow> for Value<'_> {
            fn from(value: $narrow) -> Self {
                Self::$variant(value as $wide)
            }
        }
    )+)+};
}

from_number! {
    Int(i64) from i8 i16 i32 i64 isize;
    Uint(u64) from u8 u16 u32 u64 usize;
    Float(f64) from f32 f64;
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Duration> for Value<'_> {
    fn from(value: Duration) -> Self {
        Self::Duration(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Str(text)
    }
}
