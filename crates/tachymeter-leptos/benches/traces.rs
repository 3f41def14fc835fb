//! What it costs to put interactions together: `cargo bench -p tachymeter-leptos --features ssr --bench traces`.
//!
//! Each interaction is one call of a server function with two queries in it, as the events that arrive at a server: five of its own, two of a
//! browser. Printed are the share of one core that 5,000 of them per second take, and what is held after each 100,000.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tachymeter::{Context, SpanId, TraceId, Value, execute_for};
use tachymeter_leptos::trace::{Filter, PagePrefix, Traces};

const ROUNDS: usize = 10;
const PER_ROUND: u64 = 100_000;
const PER_SECOND: f64 = 5_000.0;

fn main() {
    let traces = Arc::new(Traces::new());
    let _attached = traces.attach(&["http.request", "db.query"]).expect("names of ours");
    let prefix = prefix();
    let mut number = 0;
    for round in 1..=ROUNDS {
        let from = Instant::now();
        for _ in 0..PER_ROUND {
            number += 1;
            interaction(prefix, number);
        }
        let each = from.elapsed().as_secs_f64() / PER_ROUND as f64;
        println!(
            "after {:>9} interactions: {:.2} µs each, {:.1} % of one core at {PER_SECOND}/s; {} traces held, {:.1} MB resident",
            round as u64 * PER_ROUND,
            each * 1e6,
            each * PER_SECOND * 100.0,
            traces.len(),
            resident() as f64 / 1e6,
        );
    }
    let from = Instant::now();
    let overview = traces.overview(&Filter::default());
    println!("an overview of {} events: {:.0} µs", overview.events.len(), from.elapsed().as_secs_f64() * 1e6);
    let from = Instant::now();
    let rows = traces.find(&overview.latest[0].id).map_or(0, |trace| trace.rows.len());
    println!("a waterfall of {rows} rows: {:.0} µs", from.elapsed().as_secs_f64() * 1e6);
}

/// As the server writes it into a page.
fn prefix() -> [u8; 8] {
    use leptos::prelude::*;
    let html = Owner::new().with(|| view! { <PagePrefix/> }.to_html());
    let text = html.split("content=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a prefix");
    u64::from_str_radix(text, 16).expect("hex digits").to_be_bytes()
}

/// All that a server hears of one interaction, under one of sixty names, some slower than others.
fn interaction(prefix: [u8; 8], number: u64) {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&prefix);
    id[8..].copy_from_slice(&number.to_be_bytes());
    let span = |own: u8| SpanId([own; 8]);
    let place = |own: u8| Some(Context { span_id: span(own), ..context(id) });
    let ms = |ms: u64| Value::Duration(Duration::from_millis(ms));
    let name = format!("buttons.{}", number % 60);
    for label in ["find_user", "count_users"] {
        let measured = [("total", ms(3)), ("queue", ms(1)), ("query", ms(1)), ("decode", ms(1)), ("rows", 1u64.into())];
        execute_for(place(4), None, "db.query", &measured, &[("label", label.into()), ("outcome", "ok".into())]);
    }
    let told = [("name", "press".into()), ("side", "server".into()), ("outcome", "ok".into())];
    let measured = [("duration", ms(20)), ("decode", ms(1)), ("body", ms(18)), ("encode", ms(1))];
    execute_for(place(4), Some(span(3)), "leptos.server_fn.stop", &measured, &told);
    let told = [
        ("method", "POST".into()),
        ("route", "/api/press".into()),
        ("request_id", "0123456789".into()),
        ("status", 200u64.into()),
    ];
    execute_for(
        place(3),
        Some(span(2)),
        "http.request.stop",
        &[("duration", ms(21)), ("first_byte", ms(21)), ("bytes", 9u64.into())],
        &told,
    );
    let told = [("name", "press".into()), ("side", "client".into()), ("outcome", "ok".into())];
    let measured = [("duration", ms(30)), ("offset", ms(2)), ("queue", ms(1)), ("request", ms(28)), ("decode", ms(1))];
    execute_for(place(2), Some(span(1)), "leptos.server_fn.stop", &measured, &told);
    let told = [("name", name.as_str().into()), ("event", "click".into()), ("outcome", "rendered".into())];
    let parts = ["input_delay", "handler", "network", "server", "render", "paint", "commit", "first_render"];
    let mut measured: Vec<_> = parts.iter().map(|key| (*key, ms(5))).collect();
    measured.extend([("total", ms(30 + number * 7 % 400)), ("renders", 2u64.into())]);
    execute_for(place(1), None, "leptos.interaction.stop", &measured, &told);
}

fn context(id: [u8; 16]) -> Context {
    let mut context = Context::new_root();
    context.trace_id = TraceId(id);
    context
}

/// Of this process, in bytes (proc(5), statm).
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}
