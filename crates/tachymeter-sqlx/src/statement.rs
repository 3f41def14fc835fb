//! The text of a statement, for those who want it in their events.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::error::BoxDynError;
use sqlx::{Database, Execute, SqlStr};

static TOLD: AtomicBool = AtomicBool::new(false);

/// Whether events have the metadata `statement`, from now on and in the whole program: the text as it is sent, without the values that
/// are bound to it. It is off by default: a text that was put together by hand may hold data, and every different one is another value.
///
/// ```
/// tachymeter_sqlx::tell_statements(cfg!(debug_assertions));
/// ```
pub fn tell_statements(on: bool) {
    TOLD.store(on, Ordering::Relaxed);
}

/// Where a query leaves its text on its way to the database; `None` while nobody wants it.
pub(crate) type Text = Option<Arc<OnceLock<SqlStr>>>;

pub(crate) fn place() -> Text {
    TOLD.load(Ordering::Relaxed).then(Arc::default)
}

/// A query that leaves its text. A query gives its text away only once, to its connection, so it is noted in passing.
pub(crate) struct Told<E> {
    pub(crate) query: E,
    pub(crate) text: Text,
}

impl<'q, DB: Database, E: Execute<'q, DB>> Execute<'q, DB> for Told<E> {
    fn sql(self) -> SqlStr {
        let sql = self.query.sql();
        if let Some(text) = self.text {
            _ = text.set(sql.clone());
        }
        sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.query.persistent()
    }
}
