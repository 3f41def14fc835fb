//! What the landing page shows of the running server.

use serde::{Deserialize, Serialize};

/// Three facts about the server that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How long it has been running.
    pub uptime_seconds: u64,
    /// How many accounts it has.
    pub users: u64,
    /// Which version it is.
    pub version: String,
}

/// A time span in its two largest units, for people.
pub fn humanise(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::humanise;

    #[test]
    fn two_largest_units() {
        assert_eq!(humanise(7), "7 s");
        assert_eq!(humanise(125), "2 min 5 s");
        assert_eq!(humanise(7260), "2 h 1 min");
        assert_eq!(humanise(90_000), "1 d 1 h");
    }
}
