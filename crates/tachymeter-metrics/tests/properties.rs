//! What holds for all numbers: the sketch's promise, the exactness of sums, and that the order of merging doesn't matter.

#[path = "conformance/exact.rs"]
mod exact;

use exact::exact_sum;
use proptest::prelude::*;
use tachymeter_metrics::{Sketch, Sum};

/// Values of one sign and kind that span no more than the nine decades which the promise covers.
fn values() -> impl Strategy<Value = Vec<f64>> {
    let spans = (-12i32..10)
        .prop_flat_map(|low| prop::collection::vec((0.0..9.0f64).prop_map(move |d| 10f64.powf(f64::from(low) + d)), 1..300));
    let narrow = (1e-9..1e9f64)
        .prop_flat_map(|centre| prop::collection::vec((-0.03..0.03f64).prop_map(move |d| centre * (1.0 + d)), 1..300));
    // The edges of the sketch's buckets are powers of two, cut into fifty.
    let edge = |(power, cut, step): (i32, u8, i8)| {
        let value = 2f64.powi(power) * (1.0 + f64::from(cut) / 50.0);
        match step {
            -1 => value.next_down(),
            0 => value,
            _ => value.next_up(),
        }
    };
    let edges = prop::collection::vec((-14i32..14, 0u8..50, -1i8..2).prop_map(edge), 1..300);
    let two = (1usize..150, 1usize..150).prop_map(|(a, b)| [vec![1e-3; a], vec![1e5; b]].concat());
    let signed = prop::collection::vec((prop::bool::ANY, 0.0..8.0f64), 1..300)
        .prop_map(|list| list.into_iter().map(|(up, d)| if up { 10f64.powf(d) } else { -(10f64.powf(d)) }).collect());
    let zeros = prop::collection::vec(prop_oneof![Just(0.0), Just(-0.0), 1.0..5.0f64], 1..300);
    prop_oneof![spans, narrow, edges, two, signed, zeros]
}

fn sketch(values: &[f64]) -> Sketch {
    let mut sketch = Sketch::new();
    values.iter().for_each(|&value| sketch.add(value));
    sketch
}

fn merged(parts: &[&Sketch]) -> Sketch {
    let mut all = Sketch::new();
    parts.iter().for_each(|part| all.merge(part));
    all
}

/// Everything that can be asked of a sketch of up to a thousand values.
fn answers(sketch: &Sketch) -> (u64, Vec<Option<f64>>) {
    (sketch.count(), (0..=1_000).map(|q| sketch.quantile(f64::from(q) / 1_000.0)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_quantile_is_within_the_promise(values in values(), q in 0.0..=1.0f64) {
        let sketch = sketch(&values);
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        for q in [q, 0.0, 0.5, 0.95, 0.99, 1.0] {
            let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
            let (exact, got) = (sorted[rank - 1], sketch.quantile(q).unwrap());
            prop_assert!((got - exact).abs() <= exact.abs() * Sketch::RELATIVE_ERROR * (1.0 + 1e-9), "q{}: {} for {}", q, got, exact);
        }
    }

    #[test]
    fn merging_is_associative_and_commutative(values in values(), cuts in (0.0..=1.0f64, 0.0..=1.0f64)) {
        let at = |share: f64| (share * values.len() as f64) as usize;
        let (low, high) = (at(cuts.0.min(cuts.1)), at(cuts.0.max(cuts.1)));
        let (a, b, c) = (sketch(&values[..low]), sketch(&values[low..high]), sketch(&values[high..]));
        let whole = answers(&sketch(&values));
        prop_assert_eq!(&answers(&merged(&[&merged(&[&a, &b]), &c])), &whole);
        prop_assert_eq!(&answers(&merged(&[&a, &merged(&[&b, &c])])), &whole);
        prop_assert_eq!(&answers(&merged(&[&c, &a, &b])), &whole);
        prop_assert_eq!(&answers(&merged(&[&b, &c, &a, &Sketch::new()])), &whole);
    }

    #[test]
    fn a_sketch_survives_its_bytes(values in values()) {
        let sketch = sketch(&values);
        let bytes = sketch.to_bytes();
        prop_assert_eq!(answers(&Sketch::from_bytes(&bytes).unwrap()), answers(&sketch));
    }

    #[test]
    fn bytes_that_are_no_sketch_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Some(sketch) = Sketch::from_bytes(&bytes) {
            prop_assert!(sketch.heap_bytes() < 100_000);
        }
    }

    /// Money, milliseconds, bytes: what is measured spans less than the 53 bits that the sum has on top of a float's own.
    #[test]
    fn a_sum_is_exact_to_the_last_bit_in_any_order(values in prop::collection::vec(-1e12..1e12f64, 0..200), cut in 0.0..=1.0f64) {
        let expected = exact_sum(&values);
        let add = |values: &[f64]| {
            let mut sum = Sum::default();
            values.iter().for_each(|&value| sum.add(value));
            sum
        };
        prop_assert_eq!(add(&values).value().to_bits(), (expected + 0.0).to_bits());
        let (front, back) = values.split_at((cut * values.len() as f64) as usize);
        let mut parts = add(back);
        parts.merge(add(front));
        prop_assert_eq!(parts.value().to_bits(), (expected + 0.0).to_bits());
    }
}
