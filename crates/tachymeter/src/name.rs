//! Names and keys, checked by `const` functions: the macros call them while the program is compiled.

/// Dotted segments, none empty, of lower-case letters, digits and underscores.
pub const fn is_name(name: &str) -> bool {
    let name = name.as_bytes();
    let mut segment = 0;
    let mut i = 0;
    while i < name.len() {
        match name[i] {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => segment += 1,
            b'.' if segment > 0 => segment = 0,
            _ => return false,
        }
        i += 1;
    }
    segment > 0
}

/// Whether `key` is one of `keys`.
pub const fn contains(keys: &[&str], key: &str) -> bool {
    let mut i = 0;
    while i < keys.len() {
        if same(keys[i].as_bytes(), key.as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether every key is there only once.
pub const fn distinct(keys: &[&str]) -> bool {
    let mut rest = keys;
    while let [first, others @ ..] = rest {
        if contains(others, first) {
            return false;
        }
        rest = others;
    }
    true
}

/// Whether the two lists have no key in common.
pub const fn disjoint(left: &[&str], right: &[&str]) -> bool {
    let mut i = 0;
    while i < left.len() {
        if contains(right, left[i]) {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Whether `name` is `prefix` or begins with its segments; everything begins with `""`.
pub(crate) fn is_under(name: &str, prefix: &str) -> bool {
    prefix.is_empty() || name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
