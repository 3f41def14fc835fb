//! The events that this crate declares.

tachymeter::events! {
    /// Everything that `tachymeter-leptos` emits, in the browser and on the server.
    pub EVENTS;

    /// A person did something that has consequences.
    pub event INTERACTION_START = "leptos.interaction.start" { count } [name, event];

    /// All that the input caused is on the screen. The durations but `total` follow one another and add up to it:
    /// input event to handler, the handler, the wire, the server, the last re-render, the paint. `first_render` and `commit` are
    /// offsets of the first and the last re-render from the input, `settled` of when nothing of it was queued or in flight any more, `frame`
    /// of the animation frame that shows it; `shared` counts the re-renders that another interaction has caused
    /// as well; `event_timing` is the browser's own duration, to the first paint, if it has told one by then.
    pub event INTERACTION_STOP = "leptos.interaction.stop"
        { input_delay, handler, network, server, render, paint, total, commit, first_render, settled, frame, event_timing, renders, shared }
        [name, event, outcome];

    /// A task of an interaction that has ended has changed the document after all.
    pub event INTERACTION_LATE = "leptos.interaction.late" { commit } [name, event];

    /// The page's own script is running and its first frame is painted.
    pub event PAGE_LOAD = "leptos.page.load" { first_byte, hydration, total } [route];

    /// A call of a server function, seen from where `side` says: the browser (`client`) or the server. The browser says when it began,
    /// counted from the interaction's input (`offset`), and of what it consists: until the request was sent, until the answer's first
    /// byte, until it was decoded. Its parent is the interaction. The server says how long it read the arguments (`decode`), worked (`body`)
    /// and wrote the answer (`encode`). A failure's `error` is the name of its variant.
    pub span SERVER_FN = "leptos.server_fn" { offset, queue, request, decode, body, encode } [name, side, outcome];

    /// The view of a component under `#[measured]` is made: its function runs, on the server as in the browser.
    pub span VIEW = "leptos.view" {} [name];

    /// A part of a browser's report that was refused, and why.
    pub event BEACON_REJECTED = "leptos.beacon.rejected" { count } [reason];

    /// Events that a browser gave up on before they reached the server.
    pub event BEACON_DROPPED = "leptos.beacon.dropped" { count } [];

    /// Traces that were let go because no browser reported their interaction.
    pub event TRACE_DROPPED = "leptos.trace.dropped" { count } [];

    /// One turn of the live stream.
    pub event STREAM_TICK = "leptos.stream.tick" { bytes, subscribers } [];
}
