//! Calls of methods by their names alone, with an empty message: that is no bytes at all, whatever its type.

use std::time::Duration;

use ofself_proto::DESCRIPTORS;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::{
    Status,
    client::Grpc,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};

/// An answer that has not begun by then is none.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The files of the contract that are ours.
pub fn contract() -> Vec<FileDescriptorProto> {
    let files = FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
    files.into_iter().filter(|file| file.package().starts_with("ofself.")).collect()
}

/// Every method of the contract, as `/package.Service/Method`, and whether a stream is part of it.
pub fn methods() -> Vec<(String, bool)> {
    let mut methods = Vec::new();
    for file in contract() {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                methods.push((path, method.client_streaming() || method.server_streaming()));
            }
        }
    }
    methods
}

/// Calls a method until its response begins, for a user or without one.
pub async fn call(channel: &Channel, path: &str, user: Option<&str>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = tonic::Request::new(());
    if let Some(user) = user {
        request.metadata_mut().insert("x-ofself-user", user.parse().unwrap());
    }
    let call = client.server_streaming(request, path.parse().unwrap(), Nothing);
    let mut answer = tokio::time::timeout(TIMEOUT, call).await.expect("an answer in time")?.into_inner();
    // A method that fails after its headers says so in the first message's place.
    match tokio::time::timeout(Duration::from_millis(200), answer.message()).await {
        Ok(Err(status)) => Err(status),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

/// Sends no bytes and does not look at those that come back.
#[derive(Clone, Copy)]
struct Nothing;

impl Codec for Nothing {
    type Encode = ();
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Nothing {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Nothing {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        use prost::bytes::Buf;
        bytes.advance(bytes.remaining());
        Ok(Some(()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
