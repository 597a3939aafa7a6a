//! The `sharing-svc` program.

/// A quarter of the time of a small request was spent in the allocator of the C library (docs/decisions/0002-dependencies.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sharing_svc::main()
}
