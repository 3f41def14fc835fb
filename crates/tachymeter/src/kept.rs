//! Values that outlive the call which gave them: a span keeps these until it ends, small ones in place.

use crate::Value;
use crate::emission::Pair;

const SHORT: usize = 22;
const INLINE: usize = 4;

#[derive(Clone, Debug)]
enum Kept {
    Plain(Value<'static>),
    /// Most texts are: a method, a status, a route.
    Short(u8, [u8; SHORT]),
    Long(Box<str>),
}

impl Kept {
    fn get(&self) -> Value<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Short(length, bytes) => {
                let text = bytes.get(..usize::from(*length)).and_then(|bytes| std::str::from_utf8(bytes).ok());
                Value::Str(text.unwrap_or_default())
            }
            Self::Long(text) => Value::Str(text),
        }
    }
}

impl From<Value<'_>> for Kept {
    fn from(value: Value<'_>) -> Self {
        Self::Plain(match value {
            Value::Int(value) => Value::Int(value),
            Value::Uint(value) => Value::Uint(value),
            Value::Float(value) => Value::Float(value),
            Value::Bool(value) => Value::Bool(value),
            Value::Duration(value) => Value::Duration(value),
            Value::Str(text) if text.len() <= SHORT => {
                let mut bytes = [0; SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                return Self::Short(text.len() as u8, bytes);
            }
            Value::Str(text) => return Self::Long(text.into()),
        })
    }
}

/// Pairs by key, each key once. The first few cost no allocation.
#[derive(Debug, Default)]
pub(crate) struct KeptPairs {
    inline: [Option<(&'static str, Kept)>; INLINE],
    more: Vec<(&'static str, Kept)>,
}

impl KeptPairs {
    /// The same key replaces.
    pub(crate) fn set(&mut self, key: &'static str, value: Value<'_>) {
        if let Some(known) = self.inline.iter_mut().flatten().chain(&mut self.more).find(|(known, _)| *known == key) {
            known.1 = value.into();
        } else if let Some(free) = self.inline.iter_mut().find(|place| place.is_none()) {
            *free = Some((key, value.into()));
        } else {
            self.more.push((key, value.into()));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.inline.iter().flatten().count() + self.more.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pair<'_>> {
        self.inline.iter().flatten().chain(&self.more).map(|(key, value)| (*key, value.get()))
    }
}

/// A list of pairs that is put together for one emission. A later value of a key replaces an earlier one.
pub(crate) struct Merge<'b, 'a> {
    room: &'b mut [Pair<'a>],
    used: usize,
}

impl<'a> Merge<'_, 'a> {
    /// Gives room for so many pairs, on the stack if they are few.
    pub(crate) fn with<R>(most: usize, run: impl FnOnce(Merge<'_, 'a>) -> R) -> R {
        const FREE: Pair<'static> = ("", Value::Bool(false));
        match most {
            0..=4 => run(Merge { room: &mut [FREE; 4], used: 0 }),
            5..=12 => run(Merge { room: &mut [FREE; 12], used: 0 }),
            _ => run(Merge { room: &mut vec![FREE; most], used: 0 }),
        }
    }

    pub(crate) fn put(&mut self, (key, value): Pair<'a>) {
        let place = self.room[..self.used].iter().position(|(known, _)| *known == key);
        let place = place.unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        self.room[place] = (key, value);
    }

    pub(crate) fn pairs(&self) -> &[Pair<'a>] {
        &self.room[..self.used]
    }
}
