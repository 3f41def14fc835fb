//! The server's side of the prefix: makes one for each page, and knows its own again.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tachymeter::TraceId;

/// Of this process. The standard library's keyed hash is SipHash, which was made for short messages like these: good enough to refuse what
/// was made up, and nothing more depends on it. Who wants a valid prefix can load a page.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Counts the pages; hashed under the key it is a number that nobody guesses.
static PAGES: AtomicU64 = AtomicU64::new(0);

/// What is hashed, so that the two never hash the same. Numbers, for every span of a trace is looked at.
const PAGE: u64 = 1;
const SEAL: u64 = 2;

/// A new page's prefix, as 16 hex digits.
pub(crate) fn issue() -> String {
    let random = KEY.hash_one((PAGE, PAGES.fetch_add(1, Ordering::Relaxed))) as u32;
    format!("{random:08x}{:08x}", seal(random))
}

fn seal(random: u32) -> u32 {
    KEY.hash_one((SEAL, u64::from(random))) as u32
}

/// Reads a prefix that this process has issued; `None` for any other text.
pub(crate) fn read(text: &str) -> Option<[u8; 8]> {
    let digits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let prefix = u64::from_str_radix(text, 16).ok().filter(|_| digits)?;
    is_ours(prefix).then_some(prefix.to_be_bytes())
}

/// Whether a trace began in a page of this process.
pub(crate) fn is_of_a_page(trace: TraceId) -> bool {
    let [prefix @ .., _, _, _, _, _, _, _, _] = trace.0;
    is_ours(u64::from_be_bytes(prefix))
}

fn is_ours(prefix: u64) -> bool {
    // The events of one request come one after the other.
    thread_local!(static LAST: Cell<(u64, bool)> = const { Cell::new((0, false)) });
    match LAST.try_with(Cell::get) {
        Ok((last, ours)) if last == prefix && last != 0 => ours,
        _ => {
            let ours = seal((prefix >> 32) as u32) == prefix as u32;
            _ = LAST.try_with(|known| known.set((prefix, ours)));
            ours
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_was_issued_is_known_and_nothing_else() {
        let issued: HashSet<String> = (0..1_000).map(|_| issue()).collect();
        assert_eq!(issued.len(), 1_000, "each page has its own");
        let one = issue();
        assert!(read(&one).is_some());
        let mut changed = one.clone().into_bytes();
        for place in 0..16 {
            let before = changed[place];
            changed[place] = if before == b'0' { b'1' } else { b'0' };
            assert_eq!(read(std::str::from_utf8(&changed).expect("text")), None, "digit {place} of {one}");
            changed[place] = before;
        }
        for nonsense in ["", "0", "+000000000000000", &one[1..], &one.to_uppercase(), &format!("{one}0"), "zzzzzzzzzzzzzzzz"] {
            assert!(read(nonsense).is_none() || nonsense == one, "{nonsense}");
        }
    }

    #[test]
    fn a_trace_is_known_by_its_first_half() {
        let prefix = read(&issue()).expect("just issued");
        let mut trace = TraceId([9; 16]);
        assert!(!is_of_a_page(trace));
        trace.0[..8].copy_from_slice(&prefix);
        assert!(is_of_a_page(trace));
    }
}
