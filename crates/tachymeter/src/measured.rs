//! What functions under [`measured`](crate::measured) call, besides what everybody may.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::{Context, Value};

/// What can be recorded where it is, without a conversion by hand.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` can't be recorded as metadata",
    label = "no number, duration, boolean or text",
    note = "write `key = expression` with an expression that is one, for example `id = user.id`"
)]
pub trait AsValue {
    /// The value, borrowed.
    fn as_value(&self) -> Value<'_>;
}

macro_rules! as_value {
    (copied: $($plain:ty)+; behind: $([$($generic:tt)*] $pointer:ty),+;) => {
        $(impl AsValue for $plain {
            fn as_value(&self) -> Value<'_> {
                Value::from(*self)
            }
        })+
        $(impl<$($generic)*> AsValue for $pointer {
            fn as_value(&self) -> Value<'_> {
                (**self).as_value()
            }
        })+
    };
}

as_value! {
    copied: i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64 bool Duration Value<'_>;
    behind: [T: AsValue + ?Sized] &T, [T: AsValue + ?Sized] &mut T, [T: AsValue + ?Sized] Box<T>, [T: AsValue + ?Sized] Rc<T>,
        [T: AsValue + ?Sized] Arc<T>, [] Cow<'_, str>, [] String;
}

impl AsValue for str {
    fn as_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

/// What `err` may stand on.
#[diagnostic::on_unimplemented(
    message = "`err` needs a `Result`, and this function returns `{Self}`",
    label = "leave `err` out, or write `-> Result<..>`"
)]
pub trait Outcome {
    /// The metadata `outcome`.
    fn outcome(&self) -> Value<'static>;
}

impl<T, E> Outcome for Result<T, E> {
    fn outcome(&self) -> Value<'static> {
        Value::Str(if self.is_ok() { "ok" } else { "error" })
    }
}

/// [`WithContext`](crate::WithContext) for a future that is pinned where it is: no allocation.
pub fn follow<F: Future>(mut future: Pin<&mut F>, context: Context) -> impl Future<Output = F::Output> {
    poll_fn(move |cx| context.in_scope(|| future.as_mut().poll(cx)))
}
