//! The identity of a series on the hot path: tag values as they come, compared and hashed without becoming text.
//!
//! Two keys may stand for one series, as 200 and "200" do. The directory knows which; a key is only a shortcut to it.

use std::hash::{BuildHasher, Hash, Hasher};
use std::time::Duration;

use hashbrown::DefaultHashBuilder;
use tachymeter::Value;

use super::limits::clip;
use crate::Datapoint;
use crate::definition::Tags;
use crate::extract::NO_SLOT;

/// Tags by key that are handled without a detour.
const SLOTS: usize = 4;

/// The key of a series that was seen.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) hash: u64,
    metric: u32,
    tags: Box<[Tag]>,
}

#[derive(Debug)]
struct Tag {
    slot: usize,
    /// Only compared where there is no slot that says the same.
    name: Box<str>,
    value: Scalar,
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
#[derive(Clone, Copy)]
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

impl Loan<'_> {
    /// Different kinds may have one hash, and so may the same value under different keys: comparing tells them apart.
    #[inline]
    fn feed(self, hasher: &mut impl Hasher) {
        match self {
            Self::Uint(n) | Self::Float(n) => hasher.write_u64(n),
            Self::Negative(n) => hasher.write_i64(n),
            Self::Bool(is) => hasher.write_u8(is.into()),
            Self::Duration(duration) => duration.hash(hasher),
            Self::Str(text) => hasher.write(text.as_bytes()),
        }
    }
}

impl Key {
    fn is_of(&self, metric: u32, tags: &Tagged<'_>, tag_bytes: usize) -> bool {
        if self.metric != metric {
            return false;
        }
        let mut own = self.tags.iter();
        match tags {
            Tagged::Slots(slots) => {
                for (slot, value) in slots.iter().enumerate() {
                    let Some(value) = value else { continue };
                    let Some(tag) = own.next() else { return false };
                    if tag.slot != slot || !tag.value.is(&lend(**value, tag_bytes)) {
                        return false;
                    }
                }
                own.next().is_none()
            }
            Tagged::Any(datapoint) => {
                let mut same = true;
                datapoint.for_each_slot(|slot, name, value| {
                    same = same
                        && own.next().is_some_and(|tag| {
                            tag.slot == slot && (slot != NO_SLOT || *tag.name == *name) && tag.value.is(&lend(value, tag_bytes))
                        });
                });
                same && own.next().is_none()
            }
        }
    }
}

/// A datapoint's tags, looked up if that is simple.
enum Tagged<'a> {
    /// By reference: a copy of a value that was just found makes the processor wait.
    Slots([Option<&'a Value<'a>>; SLOTS]),
    Any(&'a Datapoint<'a>),
}

/// The values by slot, for the common case of a few tags by key: each is looked up once, then hashed and compared.
#[inline]
fn slots<'a>(datapoint: &'a Datapoint<'a>) -> Option<[Option<&'a Value<'a>>; SLOTS]> {
    let Tags::Keys(keys) = &datapoint.metric().tags else { return None };
    if keys.len() > SLOTS {
        return None;
    }
    let metadata = datapoint.emission().metadata();
    let mut slots = [None; SLOTS];
    for (slot, key) in slots.iter_mut().zip(keys) {
        *slot = metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    }
    Some(slots)
}

/// What a key is looked for by.
pub(super) struct Wanted<'a> {
    pub(super) hash: u64,
    metric: u32,
    tag_bytes: usize,
    tags: Tagged<'a>,
}

impl<'a> Wanted<'a> {
    /// The seed is random per store: tag values may come from strangers.
    #[inline]
    pub(super) fn new(seed: &DefaultHashBuilder, metric: u32, datapoint: &'a Datapoint<'a>, tag_bytes: usize) -> Self {
        let mut hasher = seed.build_hasher();
        hasher.write_u32(metric);
        let tags = match slots(datapoint) {
            Some(slots) => {
                let values = slots.iter().flatten();
                values.for_each(|value| lend(**value, tag_bytes).feed(&mut hasher));
                Tagged::Slots(slots)
            }
            None => {
                let feed = |_, _: &str, value: Value<'_>| lend(value, tag_bytes).feed(&mut hasher);
                datapoint.for_each_slot(feed);
                Tagged::Any(datapoint)
            }
        };
        Self { hash: hasher.finish(), metric, tag_bytes, tags }
    }

    #[inline]
    pub(super) fn is(&self, key: &Key) -> bool {
        key.hash == self.hash && key.is_of(self.metric, &self.tags, self.tag_bytes)
    }

    /// A key to be found by the next time.
    pub(super) fn to_key(&self, datapoint: &Datapoint<'_>) -> Key {
        let mut tags = Vec::new();
        datapoint.for_each_slot(|slot, name, value| {
            tags.push(Tag { slot, name: name.into(), value: lend(value, self.tag_bytes).into() });
        });
        Key { hash: self.hash, metric: self.metric, tags: tags.into() }
    }
}
