//! Lines, put together into packets that are never longer than they may be.

use super::HEALTH;
use super::socket::Socket;

#[derive(Debug)]
pub(super) struct Packet {
    mtu: usize,
    bytes: Vec<u8>,
    lines: u64,
    datapoints: u64,
}

impl Packet {
    pub(super) fn new(mtu: usize) -> Self {
        Self { mtu, bytes: Vec::with_capacity(mtu), lines: 0, datapoints: 0 }
    }

    /// Adds a line, after sending what is there if it doesn't fit any more.
    pub(super) fn push(&mut self, line: &str, datapoints: u64, socket: &mut Socket) {
        if line.len() > self.mtu {
            HEALTH.dropped(datapoints, "line too long");
            return;
        }
        if !self.bytes.is_empty() && self.bytes.len() + 1 + line.len() > self.mtu {
            self.finish(socket);
        }
        if !self.bytes.is_empty() {
            self.bytes.push(b'\n');
        }
        self.bytes.extend_from_slice(line.as_bytes());
        self.lines += 1;
        self.datapoints += datapoints;
    }

    /// Sends what is there.
    pub(super) fn finish(&mut self, socket: &mut Socket) {
        if !self.bytes.is_empty() {
            socket.send(&self.bytes, self.lines, self.datapoints);
        }
        self.bytes.clear();
        (self.lines, self.datapoints) = (0, 0);
    }
}
