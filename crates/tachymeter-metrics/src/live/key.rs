//! The identity of a series on the hot path: tag values as they come, compared and hashed without becoming text.
//!
//! Two keys may stand for one series, as 200 and "200" do. The directory knows which; a key is only a shortcut to it.

use std::hash::{BuildHasher, Hash, Hasher};
use std::time::Duration;

use hashbrown::DefaultHashBuilder;
use tachymeter::Value;

use super::limits::clip;
use crate::Datapoint;

/// The key of a series that was seen.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) hash: u64,
    metric: u32,
    tags: Box<[(Box<str>, Scalar)]>,
}

/// A tag value of one's own.
#[derive(Debug)]
enum Scalar {
    Uint(u64),
    Negative(i64),
    Float(u64),
    Bool(bool),
    Duration(Duration),
    Str(Box<str>),
}

/// A tag value on loan. Signed and unsigned numbers are one, as they look the same as text.
#[derive(Hash)]
enum Loan<'a> {
    Uint(u64),
    Negative(i64),
    Float(u64),
    Bool(bool),
    Duration(Duration),
    Str(&'a str),
}

fn lend(value: Value<'_>, tag_bytes: usize) -> Loan<'_> {
    match value {
        Value::Int(n) => u64::try_from(n).map_or(Loan::Negative(n), Loan::Uint),
        Value::Uint(n) => Loan::Uint(n),
        Value::Float(n) => Loan::Float(n.to_bits()),
        Value::Bool(is) => Loan::Bool(is),
        Value::Duration(duration) => Loan::Duration(duration),
        Value::Str(text) => Loan::Str(clip(text, tag_bytes)),
    }
}

impl Scalar {
    fn is(&self, loan: &Loan<'_>) -> bool {
        match (self, loan) {
            (Self::Str(a), Loan::Str(b)) => **a == **b,
            (Self::Uint(a), Loan::Uint(b)) | (Self::Float(a), Loan::Float(b)) => a == b,
            (Self::Negative(a), Loan::Negative(b)) => a == b,
            (Self::Bool(a), Loan::Bool(b)) => a == b,
            (Self::Duration(a), Loan::Duration(b)) => a == b,
            _ => false,
        }
    }
}

impl From<Loan<'_>> for Scalar {
    fn from(loan: Loan<'_>) -> Self {
        match loan {
            Loan::Uint(n) => Self::Uint(n),
            Loan::Negative(n) => Self::Negative(n),
            Loan::Float(bits) => Self::Float(bits),
            Loan::Bool(is) => Self::Bool(is),
            Loan::Duration(duration) => Self::Duration(duration),
            Loan::Str(text) => Self::Str(text.into()),
        }
    }
}

impl Key {
    pub(super) fn new(hash: u64, metric: u32, datapoint: &Datapoint<'_>, tag_bytes: usize) -> Self {
        let mut tags = Vec::new();
        datapoint.for_each_tag(|key, value| tags.push((key.into(), lend(value, tag_bytes).into())));
        Self {
            hash,
            metric,
            tags: tags.into(),
        }
    }

    pub(super) fn is_of(&self, metric: u32, datapoint: &Datapoint<'_>, tag_bytes: usize) -> bool {
        if self.metric != metric {
            return false;
        }
        let (mut at, mut same) = (0, true);
        datapoint.for_each_tag(|key, value| {
            same = same
                && self
                    .tags
                    .get(at)
                    .is_some_and(|(name, own)| **name == *key && own.is(&lend(value, tag_bytes)));
            at += 1;
        });
        same && at == self.tags.len()
    }
}

/// Seeded at random per store: tag values may come from strangers.
pub(super) fn hash(
    seed: &DefaultHashBuilder,
    metric: u32,
    datapoint: &Datapoint<'_>,
    tag_bytes: usize,
) -> u64 {
    let mut hasher = seed.build_hasher();
    hasher.write_u32(metric);
    datapoint.for_each_tag(|key, value| {
        // Keys that differ and have one length are told apart by `is_of`.
        hasher.write_usize(key.len());
        lend(value, tag_bytes).hash(&mut hasher);
    });
    hasher.finish()
}
