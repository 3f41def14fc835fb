//! Stands in for `unix.rs` where there are no such sockets.

use std::io;
use std::path::Path;
use std::time::Duration;

#[derive(Debug)]
pub(super) enum Unix {}

impl Unix {
    pub(super) fn connect(_: &Path, _: Duration) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn send(&self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }
}
