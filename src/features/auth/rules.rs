//! What an email and a new password must be. The server decides; the form says it while one types.

use super::model::PasswordRules;

/// The longest address that mail systems carry.
const EMAIL_MAX: usize = 254;

/// How an address is stored and compared.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Why this can't be an address, as a sentence. Only mail that arrives proves one; this catches slips.
pub fn email_problem(email: &str) -> Option<&'static str> {
    if email.is_empty() {
        return Some("Enter your email address.");
    }
    let looks_right = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && !email.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    match (looks_right, email.len() <= EMAIL_MAX) {
        (false, _) => Some("Enter an email address such as name@example.org."),
        (true, false) => Some("That email address is too long. The longest one has 254 characters."),
        (true, true) => None,
    }
}

/// Why this can't be a new password, as a sentence. Whether others know it is asked elsewhere.
pub fn password_problem(password: &str, email: &str, rules: PasswordRules) -> Option<String> {
    let length = password.chars().count();
    let PasswordRules { min, max } = rules;
    if length == 0 {
        return Some("Choose a password.".into());
    }
    if length < min {
        return Some(format!("That is {length} characters. A password needs at least {min}."));
    }
    if length > max {
        return Some(format!("That is {length} characters. A password has at most {max}."));
    }
    let plain = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default();
    if !email.is_empty() && (plain == email || plain == local) {
        return Some("That is your email address, which others can guess. Choose something else.".into());
    }
    if password.chars().all(|c| password.starts_with(c)) {
        return Some("That is one character again and again. Choose something harder to guess.".into());
    }
    None
}

/// How far a password being typed has come, for the meter under its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// From 0 (nothing) to 4 (long and varied).
    pub level: u8,
    /// Why it isn't more, or that it is fine.
    pub advice: String,
}

/// Judges a password while it is typed: length counts most, as it does for those who guess.
pub fn progress(password: &str, email: &str, rules: PasswordRules) -> Progress {
    let length = password.chars().count();
    if length == 0 {
        return Progress { level: 0, advice: format!("At least {} characters. A few unrelated words are good.", rules.min) };
    }
    if length < rules.min {
        let missing = rules.min - length;
        let characters = if missing == 1 { "character" } else { "characters" };
        return Progress { level: 1, advice: format!("Too short: {missing} more {characters}.") };
    }
    if let Some(problem) = password_problem(password, &normal_email(email), rules) {
        return Progress { level: 1, advice: problem };
    }
    let mut seen: Vec<char> = password.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    match (length, seen.len()) {
        (_, 0..6) => Progress { level: 2, advice: "Few different characters: easier to guess than it is long.".into() },
        (0..14, _) => Progress { level: 3, advice: "Good. Longer is better still.".into() },
        _ => Progress { level: 4, advice: "Strong.".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PasswordRules = PasswordRules { min: 10, max: 128 };

    #[test]
    fn addresses() {
        for good in ["a@b", "first.last+tag@mail.example.org", "ü@example.org"] {
            assert_eq!(email_problem(good), None, "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c.d", "a@b..c", "a@.c", "a@c."] {
            assert!(email_problem(bad).is_some(), "{bad}");
        }
        assert!(email_problem(&format!("{}@example.org", "a".repeat(300))).is_some());
        assert_eq!(normal_email("  Me@Example.ORG "), "me@example.org");
        assert_eq!(normal_email("JÜRGEN@Example.org"), "jürgen@example.org", "of every alphabet");
    }

    #[test]
    fn passwords() {
        let problem = |password: &str| password_problem(password, "somebody.long@example.org", RULES);
        assert_eq!(problem("correct horse"), None);
        assert_eq!(problem("pässwörter"), None, "characters count, not bytes");
        assert!(problem("short").is_some_and(|text| text.contains("at least 10")));
        assert!(problem(&"x1".repeat(65)).is_some_and(|text| text.contains("at most 128")));
        assert!(problem("somebody.long").is_some());
        assert!(problem("Somebody.Long@example.org").is_some());
        assert!(password_problem("JÜRGEN.MÜLLER", "jürgen.müller@example.org", RULES).is_some());
        assert!(problem("aaaaaaaaaaaa").is_some());
    }

    #[test]
    fn the_meter_says_why() {
        assert_eq!(progress("", "", RULES).level, 0);
        assert_eq!(progress("123456789", "", RULES).advice, "Too short: 1 more character.");
        assert_eq!(progress("abababababab", "", RULES).level, 2);
        assert_eq!(progress("correct horse", "", RULES).level, 3);
        assert_eq!(progress("correct horse battery", "", RULES).level, 4);
    }
}
