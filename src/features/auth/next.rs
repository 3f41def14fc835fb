//! Where a person goes after signing in: back to where they came from, if that is one of our pages.

/// Where one ends without having come from anywhere.
pub const HOME: &str = "/account";

/// The wanted page if it is a path on this site, else the account page.
///
/// A browser reads `//host` and `/\host` as another site, and drops tabs and line breaks before it looks.
pub fn safe_next(wanted: Option<&str>) -> String {
    let is_path = |path: &&str| {
        let second = path.as_bytes().get(1);
        path.starts_with('/')
            && !matches!(second, Some(b'/' | b'\\'))
            && path.bytes().all(|byte| byte.is_ascii_graphic())
            && !path.starts_with("/sign-in")
            && !path.starts_with("/sign-up")
            && !path.starts_with("/api/")
    };
    wanted.filter(is_path).unwrap_or(HOME).to_owned()
}

/// The sign-in page that leads back to a page of ours.
pub fn sign_in_for(path: &str) -> String {
    let escaped: String = path
        .chars()
        .map(|c| match c {
            '&' => "%26".into(),
            '#' => "%23".into(),
            '%' => "%25".into(),
            '+' => "%2B".into(),
            ' ' => "%20".into(),
            _ => c.to_string(),
        })
        .collect();
    format!("/sign-in?next={escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_on_this_site() {
        assert_eq!(safe_next(Some("/dashboard?range=5m")), "/dashboard?range=5m");
        for bad in ["", "dashboard", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/sign-in"]
        {
            assert_eq!(safe_next(Some(bad)), HOME, "{bad:?}");
        }
        assert_eq!(safe_next(None), HOME);
    }

    #[test]
    fn a_query_survives_the_detour() {
        assert_eq!(sign_in_for("/dashboard?a=1&b=2"), "/sign-in?next=/dashboard?a=1%26b=2");
    }
}
