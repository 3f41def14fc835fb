//! The events that this crate declares.

tachymeter::events! {
    /// Everything that `tachymeter-leptos` emits, in the browser and on the server.
    pub EVENTS;

    /// A person did something that a handler listens to.
    pub event INTERACTION_START = "leptos.interaction.start" { count } [name, event];

    /// All that the input caused is on the screen. The durations but `total` follow one another and add up to it:
    /// input event to handler, the handler, the wire, the server, the last re-render, the paint.
    pub event INTERACTION_STOP = "leptos.interaction.stop"
        { input_delay, handler, network, server, render, paint, total, commit, renders } [name, event, outcome];

    /// The page's own script is running and its first frame is painted.
    pub event PAGE_LOAD = "leptos.page.load" { first_byte, hydration, total } [route];

    /// A call of a server function, seen from where `side` says: the browser (`client`) or the server.
    pub span SERVER_FN = "leptos.server_fn" {} [name, side, outcome];

    /// A part of a browser's report that was refused, and why.
    pub event BEACON_REJECTED = "leptos.beacon.rejected" { count } [reason];

    /// Events that a browser gave up on before they reached the server.
    pub event BEACON_DROPPED = "leptos.beacon.dropped" { count } [];

    /// One turn of the live stream.
    pub event STREAM_TICK = "leptos.stream.tick" { bytes, subscribers } [];
}
