//! HTTP/2 by hand, frame by frame, as no client library would send it (RFC 9113).

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Body bytes.
pub const DATA: u8 = 0;
/// The head of a request or response.
pub const HEADERS: u8 = 1;
/// Cancels a stream.
pub const RST_STREAM: u8 = 3;
/// Settings of the connection.
pub const SETTINGS: u8 = 4;
/// Ends the connection.
pub const GOAWAY: u8 = 7;
/// More of a head.
pub const CONTINUATION: u8 = 9;
/// Flag: the last frame of the stream.
pub const END_STREAM: u8 = 1;
/// Flag: the head is complete.
pub const END_HEADERS: u8 = 4;

/// A connection.
pub struct Frames {
    stream: TcpStream,
}

/// A frame that came: its kind, its stream, what it says.
pub type Frame = (u8, u32, Vec<u8>);

impl Frames {
    /// Connects and sends the preface.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut frames = Self { stream };
        frames.send(SETTINGS, 0, 0, &[]).await.unwrap();
        frames
    }

    /// Sends a frame.
    pub async fn send(&mut self, kind: u8, flags: u8, stream: u32, message: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.stream.write_all(&[&head, message].concat()).await
    }

    /// The next frame; `None`: the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut message = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut message).await.ok()?;
        Some((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), message))
    }

    /// Reads on until a frame of this kind comes.
    pub async fn until(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.0 == kind {
                return Some(frame);
            }
        }
    }
}

/// `POST path` as HPACK writes it without a table (RFC 7541).
pub fn post(path: &str) -> Vec<u8> {
    let literal = |name: &[u8], value: &[u8]| {
        let length = |text: &[u8]| u8::try_from(text.len()).unwrap();
        [&[0, length(name)], name, &[length(value)], value].concat()
    };
    // `:method: POST` and `:scheme: http` stand in the static table.
    [
        vec![0x83, 0x86],
        literal(b":path", path.as_bytes()),
        literal(b":authority", b"localhost"),
        literal(b"content-type", b"application/grpc"),
        literal(b"te", b"trailers"),
    ]
    .concat()
}
