//! The `sharing-svc` program.

fn main() -> std::process::ExitCode {
    service::main::<sharing_svc::SharingSvc>()
}
