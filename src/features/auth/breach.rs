//! Has this password been stolen somewhere? Asked without telling it.

use super::EXTERNAL_REQUEST;
use super::guard::Guard;
use sha1::{Digest, Sha1};

/// More than a whole range has; what is longer is no answer of such a list.
const MAX_ANSWER: usize = 512 * 1024;

/// Whether the list knows the password. It gets five characters of the SHA-1, and answers with all that begin so.
/// No answer in time means no: a list that is down must not keep people out.
pub async fn is_known(guard: &Guard, password: &str) -> bool {
    let digest: String = Sha1::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect();
    let (prefix, suffix) = digest.split_at(5);
    match fetch_range(guard, prefix).await {
        Ok(range) => contains(&range, suffix),
        Err(error) => {
            tracing::warn!(%error, "the breach list gave no answer; going on without it");
            false
        }
    }
}

/// The one request that leaves this server, measured.
async fn fetch_range(guard: &Guard, prefix: &str) -> Result<String, reqwest::Error> {
    let span = EXTERNAL_REQUEST.start(&[("host", (&guard.breach_list_host).into())]);
    let outcome = request_range(guard, prefix).await;
    match &outcome {
        Ok(_) => span.stop(&[], &[("outcome", "ok".into())]),
        Err(error) if error.is_timeout() => span.stop(&[], &[("outcome", "timeout".into())]),
        Err(_) => span.stop(&[], &[("outcome", "error".into())]),
    }
    outcome
}

async fn request_range(guard: &Guard, prefix: &str) -> Result<String, reqwest::Error> {
    let url = format!("{}{prefix}", guard.breach_list_url);
    // Padding hides from the network which range it was.
    let mut answer = guard.http.get(url).header("Add-Padding", "true").send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Lines are `SUFFIX:COUNT`; padding has the count 0.
fn contains(range: &str, suffix: &str) -> bool {
    let entry = |line: &str| line.trim().split_once(':').map(|(found, count)| (found.to_owned(), count != "0"));
    range.lines().filter_map(entry).any(|(found, counts)| counts && found.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn padding_is_no_hit() {
        let range = "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:0\r\nnonsense";
        assert!(contains(range, "0018A45C4D1DEF81644B54AB7F969B88D65"));
        assert!(!contains(range, "00D4F6E8FA6EECAD2A3AA415EEC418D38EC"));
        assert!(!contains(range, "0018A45C4D1DEF81644B54AB7F969B88D66"));
        assert!(!contains("<html>", "0018A45C4D1DEF81644B54AB7F969B88D65"));
    }
}
