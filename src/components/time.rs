//! Durations as a person reads them.

/// Milliseconds as text: `420 µs`, `4.2 ms`, `1.013 s`.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if !ms.is_finite() => "—".to_owned(),
        ms if ms >= 1000.0 => format!("{:.3} s", ms / 1000.0),
        ms if ms >= 100.0 => format!("{ms:.0} ms"),
        ms if ms >= 1.0 || ms == 0.0 => format!("{ms:.1} ms"),
        ms => format!("{:.0} µs", ms * 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations_read_well() {
        assert_eq!(milliseconds(1013.2), "1.013 s");
        assert_eq!(milliseconds(104.6), "105 ms");
        assert_eq!(milliseconds(4.24), "4.2 ms");
        assert_eq!(milliseconds(0.42), "420 µs");
        assert_eq!(milliseconds(f64::NAN), "—");
    }
}
