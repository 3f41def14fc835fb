//! What Leptos.toml may say, and how a refusal reads.

use std::path::Path;
use std::process::Command;
use tachymeter_app::server::config::{Config, ConfigError};

const SHIPPED: &str = include_str!("../Leptos.toml");

/// The shipped file with one line changed.
fn with(line: &str, instead: &str) -> Result<Config, ConfigError> {
    assert!(SHIPPED.contains(line), "{line}");
    Config::from_toml(&SHIPPED.replace(line, instead))
}

fn refusal(line: &str, instead: &str) -> String {
    with(line, instead).expect_err(instead).to_string()
}

#[test]
fn the_shipped_file_is_valid_and_every_key_has_a_comment() {
    let config = Config::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml"))).expect("valid");
    assert_eq!(config.server.address.to_string(), "127.0.0.1:3000");
    let lines: Vec<&str> = SHIPPED.lines().collect();
    let mut commented = false;
    for line in lines {
        match line {
            "" => commented = false,
            line if line.starts_with('[') => commented = false,
            line if line.starts_with('#') => commented = true,
            key => assert!(commented, "no comment above {key}"),
        }
    }
}

#[test]
fn a_refusal_names_the_key_the_value_and_what_is_allowed() {
    for (line, instead, key, value, allowed) in [
        ("delay_max_ms = 5000", "delay_max_ms = 500", "landing.delay_max_ms", "500", "landing.delay_min_ms to 60000"),
        ("delay_max_ms = 5000", "delay_max_ms = \"long\"", "landing.delay_max_ms", "\"long\"", "a whole number"),
        ("red_ms = 100", "red_ms = -1", "buttons.red_ms", "-1", "from 0 to 60000"),
        ("red_ms = 100", "red_ms = 1.5", "buttons.red_ms", "1.5", "a whole number"),
        ("127.0.0.1:3000\"", "localhost\"", "server.address", "\"localhost\"", "an IP address and a port"),
        ("access = \"loopback\"", "access = \"everyone\"", "dashboard.access", "\"everyone\"", "\"public\""),
        ("secure_cookie = \"auto\"", "secure_cookie = true", "auth.secure_cookie", "true", "\"never\""),
        ("\"sqlite://data/tachymeter.db\"", "\"postgres://a/b\"", "database.url", "postgres://a/b", "sqlite://"),
        ("https://api.pwnedpasswords.com/range/", "ftp://a/", "auth.breach_list_url", "ftp://a/", "https://"),
        ("password_min_length = 10", "password_min_length = 3", "auth.password_min_length", "3", "from 8 to 64"),
        ("retention_hours = 168", "retention_hours = 0", "dashboard.retention_hours", "0", "from 1 to 8760"),
        ("log = \"off\"", "log = \"loud\"", "reporters.log", "\"loud\"", "\"trace\""),
        ("prometheus = true", "prometheus = 9090", "reporters.prometheus", "9090", "true or false"),
        ("[\"password\", ", "[\"\", ", "reporters.log_filtered", "\"\"", "none of them empty"),
        ("receiver = \"127.0.0.1:8125\"", "receiver = \"statsd\"", "reporters.statsd.receiver", "\"statsd\"", "127.0.0.1:8125"),
        ("receiver = \"127.0.0.1:8125\"", "receiver = \"unix:\"", "reporters.statsd.receiver", "\"unix:\"", "and a path"),
        ("dialect = \"standard\"", "dialect = \"etsy\"", "reporters.statsd.dialect", "\"etsy\"", "\"datadog\""),
        ("prefix = \"\"", "prefix = \"a b\"", "reporters.statsd.prefix", "\"a b\"", "letters, digits"),
        ("tags = []", "tags = [\"production\"]", "reporters.statsd.tags", "production", "key:value"),
        ("flush_ms = 10000", "flush_ms = 1", "reporters.statsd.flush_ms", "1", "from 10 to 3600000"),
        ("mtu = 1432", "mtu = 10", "reporters.statsd.mtu", "10", "from 64 to 65507"),
        ("endpoint = \"http://", "endpoint = \"grpc://", "reporters.otlp.endpoint", "grpc://127.0.0.1:4318", "http://"),
        ("headers = []", "headers = [\"a b: c\"]", "reporters.otlp.headers", "a list", "name: value"),
        ("service = \"tachymeter\"", "service = \"\"", "reporters.otlp.service", "\"\"", "a name"),
        ("trace_ratio = 1.0", "trace_ratio = 1.5", "reporters.otlp.trace_ratio", "1.5", "from 0.0 to 1.0"),
        ("max_spans = 4096", "max_spans = 0", "reporters.otlp.max_spans", "0", "from 1 to 1000000"),
        ("period_ms = 5000", "period_ms = 0", "poller.period_ms", "0", "from 100 to 3600000"),
        ("admins = []", "admins = 7", "auth.admins", "7", "a list of email addresses"),
    ] {
        let text = refusal(line, instead);
        for part in [key, value, allowed] {
            assert!(text.contains(part), "{instead}: {part} is not in: {text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn loopback_access_is_only_for_loopback_addresses() {
    let text = refusal("127.0.0.1:3000\"", "0.0.0.0:3000\"");
    assert!(text.contains("dashboard.access") && text.contains("0.0.0.0:3000") && text.contains("\"public\""), "{text}");
    let public = SHIPPED.replace("127.0.0.1:3000\"", "0.0.0.0:3000\"").replace("access = \"loopback\"", "access = \"public\"");
    let config = Config::from_toml(&public).expect("public is said");
    assert!(config.secure_cookies());
}

#[test]
fn unknown_and_missing_keys_are_refused() {
    let text = refusal("red_ms = 100", "red_ms = 100\npurple_ms = 5");
    assert!(text.contains("buttons.purple_ms") && text.contains("red_ms, green_ms, blue_ms"), "{text}");
    let text = refusal("mtu = 1432", "mtu = 1432\nmut = 1432");
    assert!(text.contains("reporters.statsd.mut") && text.contains("in [reporters.statsd]"), "{text}");
    let text = refusal("[landing]", "[reports]\n[landing]");
    assert!(text.contains("reports") && text.contains("dashboard"), "{text}");
    let text = refusal("red_ms = 100", "");
    assert!(text.contains("buttons.red_ms is missing") && text.contains("from 0 to 60000"), "{text}");
    assert!(Config::from_toml("not [ toml").is_err());
}

#[test]
fn every_wrong_value_is_said_at_once() {
    let text = SHIPPED.replace("red_ms = 100", "red_ms = 70000").replace("max_series = 2000", "max_series = 0");
    let error = Config::from_toml(&text).expect_err("two").to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
}

/// Starts the real server with these variables, waits for it to give up, and returns what it said.
fn gives_up(folder: &Path, settings: &[(&str, &str)]) -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_tachymeter-app"))
        .current_dir(folder)
        .env("APP_CONFIG", file)
        .envs(settings.iter().copied())
        .output()
        .expect("the server starts");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn the_environment_is_checked_like_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = gives_up(folder.path(), &[("APP__BUTTONS__RED_MS", "fast")]);
    assert!(text.contains("buttons.red_ms = \"fast\"") && text.contains("a whole number"), "{text}");
    let text = gives_up(folder.path(), &[("APP__BUTTON__RED_MS", "1")]);
    assert!(text.contains("button") && text.contains("buttons"), "{text}");
}

#[test]
fn a_missing_file_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = gives_up(folder.path(), &[("APP_CONFIG", "nowhere.toml")]);
    assert!(text.contains("nowhere.toml") && text.contains("APP_CONFIG"), "{text}");
}

#[test]
fn a_port_in_use_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let text = gives_up(folder.path(), &[("APP__SERVER__ADDRESS", &address)]);
    assert!(text.contains(&address) && text.contains("in use") && text.contains("server.address"), "{text}");
}

#[test]
fn a_database_that_cannot_be_opened_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data"), "a file, not a folder").expect("written");
    let text = gives_up(folder.path(), &[]);
    assert!(text.contains("sqlite://data/tachymeter.db") && text.contains("database.url"), "{text}");
    let broken = folder.path().join("broken.db");
    std::fs::write(&broken, "this is not a database, and long enough to be read as the header of one, so it is refused ")
        .expect("written");
    let url = format!("sqlite://{}", broken.display());
    let text = gives_up(folder.path(), &[("APP__DATABASE__URL", &url)]);
    assert!(text.contains("broken.db") && text.contains("not a database"), "{text}");
}
