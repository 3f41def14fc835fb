//! The socket, which comes and goes with its receiver; and the account of what went out by it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use super::unix::Unix;
use super::{HEALTH, Receiver};

/// A receiver that takes nothing for so long gets nothing more in this flush.
const PATIENCE: Duration = Duration::from_millis(100);

/// A name may come to mean another address.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
enum Open {
    Udp(UdpSocket),
    Unix(Unix),
}

#[derive(Debug)]
pub(super) struct Socket {
    receiver: Receiver,
    open: Option<Open>,
    looked_up: Option<Instant>,
    /// Why nothing goes out in this flush.
    broken: Option<String>,
    sent: (u64, u64),
    /// Lines, bytes and datapoints of the packet before, whose refusal may come late.
    before: (u64, u64, u64),
    lost: u64,
}

impl Socket {
    pub(super) fn new(receiver: Receiver) -> Self {
        Self { receiver, open: None, looked_up: None, broken: None, sent: (0, 0), before: (0, 0, 0), lost: 0 }
    }

    pub(super) fn begin(&mut self) {
        self.broken = None;
        if self.looked_up.is_some_and(|then| then.elapsed() >= LOOK_UP_AGAIN) {
            // If it can't be looked up now, the old one stays.
            if let Ok(open) = connect(&self.receiver) {
                self.open = Some(open);
            }
            self.looked_up = Some(Instant::now());
        }
    }

    pub(super) fn send(&mut self, packet: &[u8], lines: u64, datapoints: u64) {
        if self.broken.is_none()
            && let Err(error) = self.try_send(packet)
        {
            self.broken = Some(error.to_string());
        }
        if self.broken.is_some() {
            self.lost += datapoints;
            return;
        }
        self.before = (lines, packet.len() as u64, datapoints);
        self.sent.0 += lines;
        self.sent.1 += packet.len() as u64;
    }

    fn try_send(&mut self, packet: &[u8]) -> io::Result<()> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                self.looked_up = matches!(self.receiver, Receiver::Udp(_)).then(Instant::now);
                connect(&self.receiver)?
            }
        };
        match &open {
            Open::Unix(socket) => _ = socket.send(packet)?,
            Open::Udp(socket) => {
                // A pending refusal is of the packet before, and this one hasn't gone out.
                if socket.send(packet).is_err() {
                    self.take_back();
                    socket.send(packet)?;
                }
                socket.take_error()?.map_or(Ok(()), Err)?;
            }
        }
        // Only one that works is kept: the receiver may have been started again.
        self.open = Some(open);
        Ok(())
    }

    fn take_back(&mut self) {
        let (lines, bytes, datapoints) = std::mem::take(&mut self.before);
        self.sent = (self.sent.0.saturating_sub(lines), self.sent.1.saturating_sub(bytes));
        self.lost += datapoints;
    }

    /// Says how it went.
    pub(super) fn end(&mut self) {
        let (lines, bytes) = std::mem::take(&mut self.sent);
        if lines > 0 {
            HEALTH.sent(lines, bytes);
        }
        if let Some(reason) = &self.broken {
            HEALTH.failed(reason);
        }
        HEALTH.dropped(std::mem::take(&mut self.lost), "not sent");
    }
}

fn connect(receiver: &Receiver) -> io::Result<Open> {
    let address = match receiver {
        Receiver::Unix(path) => return Unix::connect(path, PATIENCE).map(Open::Unix),
        Receiver::Udp(address) => address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?,
    };
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(Open::Udp(socket))
}
