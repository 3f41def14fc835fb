//! Random ids. They tell spans apart; they are no secrets.

use std::cell::Cell;

thread_local! {
    static STATE: Cell<u64> = Cell::new(seed());
}

/// Never zero: W3C Trace Context reserves that for "invalid".
pub(crate) fn next() -> u64 {
    STATE.with(|state| {
        // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
        loop {
            state.set(state.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
            let mut id = state.get();
            id = (id ^ (id >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            id = (id ^ (id >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            id ^= id >> 31;
            if id != 0 {
                return id;
            }
        }
    })
}

/// The standard library seeds its hash maps at random, per thread.
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::thread::current().id())
}

/// In a browser it doesn't, so the page is asked.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn seed() -> u64 {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = Math, js_name = random)]
        fn math_random() -> f64;
    }
    let half = || (math_random() * f64::from(u32::MAX)) as u64;
    half() << 32 | half()
}
