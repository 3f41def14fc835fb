//! Declarations that are wrong, each in its own way.

mod name {
    tachymeter::events! {
        /// All.
        pub EVENTS;
        /// Names are lower case.
        pub event LOGIN = "Auth.Login" { count };
    }
}

mod doc {
    tachymeter::events! {
        /// All.
        pub EVENTS;
        pub event LOGIN = "auth.login" { count };
    }
}

mod twice {
    tachymeter::events! {
        /// All.
        pub EVENTS;
        /// A sign-in.
        pub event LOGIN = "auth.login" { count } [result, count];
    }
}

mod reserved {
    tachymeter::events! {
        /// All.
        pub EVENTS;
        /// A request.
        pub span REQUEST = "http.request" { duration } [route];
    }
}

fn main() {}
