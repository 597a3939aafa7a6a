//! Compiles the contract in Rust: no `protoc` is asked for. The descriptor set keeps comments, which `grpcurl describe`
//! shows.

#![allow(clippy::disallowed_methods, reason = "cargo tells a build script its output folder by the environment")]

use std::{env, error::Error, fs, path::PathBuf};

const PROTOS: [&str; 3] =
    ["ofself/sharing/v1/sharing.proto", "ofself/exposure/v1/exposure.proto", "google/rpc/status_details.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=ofself");
    println!("cargo:rerun-if-changed=google");

    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(PROTOS)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        // Its nodes stay encoded.
        .extern_path(".ofself.exposure.v1.EvaluateNodesRequest", "crate::evaluate_nodes::EvaluateNodesRequest")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
