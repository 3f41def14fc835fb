//! Values that outlive the call which gave them: a span keeps these until it ends, small ones in place.

use crate::Value;
use crate::emission::Pair;

/// How many pairs, and how many bytes of text, cost no allocation. Most texts are short: a method, a route, a request's id.
const INLINE: usize = 4;
const TEXT: usize = 96;

#[derive(Debug)]
enum Kept {
    Plain(Value<'static>),
    /// Where it stands in the text of all.
    Short(u8, u8),
    Long(Box<str>),
}

/// Pairs by key, each key once.
#[derive(Debug)]
pub(crate) struct KeptPairs {
    inline: [Option<(&'static str, Kept)>; INLINE],
    /// How many of those are there, from the front.
    used: usize,
    more: Vec<(&'static str, Kept)>,
    text: [u8; TEXT],
    written: usize,
}

impl KeptPairs {
    pub(crate) const fn new() -> Self {
        Self { inline: [const { None }; INLINE], used: 0, more: Vec::new(), text: [0; TEXT], written: 0 }
    }

    /// The same key replaces.
    #[inline]
    pub(crate) fn set(&mut self, key: &'static str, value: Value<'_>) {
        let kept = self.keep(value);
        let (used, _) = self.inline.split_at_mut(self.used);
        if let Some(known) = used.iter_mut().flatten().chain(&mut self.more).find(|(known, _)| same(known, key)) {
            known.1 = kept;
        } else if let Some(free) = self.inline.get_mut(self.used) {
            *free = Some((key, kept));
            self.used += 1;
        } else {
            self.more.push((key, kept));
        }
    }

    #[inline]
    fn keep(&mut self, value: Value<'_>) -> Kept {
        Kept::Plain(match value {
            Value::Int(value) => Value::Int(value),
            Value::Uint(value) => Value::Uint(value),
            Value::Float(value) => Value::Float(value),
            Value::Bool(value) => Value::Bool(value),
            Value::Duration(value) => Value::Duration(value),
            Value::Str(text) => {
                let (start, end) = (self.written, self.written + text.len());
                let Some(room) = self.text.get_mut(start..end) else { return Kept::Long(text.into()) };
                room.copy_from_slice(text.as_bytes());
                self.written = end;
                return Kept::Short(start as u8, end as u8);
            }
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.used + self.more.len()
    }

    /// Puts all into a list that is empty yet.
    #[inline]
    pub(crate) fn put_into<'a>(&'a self, merge: &mut Merge<'_, 'a>) {
        // Once for all: what was written are whole texts.
        let texts = std::str::from_utf8(&self.text[..self.written]).unwrap_or_default();
        for (key, kept) in self.inline.iter().take(self.used).flatten().chain(&self.more) {
            // Each arm writes its value where it belongs, without a copy in between.
            match kept {
                Kept::Plain(value) => merge.push((key, *value)),
                Kept::Short(start, end) => {
                    let text = texts.get(usize::from(*start)..usize::from(*end)).unwrap_or_default();
                    merge.push((key, Value::Str(text)));
                }
                Kept::Long(text) => merge.push((key, Value::Str(text))),
            }
        }
    }
}

/// Keys are literals as a rule, so that equal ones are often the same, and different ones of one length differ at once.
#[inline]
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (std::ptr::eq(a, b) || (a.as_bytes().first() == b.as_bytes().first() && a == b))
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
            0..=2 => run(Merge { room: &mut [FREE; 2], used: 0 }),
            3..=4 => run(Merge { room: &mut [FREE; 4], used: 0 }),
            5..=12 => run(Merge { room: &mut [FREE; 12], used: 0 }),
            _ => run(Merge { room: &mut vec![FREE; most], used: 0 }),
        }
    }

    /// A key that is not there yet.
    #[inline]
    pub(crate) fn push(&mut self, pair: Pair<'a>) {
        self.room[self.used] = pair;
        self.used += 1;
    }

    #[inline]
    pub(crate) fn put(&mut self, (key, value): Pair<'a>) {
        match self.room[..self.used].iter_mut().find(|(known, _)| same(known, key)) {
            Some(known) => known.1 = value,
            None => self.push((key, value)),
        }
    }

    pub(crate) fn pairs(&self) -> &[Pair<'a>] {
        &self.room[..self.used]
    }
}
