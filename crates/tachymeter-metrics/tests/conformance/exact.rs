//! Sums to compare with.

/// The float nearest to the sum of all, by Shewchuk's partial sums: slow, and certainly right.
pub(crate) fn exact_sum(values: &[f64]) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for &value in values {
        let (mut x, mut kept) = (value, Vec::new());
        for &y in &partials {
            let (big, small) = if x.abs() >= y.abs() { (x, y) } else { (y, x) };
            let sum = big + small;
            let lost = small - (sum - big);
            if lost != 0.0 {
                kept.push(lost);
            }
            x = sum;
        }
        kept.push(x);
        partials = kept;
    }
    rounded(&partials)
}

/// Rounds once what the parts, from the least to the greatest, are together.
fn rounded(parts: &[f64]) -> f64 {
    let mut rest = parts.iter().rev();
    let mut high = rest.next().copied().unwrap_or(0.0);
    let mut low = 0.0;
    while let Some(part) = rest.next().filter(|_| low == 0.0) {
        let sum = high + part;
        low = part - (sum - high);
        high = sum;
        // Half a unit off: what is left says which way to round.
        if rest.clone().next().is_some_and(|next| low != 0.0 && low.signum() == next.signum()) {
            let up = high + low * 2.0;
            high = if up - high == low * 2.0 { up } else { high };
        }
    }
    high
}
