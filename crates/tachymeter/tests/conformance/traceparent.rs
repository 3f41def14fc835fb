//! W3C Trace Context: its examples, and hostile input.

use tachymeter::Context;

#[test]
fn traceparent_reads_the_w3c_examples() {
    for (given, sampled, sent) in [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true, "01"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false, "00"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like", true, "01"),
        // What version 00 doesn't know is sent as zero.
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe", false, "00"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", true, "01"),
    ] {
        let context: Context = given.parse().unwrap();
        assert_eq!(context.sampled, sampled, "{given}");
        assert_eq!(context.traceparent(), format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{sent}"));
    }
}

#[test]
fn the_sampled_flag_goes_from_parent_to_child() {
    let unsampled: Context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".parse().unwrap();
    assert!(unsampled.child().traceparent().ends_with("-00"));
    assert!(Context::new_root().child().traceparent().ends_with("-01"));
}

#[test]
fn traceparent_refuses_hostile_input() {
    let long = "0".repeat(1_000_000);
    for bad in [
        "",
        "-",
        "---",
        &long,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        assert!(bad.parse::<Context>().is_err(), "{bad:.60}");
    }
}
