//! Datagram sockets with a path.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Unix(UnixDatagram);

impl Unix {
    pub(super) fn connect(path: &Path, patience: Duration) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(Some(patience))?;
        Ok(Self(socket))
    }

    pub(super) fn send(&self, packet: &[u8]) -> io::Result<usize> {
        self.0.send(packet)
    }
}
